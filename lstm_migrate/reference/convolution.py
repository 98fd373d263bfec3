"""Convolutions with shared kernels: plain, depthwise, separable, transposed; any number of axes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, Scope, Tensor, forward
from lstm_migrate.reference.spatial import (
    channels_as_configured,
    channels_last,
    each_axis,
    padded,
    pads,
    rank_of,
    taps,
)


def convolve(
    x: Array,
    kernel: Array,
    strides: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Array:
    """x (batch, *spatial, in) with kernel (*spatial, in / groups, out); `padding` as in `spatial.pads`.

    Cross-correlation, as all of Keras but its Theano backend computes it. Raises ShapeTooSmall.
    """
    sizes = kernel.shape[:-2]
    extents = [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]
    wide, kernel = summable(x), summable(kernel)
    wide = padded(wide, pads(x.shape[1:-1], extents, strides, padding))
    total: Any = 0
    for index, view in taps(wide, sizes, strides, dilation):
        total = total + (view @ kernel[index] if groups == 1 else _grouped(view, kernel[index], groups))
    return np.asarray(total, x.dtype)


def _grouped(view: Array, weights: Array, groups: int) -> Array:
    """Each group of input channels meets its own group of output channels."""
    inputs = view.reshape(*view.shape[:-1], groups, weights.shape[0])
    by_group = weights.reshape(weights.shape[0], groups, -1)
    products: Array = np.einsum("...gi,igo->...go", inputs, by_group)
    return products.reshape(*view.shape[:-1], weights.shape[1])


def convolve_transposed(
    x: Array,
    kernel: Array,
    strides: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...],
    output_padding: tuple[int, ...] | None = None,
) -> Array:
    """x (batch, *spatial, in) with kernel (*spatial, out, in): each input writes a window of outputs.

    The written windows overlap and add up; `padding` says which part of the sum is kept.
    """
    sizes, spatial = kernel.shape[:-2], x.shape[1:-1]
    wide, kernel = summable(x), summable(kernel)
    extents = [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]
    reach = [(n - 1) * stride + extent for n, stride, extent in zip(spatial, strides, extents, strict=True)]
    total = np.zeros((x.shape[0], *reach, kernel.shape[-2]), wide.dtype)
    for index in product(*map(range, sizes)):
        slices = (
            slice(at * step, at * step + (n - 1) * stride + 1, stride)
            for at, step, n, stride in zip(index, dilation, spatial, strides, strict=True)
        )
        total[(slice(None), *slices)] += wide @ kernel[index].T
    for axis, extent in enumerate(extents):
        extra = None if output_padding is None else output_padding[axis]
        total = _kept(total, axis + 1, spatial[axis], extent, strides[axis], padding, extra)
    return np.asarray(total, x.dtype)


def _kept(
    total: Array, axis: int, size: int, extent: int, stride: int, padding: str, extra: int | None
) -> Array:
    """The part of `total` that the layer puts out, with zeros where nothing was written."""
    reach = total.shape[axis]
    if padding == "valid":
        length = max(reach, size * stride) if extra is None else reach + extra
        start = 0
    else:
        length = size * stride if extra is None else (size - 1) * stride + extent % 2 + extra
        start = extent // 2 if padding == "half" else max(reach - length, 0) // 2
    total = np.take(total, range(start, min(start + length, reach)), axis=axis)
    missing = [(0, length - total.shape[axis] if at == axis else 0) for at in range(total.ndim)]
    return np.pad(total, missing)


def finished(scope: Scope, value: Array) -> Tensor:
    """Bias, data_format and activation, in Keras's order (softmax takes the last axis of what comes out)."""
    if scope.config.get("use_bias", True):
        value = value + scope.weight("bias")
    value = scope.precision.cast(channels_as_configured(value, scope.config))
    return without_mask(scope, activate(scope.config.get("activation"), value, path=scope.path))


def _padding(scope: Scope) -> str:
    padding = str(scope.config.get("padding", "valid"))
    return "half" if padding == "same" and scope.semantics.theano_convolutions else padding


def _kernel(scope: Scope, role: str) -> Array:
    """The kernel as a cross-correlation takes it; Theano's convolution reads it from its end."""
    kernel = _channels_behind(scope, scope.weight(role))
    axes = tuple(range(kernel.ndim - 2))
    return np.flip(kernel, axes) if scope.semantics.theano_convolutions else kernel


def _channels_behind(scope: Scope, kernel: Array) -> Array:
    """The kernel as (*space, channels, filters), of whatever the file holds."""
    if not scope.semantics.kernels_follow_ordering:
        return kernel
    if kernel.ndim == rank_of(scope) + 3:
        # Keras 1's Conv1D: (window, 1, channels, filters), before 1.2 (filters, channels, window, 1).
        (window,), filters = each_axis(scope.config["kernel_size"], 1), scope.config["filters"]
        column = kernel.shape[:2] == (window, 1) and kernel.shape[3] == filters
        return kernel[:, 0] if column else np.moveaxis(kernel[..., 0], (0, 1), (-1, -2))
    first = scope.config.get("data_format") == "channels_first"
    return np.moveaxis(kernel, (0, 1), (-1, -2)) if first else kernel


def _steps(scope: Scope, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    config = scope.config
    return each_axis(config.get("strides", 1), rank), each_axis(config.get("dilation_rate", 1), rank)


@forward("Conv1D", "Conv2D", "Conv3D")
def convolution(scope: Scope, x: Tensor) -> Tensor:
    strides, dilation = _steps(scope, rank_of(scope))
    value = channels_last(x.value, scope.config)
    groups = int(scope.config.get("groups", 1))
    kernel = _kernel(scope, "kernel")
    return finished(scope, convolve(value, kernel, strides, _padding(scope), dilation, groups))


@forward("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed_convolution(scope: Scope, x: Tensor) -> Tensor:
    rank = rank_of(scope)
    strides, dilation = _steps(scope, rank)
    given = scope.config.get("output_padding")
    extra = None if given is None else each_axis(given, rank)
    value = channels_last(x.value, scope.config)
    kernel = _kernel(scope, "kernel")
    return finished(scope, convolve_transposed(value, kernel, strides, _padding(scope), dilation, extra))


@forward("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise_convolution(scope: Scope, x: Tensor) -> Tensor:
    role = "kernel" if scope.has("kernel") else "depthwise_kernel"
    return finished(scope, _depthwise(scope, x, role, _padding(scope)))


@forward("SeparableConv1D", "SeparableConv2D")
def separable_convolution(scope: Scope, x: Tensor) -> Tensor:
    # Theano pads even windows by half on both sides, and cuts what is too much in other layers only.
    padding = {"half": "halves"}.get(_padding(scope), _padding(scope))
    each_channel = _depthwise(scope, x, "depthwise_kernel", padding)
    pointwise = _channels_behind(scope, scope.weight("pointwise_kernel"))
    once = (1,) * rank_of(scope)
    return finished(scope, convolve(each_channel, pointwise, once, "valid", once))


def _depthwise(scope: Scope, x: Tensor, role: str, padding: str) -> Array:
    """Every input channel alone, through `depth_multiplier` kernels; never turned, not even by Theano."""
    strides, dilation = _steps(scope, rank_of(scope))
    kernel = _channels_behind(scope, scope.weight(role))
    channels = kernel.shape[-2]
    by_channel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    value = channels_last(x.value, scope.config)
    return convolve(value, by_channel, strides, padding, dilation, channels)
