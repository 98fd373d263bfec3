"""Asking: what rules say of sizes as changes of single axes of the full-size target.

It finds out which axis each rule is about, joins rules that are about the same one, and says which of its
elements stay, go and come. Where they stand in the model, and what that means there, is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_migrate.errors import LstmMigrateError, PlanError
from lstm_migrate.graph import LayerPath
from lstm_migrate.planning.plan import Plan
from lstm_migrate.planning.sizes import Sized, shown_value
from lstm_migrate.resizing.change import Asked, Change, Changes
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.origins import Origins
from lstm_migrate.resizing.reshaping import Reshape, Reshaping
from lstm_migrate.resizing.vocabularies import Renumbering
from lstm_migrate.resizing.wishes import FILLS, Kind, Reading, Wish, Wishes, all_of
from lstm_migrate.restriction import NEW

__all__ = ["Choose", "Request", "Requests", "Reshape", "requests"]

Choose = Callable[[str, Ids, int], Sequence[int]]
"""(norm | activity, the elements of an axis, how many are to stay) → which places stay."""


@dataclass(frozen=True)
class Request:
    """One axis that is to change, and what new elements of it are.

    `path`: the target's layer whose units or rows these are, or its input. `fill`: duplicate | incoming |
    outgoing | zeros of units, zeros of features, mean | zeros | normal of rows and classes. `dead`: new units
    may be zero on both sides. `bias`: of new classes, -inf-like | mean, "" where there is none. `tokens`:
    what a vocabulary says of the rows or classes.
    """

    asked: Asked
    path: LayerPath
    kind: Kind
    fill: str
    seed: int = 0
    dead: bool = False
    compensate: bool = False
    bias: str = ""
    tokens: Renumbering | None = None


@dataclass(frozen=True)
class Requests:
    """Everything that is asked of one model."""

    requests: tuple[Request, ...] = ()
    reshapes: tuple[Reshape, ...] = ()


def requests(plan: Plan, sized: Sized, followed: Followed, choose: Choose) -> Requests:
    """What `sized` asks of the target of `plan`, a plan of full size; sizes that it has already ask for
    nothing.

    PlanError for what does not fit the model, or each other; MappingError for a rule or vocabulary that is
    wrong by itself.
    """
    origins = Origins(plan, followed)
    wishes = Wishes(origins)
    wishes.gather(sized)
    made, reshapes = _Requests(followed, choose, wishes.problems), tuple[Reshape, ...]()
    try:
        reshapes = Reshaping(origins).gather(sized)
    except LstmMigrateError as error:
        wishes.problems.append(error)
    made.gather(wishes.found)
    if not made.problems:
        made.check(wishes.readings)
    if made.problems:
        raise all_of(made.problems)
    return Requests(tuple(made.found), reshapes)


@dataclass
class _Requests:
    """Joins wishes that are about one axis and works out what becomes of it."""

    followed: Followed
    choose: Choose
    problems: list[LstmMigrateError]
    found: list[Request] = field(default_factory=list)

    def gather(self, wishes: Sequence[Wish]) -> None:
        joined: list[Wish] = []
        for wish in wishes:
            try:
                self._join(joined, wish)
            except PlanError as error:
                self.problems.append(error)
        for wish in joined:
            try:
                self.found += self._made(wish)
            except LstmMigrateError as error:
                self.problems.append(error)

    def check(self, readings: Sequence[Reading]) -> None:
        """Holds what layers are said to read against what becomes of it."""
        changes = Changes(self.followed.elements, [one.asked for one in self.found])
        for reading in readings:
            try:
                self._check(reading, changes)
            except PlanError as error:
                self.problems.append(error)

    def _check(self, reading: Reading, changes: Changes) -> None:
        change = changes.of(reading.ids, reading.where)
        left = len(reading.ids) if change is None else change.after
        if left == reading.count:
            return
        asked = [self.found[number].asked for number in changes.touching(reading.ids)]
        if not asked:
            raise PlanError(
                f"nothing that {reading.layer} reads is changed",
                where=reading.where,
                found=f"inputs: {reading.count}",
                expected=f"inputs: {left}, or a rule with `units` on a layer before it",
            )
        of = " and ".join(one.of for one in asked)
        raise PlanError(
            f"{reading.layer} is to read another number of features than there are of the {of}",
            where=reading.where,
            found=f"inputs: {reading.count}",
            expected=f"inputs: {left}, as {' and '.join(one.rule for one in asked)} has it",
        )

    def _join(self, joined: list[Wish], wish: Wish) -> None:
        """Puts a wish to those about the same elements; PlanError if they cannot both be."""
        roots = self.followed.elements.roots
        for number, other in enumerate(joined):
            if len(other.ids) == len(wish.ids) and np.array_equal(roots(other.ids), roots(wish.ids)):
                joined[number] = _both(other, wish)
                return
            if np.isin(roots(other.ids), roots(wish.ids)).any():
                raise PlanError(
                    f"{other.of} and {wish.of} are partly the same: the model ties them, and only one of "
                    "them can be changed",
                    where=wish.where,
                    found=f"rules at {other.where} and here",
                )
        joined.append(wish)

    def _made(self, wish: Wish) -> Iterator[Request]:
        """The request, if anything is to change; PlanError if some of the elements are one and the same."""
        roots = self.followed.elements.roots(wish.ids)
        if len(np.unique(roots)) < len(roots):
            raise PlanError(
                f"some of the {wish.of} are tied to each other: the same others are added to several of them",
                where=wish.where,
                expected="a rule on the layer that makes these others",
            )
        said = wish.said
        fill = said.get("fill", FILLS[wish.kind][0])
        change = self._change(wish, fill)
        if change.idle and not change.grows:
            return
        if "fill" in said and not change.grows and wish.tokens is None:
            raise PlanError(
                f"`fill` is about new {wish.kind}, and none are added",
                where=wish.at["fill"],
                found=f"{change.after} of {change.before} {wish.of}",
            )
        if wish.kind == "units" and fill == "zeros" and change.grows and not said.get("dead"):
            raise PlanError(
                f"new {wish.of} that are zero on both sides could never learn: no gradient reaches them",
                where=wish.at.get("fill", wish.where),
                expected="fill: duplicate, incoming or outgoing",
                hint="`dead: true` allows it all the same.",
            )
        yield Request(
            Asked(wish.ids, change, wish.of, wish.where),
            wish.path,
            wish.kind,
            fill,
            said.get("seed", 0),
            said.get("dead", False),
            said.get("compensate", False),
            said.get("bias", ""),
            wish.tokens,
        )

    def _change(self, wish: Wish, fill: str) -> Change:
        before = len(wish.ids)
        if "places" in wish.said:
            places = wish.said["places"]
            return Change(before, places, tuple(place == NEW for place in places))
        count = wish.said["count"]
        keep = wish.said.get("keep")
        if isinstance(keep, tuple):
            return Change.taken(before, _listed(wish, keep, count))
        if count <= before:
            return Change.taken(before, self._kept(wish, keep, count))
        if fill != "duplicate":
            return Change.grown(before, [NEW] * (count - before))
        return Change.grown(before, _copied(before, count - before, wish.said.get("seed", 0)))

    def _kept(self, wish: Wish, keep: str | None, count: int) -> Sequence[int]:
        before = len(wish.ids)
        if keep in ("norm", "activity") and count < before:
            return self.choose(keep, wish.ids, count)
        return range(before - count, before) if keep == "last" else range(count)


def _listed(wish: Wish, keep: tuple[int, ...], count: int) -> tuple[int, ...]:
    before = len(wish.ids)
    if len(keep) > before:
        raise PlanError(
            f"more numbers to keep than there are {wish.of}",
            where=wish.at["keep"],
            found=str(len(keep)),
            expected=f"at most {before}",
        )
    if len(keep) != count:
        raise PlanError(
            f"`keep` does not list as many {wish.kind} as are to be left of {wish.of.partition(' of ')[2]}",
            where=wish.at["keep"],
            found=f"{len(keep)} numbers",
            expected=f"{count}, as {wish.at['count']} says"
            if wish.at["count"] != wish.at["keep"]
            else str(count),
        )
    strange = [str(place) for place in keep if place >= before]
    if strange:
        raise PlanError(
            f"`keep` names {wish.of} that are not there",
            where=wish.at["keep"],
            found=", ".join(strange[:8]),
            expected=f"numbers from 0 to {before - 1}",
        )
    return keep


def _copied(before: int, count: int, seed: int) -> list[int]:
    """Which old one each new one repeats: drawn, each of them once before any of them twice."""
    draw = np.random.default_rng(seed)
    rounds = -(-count // before)
    return [int(place) for _ in range(rounds) for place in draw.permutation(before)][:count]


def _both(one: Wish, other: Wish) -> Wish:
    """Two wishes about the same elements; PlanError if they say the same thing differently."""
    first, second = _comparable(one), _comparable(other)
    for key in first.keys() & second.keys():
        if first[key] != second[key]:
            name = one.kind if key in ("count", "places") else key
            mine = f"{name}: {shown_value(first[key])} at {one.at.get(key, one.where)}"
            theirs = f"{shown_value(second[key])} at {other.at.get(key, other.where)}"
            tied = "" if one.path == other.path else ", which are the same: the model ties them"
            raise PlanError(
                f"two rules contradict each other over the {_joined_name(one, other)}{tied}",
                where=other.where,
                found=f"{mine}, {theirs}",
                expected="the same in both, or one of them",
            )
    told = {**other.said, **one.said}
    if "places" in told:
        told.pop("count", None)
    kinds = ("features", "classes", "rows", "units")
    leading = min(one, other, key=lambda wish: kinds.index(wish.kind))
    at: Mapping[str, str] = {**other.at, **one.at}
    return replace(leading, of=_joined_name(one, other), said=told, at=at, tokens=one.tokens or other.tokens)


def _comparable(wish: Wish) -> dict[str, Any]:
    """What two wishes must agree in: the number as well where the places are said."""
    found = dict(wish.said)
    if "places" in found:
        found["count"] = len(found["places"])
    return found


def _joined_name(one: Wish, other: Wish) -> str:
    if one.path == other.path:
        return min(one.of, other.of, key=len)
    return f"{one.of} and {other.of}"
