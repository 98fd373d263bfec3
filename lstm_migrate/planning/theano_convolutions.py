"""Convolutions of Theano with padding "same": half a window on both sides, whatever stride and size.

TensorFlow pads as little as it can, and the odd zero behind. The two agree where windows are odd and
move by one step; elsewhere the zeros are written as a layer of their own in front of padding "valid".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.planning.channels_first import channels_moved
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.report import Note

KINDS = ("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D")
TRANSPOSED = ("Conv2DTranspose", "Conv3DTranspose")


def translate_convolution(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layer, with its channels last, and padded in a layer of its own where Theano padded otherwise."""
    if layer.kind in TRANSPOSED:
        return channels_moved(translate_plain(layer, path, context), layer, path)
    return channels_moved(_padded(layer, path, context), layer, path)


def _padded(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layer, behind a ZeroPadding layer where Theano padded otherwise than Keras 3 does."""
    if not (context.semantics.get("theano_convolutions") and layer.config.get("padding") == "same"):
        return translate_plain(layer, path, context)
    rank = int(layer.kind[-2])
    window, strides, dilation = (
        _each(layer.config.get(key, 1), rank, "/".join(path))
        for key in ("kernel_size", "strides", "dilation_rate")
    )
    extents = [(size - 1) * step + 1 for size, step in zip(window, dilation, strict=True)]
    if set(strides) == {1} and all(extent % 2 for extent in extents):
        return translate_plain(layer, path, context)
    found = translate_plain(replace(layer, config={**layer.config, "padding": "valid"}), path, context)
    # Of an even window, other kinds than these cut what is too much.
    over = 0 if layer.kind.startswith("Separable") else 1
    amounts: Any = [[extent // 2, (extent - over) // 2] for extent in extents]
    padding = Layer(
        f"{layer.name}_padding",
        f"ZeroPadding{rank}D",
        {"padding": amounts[0] if rank == 1 else amounts, "data_format": layer.config.get("data_format")},
        dtype=layer.dtype,
    )
    note = Note("rebuilt", "/".join(path), "Theano's padding on both sides as a layer in front")
    return replace(found, layers=(padding, *found.layers), notes=(*found.notes, note))


def _each(value: int | Sequence[int], rank: int, where: str) -> tuple[int, ...]:
    sizes = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(sizes) != rank:
        raise PlanError("a size for each axis", where=where, found=str(value), expected=f"{rank} sizes")
    return sizes
