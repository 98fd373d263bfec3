"""Pairing: which layer of the file belongs to which layer of the model.

An alignment: names and sizes speak for a pair, and a layer too many or too few leaves the others in place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lstm_migrate.diagnosis.part import CELLS, Part, store_order

SAME_KIND, SAME_CORES, BOTH_CELLS, UNKNOWN = 6.0, 3.0, 1.5, 1.0
CHOSEN_NAME, DEFAULT_NAME, SAME_SIZE = 4.0, 1.0, 1.0
NEVER = float("-inf")
MOST_CELLS_OF_TABLE = 4_000_000  # beyond, layers are paired in their order

# What acts in training alone: one more or less changes no output.
SILENT = frozenset(
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise "
    "ActivityRegularization Identity".split()
)


@dataclass(frozen=True)
class Pair:
    """A layer of each side, or of one. `source_place`, `target_place`: which number it has among its own, -1
    if that is not told."""

    source: Part | None
    target: Part | None
    source_place: int = -1
    target_place: int = -1


def paired(source: Sequence[Part], target: Sequence[Part], *, ordered: bool = True) -> list[Pair]:
    """Every layer once, in the model's order; layers of the file alone stand behind those before them.

    `ordered`: the file tells the order of its layers; a weight store tells it within each class alone.
    """
    named_alike = {part.name for part in source} == {part.name for part in target}
    rows = [[score(one, other, named_alike) for other in target] for one in source]
    if not ordered:
        return _listed(source, target, _class_by_class(source, target, rows), ordered)
    found = _by_name(source, target, rows, named_alike)
    own = [place for place in range(len(source)) if place not in found]
    other = [place for place in range(len(target)) if place not in found.values()]
    if len(own) * len(other) <= MOST_CELLS_OF_TABLE:
        more = _aligned([[rows[i][j] for j in other] for i in own])
    else:
        more = {number: number for number in range(min(len(own), len(other)))}
    found |= {own[i]: other[j] for i, j in more.items() if rows[own[i]][other[j]] > NEVER}
    return _listed(source, target, found | _moved(source, rows, found, len(target)), ordered)


def _by_name(
    source: Sequence[Part], target: Sequence[Part], rows: Sequence[Sequence[float]], named_alike: bool
) -> dict[int, int]:
    """Layers of the same name, unless Keras counted it: wherever they stand."""
    places = {part.name: place for place, part in enumerate(target)}
    found: dict[int, int] = {}
    for i, part in enumerate(source):
        j = places.get(part.name)
        if j is not None and rows[i][j] > NEVER and (named_alike or not _is_default(target[j])):
            found[i] = j
            del places[part.name]
    return found


def _class_by_class(
    source: Sequence[Part], target: Sequence[Part], rows: Sequence[Sequence[float]]
) -> dict[int, int]:
    """Layers of each kind in their order; then what is left over, in any order of kinds."""
    found: dict[int, int] = {}
    places = list(range(len(target)))
    if any(part.store for part in source):
        # The file has its layers in this order, inner models behind the layers beside them.
        places.sort(key=lambda place: store_order(target[place].store))
    kinds = dict.fromkeys((part.wrapper, part.families) for part in source if part.cores)
    for kind in [*kinds, None]:
        own, other = (
            [
                place
                for place in listed
                if place not in taken and kind in (None, (parts[place].wrapper, parts[place].families))
            ]
            for parts, listed, taken in (
                (source, range(len(source)), found.keys()),
                (target, places, set(found.values())),
            )
        )
        part_of = _aligned([[rows[i][j] for j in other] for i in own])
        found |= {own[i]: other[j] for i, j in part_of.items()}
    return found


def score(one: Part, other: Part, named_alike: bool = False) -> float:
    """How much speaks for the two being the same layer; NEVER if their kinds exclude it."""
    if bool(one.arrays) != bool(other.arrays) and not _same_kind(one, other):
        return NEVER
    found = _kinds(one, other)
    if one.name == other.name or (one.store and one.store == other.store):
        chosen = named_alike or not _is_default(other)
        found += CHOSEN_NAME if chosen and one.name == other.name else DEFAULT_NAME
    for mine, its in zip(one.cores, other.cores, strict=False):
        found += SAME_SIZE * sum(mine.sizes[key] == its.sizes[key] for key in mine.sizes.keys() & its.sizes)
    if one.layer is None and [held.shape for held in one.arrays] == [held.shape for held in other.arrays]:
        found += SAME_KIND
    return found


def _kinds(one: Part, other: Part) -> float:
    if one.layer is None or other.layer is None:
        return UNKNOWN
    if _same_kind(one, other):
        return SAME_KIND
    if one.cores and other.cores and set(one.families) == set(other.families):
        return SAME_CORES
    if set(one.families) <= CELLS and set(other.families) <= CELLS and one.cores and other.cores:
        return BOTH_CELLS
    return NEVER


def _same_kind(one: Part, other: Part) -> bool:
    return one.wrapper == other.wrapper and one.families == other.families and bool(one.cores)


def _is_default(part: Part) -> bool:
    """Whether Keras itself counted this name."""
    stem = re.sub(r"_\d+$", "", part.path[-1]).replace("_", "").lower()
    return part.layer is not None and stem == part.layer.kind.lower()


def _aligned(rows: Sequence[Sequence[float]]) -> dict[int, int]:
    """The pairs in order with the greatest sum."""
    height, width = len(rows), len(rows[0]) if rows else 0
    best = [[0.0] * (width + 1) for _ in range(height + 1)]
    for i in range(height - 1, -1, -1):
        for j in range(width - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + rows[i][j])
    found: dict[int, int] = {}
    i = j = 0
    while i < height and j < width:
        if rows[i][j] > NEVER and best[i][j] == best[i + 1][j + 1] + rows[i][j]:
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return found


def _moved(
    source: Sequence[Part], rows: Sequence[Sequence[float]], found: dict[int, int], width: int
) -> dict[int, int]:
    """Of what is left over, layers of the same kind that stand elsewhere."""
    free = [j for j in range(width) if j not in found.values()]
    more: dict[int, int] = {}
    for i, one in enumerate(source):
        if i in found or not one.arrays:
            continue
        fitting = [j for j in free if rows[i][j] >= SAME_KIND]
        if fitting:
            more[i] = max(fitting, key=lambda j: rows[i][j])
            free.remove(more[i])
    return more


def _listed(
    source: Sequence[Part], target: Sequence[Part], found: dict[int, int], ordered: bool
) -> list[Pair]:
    back = {j: i for i, j in found.items()}
    listed: list[Pair] = []
    said: set[int] = set()

    def alone_before(limit: int) -> None:
        for i in range(limit):
            if i not in found and i not in said:
                said.add(i)
                listed.append(Pair(source[i], None, i))

    for j, part in enumerate(target):
        i = back.get(j)
        if i is not None and ordered:
            alone_before(i)
        own = None if i is None else source[i]
        listed.append(Pair(own, part, -1 if i is None or not ordered else i, j))
    alone_before(len(source))
    return listed
