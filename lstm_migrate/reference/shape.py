"""Layers that change the shape and no value: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import numpy as np

from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Scope, Tensor, forward
from lstm_migrate.reference.spatial import channels_last


@forward("Flatten")
def flatten(scope: Scope, x: Tensor) -> Tensor:
    """All but the batch in one axis, channels innermost in either data_format."""
    value = channels_last(x.value, scope.config) if x.value.ndim > 1 else x.value
    return without_mask(scope, value.reshape(len(value), int(np.prod(value.shape[1:]))))


@forward("Reshape")
def reshape(scope: Scope, x: Tensor) -> Tensor:
    return without_mask(scope, x.value.reshape(len(x.value), *scope.config["target_shape"]))


@forward("Permute")
def permute(scope: Scope, x: Tensor) -> Tensor:
    return without_mask(scope, x.value.transpose(0, *scope.config["dims"]))


@forward("RepeatVector")
def repeat_vector(scope: Scope, x: Tensor) -> Tensor:
    return without_mask(scope, np.repeat(x.value[:, None], int(scope.config["n"]), axis=1))
