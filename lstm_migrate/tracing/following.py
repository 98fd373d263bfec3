"""Following single elements through the steps of one assignment, from either end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt, prod

import numpy as np

from lstm_migrate.layouts.steps import Array, Constant, Join, Step
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.report import Station
from lstm_migrate.rules.grow import Grow

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Way:
    """How an element came about: `taken` from which places of which tensors, through which stations.

    `unmade`: what it is if it comes from no tensor.
    """

    taken: tuple[tuple[str, int], ...]
    stations: tuple[Station, ...]
    unmade: str = ""


def way_of(item: Assignment, place: int, shapes: Mapping[str, Shape]) -> Way:
    """The way to the element at the flat position `place` of the target variable."""
    places: list[int] = [place]
    stations: list[Station] = []
    unmade = ""
    for number in reversed(range(len(item.steps))):
        step = item.steps[number]
        at = tuple(_index(one, step.shape) for one in places)
        before = _shape_before(item, number, shapes)
        each = [_origins(step, before, one, item, shapes) for one in places]
        found = [origin for origins in each for origin in origins]
        arithmetic = _arithmetic(step, before, places[0], each[0])
        stations.append(Station(str(step), step.shape, at, arithmetic))
        if not found:
            unmade = _unmade(step, places[0])
            break
        places = found
    taken = () if unmade else tuple(_in_tensor(one, item, shapes) for one in places)
    return Way(taken, tuple(reversed(stations)), unmade)


def landings(item: Assignment, name: str, place: int, shapes: Mapping[str, Shape]) -> list[int]:
    """Every flat position of the target variable that depends on one element of the tensor `name`."""
    if not item.steps:
        return [place]
    moved = item.effect == "bitwise"

    def outcome(mark: int) -> Array:
        # Steps that only move values leave zeros as they are, and need no wide numbers.
        values = [np.zeros(shapes[tensor], np.int8 if moved else np.float32) for tensor in item.tensors]
        values[item.tensors.index(name)].reshape(-1)[place] = mark
        # What new elements hold may depend on all old ones: only what repeats one is made of it.
        return item.follow(
            values, lambda step, value: step.stems(value) if isinstance(step, Grow) else step.apply(value)
        ).reshape(-1)

    marked = outcome(1)
    return [int(one) for one in np.flatnonzero(marked if moved else marked != outcome(0))]


def _unmade(step: Step, place: int) -> str:
    """What an element is that no tensor holds."""
    if isinstance(step, Constant):
        return f"a constant, {float(step.values.reshape(-1)[place]):.6g}"
    return f"new, from no tensor: {step.fill}" if isinstance(step, Grow) else "zero, from no tensor"


def _index(place: int, shape: Shape) -> Shape:
    return tuple(int(one) for one in np.unravel_index(place, shape)) if shape else ()


def _shape_before(item: Assignment, number: int, shapes: Mapping[str, Shape]) -> Shape:
    if number:
        return item.steps[number - 1].shape
    return shapes[item.tensors[0]] if len(item.tensors) == 1 else ()


def _origins(
    step: Step, before: Shape, place: int, item: Assignment, shapes: Mapping[str, Shape]
) -> list[int]:
    """The flat positions in what the step reads (of several tensors, one after the other) that make one."""
    if isinstance(step, Constant):
        return []
    if isinstance(step, Join):
        return _found([step.join(_numbers(item, shapes))], place)
    total, moves = prod(before), step.effect == "bitwise"
    kind = np.int32 if moves and total < 2**31 else np.int64
    numbers: Array = np.arange(1, total + 1, dtype=kind).reshape(before)
    if moves:
        return _found([step.stems(numbers)], place)
    origins = _found([step.stems(numbers), step.stems(numbers * numbers)], place)
    if isinstance(step, Grow):
        return origins
    # A gate that is the negated copy of another is traced as a place that nothing fills.
    return origins or _found([np.abs(step.apply(numbers))], place)


def _numbers(item: Assignment, shapes: Mapping[str, Shape]) -> list[Array]:
    found: list[Array] = []
    start = 1
    for name in item.tensors:
        size = prod(shapes[name])
        found.append(np.arange(start, start + size, dtype=np.int64).reshape(shapes[name]))
        start += size
    return found


def _found(powers: Sequence[Array], place: int) -> list[int]:
    """The positions, counted from 0, whose first and second powers add up to what stands at `place`."""
    first, *rest = (int(np.asarray(power).reshape(-1)[place]) for power in powers)
    if not first:
        return []
    if not rest or first * first == rest[0]:
        return [first - 1]
    # a + b = s and a² + b² = q: a and b are (s ± √(2q − s²)) / 2.
    root = isqrt(2 * rest[0] - first * first)
    return [(first - root) // 2 - 1, (first + root) // 2 - 1]


def _in_tensor(place: int, item: Assignment, shapes: Mapping[str, Shape]) -> tuple[str, int]:
    for name in item.tensors:
        size = prod(shapes[name])
        if place < size:
            return name, place
        place -= size
    raise IndexError(place)


def _arithmetic(step: Step, before: Shape, place: int, origins: Sequence[int]) -> str:
    """What the step does to the number itself, in words; "" if it only moves it."""
    if len(origins) > 1:
        return f"sum of {len(origins)}"
    if step.effect == "bitwise" or not origins:
        return ""
    nought, one, minus = (
        float(step.apply(np.full(before, value)).reshape(-1)[place]) for value in (0.0, 1.0, -1.0)
    )
    factor = one - nought
    if not np.isclose(minus, nought - factor):
        return str(step)
    said = [] if np.isclose(factor, 1) else ["negated"] if np.isclose(factor, -1) else [f"× {factor:.6g}"]
    if nought:
        said.append(f"{'+' if nought > 0 else '−'} {abs(nought):.6g}")
    return ", ".join(said)
