"""Change: what becomes of the elements along one axis, and the same for every other axis that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_migrate.errors import PlanError
from lstm_migrate.resizing.elements import Elements, Ids
from lstm_migrate.restriction import NEW


@dataclass(frozen=True)
class Change:
    """An axis of `before` elements: for each position afterwards, which old one it holds, or for a new one
    which old one it repeats (NEW if none). `fresh`: which positions are new. `by`: for each new position the
    number of the request that asks for it, where several act on the axis."""

    before: int
    places: tuple[int, ...]
    fresh: tuple[bool, ...]
    by: tuple[int, ...] = ()

    @staticmethod
    def taken(before: int, places: Sequence[int]) -> Change:
        """The old elements at these places, in this order."""
        return Change(before, tuple(places), (False,) * len(places))

    @staticmethod
    def grown(before: int, copied: Sequence[int]) -> Change:
        """All old elements, and behind them a new one for each of `copied` (NEW: it repeats none)."""
        fresh = (False,) * before + (True,) * len(copied)
        return Change(before, (*range(before), *copied), fresh)

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """The old places that are left, in their new order."""
        return tuple(place for place, new in zip(self.places, self.fresh, strict=True) if not new)

    @cached_property
    def gone(self) -> tuple[int, ...]:
        """The old places of which nothing is left."""
        there = set(self.kept)
        return tuple(place for place in range(self.before) if place not in there)

    @property
    def after(self) -> int:
        return len(self.places)

    @property
    def grows(self) -> bool:
        return any(self.fresh)

    @property
    def copies(self) -> bool:
        return any(new and place != NEW for place, new in zip(self.places, self.fresh, strict=True))

    @property
    def reorders(self) -> bool:
        return list(self.kept) != sorted(self.kept)

    @property
    def idle(self) -> bool:
        return self.places == tuple(range(self.before))


@dataclass(frozen=True)
class Asked:
    """A change that a rule asks of one axis. `rule`: where it stands; `of`: what it changes, e.g. "units of
    lstm_1"."""

    ids: Ids
    change: Change
    of: str
    rule: str


class Changes:
    """All changes of one model, held against any axis."""

    def __init__(self, elements: Elements, asked: Sequence[Asked]) -> None:
        self._elements, self.asked = elements, tuple(asked)
        self._runs = [elements.roots(one.ids) for one in asked]

    def of(self, ids: Ids, where: str) -> Change | None:
        """What becomes of an axis; None if nothing does.

        PlanError if elements of a change stand there in another way than in the axis that it speaks of, so
        that it is not known where new ones belong.
        """
        roots = self._elements.roots(ids)
        touched = self._touching(roots)
        if not touched:
            return None
        pieces: list[tuple[int, bool, int]] = []
        place = 0
        while place < len(roots):
            found = self._run_at(roots, place, touched)
            if found is None:
                pieces += self._single(roots, place, touched, where)
                place += 1
                continue
            number, each = found
            change = self.asked[number].change
            for old, new in zip(change.places, change.fresh, strict=True):
                start = place + old * each
                pieces += [(old if old == NEW else start + part, new, number) for part in range(each)]
            place += change.before * each
        places, fresh, by = zip(*pieces, strict=True) if pieces else ((), (), ())
        made = Change(len(roots), places, fresh, by)
        return None if made.idle else made

    def touching(self, ids: Ids) -> list[int]:
        """The numbers of the changes that act on elements of an axis."""
        return self._touching(self._elements.roots(ids))

    def _touching(self, roots: Ids) -> list[int]:
        return [number for number, run in enumerate(self._runs) if np.isin(roots, run).any()]

    def _run_at(self, roots: Ids, place: int, touched: Sequence[int]) -> tuple[int, int] | None:
        """(the change whose whole axis begins here, how often each element stands there one after the other),
        as behind a Flatten of channels that come first."""
        for number in touched:
            run = self._runs[number]
            if roots[place] != run[0]:
                continue
            others = np.flatnonzero(roots[place:] != run[0])
            # A single unit may be meant either way: several axes of it are likelier than one block.
            for each in (1, int(others[0]) if others.size else len(roots) - place):
                if np.array_equal(roots[place : place + len(run) * each], np.repeat(run, each)):
                    return number, each
        return None

    def _single(
        self, roots: Ids, place: int, touched: Sequence[int], where: str
    ) -> list[tuple[int, bool, int]]:
        """An element that stands apart from its axis: it can be left out, and nothing else."""
        for number in touched:
            inside = np.flatnonzero(self._runs[number] == roots[place])
            if not inside.size:
                continue
            one = self.asked[number]
            if one.change.grows or one.change.reorders:
                raise PlanError(
                    f"only some of the {one.of} stand here, or in another order: nothing tells where new "
                    "ones belong",
                    where=where,
                    hint=f"Leave {one.rule} out, or only make the layer smaller.",
                )
            if int(inside[0]) in one.change.gone:
                return []
        return [(place, False, NEW)]
