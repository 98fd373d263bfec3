"""Numbers turned into categories and categories into vectors: Discretization, CategoryEncoding."""

from __future__ import annotations

import numpy as np

from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward


@forward("Discretization")
def discretization(scope: Scope, x: Tensor) -> Tensor:
    """The number of the bin that holds each value; a boundary opens the bin above it."""
    boundaries = scope.config.get("bin_boundaries")
    if boundaries is None:
        raise NoReference(scope.path, "a Discretization without bin_boundaries")
    bins = np.digitize(x.value, np.asarray(boundaries, np.float64))
    return without_mask(scope, encoded(scope, bins, len(boundaries) + 1, None))


@forward("CategoryEncoding")
def category_encoding(scope: Scope, x: Tensor, count_weights: Tensor | None = None) -> Tensor:
    weights = None if count_weights is None else count_weights.value
    return without_mask(scope, encoded(scope, x.value, int(scope.config["num_tokens"]), weights))


def encoded(scope: Scope, categories: Array, depth: int, weights: Array | None) -> Array:
    """Categories as they are, or as vectors of `depth`, by the layer's output_mode; others than those below
    `depth` are left out."""
    mode = scope.config["output_mode"]
    if mode == "int":
        return categories
    if mode == "one_hot" and categories.ndim > 1 and categories.shape[-1] == 1:
        categories = categories[..., 0]
    matches = categories.astype(int)[..., None] == np.arange(depth)
    vectors: Array = matches.astype(scope.precision.dtype)
    if mode == "one_hot":
        return vectors
    if mode == "multi_hot":
        return np.asarray(vectors.max(axis=-2))
    if weights is not None:
        vectors = vectors * weights[..., None]
    return np.asarray(vectors.sum(axis=-2))
