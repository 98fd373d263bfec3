"""Where masks come from: Masking, Embedding and calls. What hands them on is each layer's own affair."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_migrate.graph import leaves
from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward


def explicit_mask(mask: Any, x: Tensor) -> Array | None:
    """The mask that a call names: a tensor, an array, or "input" for the one that its input carries."""
    if isinstance(mask, str) and mask == "input":
        return x.mask
    first = next(leaves(mask))
    return first.value if isinstance(first, Tensor) else first


@forward("Masking")
def masking(scope: Scope, x: Tensor, **_: Any) -> Tensor:
    """A step is masked, and zeroed, if all its features equal mask_value."""
    there = np.any(x.value != scope.precision.dtype(scope.config.get("mask_value", 0.0)), axis=-1)
    return Tensor(np.where(there[..., None], x.value, 0), there)


@forward("Unmasked")
def unmasked(scope: Scope, x: Tensor) -> Tensor:
    """The same values, without the mask that they carry."""
    return without_mask(scope, x.value)


@forward("Embedding")
def embedding(scope: Scope, tokens: Tensor, **_: Any) -> Tensor:
    """Rows of the table by token; with mask_zero the token 0 is masked."""
    table = scope.stored("embeddings")
    rows = tokens.value.astype(np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= table.shape[0]):
        raise NoReference(scope.path, f"a token outside the vocabulary of {table.shape[0]}")
    mask = tokens.value != 0 if scope.config.get("mask_zero") else None
    return Tensor(scope.precision.cast(table[rows]), mask)
