"""Keras 1's Deconvolution2D: the gradient of a convolution with respect to an input of a stated shape."""

from __future__ import annotations

from itertools import product

import numpy as np

from lstm_migrate.reference.convolution import finished
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward
from lstm_migrate.reference.spatial import channels_last, each_axis, pads


@forward("Deconvolution2D")
def deconvolution(scope: Scope, x: Tensor) -> Tensor:
    """Each step of the convolution over the output, done the other way round; output_shape is kept whole."""
    first = scope.config.get("data_format") == "channels_first"
    value, kernel = channels_last(x.value, scope.config), scope.weight("kernel")
    if first:
        kernel = np.moveaxis(kernel, (0, 1), (-1, -2))
    if scope.semantics.theano_convolutions:
        kernel = np.flip(kernel, (0, 1))
    shape = tuple(scope.config["output_shape"])[2 if first else 1 :][:2]
    strides = each_axis(scope.config.get("strides", 1), 2)
    padding = str(scope.config.get("padding", "valid"))
    theano = scope.semantics.theano_convolutions and padding == "same"
    around = pads(shape, kernel.shape[:2], strides, "half" if theano else padding)
    wide = np.zeros(
        (len(value), *(size + sum(pair) for size, pair in zip(shape, around, strict=True)), kernel.shape[3])
    )
    _write(scope, wide, summable(value), summable(kernel), strides)
    kept = (slice(front, front + size) for (front, _), size in zip(around, shape, strict=True))
    return finished(scope, wide[(slice(None), *kept)])


def _write(scope: Scope, wide: Array, value: Array, kernel: Array, strides: tuple[int, ...]) -> None:
    """Adds each input's window, kernel (rows, columns, inputs, filters), to where the convolution read it."""
    spatial = value.shape[1:3]
    for row, column in product(*map(range, kernel.shape[:2])):
        ends = ((n - 1) * stride + 1 for n, stride in zip(spatial, strides, strict=True))
        places = tuple(
            slice(at, at + end, stride) for at, end, stride in zip((row, column), ends, strides, strict=True)
        )
        if any(place.stop > size for place, size in zip(places, wide.shape[1:3], strict=True)):
            raise NoReference(scope.path, f"output_shape is too small for an input of {spatial}")
        wide[(slice(None), *places)] += value @ kernel[row, column]
