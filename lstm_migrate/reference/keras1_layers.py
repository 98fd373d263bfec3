"""Layers of Keras 0 and 1 that no later Keras has, from their own equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_migrate.graph import leaves
from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import matmul, summable
from lstm_migrate.reference.outcome import with_mask, without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward

COSINE_FLOOR = 1e-7  # Keras's own epsilon

STEPS: Mapping[str, Callable[..., Array]] = {"sum": np.sum, "ave": np.mean, "mul": np.prod}


def _line(scope: Scope, x: Array, kernel: str, bias: str) -> Array:
    """x times a kernel, and the bias if there is one."""
    value = matmul(x, scope.stored(kernel), scope.precision)
    return scope.precision.cast(value + scope.weight(bias)) if scope.has(bias) else value


@forward("Highway")
def highway(scope: Scope, x: Tensor) -> Tensor:
    """T = sigmoid(x·W_carry + b_carry) tells how much of act(x·W + b) takes the place of x."""
    share = 1 / (1 + np.exp(-_line(scope, x.value, "carry_kernel", "carry_bias")))
    line = _line(scope, x.value, "kernel", "bias")
    act = activate(scope.config.get("activation"), line, path=scope.path)
    return without_mask(scope, act * share + (1 - share) * x.value)


@forward("MaxoutDense")
def maxout_dense(scope: Scope, x: Tensor) -> Tensor:
    """The greatest of several linear layers; kernel (layers, inputs, units), bias (layers, units)."""
    value = np.einsum("bx,nxu->bnu", summable(x.value), scope.weight("kernel"))
    if scope.has("bias"):
        value = value + scope.weight("bias")
    return without_mask(scope, value.max(axis=1))


@forward("CosineMerge")
def cosine_merge(scope: Scope, inputs: Any, *more: Any, **_: Any) -> Tensor:
    """l1·l2 / √(l1·l1 · l2·l2), with products over `axes`, batch by batch; ends the masks."""
    first, second = (leaf.value for leaf in leaves([inputs, list(more)]) if isinstance(leaf, Tensor))
    axes = scope.config["axes"]
    left, right = (axes, axes) if isinstance(axes, int) else axes
    if first.ndim != second.ndim:
        raise NoReference(scope.path, "inputs of different ranks")

    def product(one: Array, other: Array) -> Array:
        one, other = np.moveaxis(one, left, -1), np.moveaxis(other, right, 1)
        found = np.stack([np.tensordot(a, b, (-1, 0)) for a, b in zip(one, other, strict=True)])
        return found[:, None] if found.ndim == 1 else found

    norms = np.sqrt(product(first, first) * product(second, second))
    value = product(first, second) / np.maximum(norms, COSINE_FLOOR)
    return without_mask(scope, value[:, None] if scope.config.get("gains_axis") else value)


@forward("SampleNormalization")
def sample_normalization(scope: Scope, x: Tensor) -> Tensor:
    """BatchNormalization's mode 1: each sample by its own mean and deviation along the last axis."""
    value, epsilon = summable(x.value), scope.config["epsilon"]
    inside = epsilon if scope.config.get("epsilon_inside") else 0.0
    deviation = np.sqrt(value.var(axis=-1, keepdims=True) + inside)
    value = (value - value.mean(axis=-1, keepdims=True)) / (deviation + epsilon)
    return with_mask(scope, scope.weight("gamma") * value + scope.weight("beta"), x)


@forward("ParametricSoftplus")
def parametric_softplus(scope: Scope, x: Tensor) -> Tensor:
    value = scope.weight("alpha") * np.logaddexp(0, scope.weight("beta") * summable(x.value))
    return with_mask(scope, value, x)


@forward("SReLU")
def s_relu(scope: Scope, x: Tensor) -> Tensor:
    """Straight between t_left and t_left + |t_right|, with slopes of their own on both sides."""
    left, width = scope.weight("t_left"), np.abs(scope.weight("t_right"))
    away = summable(x.value) - left
    below = scope.weight("a_left") * np.minimum(away, 0)
    if scope.semantics.relu_bounds_all:
        centre = np.minimum(np.where(away > 0, away, below), width)
    else:
        centre = np.clip(away, 0, width) + below
    return with_mask(scope, left + centre + np.maximum(away - width, 0) * scope.weight("a_right"), x)


@forward("TimeDistributedMerge")
def time_distributed_merge(scope: Scope, x: Tensor) -> Tensor:
    """All time steps as one."""
    return without_mask(scope, STEPS[scope.config.get("mode", "sum")](summable(x.value), axis=1))


@forward("ThresholdedLinear")
def thresholded_linear(scope: Scope, x: Tensor) -> Tensor:
    """0 where |x| < theta, else x."""
    return with_mask(scope, np.where(np.abs(x.value) < scope.config.get("theta", 1.0), 0, x.value), x)
