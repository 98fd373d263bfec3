"""Transmission: does what goes into a layer still show in what comes out of it?

Where it does not (a last layer that multiplies by zero), no output of the model depends on the layers
before, and a comparison of outputs says nothing about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_migrate.graph import leaves, map_leaves
from lstm_migrate.reference.scope import Array, Scope, Tensor
from lstm_migrate.verification.tolerance import distance

SHOWS = 2.0**-24  # relative to the size of the layer's outputs: less is lost in float32

# They answer questions about their input rather than hand it on.
ANSWERS = ("ops.", "Random", "Discretization", "Hashing", "InputLayer")


def hands_on(
    scope: Scope,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    right: list[Array],
    run: Callable[[tuple[Any, ...], Mapping[str, Any]], list[Array]],
) -> bool:
    """Whether `run`, on the samples of the batch in another order, gives anything else than `right`.

    True as well where that cannot be told: one sample, or samples that are all the same.
    """
    if scope.layer.kind.startswith(ANSWERS) or any(value.dtype.kind != "f" for value in right):
        return True
    other_args, other_kwargs = map_leaves(args, _rolled), map_leaves(dict(kwargs), _rolled)
    if not _differ([args, dict(kwargs)], [other_args, other_kwargs]):
        return True
    scale = max([1e-30, *(float(np.abs(value).max(initial=0.0)) for value in right)])
    return distance(right, run(other_args, other_kwargs)) > SHOWS * scale


def _rolled(leaf: Any) -> Any:
    if not isinstance(leaf, Tensor) or leaf.value.ndim == 0:
        return leaf
    mask = leaf.mask if leaf.mask is None or leaf.mask.ndim == 0 else np.roll(leaf.mask, 1, axis=0)
    return Tensor(np.roll(leaf.value, 1, axis=0), mask)


def _differ(one: Any, other: Any) -> bool:
    pairs = zip(leaves(one), leaves(other), strict=True)
    return any(isinstance(a, Tensor) and not np.array_equal(a.value, b.value) for a, b in pairs)
