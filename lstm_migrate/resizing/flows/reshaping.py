"""Reshape: axes split and joined, where products of consecutive sizes say which became which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.shapes import TOGETHER, joined

UNSAID = 1_000_003
"""Stands for the one size that nobody knows: a prime that no product of others makes."""

NOT_PLAIN = "pours them into axes of other sizes"
IN_ARGUMENTS = "is called with their number"
SINGLE = "drops an axis of one"

Group = tuple[range, range]
"""Axes before and after that hold the same elements."""


def reshape(flow: Flow, given: Given) -> Tensor:
    """The layer: everything behind the batch."""
    x, said = given.first, [int(size) for size in flow.config["target_shape"]]
    made = poured(flow, x.known[1:], said, ahead=1)
    for place, (size, ids) in enumerate(zip(said, made, strict=True)):
        if size > 0:
            flow.size("target_shape", ids, place)
    return x.laid(x.known[0], *made)


def operation_reshape(flow: Flow, given: Given) -> Tensor:
    """ops.reshape: the batch too; its numbers are arguments, which never change."""
    x, said = given.first, given.get(1, "newshape")
    if not isinstance(said, (list, tuple)) or any(not isinstance(one, int) for one in said):
        raise Opaque(NOT_PLAIN)
    made = poured(flow, x.known, list(said), ahead=0)
    for place, (size, ids) in enumerate(zip(said, made, strict=True)):
        if size > 0:
            flow.pin(ids, place, IN_ARGUMENTS)
    return x.laid(*made)


def poured(flow: Flow, dims: Sequence[Ids | None], said: Sequence[int], ahead: int) -> list[Ids | None]:
    """The elements of each axis after `said`, in which -1 is whatever is left."""
    before = [UNSAID if ids is None else len(ids) for ids in dims]
    after = list(said)
    if -1 in after:
        rest = prod(size for size in after if size != -1)
        if rest == 0 or prod(before) % rest:
            raise Opaque(NOT_PLAIN)
        after[after.index(-1)] = prod(before) // rest
    if before.count(UNSAID) > 1 or prod(before) != prod(after):
        raise Opaque(NOT_PLAIN)
    made: list[Ids | None] = [None] * len(after)
    for old, new in aligned(before, after):
        parts = [(place + ahead, dims[place]) for place in old]
        for place, ids in zip(new, _group(flow, parts, [after[one] for one in new], ahead, new), strict=True):
            made[place] = ids
    return made


def aligned(before: Sequence[int], after: Sequence[int]) -> Iterator[Group]:
    """The smallest groups of consecutive axes with equal products."""
    i = j = 0
    while i < len(before) or j < len(after):
        start = i, j
        if i < len(before) and j < len(after) and before[i] == after[j]:
            i, j = i + 1, j + 1
        elif i < len(before) and before[i] == 1:
            i += 1
        elif j < len(after) and after[j] == 1:
            j += 1
        else:
            left, right, i, j = before[i], after[j], i + 1, j + 1
            while left != right:
                if left < right:
                    left, i = left * before[i], i + 1
                else:
                    right, j = right * after[j], j + 1
        yield range(start[0], i), range(start[1], j)


def _group(
    flow: Flow, parts: Sequence[tuple[int, Ids | None]], sizes: Sequence[int], ahead: int, new: range
) -> list[Ids | None]:
    if len(parts) == len(sizes) == 1:
        return [parts[0][1]]
    if not sizes:
        for axis, ids in parts:
            flow.pin(ids, axis, SINGLE)
        return []
    if not parts:
        return [flow.fixed(1, place + ahead, "adds an axis of one") for place in new]
    if len(sizes) == 1:
        return [joined(flow, parts)]
    if len(parts) == 1 and parts[0][1] is not None:
        split = _split(flow, parts[0][1], sizes)
        if split is not None:
            return [
                flow.fixed(size, place + ahead, TOGETHER) if ids is None else ids
                for place, size, ids in zip(new, sizes, split, strict=True)
            ]
    for axis, ids in parts:
        flow.pin(ids, axis, NOT_PLAIN)
    return [
        None if size % UNSAID == 0 else flow.fixed(size, place + ahead, NOT_PLAIN)
        for place, size in zip(new, sizes, strict=True)
    ]


def _split(flow: Flow, ids: Ids, sizes: Sequence[int]) -> list[Ids | None] | None:
    """One axis in several, if it has the same elements again and again: they are one of the new axes."""
    blocks = flow.ledger.elements.roots(ids).reshape(sizes)
    for place in range(len(sizes)):
        column = np.moveaxis(blocks, place, -1).reshape(-1, sizes[place])
        if sizes[place] > 1 and len(column) > 1 and (column == column[0]).all():
            own = np.moveaxis(ids.reshape(sizes), place, -1).reshape(-1, sizes[place])[0]
            return [own if one == place else None for one in range(len(sizes))]
    return None


def squeeze(flow: Flow, given: Given) -> Tensor:
    """Axes of one left out."""
    x, said = given.first, given.get(1, "axis")
    axes = [axis for axis, ids in enumerate(x.known) if ids is not None and len(ids) == 1]
    if said is not None:
        axes = [x.at(int(axis)) for axis in (said if isinstance(said, (list, tuple)) else [said])]
    for axis in axes:
        flow.pin(x.known[axis], axis, SINGLE)
    return x.laid(*(ids for axis, ids in enumerate(x.known) if axis not in axes))


def expand_dims(flow: Flow, given: Given) -> Tensor:
    """A new axis of one."""
    x, said = given.first, given.get(1, "axis")
    places: list[int] = [int(axis) for axis in (said if isinstance(said, (list, tuple)) else [said])]
    dims: list[Any] = list(x.known)
    for place in sorted(axis % (x.rank + len(places)) for axis in places):
        dims.insert(place, flow.fixed(1, place, "adds an axis of one"))
    return x.laid(*dims)


def transpose(flow: Flow, given: Given) -> Tensor:
    """Axes in another order."""
    x, said = given.first, given.get(1, "axes")
    order = range(x.rank)[::-1] if said is None else [x.at(int(axis)) for axis in said]
    return x.laid(*(x.known[axis] for axis in order))


def moved(flow: Flow, given: Given) -> Tensor:
    """ops.moveaxis and ops.swapaxes: the same for two axes, or a few."""
    x = given.first
    if flow.layer.kind == "ops.swapaxes":
        one, other = (x.at(int(given.get(place, f"axis{place}"))) for place in (1, 2))
        order = list(range(x.rank))
        order[one], order[other] = other, one
    else:
        source, destination = given.get(1, "source"), given.get(2, "destination")
        order = [int(axis) for axis in np.moveaxis(np.empty(range(x.rank)), source, destination).shape]
    return x.laid(*(x.known[axis] for axis in order))
