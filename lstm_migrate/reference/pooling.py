"""Pooling: the greatest or the mean value of each window, or of everything."""

from __future__ import annotations

import numpy as np

from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, Scope, ShapeTooSmall, Tensor, forward
from lstm_migrate.reference.spatial import (
    channels_as_configured,
    channels_last,
    each_axis,
    padded,
    pads,
    rank_of,
    taps,
)


def _window(scope: Scope) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The window, and its strides: itself if nothing is said."""
    rank, config = rank_of(scope), scope.config
    window = each_axis(config.get("pool_size", 2), rank)
    given = config.get("strides")
    return window, window if given is None else each_axis(given, rank)


def _views(scope: Scope, value: Array, fill: float) -> list[Array]:
    """What each position in the window meets, `fill` outside of `value` (batch, *spatial, channels)."""
    window, strides = _window(scope)
    sizes = value.shape[1:-1]
    same = scope.config.get("padding", "valid") == "same"
    amounts = pads(sizes, window, strides, "same" if same else "valid")
    if same and scope.semantics.theano_convolutions:
        amounts = tuple((size - 1 - size % 2 * (size > 2),) * 2 for size in window)
    views = [view for _, view in taps(padded(value, amounts, fill), window, strides, (1,) * len(window))]
    if not same:
        return views
    kept = tuple(slice(0, -(-size // stride)) for size, stride in zip(sizes, strides, strict=True))
    return [view[(slice(None), *kept)] for view in views]


@forward("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
def max_pooling(scope: Scope, x: Tensor) -> Tensor:
    views = _views(scope, channels_last(x.value, scope.config), -np.inf)
    return without_mask(scope, channels_as_configured(np.maximum.reduce(views), scope.config))


@forward("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def average_pooling(scope: Scope, x: Tensor) -> Tensor:
    """What was padded belongs neither to the sum nor to the count."""
    value = channels_last(summable(x.value), scope.config)
    count = np.add.reduce(_views(scope, np.ones((1, *value.shape[1:-1], 1), value.dtype), 0))
    mean = np.add.reduce(_views(scope, value, 0)) / count
    return without_mask(scope, channels_as_configured(mean, scope.config))


def _spatial_axes(scope: Scope, value: Array) -> tuple[int, ...]:
    first = 2 if scope.config.get("data_format") == "channels_first" else 1
    axes = tuple(range(first, first + rank_of(scope)))
    if not all(value.shape[axis] for axis in axes):
        raise ShapeTooSmall("nothing to pool")
    return axes


@forward("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def global_max_pooling(scope: Scope, x: Tensor) -> Tensor:
    keep = bool(scope.config.get("keepdims", False))
    return without_mask(scope, x.value.max(axis=_spatial_axes(scope, x.value), keepdims=keep))


@forward("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
def global_average_pooling(scope: Scope, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean; of a sequence with a mask, the mean of the steps that are there."""
    keep = bool(scope.config.get("keepdims", False))
    axes = _spatial_axes(scope, x.value)
    steps = mask.value if mask is not None else x.mask
    if steps is None or rank_of(scope) > 1:
        return without_mask(scope, summable(x.value).mean(axis=axes, keepdims=keep))
    channel_axis = 1 if scope.config.get("data_format") == "channels_first" else 2
    there = np.expand_dims(steps.astype(bool), channel_axis)
    total = np.where(there, summable(x.value), 0).sum(axis=axes, keepdims=keep)
    # A sequence without any step gives NaN, in Keras too.
    with np.errstate(invalid="ignore", divide="ignore"):
        return without_mask(scope, total / there.sum(axis=axes, keepdims=keep))
