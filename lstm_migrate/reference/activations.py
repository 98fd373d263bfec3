"""Activation functions of every Keras, by name and parameters, in the dtype of their argument.

A name says nothing without its parameters where eras differ: hard_sigmoid must bring slope and offset.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_migrate.graph import Activation, LayerPath
from lstm_migrate.reference.scope import Array, NoReference

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def erf(x: Array) -> Array:
    """The error function, element by element."""
    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


def activate(activation: Activation | None, x: Array, axis: int = -1, *, path: LayerPath = ()) -> Array:
    """`activation` of `x`; `axis` is the one that softmax and its like sum over. None is linear.

    Raises NoReference, with `path`, for an activation that is not known here.
    """
    if activation is None:
        return x
    function = ELEMENTWISE.get(activation.function)
    parameters = dict(activation.parameters)
    if function is None:
        function = ALONG_AXIS.get(activation.function)
        parameters.setdefault("axis", axis)
    if function is None:
        raise NoReference(path, f"no reference for the activation {activation.function!r}")
    try:
        with np.errstate(over="ignore", under="ignore"):
            result = function(x, **parameters)
    except TypeError:
        raise NoReference(path, f"no reference for the activation {activation}") from None
    return np.asarray(result).astype(x.dtype, copy=False)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), from the side on which exp cannot overflow."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def softplus(x: Array) -> Array:
    """log(1 + exp(x))."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def hard_sigmoid(x: Array, slope: float, offset: float) -> Array:
    """clip(slope x + offset, 0, 1): Keras 2 and tf.keras .2 and .5, Keras 3 1/6 and .5."""
    return np.clip(slope * x + offset, 0.0, 1.0)


def relu(
    x: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Array:
    """x above `threshold`, cut at `max_value`; negative_slope (x - threshold) below."""
    above = np.where(x > threshold, x, 0)
    if max_value is not None:
        above = np.clip(above, 0, max_value)
    if negative_slope:
        above = above - negative_slope * np.maximum(threshold - x, 0)
    return np.asarray(above)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x, and alpha (exp(x) - 1) below zero."""
    return np.asarray(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


def gelu(x: Array, approximate: float = 0) -> Array:
    """x Φ(x), or its tanh approximation."""
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return np.asarray(0.5 * x * (1.0 + np.tanh(inner)))
    return np.asarray(0.5 * x * (1.0 + erf(x / math.sqrt(2))))


def shrink(x: Array, threshold: float = 0.5) -> Array:
    """Towards zero by `threshold`."""
    return np.asarray(np.sign(x) * np.maximum(np.abs(x) - threshold, 0))


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) over its sum along `axis`."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


def log_softmax(x: Array, axis: int = -1) -> Array:
    """log(softmax(x))."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def glu(x: Array, axis: int = -1) -> Array:
    """The first half times the sigmoid of the second."""
    first, second = np.split(x, 2, axis=axis)
    return np.asarray(first * sigmoid(second))


def _silu(x: Array) -> Array:
    return np.asarray(x * sigmoid(x))


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def _selu(x: Array) -> Array:
    return SELU_SCALE * elu(x, SELU_ALPHA)


def _hard_silu(x: Array) -> Array:
    return np.asarray(x * hard_sigmoid(x, 1 / 6, 0.5))


def _leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    return relu(x, negative_slope)


def _celu(x: Array, alpha: float = 1.0) -> Array:
    return np.asarray(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)))


def _threshold(x: Array, threshold: float, default_value: float) -> Array:
    return np.asarray(np.where(x > threshold, x, default_value))


def _sparse_plus(x: Array) -> Array:
    return np.asarray(np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)))


def _squareplus(x: Array, b: float = 4) -> Array:
    return np.asarray((x + np.sqrt(x * x + b)) / 2)


ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "relu": relu,
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "elu": elu,
    "selu": _selu,
    "celu": _celu,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "silu": _silu,
    "swish": _silu,
    "hard_silu": _hard_silu,
    "hard_swish": _hard_silu,
    "gelu": gelu,
    "mish": lambda x: x * np.tanh(softplus(x)),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": shrink,
    "hard_shrink": lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x, 0),
    "log_sigmoid": lambda x: -softplus(-x),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: np.clip(0.5 * (x + 1), 0, 1),
    "squareplus": _squareplus,
    "threshold": _threshold,
}
"""Activations that look at one element at a time."""

ALONG_AXIS: Mapping[str, Callable[..., Any]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "glu": glu,
}
"""Activations that look along an axis."""
