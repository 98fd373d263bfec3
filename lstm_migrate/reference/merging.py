"""Layers that join several tensors: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from lstm_migrate.graph import leaves
from lstm_migrate.reference.scope import Array, NoReference, Scope, ShapeTooSmall, Tensor, forward

NORM_FLOOR = 1e-12

Operation = Callable[[Array, Array], Array]

ELEMENTWISE: Mapping[str, Operation] = {
    "Add": np.add,
    "Average": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
}
"""What each layer does to two of its inputs; Average divides the sum afterwards."""


@forward(*ELEMENTWISE)
def merge(scope: Scope, inputs: Any, *more: Any, **_: Any) -> Tensor:
    """Inputs of lower rank gain axes behind the batch, as every Keras does."""
    tensors = [leaf for leaf in leaves([inputs, list(more)]) if isinstance(leaf, Tensor)]
    rank = max(tensor.value.ndim for tensor in tensors)
    values = [_of_rank(tensor.value, rank) for tensor in tensors]
    masks = [tensor.mask for tensor in tensors]
    kind = scope.layer.kind
    skips = SKIPPING.get(kind) if scope.semantics.merge_skips_masked else None
    try:
        if skips is not None and any(mask is not None for mask in masks):
            result = skips(ELEMENTWISE[kind], values, masks)
        else:
            result = reduce(ELEMENTWISE[kind], values)
    except ValueError as error:
        raise ShapeTooSmall(f"{'/'.join(scope.path)}: its inputs do not fit each other: {error}") from error
    if kind == "Average":
        result = result / len(values)
    return Tensor(scope.precision.cast(result), _merged_mask(scope, masks))


def _of_rank(value: Array, rank: int) -> Array:
    return value.reshape(value.shape[0], *(1,) * (rank - value.ndim), *value.shape[1:])


def _merged_mask(scope: Scope, masks: Sequence[Array | None]) -> Array | None:
    there = [mask for mask in masks if mask is not None]
    if scope.semantics.merge_mask == "none":
        return None
    if scope.semantics.merge_mask == "all":
        return reduce(np.logical_and, there) if there else None
    return reduce(np.logical_or, there) if len(there) == len(masks) else None


def _multiply_unmasked(_: Operation, values: Sequence[Array], masks: Sequence[Array | None]) -> Array:
    """Keras 3's Multiply: a masked input counts as one; where all are masked the product is zero."""
    wide = [_like(mask, value) for mask, value in zip(masks, values, strict=True)]
    factors = [
        value if mask is None else np.where(mask, value, 1) for mask, value in zip(wide, values, strict=True)
    ]
    product = reduce(np.multiply, factors)
    there = [mask for mask in wide if mask is not None]
    if len(there) < len(wide):
        return product
    return np.asarray(np.where(reduce(np.logical_or, there), product, 0))


def _extreme_unmasked(operation: Operation, values: Sequence[Array], masks: Sequence[Array | None]) -> Array:
    """Keras 3's Maximum and Minimum: a masked input is replaced by the result so far, and the other way."""
    result, known = values[0], _like(masks[0], values[0])
    for value, mask in zip(values[1:], masks[1:], strict=True):
        own = _like(mask, value)
        if own is not None:
            value = np.where(own, value, result)
        if known is not None:
            result = np.where(known, result, value)
        known = None if own is None or known is None else np.logical_or(known, own)
        result = operation(result, value)
    return result


def _like(mask: Array | None, value: Array) -> Array | None:
    return None if mask is None else np.broadcast_to(mask[..., None], value.shape)


SKIPPING: Mapping[str, Callable[[Operation, Sequence[Array], Sequence[Array | None]], Array]] = {
    "Multiply": _multiply_unmasked,
    "Maximum": _extreme_unmasked,
    "Minimum": _extreme_unmasked,
}
"""The layers that leave masked inputs out in Keras 3."""


@forward("Concatenate")
def concatenate(scope: Scope, inputs: Any, *more: Any, **_: Any) -> Tensor:
    """The masks are laid side by side like the inputs; a step counts if it does in every feature."""
    tensors = [leaf for leaf in leaves([inputs, list(more)]) if isinstance(leaf, Tensor)]
    axis = int(scope.config.get("axis", -1))
    value = np.concatenate([tensor.value for tensor in tensors], axis=axis)
    if all(tensor.mask is None for tensor in tensors) or scope.semantics.concatenate_mask == "none":
        return Tensor(value)
    masks = np.concatenate([_full_mask(scope, tensor) for tensor in tensors], axis=axis)
    joined = np.all if scope.semantics.concatenate_mask == "all" else np.any
    return Tensor(value, np.asarray(joined(masks, axis=-1)))


def _full_mask(scope: Scope, tensor: Tensor) -> Array:
    mask = tensor.mask
    if mask is None:
        return np.ones(tensor.value.shape, bool)
    if mask.ndim >= tensor.value.ndim:
        return mask
    if mask.ndim < tensor.value.ndim - 1:
        raise NoReference(scope.path, "masks of another rank than the inputs")
    return np.broadcast_to(mask[..., None], tensor.value.shape)


@forward("Dot")
def dot(scope: Scope, inputs: Any, *more: Any, **_: Any) -> Tensor:
    """Sums over one axis of each input, batch by batch; ends the masks."""
    first, second = (leaf.value for leaf in leaves([inputs, list(more)]) if isinstance(leaf, Tensor))
    axes = scope.config["axes"]
    left, right = (axes, axes) if isinstance(axes, int) else axes
    left, right = left % first.ndim, right % second.ndim
    if scope.config.get("normalize"):
        first, second = _normalized(first, left), _normalized(second, right)
    first, second = np.moveaxis(first, left, -1), np.moveaxis(second, right, 1)
    flat_first = first.reshape(first.shape[0], -1, first.shape[-1])
    flat_second = second.reshape(*second.shape[:2], -1)
    shape = (first.shape[0], *first.shape[1:-1], *second.shape[2:])
    result = (flat_first @ flat_second).reshape(shape)
    if result.ndim == 1:
        result = result[:, None]
    return Tensor(scope.precision.cast(result))


def _normalized(x: Array, axis: int) -> Array:
    squares = np.sum(np.square(x), axis=axis, keepdims=True)
    return np.asarray(x / np.sqrt(np.maximum(squares, NORM_FLOOR)))
