"""Layers that treat each element alone, and those that do nothing at inference."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_migrate.graph import Activation
from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import with_mask, without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward

EXCLUDED = -1e9
"""What Keras puts in the place of a masked score: in float32 nothing of the score is left beside it."""


@forward(
    "InputLayer",
    "Identity",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
)
def unchanged(scope: Scope, x: Tensor) -> Tensor:
    return with_mask(scope, x.value, x)


@forward(
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomHeight",
    "RandomRotation",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
)
def unchanged_image(scope: Scope, x: Tensor) -> Tensor:
    return without_mask(scope, x.value)


@forward("Activation")
def activation(scope: Scope, x: Tensor) -> Tensor:
    return with_mask(scope, activate(scope.config["activation"], x.value, path=scope.path), x)


@forward("LeakyReLU")
def leaky_relu(scope: Scope, x: Tensor) -> Tensor:
    return with_mask(scope, np.where(x.value >= 0, x.value, scope.config["negative_slope"] * x.value), x)


@forward("PReLU")
def prelu(scope: Scope, x: Tensor) -> Tensor:
    """alpha has size 1 along the shared axes."""
    return with_mask(scope, np.where(x.value >= 0, x.value, scope.weight("alpha") * x.value), x)


@forward("ELU")
def elu(scope: Scope, x: Tensor) -> Tensor:
    below = scope.config.get("alpha", 1.0) * np.expm1(np.minimum(x.value, 0))
    return with_mask(scope, np.where(x.value > 0, x.value, below), x)


@forward("ThresholdedReLU")
def thresholded_relu(scope: Scope, x: Tensor) -> Tensor:
    return with_mask(scope, np.where(x.value > scope.config.get("theta", 1.0), x.value, 0), x)


@forward("ReLU")
def relu(scope: Scope, x: Tensor) -> Tensor:
    """x above the threshold and up to max_value; below, a line through the threshold."""
    names = ("negative_slope", "max_value", "threshold")
    given = {name: scope.config[name] for name in names if scope.config.get(name) is not None}
    return with_mask(scope, activate(Activation("relu", given), x.value, path=scope.path), x)


@forward("Softmax")
def softmax(scope: Scope, x: Tensor, mask: Any = None) -> Tensor:
    """Along one axis or several together; masked elements take no part."""
    given = mask.value if isinstance(mask, Tensor) else mask
    there = x.mask if given is None else np.asarray(given) > 0.5
    axis = scope.config.get("axis", -1)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    try:
        value = masked_softmax(x.value, axes, there, scope.semantics.softmax_zeroes_masked)
    except ValueError:
        raise NoReference(scope.path, "a mask that does not fit the input of Softmax") from None
    return with_mask(scope, value, x)


def masked_softmax(x: Array, axes: tuple[int, ...], there: Array | None, zeroes: bool) -> Array:
    """exp(x) over its sum along `axes`, where `there` holds.

    Where nothing holds the result is uniform, as float32 makes it, or zero if `zeroes`.
    """
    x = summable(x)
    if there is not None:
        x = np.where(np.broadcast_to(there, x.shape), x, EXCLUDED)
    powers = np.exp(x - x.max(axis=axes, keepdims=True))
    shares = powers / powers.sum(axis=axes, keepdims=True)
    return np.where(there, shares, 0) if there is not None and zeroes else shares
