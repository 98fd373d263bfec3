"""Attention that looks back only: a setting of the layer up to tf.keras 2.9, of each call in Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Call, Layer, LayerPath, Ref
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain


def translate_causal_attention(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layer without `causal`; where it was set, every call has use_causal_mask=True."""
    config = {key: value for key, value in layer.config.items() if key != "causal"}
    found = translate_plain(replace(layer, config=config), path, context)
    if not layer.config.get("causal"):
        return found
    name = found.layers[0].name

    def wire(
        index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        call = Call(name, index, args, {**kwargs, "use_causal_mask": True})
        return [call], lambda output: Ref(name, index, output)

    return replace(found, wiring=wire)
