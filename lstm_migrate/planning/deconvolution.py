"""Deconvolution2D of Keras 1, whose config names its output's shape → Conv2DTranspose, and what is cut off.

The shape tells how many steps the input has, and so which part of all that the windows write is kept:
from the first place on with padding "valid"; with "same" from half of what is too much on TensorFlow,
and from half a window on Theano.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath
from lstm_migrate.planning.channels_first import FIRST, channels_moved
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.report import Note


@dataclass(frozen=True)
class Cut:
    """Along one axis: zeros behind what is written, and how much is cut off in front and behind."""

    added: int
    front: int
    behind: int


def translate_deconvolution(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """Conv2DTranspose with padding "valid", cropped where less is kept."""
    where, config = "/".join(path), layer.config
    first = config.get("data_format") == FIRST
    theano = bool(context.semantics.get("theano_convolutions"))
    cuts = _cuts(config, first, theano, where)
    activation = config.get("activation")
    cropped = any(cut.front or cut.behind for cut in cuts)
    if cropped and first and isinstance(activation, Activation) and "softmax" in activation.function:
        raise PlanError(f"activation={activation} over an axis that is cut", where=where)
    kept = {key: value for key, value in config.items() if key != "output_shape"}
    plain = translate_plain(replace(layer, config=kept), path, context)
    changed = {"padding": "valid", "output_padding": tuple(cut.added for cut in cuts)}
    transposed = replace(
        plain.layers[0], kind="Conv2DTranspose", config={**plain.layers[0].config, **changed}
    )
    layers = (transposed, *plain.layers[1:])
    if cropped:
        crop = {
            "cropping": tuple((cut.front, cut.behind) for cut in cuts),
            "data_format": config.get("data_format"),
        }
        layers = (*layers, Layer(f"{layer.name}_cut", "Cropping2D", crop, dtype=layer.dtype))
    note = Note("rebuilt", where, "Deconvolution2D as Conv2DTranspose, cut to its output_shape")
    found = replace(plain, layers=layers, notes=(*plain.notes, note))
    return channels_moved(found, replace(transposed, config=layer.config), path)


def _cuts(config: Mapping[str, Any], first: bool, theano: bool, where: str) -> list[Cut]:
    shape, window, strides = config.get("output_shape"), config["kernel_size"], config.get("strides", (1, 1))
    sizes = list(shape or ())[2 if first else 1 :][:2]
    if len(sizes) != 2 or not all(type(size) is int and size > 0 for size in sizes):
        raise PlanError("output_shape names no sizes", where=where, found=str(shape), expected="two numbers")
    padding = config.get("padding", "valid")
    if padding not in ("valid", "same"):
        raise PlanError(
            f"border_mode {padding!r} is not rebuilt", where=where, expected='border_mode "valid" or "same"'
        )
    return [_cut(*axis, padding, theano) for axis in zip(sizes, window, strides, strict=True)]


def _cut(size: int, window: int, stride: int, padding: str, theano: bool) -> Cut:
    # How many steps a convolution with this window makes over the output.
    steps = (size - window + stride) // stride if padding == "valid" else -(-size // stride)
    written = (steps - 1) * stride + window
    front = 0
    if padding == "same":
        front = window // 2 if theano else max(written - size, 0) // 2
    added = max(0, front + size - written)
    return Cut(added, front, written + added - front - size)
