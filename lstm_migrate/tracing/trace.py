"""`plan --trace "lstm_1.bias[5]"`: the element that is meant, and everything that is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

import numpy as np

from lstm_migrate.errors import UsageError
from lstm_migrate.opening import Planned
from lstm_migrate.planning.naming import names_of
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.report import Element, Origin, Trace
from lstm_migrate.tracing.following import landings, way_of
from lstm_migrate.tracing.meaning import Index, meaning

SPECIFICATION = re.compile(r"(?P<variable>.+?)\[(?P<index>[^\[\]]*)\]")
SHOWN = 8


def traced(found: Planned, said: str) -> Trace:
    """The trace of one element of a target variable; UsageError if there is no such element."""
    match = SPECIFICATION.fullmatch(said.strip())
    if match is None:
        raise UsageError(
            "names no element of a variable",
            where=f"--trace {said}",
            expected="VARIABLE[INDEX], as lstm.bias[5]",
        )
    item = _variable(found, match["variable"], said)
    index = _index(match["index"], item, said)
    shapes = {name: info.shape for name, info in found.checkpoint.tensors.items()}
    way = way_of(item, _flat(index, item.shape), shapes)
    return Trace(
        _target(found, item, index),
        tuple(_origin(found, name, place) for name, place in way.taken),
        way.stations,
        way.unmade,
    )


def _variable(found: Planned, name: str, said: str) -> Assignment:
    known: dict[str, Assignment] = {}
    for item in (one.whole for one in found.plan.assignments):
        for alias in names_of(item.target.path):
            known.setdefault(f"{alias}.{item.target.role}", item)
    if name not in known:
        near = get_close_matches(name, known, 3, 0.4)
        every = [str(item.target) for item in found.plan.assignments]
        raise UsageError(
            f"the new model has no variable {name!r}",
            where=f"--trace {said}",
            expected=f"nearest: {', '.join(near)}" if near else f"one of {', '.join(every[:SHOWN])}",
        )
    return known[name]


def _index(text: str, item: Assignment, said: str) -> Index:
    parts = [part.strip() for part in text.split(",")] if text.strip(" ()") else []
    where = f"--trace {said}"
    if not all(re.fullmatch(r"[+-]?[0-9]{1,18}", part) for part in parts):
        raise UsageError(
            "the index is no list of whole numbers", where=where, found=text, expected="[5] or [3, -1]"
        )
    if len(parts) != len(item.shape):
        raise UsageError(
            f"the index does not fit {item.target}",
            where=where,
            found=f"{len(parts)} number{'' if len(parts) == 1 else 's'}",
            expected=f"an index into the shape {item.shape}",
        )
    index = [int(part) for part in parts]
    if any(not -size <= place < size for place, size in zip(index, item.shape, strict=True)):
        raise UsageError(
            f"{item.target} has no such element", where=where, found=text, expected=f"shape {item.shape}"
        )
    return tuple(place % size for place, size in zip(index, item.shape, strict=True))


def _flat(index: Index, shape: Index) -> int:
    return int(np.ravel_multi_index(index, shape)) if shape else 0


def _unflat(place: int, shape: Index) -> Index:
    return tuple(int(one) for one in np.unravel_index(place, shape)) if shape else ()


def _target(found: Planned, item: Assignment, index: Index) -> Element:
    layers = dict(found.plan.target.walk())
    layer = layers.get(item.target.path)
    words = "" if layer is None else meaning(layer, item.target.role, item.shape, index, found.target)
    return Element(str(item.target), index, words)


def _origin(found: Planned, name: str, place: int) -> Origin:
    shape = found.checkpoint.tensors[name].shape
    index = _unflat(place, shape)
    key = next((key for key, tensor in found.plan.bound.items() if tensor == name), None)
    layer = None if key is None else dict(found.plan.source.walk()).get(key.path)
    backend = found.checkpoint.writer.backend
    words = (
        "" if layer is None or key is None else meaning(layer, key.role, shape, index, found.source, backend)
    )
    return Origin(Element(name, index, words), tuple(_lands(found, name, place)))


def _lands(found: Planned, name: str, place: int) -> Iterator[Element]:
    """Every element of the new model that one of the file goes into."""
    for item in (one.whole for one in found.plan.assignments):
        if name in item.tensors:
            shapes = {tensor: found.checkpoint.tensors[tensor].shape for tensor in item.tensors}
            for landed in landings(item, name, place, shapes):
                yield _target(found, item, _unflat(landed, item.shape))
