"""Operations that take some of the elements: slices, splits, stacks, repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.merging import alike

BY_PLACES = "takes some of them by their places"
FIXED_PARTS = "parts them in a number that its arguments fix"
NOT_PLAIN = "takes elements in a way that nobody can follow"


def get_item(flow: Flow, given: Given) -> Tensor:
    """x[key] with numbers, slices, None and "…"."""
    x, dims = given.first, list[Ids | None]()
    axis = 0
    for part in _whole_key(given.get(1, "key"), x.rank):
        if part is None:
            dims.append(flow.fixed(1, len(dims), "adds an axis of one"))
            continue
        ids = x.known[axis]
        if isinstance(part, int):
            flow.hold(ids, axis, BY_PLACES)
        elif part == slice(None) or part == slice(None, None, 1):
            dims.append(ids)
        else:
            flow.hold(ids, axis, BY_PLACES)
            dims.append(None if ids is None else ids[part])
        axis += 1
    return x.laid(*dims)


def _whole_key(key: Any, rank: int) -> list[Any]:
    """One part for each axis, and None for each new one."""
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    if any(not (part is None or part is Ellipsis or isinstance(part, (int, slice))) for part in parts):
        raise Opaque(NOT_PLAIN)
    if any(_computed(part) for part in parts if isinstance(part, slice)):
        raise Opaque(NOT_PLAIN)
    said = sum(part is not None and part is not Ellipsis for part in parts)
    hidden = [slice(None)] * (rank - said)
    if Ellipsis not in parts:
        return [*parts, *hidden]
    place = parts.index(Ellipsis)
    return [*parts[:place], *hidden, *parts[place + 1 :]]


def _computed(part: slice) -> bool:
    return any(isinstance(one, Tensor) for one in (part.start, part.stop, part.step))


def take(flow: Flow, given: Given) -> Tensor:
    """Elements by their places, which are constants; or rows of constants, by places that are computed."""
    x, indices, axis = given.get(0, "x"), given.get(1, "indices"), given.get(2, "axis")
    if axis is None or (isinstance(x, Tensor) and isinstance(indices, Tensor)):
        raise Opaque(NOT_PLAIN)
    if isinstance(x, Tensor):
        places, at = np.asarray(indices), x.at(int(axis))
        flow.pin(x.known[at], at, BY_PLACES)
        ids = x.known[at]
        if ids is None or places.ndim > 1:
            raise Opaque(NOT_PLAIN)
        chosen = () if places.ndim == 0 else (ids[places],)
        return Tensor((*x.known[:at], *chosen, *x.known[at + 1 :]))
    sizes = list(np.shape(x))
    at = int(axis) % len(sizes)
    own = [flow.fixed(size, place, "takes constants") for place, size in enumerate(sizes)]
    return Tensor((*own[:at], *indices.known, *own[at + 1 :]))


def split(flow: Flow, given: Given) -> list[Tensor]:
    """Parts of an axis, each a tensor."""
    x, said = given.first, given.get(1, "indices_or_sections")
    axis = x.at(int(given.get(2, "axis", 0)))
    ids = x.known[axis]
    flow.pin(ids, axis, FIXED_PARTS)
    if ids is None:
        count = said if isinstance(said, int) else len(said) + 1
        return [x.with_axis(axis, None) for _ in range(count)]
    parts = np.split(ids, said if isinstance(said, int) else [int(one) for one in said])
    return [Tensor(x.known).with_axis(axis, part) for part in parts]


def unstack(flow: Flow, given: Given) -> list[Tensor]:
    """A tensor for each place along an axis."""
    x = given.first
    axis = x.at(int(given.get(2, "axis", 0)))
    ids = x.known[axis]
    if ids is None:
        raise Opaque(NOT_PLAIN)
    flow.pin(ids, axis, FIXED_PARTS)
    return [Tensor((*x.known[:axis], *x.known[axis + 1 :])) for _ in ids]


def stack(flow: Flow, given: Given) -> Tensor:
    """Tensors side by side along a new axis."""
    listed = given.get(0, "x")
    tensors = given.tensors
    if len(tensors) != len(listed):
        raise Opaque(NOT_PLAIN)
    dims = [alike(flow, [tensor.known[at] for tensor in tensors], at) for at in range(tensors[0].rank)]
    axis = int(given.get(1, "axis", 0)) % (len(dims) + 1)
    dims.insert(axis, flow.fixed(len(tensors), axis, "has one for each tensor that it stacks"))
    return Tensor(tuple(dims))


def repeated(flow: Flow, given: Given) -> Tensor:
    """ops.repeat and ops.tile by constants: the same elements again."""
    x, said = given.first, given.get(1, "repeats")
    if flow.layer.kind == "ops.repeat":
        axis = given.get(2, "axis")
        if axis is None or not isinstance(said, int):
            raise Opaque(NOT_PLAIN)
        return x.with_axis(int(axis), _again(x.known[x.at(int(axis))], said, apart=False))
    counts = [int(said)] if isinstance(said, int) else [int(one) for one in said]
    if len(counts) > x.rank:
        raise Opaque(NOT_PLAIN)
    counts = [1] * (x.rank - len(counts)) + counts
    return Tensor(tuple(_again(ids, n, apart=True) for ids, n in zip(x.known, counts, strict=True)))


def _again(ids: Ids | None, count: int, *, apart: bool) -> Ids | None:
    if ids is None or count == 1:
        return ids
    return np.tile(ids, count) if apart else np.repeat(ids, count)


def top_k(flow: Flow, given: Given) -> list[Tensor]:
    """The greatest along the last axis, and where they are."""
    x = given.first
    flow.hold(x.known[-1], x.at(-1), "takes the greatest of them")
    count = int(given.get(1, "k"))
    made: Sequence[Ids] = [flow.fixed(count, x.at(-1), "takes so many of the greatest") for _ in range(2)]
    return [Tensor((*x.known[:-1], ids)) for ids in made]
