"""Placement: every recipe run on numbers that name their own position.

It sees lost, doubled and misplaced elements bit for bit, with no model at all, and is blind to a
wrongly declared layout. Where two elements are summed, powers of their numbers tell which two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from lstm_migrate.reference.scope import Array
from lstm_migrate.report import Check
from lstm_migrate.verification.coordinates import coordinates
from lstm_migrate.verification.rounding import agree
from lstm_migrate.verification.subject import Recipe, Subject

MOST_CHECKED = 1 << 21  # of a larger array, this many elements have their coordinates compared


def check_placement(subject: Subject) -> Check:
    """The check over all recipes and all source elements.

    In a file that somebody else made, only the recipes themselves can be checked: unproven.
    """
    foreign = subject.foreign()
    seen: dict[str, Seen] = {}
    meant = Meant()
    whole: dict[str, int] = {}
    wrong: list[str] = []
    elements = 0
    for recipe in subject.recipes:
        elements += prod(recipe.shape)
        if not recipe.steps:
            whole[recipe.tensors[0]] = whole.get(recipe.tensors[0], 0) + 1
        elif recipe.tensors:
            wrong += _traced(recipe, subject.shapes, seen, meant)
        if not foreign:
            wrong += _stored_otherwise(recipe, subject)
    wrong += _uncovered(subject, seen, whole)
    if wrong:
        return Check("placement", "failed", "; ".join(wrong[:4]), {"problems": wrong})
    if foreign:
        return Check(
            "placement",
            "unproven",
            "the target has other layers or variables than convert would write: its arrays cannot be "
            "followed one by one",
            {"elements": elements, "variables": len(subject.recipes)},
            tuple(foreign),
        )
    return Check(
        "placement",
        "verified",
        f"each of {elements - meant.new:,} target elements comes from its own place{meant.said}, and no "
        "source element is lost or doubled",
        {"elements": elements, "variables": len(subject.recipes), **meant.measured},
    )


@dataclass
class Meant:
    """How many elements steps put in that come from nowhere, and how many they leave out, as they say."""

    new: int = 0
    left_out: int = 0

    @property
    def said(self) -> str:
        counted = ((self.new, "are new"), (self.left_out, "of the source are left out on purpose"))
        parts = [f"{count:,} {what}" for count, what in counted if count]
        return f" ({', '.join(parts)})" if parts else ""

    @property
    def measured(self) -> dict[str, int]:
        return {name: count for name, count in vars(self).items() if count}


def _stored_otherwise(recipe: Recipe, subject: Subject) -> list[str]:
    """What the file holds otherwise than the plan says, bit for bit."""
    stored = subject.target.weights[recipe.target]
    if tuple(stored.shape) != tuple(recipe.shape):
        return [f"{recipe.target}: has shape {stored.shape}, planned {recipe.shape}"]
    if not recipe.steps and str(stored.dtype) == recipe.dtype:
        same = _copied(recipe, subject, stored)
    elif subject.returned:
        same = agree(recipe, subject.read, stored)
    else:
        same = _equal(recipe.run(subject.read), stored)
    return [] if same else [f"{recipe.target}: the file does not hold what the plan says"]


def _copied(recipe: Recipe, subject: Subject, stored: Array) -> bool:
    """Whether the file holds a tensor as it is; if every bit agrees, the stored one stands for both."""
    (name,) = recipe.tensors
    identical = True
    for rows, part in subject.parts(name):
        there = stored[rows] if stored.shape else stored
        if not _equal(part.astype(recipe.dtype, copy=False), there):
            return False
        identical = identical and part.dtype == there.dtype and _bits(part, there)
    if identical:
        subject.settle(name, lambda: subject.target.weights[recipe.target])
    return True


def _equal(planned: Array, stored: Array) -> bool:
    return bool(np.array_equal(planned, stored, equal_nan=stored.dtype.kind == "f"))


def _bits(one: Array, other: Array) -> bool:
    """Whether two arrays of one type agree in every bit: zeros have signs, and there are many NaNs."""
    one, other = (np.ascontiguousarray(value).reshape(-1).view(np.uint8) for value in (one, other))
    return bool(np.array_equal(one, other))


class Seen:
    """Which elements of a source tensor were met, and which of them again."""

    def __init__(self, size: int) -> None:
        self._once, self._again = np.zeros(size, bool), np.zeros(size, bool)

    def meet(self, positions: Array) -> None:
        """Notes flat positions; those of other tensors are passed over."""
        inside = positions[(positions >= 0) & (positions < self._once.size)]
        # Counting one by one with add.at takes ten times as long.
        if not np.all(inside[1:] > inside[:-1]):
            inside = np.sort(inside)
            self._again[inside[1:][inside[1:] == inside[:-1]]] = True
        self._again[inside[self._once[inside]]] = True
        self._once[inside] = True

    def wrong(self) -> str:
        """What was lost or doubled, in words; "" if every element was met once."""
        lost, doubled = self._once.size - int(self._once.sum()), int(self._again.sum())
        return f"{lost} elements lost, {doubled} doubled" if lost or doubled else ""


def _traced(
    recipe: Recipe, shapes: Mapping[str, tuple[int, ...]], seen: dict[str, Seen], meant: Meant
) -> list[str]:
    """Runs the recipe on positions, notes what arrives, and compares coordinates."""
    let_go: list[Array] = []  # what ends on the way, zeros of the plan among it
    arrived = _arrived(recipe, shapes, let_go)
    blank = sum(step.blank for step in recipe.steps) - sum(int((part == 0).sum()) for part in let_go)
    if blank and any(int((part == 0).sum()) != blank for part in arrived):
        return [f"{recipe.target}: holds other zeros than those of the plan"]
    meant.new += blank
    meant.left_out += sum(int((part != 0).sum()) for part in let_go)
    places = np.flatnonzero(arrived[0].reshape(-1)) if blank else None
    arrived = [part[part != 0] for part in arrived] if blank else arrived
    total = sum(prod(shapes[name]) for name in recipe.tensors)
    for part in arrived:
        if part.min(initial=1) < 1 or part.max(initial=1) > total:
            return [f"{recipe.target}: holds what no source element explains"]
    start = 0
    for name in recipe.tensors:
        size = prod(shapes[name])
        met = seen.setdefault(name, Seen(size))
        for part in (*arrived, *let_go):
            for _, numbers in _blocks(part):
                met.meet(numbers - 1 - start)
        start += size
    return _displaced(recipe, arrived, places)


def _arrived(recipe: Recipe, shapes: Mapping[str, tuple[int, ...]], let_go: list[Array]) -> list[Array]:
    """What the recipe makes of numbers that count the source's elements from 1; two arrays if it sums two."""
    total = sum(prod(shapes[name]) for name in recipe.tensors)
    if total < 2**31:
        numbers = _numbers(recipe, shapes, np.int32)
        single = recipe.follow(numbers, lambda step, value: _trace(step, value, let_go))
        # Squares run over here, and do it alike: whatever was only moved is still its own square.
        if recipe.effect == "bitwise" or _square(
            single, recipe.follow([number * number for number in numbers], _trace)
        ):
            return [single]
        let_go.clear()
    numbers = _numbers(recipe, shapes, np.int64)
    single = recipe.follow(numbers, lambda step, value: _trace(step, value, let_go))
    if recipe.effect == "bitwise":
        return [single]
    ended: list[Array] = []
    squares = [number * number for number in numbers]
    both = _parts(single, recipe.follow(squares, lambda step, value: _trace(step, value, ended)))
    let_go[:] = [part for one, other in zip(let_go, ended, strict=True) for part in _parts(one, other)]
    return both


def _numbers(
    recipe: Recipe, shapes: Mapping[str, tuple[int, ...]], kind: type[np.signedinteger[Any]]
) -> list[Array]:
    """For each tensor of the recipe, numbers that name its elements: 1, 2, … through all of them."""
    found: list[Array] = []
    start = 1
    for name in recipe.tensors:
        size = prod(shapes[name])
        found.append(np.arange(start, start + size, dtype=kind).reshape(shapes[name]))
        start += size
    return found


def _square(single: Array, squares: Array) -> bool:
    flat = squares.reshape(-1)
    return all(np.array_equal(part * part, flat[place]) for place, part in _blocks(single))


def _trace(step: Any, value: Array, let_go: list[Array] | None = None) -> Array:
    """The positions behind a step; those that it leaves out by its own word are added to `let_go`."""
    if let_go is not None and step.unused is not None:
        let_go.append(value.ravel()[step.unused])
    return np.asarray(step.trace(value))


def _parts(single: Array, squares: Array) -> list[Array]:
    """The numbers whose sum is `single` and whose squares add up to `squares`: one or two each."""
    if _square(single, squares):
        return [single]
    # a + b = s and a² + b² = q: a and b are (s ± √(2q − s²)) / 2.
    root = np.sqrt((2 * squares - single * single).astype(np.float64)).round().astype(np.int64)
    return [(single + root) // 2, (single - root) // 2]


def _blocks(numbers: Array) -> Iterator[tuple[slice, Array]]:
    """The flat array in parts, so that what is made of it never takes much memory."""
    flat = numbers.reshape(-1)
    for start in range(0, max(1, flat.size), MOST_CHECKED):
        place = slice(start, start + MOST_CHECKED)
        yield place, flat[place]


def _displaced(recipe: Recipe, arrived: Sequence[Array], places: Array | None) -> list[str]:
    """Elements whose declared gate, unit, feature … differ between where they were and where they are.

    `places`: where the elements are, if others between them are zeros that the plan put there.
    """
    if recipe.forms is None:
        return []
    before, after = recipe.forms
    size = arrived[0].size
    chosen = np.arange(size) if size <= MOST_CHECKED else np.arange(0, size, size // MOST_CHECKED + 1)
    there = coordinates(chosen if places is None else places[chosen], after)
    for part in arrived:
        here = coordinates(part.reshape(-1)[chosen].astype(np.int64) - 1, before)
        for name, where in there.items():
            if name in recipe.kept:
                where = np.array(recipe.kept[name])[where]
            if name in here and not np.array_equal(here[name], where):
                return [f"{recipe.target}: elements of another {name} stand in its place"]
    return []


def _uncovered(subject: Subject, seen: Mapping[str, Seen], whole: Mapping[str, int]) -> list[str]:
    wrong = [f"{name}: copied {count} times" for name, count in whole.items() if count != 1]
    wrong += [f"{name}: {met.wrong()}" for name, met in seen.items() if met.wrong()]
    used = {name for recipe in subject.recipes for name in recipe.tensors}
    wrong += [f"{name}: used by no variable" for name in subject.shapes if name not in used]
    return wrong
