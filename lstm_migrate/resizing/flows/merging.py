"""Layers that join tensors: one behind the other, or element by element."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import OPERATION, Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.activations import NOT_ZERO, SILENT
from lstm_migrate.resizing.followed import Dims

ONE_FOR_ALL = "stands for all elements of another tensor"
BY_CONSTANTS = "computes with a constant for each"


def concatenate(flow: Flow, given: Given) -> Tensor:
    """One behind the other along one axis, alike along the others."""
    tensors = given.tensors
    axis = int(flow.config.get("axis", -1))
    if flow.layer.kind.startswith(OPERATION):
        listed = given.get(0, "xs")
        if any(not isinstance(one, Tensor) for one in listed):
            raise Opaque(BY_CONSTANTS)
        axis = int(given.get(1, "axis", 0))
    place = tensors[0].at(axis)
    if any(tensor.rank != tensors[0].rank for tensor in tensors):
        raise Opaque("joins tensors of several ranks")
    columns = [[tensor.known[at] for tensor in tensors] for at in range(tensors[0].rank)]
    dims = [behind(parts) if at == place else alike(flow, parts, at) for at, parts in enumerate(columns)]
    return Tensor(tuple(dims))


def behind(parts: Sequence[Ids | None]) -> Ids | None:
    """The elements of several axes, one after the other."""
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def alike(flow: Flow, parts: Sequence[Ids | None], axis: int) -> Ids | None:
    """The elements along an axis that several tensors share."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    for other in known[1:]:
        if len(other) != len(known[0]):
            raise Opaque(f"joins tensors of {len(known[0])} and {len(other)} along axis {axis}")
        flow.ledger.tie(known[0], other)
    return known[0]


def tied(flow: Flow, given: Given) -> Tensor:
    """Element by element: all tensors keep the same elements; a single one stands for all."""
    operation = flow.layer.kind.startswith(OPERATION)
    tensors, constants = given.tensors, _constants(given) if operation else []
    rank = max([tensor.rank for tensor in tensors] + [constant.ndim for constant in constants])
    aligned = [_of_rank(flow, tensor, rank, behind_batch=not operation) for tensor in tensors]
    shapes = [(1,) * (rank - constant.ndim) + constant.shape for constant in constants]
    dims = []
    for axis in range(rank):
        ids = broadcast(flow, [one[axis] for one in aligned], axis)
        longest = max((shape[axis] for shape in shapes), default=1)
        if longest > 1:
            ids = _with_constants(flow, ids, longest, axis)
        dims.append(ids)
        single = _single(tensors, [one[axis] for one in aligned], ids)
        if axis and not zero_for_zeros(flow.layer.kind, given, single):
            flow.hold(ids, axis, NOT_ZERO, SILENT)
    return Tensor(tuple(dims))


def _of_rank(flow: Flow, tensor: Tensor, rank: int, *, behind_batch: bool) -> Dims:
    """The axes with those that broadcasting adds; merge layers add them behind the batch."""
    missing = tuple(flow.ledger.elements.new(1) for _ in range(rank - tensor.rank))
    dims = tensor.known
    return (*dims[:1], *missing, *dims[1:]) if behind_batch else (*missing, *dims)


def broadcast(flow: Flow, parts: Sequence[Ids | None], axis: int) -> Ids | None:
    """The elements along an axis where a single one stands for all of another tensor's."""
    known = [part for part in parts if part is not None]
    longest = max((len(part) for part in known), default=0)
    some_unknown = len(known) < len(parts)
    single = [part for part in known if len(part) == 1]
    if longest > 1 or some_unknown:
        for part in single:
            flow.pin(part, axis, ONE_FOR_ALL)
        known = [part for part in known if len(part) > 1]
    return alike(flow, known, axis)


def _with_constants(flow: Flow, ids: Ids | None, count: int, axis: int) -> Ids:
    if ids is not None and len(ids) == count:
        flow.pin(ids, axis, BY_CONSTANTS)
        return ids
    flow.pin(ids, axis, ONE_FOR_ALL)
    return flow.fixed(count, axis, BY_CONSTANTS)


def _constants(given: Given) -> list[np.ndarray[Any, Any]]:
    said = [*given.args, *(value for key, value in given.kwargs.items() if key in OPERANDS)]
    return [np.asarray(one) for one in said if not isinstance(one, Tensor) and one is not None]


OPERANDS = frozenset({"x", "x1", "x2", "condition"})


def _single(tensors: Sequence[Tensor], parts: Sequence[Ids | None], ids: Ids | None) -> set[int]:
    """The numbers of tensors that have one element where others have several."""
    if ids is not None and len(ids) == 1:
        return set()
    pairs = zip(tensors, parts, strict=True)
    return {one.argument for one, part in pairs if part is not None and len(part) == 1}


def zero_for_zeros(kind: str, given: Given, single: Collection[int] = ()) -> bool:
    """Whether an operation makes zeros of zeros, whatever its constants are; `single`: the numbers of tensors
    that have one element for all, so that it need not be zero."""
    if not kind.startswith(OPERATION):
        return kind == "Multiply" or not single
    function = getattr(np, kind.removeprefix(OPERATION), None)
    if function is None:
        return kind in NOTHING_ELSE

    def value(one: Any) -> Any:
        if not isinstance(one, Tensor):
            return one
        return ANYTHING if one.argument in single else 0.0

    try:
        with np.errstate(all="ignore"):
            found = function(
                *map(value, given.args), **{key: value(one) for key, one in given.kwargs.items()}
            )
        return not np.any(np.asarray(found, float))
    except (TypeError, ValueError):
        return False


ANYTHING = 0.7

NOTHING_ELSE = frozenset(
    f"{OPERATION}{name}"
    for name in "cast stop_gradient convert_to_tensor identity copy divide_no_nan zeros_like erf".split()
)
"""Operations that keep zeros, though NumPy has none of their name and arguments."""
