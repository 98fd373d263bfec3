"""grow: new units, features or tokens along one axis of an array.

Gates and units share an axis, so that new units behind an LSTM's last number would all belong to its last
gate: each gate grows by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, loose_names, unfold
from lstm_migrate.rules.fill import NOTHING, Fill
from lstm_migrate.rules.fold_in import FoldIn


@dataclass(frozen=True)
class Grow(Step):
    """Puts along `symbol` new ones among the old ones.

    `places`: for each position afterwards, which old one it holds, or where it is `fresh` which old one it
    repeats (NOTHING if none). Every old one has a place. `what`: what comes in, e.g. "128 units".
    """

    before: Form
    symbol: str
    places: tuple[int, ...]
    fresh: tuple[bool, ...]
    fill: Fill
    what: str
    effect: Effect = "exact"

    def __post_init__(self) -> None:
        count = self.before.sizes[self.symbol]
        if len(self.fresh) != len(self.places) or sorted(self._old) != list(range(count)):
            raise ValueError(f"not a place for each of {count} old ones and for new ones: {self.places}")
        if any(place != NOTHING and not 0 <= place < count for place in self._repeated):
            raise ValueError(f"of {count} old ones none is there to be repeated: {self._repeated}")

    @cached_property
    def _old(self) -> tuple[int, ...]:
        """The old positions in their new order."""
        return tuple(place for place, new in zip(self.places, self.fresh, strict=True) if not new)

    @cached_property
    def _repeated(self) -> tuple[int, ...]:
        """For each new one the old position that it repeats."""
        return tuple(place for place, new in zip(self.places, self.fresh, strict=True) if new)

    @cached_property
    def after(self) -> Form:
        """The form that the step leaves: the same with the new size."""
        return self._sized(len(self.places))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    @property
    def blank(self) -> int:
        return prod(self._sized(len(self._repeated)).shape)

    def apply(self, value: Array) -> Array:
        return self._among(*self._parts(value))

    def trace(self, positions: Array) -> Array:
        # What a new one repeats has a place already.
        old = self._loose(positions, self.before)
        return self._among(old, np.zeros((len(self._repeated), *old.shape[1:]), old.dtype))

    def stems(self, positions: Array) -> Array:
        if self.fill.kind not in ("copy", "share"):
            return self.trace(positions)
        loose = self._loose(positions, self.before)
        return self._among(*Fill("copy").parted(loose, self._repeated))

    def back(self, value: Array) -> Array:
        there = {place: spot for spot, place in enumerate(self.places) if not self.fresh[spot]}
        if self.fill.kind == "share":
            twins = [spot for spot, place in enumerate(self.places) if self.fresh[spot] and place != NOTHING]
            owners = tuple(there[self.places[spot]] for spot in twins)
            value = FoldIn(self.after, self.symbol, owners, tuple(twins)).apply(value)
        loose = self._loose(value, self.after)
        return fold(loose[[there[place] for place in range(len(there))]], self._names, self.before)

    def omitted(self, value: Array) -> Array:
        if self.fill.kind == "share":
            # Twins are alike, so that nobody sees which has which share: forgetting that they share.
            return replace(self, fill=replace(self.fill, kind="copy")).apply(value)
        # Forgetting the gates: all new ones in one block behind the old ones. Where there is but one gate
        # that may be right, so they stand before the old ones.
        old, new = self._parts(value)
        right = self._among(old, new)
        blocks = [fold(part, self._names, self._sized(len(part))) for part in (old[list(self._old)], new)]
        wrong = [np.concatenate(order, axis=self._axis) for order in (blocks, blocks[::-1])]
        return next((one for one in wrong if not np.array_equal(one, right)), right)

    def _sized(self, count: int) -> Form:
        return replace(self.before, sizes={**self.before.sizes, self.symbol: count})

    @cached_property
    def _names(self) -> list[str]:
        """The symbols of an array whose first axis is that of old and new ones."""
        return [self.symbol, *(name for name in loose_names(self.before) if name != self.symbol)]

    @cached_property
    def _axis(self) -> int:
        """The axis of the array, as it lies, that the symbol has a part in."""
        axes = self.before.axes.pieces()[0].axes
        return next(number for number, axis in enumerate(axes) if self.symbol in [one.name for one in axis])

    def _loose(self, value: Array, form: Form) -> Array:
        loose, names = unfold(value, form)
        return np.moveaxis(loose, names.index(self.symbol), 0)

    def _parts(self, value: Array) -> tuple[Array, Array]:
        """(what old ones hold afterwards, what new ones hold), each along the first axis."""
        gates = self.before.gates
        letters = (self._names.index("gate"), gates.gates) if gates and "gate" in self._names else None
        return self.fill.parted(self._loose(value, self.before), self._repeated, letters)

    def _among(self, old: Array, new: Array) -> Array:
        made = np.empty((len(self.places), *old.shape[1:]), old.dtype)
        made[~np.array(self.fresh)] = old[list(self._old)]
        made[np.array(self.fresh)] = new
        return fold(made, self._names, self.after)

    def __str__(self) -> str:
        return f"grow by {self.what}: {self.fill}"
