"""Convolutions of channels_first: written as channels_last between two Permute layers.

Keras 3 on TensorFlow adds the bias of channels_first along the last axis where that happens to be as
long as there are filters, so the same model would be right for one width of its input and wrong for
another.
"""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.graph import Activation, Layer, LayerPath
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note

FIRST, LAST = "channels_first", "channels_last"


def channels_moved(found: Expansion, layer: Layer, path: LayerPath) -> Expansion:
    """The expansion of a convolution with its channels moved behind and back again, where that is needed."""
    config = layer.config
    if config.get("data_format") != FIRST or not config.get("use_bias", True) or _sees_axes(layer):
        return found
    rank = int(layer.kind.removesuffix("Transpose")[-2])
    inside = tuple(
        replace(item, config={**item.config, "data_format": LAST}) if "data_format" in item.config else item
        for item in found.layers
    )
    behind = Layer(
        f"{layer.name}_channels_behind", "Permute", {"dims": [*range(2, rank + 2), 1]}, dtype=layer.dtype
    )
    front = Layer(
        f"{layer.name}_channels_in_front",
        "Permute",
        {"dims": [rank + 1, *range(1, rank + 1)]},
        dtype=layer.dtype,
    )
    note = Note("rebuilt", "/".join(path), "channels_first as channels_last between two Permute layers")
    return replace(found, layers=(behind, *inside, front), notes=(*found.notes, note))


def _sees_axes(layer: Layer) -> bool:
    """Whether its activation is one over the last axis, which must stay what it is."""
    activation = layer.config.get("activation")
    return isinstance(activation, Activation) and activation.function in ("softmax", "log_softmax")
