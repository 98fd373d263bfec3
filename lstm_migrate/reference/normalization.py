"""Layers that shift and scale by statistics: stored ones, or the input's own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import with_mask, without_mask
from lstm_migrate.reference.scope import Array, Scope, Tensor, forward

SMALLEST_NORM = 1e-12  # UnitNormalization divides by at least its root
SMALLEST_DEVIATION = 1e-7  # Normalization divides by at least this: keras.config.epsilon()


def _axes(axis: int | Iterable[int], ndim: int) -> tuple[int, ...]:
    given = (axis,) if isinstance(axis, int) else axis
    return tuple(sorted(one % ndim for one in given))


def _spread(weight: Array, axes: tuple[int, ...], like: Array) -> Array:
    """A weight with one number for each index along `axes`, shaped to go with `like`."""
    return weight.reshape([like.shape[axis] if axis in axes else 1 for axis in range(like.ndim)])


def _scaled_and_shifted(scope: Scope, value: Array, axes: tuple[int, ...]) -> Array:
    if scope.config.get("scale", True):
        value = value * _spread(scope.weight("gamma"), axes, value)
    if scope.config.get("center", True):
        value = value + _spread(scope.weight("beta"), axes, value)
    return value


@forward("BatchNormalization")
def batch_normalization(scope: Scope, x: Tensor) -> Tensor:
    """By the moving statistics; `renorm` and the like act in training alone.

    Up to Keras 1.0.5 the second one is a standard deviation ("by_deviation"), to which epsilon is added.
    """
    axes = _axes(scope.config.get("axis", -1), x.value.ndim)
    mean = _spread(scope.weight("moving_mean"), axes, x.value)
    spread = _spread(scope.weight("moving_variance"), axes, x.value) + scope.config.get("epsilon", 1e-3)
    value = (summable(x.value) - mean) / (spread if scope.config.get("by_deviation") else np.sqrt(spread))
    return with_mask(scope, _scaled_and_shifted(scope, value, axes), x)


def standardized(value: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    mean = value.mean(axis=axes, keepdims=True)
    return np.asarray((value - mean) / np.sqrt(value.var(axis=axes, keepdims=True) + epsilon))


@forward("LayerNormalization")
def layer_normalization(scope: Scope, x: Tensor) -> Tensor:
    axes = _axes(scope.config.get("axis", -1), x.value.ndim)
    value = standardized(summable(x.value), axes, scope.config.get("epsilon", 1e-3))
    return with_mask(scope, _scaled_and_shifted(scope, value, axes), x)


@forward("GroupNormalization")
def group_normalization(scope: Scope, x: Tensor) -> Tensor:
    """Each group of channels by its own statistics over all the rest of its sample."""
    (axis,) = _axes(scope.config.get("axis", -1), x.value.ndim)
    channels = x.value.shape[axis]
    groups = scope.config.get("groups", 32)
    groups = channels if groups == -1 else groups
    shape = x.value.shape
    grouped = summable(x.value).reshape(*shape[:axis], groups, channels // groups, *shape[axis + 1 :])
    rest = tuple(at for at in range(1, grouped.ndim) if at != axis)
    value = standardized(grouped, rest, scope.config.get("epsilon", 1e-3)).reshape(shape)
    return with_mask(scope, _scaled_and_shifted(scope, value, (axis,)), x)


@forward("UnitNormalization")
def unit_normalization(scope: Scope, x: Tensor) -> Tensor:
    axes = _axes(scope.config.get("axis", -1), x.value.ndim)
    squares = np.square(summable(x.value)).sum(axis=axes, keepdims=True)
    return with_mask(scope, summable(x.value) / np.sqrt(np.maximum(squares, SMALLEST_NORM)), x)


@forward("Normalization")
def normalization(scope: Scope, x: Tensor) -> Tensor:
    """By statistics that were adapted (weights) or given (config)."""
    axis = scope.config.get("axis", -1)
    axes = () if axis is None else _axes(axis, x.value.ndim)
    mean, variance = (_statistic(scope, name, axes, x.value) for name in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), SMALLEST_DEVIATION)
    invert = scope.config.get("invert", False)
    value = mean + x.value * deviation if invert else (summable(x.value) - mean) / deviation
    return with_mask(scope, value, x)


def _statistic(scope: Scope, name: str, axes: tuple[int, ...], like: Array) -> Array:
    if scope.has(name):
        return _spread(scope.weight(name), axes, like)
    given = np.asarray(scope.config[name], np.float64)
    return _spread(scope.precision.cast(given * np.ones([like.shape[axis] for axis in axes])), axes, like)


@forward("SpectralNormalization")
def spectral_normalization(scope: Scope, x: Tensor) -> Tensor:
    """Training divides the kernel by its norm and stores it so; inference runs the wrapped layer."""
    result: Tensor = scope.inside("layer").call(x)
    return without_mask(scope, result.value)
