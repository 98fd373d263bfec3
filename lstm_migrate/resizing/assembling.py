"""Assembling: the steps that give one array its new size, by what becomes of the elements along its axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lstm_migrate.layouts.steps import Array, Effect, Form, Step
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.change import Change, Changes
from lstm_migrate.resizing.elements import Elements, Ids
from lstm_migrate.resizing.filling import fill_for
from lstm_migrate.resizing.followed import Placed, Side
from lstm_migrate.restriction import NEW
from lstm_migrate.rules.cut import Cut
from lstm_migrate.rules.fold_in import FoldIn
from lstm_migrate.rules.grow import Grow
from lstm_migrate.rules.shift import Shift

SIDES: tuple[Side, ...] = ("outgoing", "each", "incoming")
"""In the order of the steps: where new units read new ones, they hold what new units read, so that units that
are to be zero read nothing at all."""


@dataclass(frozen=True)
class Refit:
    """What makes up for positions of an array that go: by symbol, of which that stay how much of them is made
    (kept × gone). `shift`: what is then added to the bias, in its own shape."""

    onto: Mapping[str, Array] = field(default_factory=dict)
    shift: Array | None = None


NO_REFIT = Refit()


@dataclass(frozen=True)
class Quiet:
    """Elements, by root, that say nothing, or nothing of their own: the root of the one that each repeats,
    NEW for those that are silent by themselves."""

    twins: Mapping[int, int] = field(default_factory=dict)

    def all(self, roots: Sequence[int]) -> bool:
        """Whether all of them can go and nobody would notice."""
        return all(root in self.twins for root in roots)

    def pairs(self, roots: Sequence[int], gone: Sequence[int]) -> list[tuple[int, int]]:
        """(a position that goes, the one that it repeats), for one axis. In an axis that has its elements
        several times over, the first goes with the first."""
        there: dict[int, list[int]] = defaultdict(list)
        for place, root in enumerate(roots):
            there[root].append(place)
        return [
            (place, there[twin][there[roots[place]].index(place)])
            for place in gone
            if (twin := self.twins.get(roots[place], NEW)) != NEW
        ]


@dataclass(frozen=True)
class Touch:
    """What a resizing does to one array along one symbol. `of`: what it came from."""

    symbol: str
    before: int
    after: int
    of: tuple[str, ...]
    effect: Effect


@dataclass(frozen=True)
class Assembled:
    """The steps of one array, the form that they leave, what is left of each symbol's positions."""

    steps: tuple[Step, ...]
    form: Form
    kept: Mapping[str, tuple[int, ...]]
    touches: tuple[Touch, ...]


@dataclass
class Assembler:
    """Makes the steps of every array of one model. `taking`: numbers of requests whose new ones take
    something from the old ones."""

    elements: Elements
    changes: Changes
    requests: Sequence[Request]
    quiet: Quiet
    taking: frozenset[int] = frozenset()

    def array(self, placed: Placed, refit: Refit = NO_REFIT) -> Assembled | None:
        """The steps of one array; None if it stays as it is."""
        form, touches = placed.form, list[Touch]()
        steps: list[Step] = [] if refit.shift is None else [Shift(placed.form, refit.shift)]
        kept: dict[str, tuple[int, ...]] = {}
        for symbol in sorted(placed.ids, key=lambda one: SIDES.index(placed.sides[one])):
            ids = placed.ids[symbol]
            change = self.changes.of(ids, str(placed.key))
            if change is None:
                continue
            made = list(self._along(placed, form, symbol, change, refit.onto.get(symbol)))
            steps += made
            form = resized(form, symbol, change.after)
            kept[symbol] = change.places
            of = tuple(self.requests[number].asked.of for number in self.changes.touching(ids))
            effect: Effect = max((step.effect for step in made), key=EFFECTS.index)
            touches.append(Touch(symbol, change.before, change.after, of, effect))
        return Assembled(tuple(steps), form, kept, tuple(touches)) if steps else None

    def _along(
        self, placed: Placed, form: Form, symbol: str, change: Change, onto: Array | None
    ) -> Iterator[Step]:
        """What happens along one symbol: what goes is folded into what stays, cut, and new ones put in."""
        if change.gone or change.reorders:
            yield from self._smaller(placed, form, symbol, change, onto)
            form = resized(form, symbol, len(change.kept))
        yield from self._larger(placed, form, symbol, change)

    def _smaller(
        self, placed: Placed, form: Form, symbol: str, change: Change, onto: Array | None
    ) -> Iterator[Step]:
        roots = roots_of(self.elements, placed.ids[symbol])
        what = self._what(placed.ids[symbol], f"{len(change.kept)} of {change.before}")
        outgoing = placed.sides[symbol] == "outgoing"
        pairs = self.quiet.pairs(roots, change.gone) if outgoing else []
        if pairs:
            yield FoldIn.twins(form, symbol, pairs, f"{len(pairs)} repeated ones of what is not among {what}")
        if onto is not None:
            yield FoldIn(form, symbol, change.kept, change.gone, onto, f"what is not among {what}")
        gone = [roots[place] for place in change.gone]
        effect: Effect = "bitwise" if not gone else "exact" if self.quiet.all(gone) else "approximate"
        yield Cut(form, {symbol: change.kept}, what, effect)

    def _larger(self, placed: Placed, form: Form, symbol: str, change: Change) -> Iterator[Step]:
        """One step for each request that asks for new ones, which stand where `change` has them."""
        now = {place: number for number, place in enumerate(change.kept)}
        old_at = {
            now[place]: number
            for number, (place, fresh) in enumerate(zip(change.places, change.fresh, strict=True))
            if not fresh
        }
        there = [number for number, fresh in enumerate(change.fresh) if not fresh]
        asked = dict.fromkeys(by for by, fresh in zip(change.by, change.fresh, strict=True) if fresh)
        for request in asked:
            stands = {final: place for place, final in enumerate(there)}
            new = {n for n, by in enumerate(change.by) if change.fresh[n] and by == request}
            there = sorted({*there, *new})
            places = [
                stands[final]
                if final not in new
                else NEW
                if change.places[final] == NEW
                else stands[old_at[now[change.places[final]]]]
                for final in there
            ]
            one = self.requests[request]
            yield Grow(
                form,
                symbol,
                tuple(places),
                tuple(final in new for final in there),
                fill_for(one, placed, symbol),
                f"{len(new)} new {one.asked.of}",
                "approximate" if request in self.taking else "exact",
            )
            form = resized(form, symbol, len(there))

    def _what(self, ids: Ids, said: str) -> str:
        """E.g. "64 of 128 units of lstm_1"."""
        of = [self.requests[number].asked.of for number in self.changes.touching(ids)]
        return f"{said} {' and '.join(of)}"


EFFECTS: tuple[Effect, ...] = ("bitwise", "exact", "approximate")


def resized(form: Form, symbol: str, size: int) -> Form:
    """The form with another size of one symbol."""
    return replace(form, sizes={**form.sizes, symbol: size})


def roots_of(elements: Elements, ids: Ids) -> list[int]:
    """The roots of elements as plain numbers."""
    return [int(root) for root in elements.roots(ids)]
