"""PReLU of Keras 1, whose config does not say which axes share their slopes: the array's shape does."""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain


def translate_prelu(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layer, with its shared axes said: those along which there is one slope for all."""
    key = WeightKey(path, "alpha")
    if layer.config.get("shared_axes") or key not in context.bound:
        return translate_plain(layer, path, context)
    shared = [axis + 1 for axis, size in enumerate(context.info(key).shape) if size == 1]
    return translate_plain(
        replace(layer, config={**layer.config, "shared_axes": shared or None}), path, context
    )
