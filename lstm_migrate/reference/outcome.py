"""What leaves a layer: its values rounded to the precision of the computation, and the mask they carry."""

from __future__ import annotations

from lstm_migrate.reference.scope import Array, Scope, Tensor


def with_mask(scope: Scope, value: Array, source: Tensor) -> Tensor:
    """The result of a layer that hands on the mask of `source`, unless its era does not do so yet."""
    mask = None if scope.layer.kind in scope.semantics.kinds_that_drop_masks else source.mask
    return Tensor(scope.precision.cast(value), mask)


def without_mask(scope: Scope, value: Array) -> Tensor:
    """The result of a layer that ends the mask."""
    return Tensor(scope.precision.cast(value))
