"""Standing: one array of the model with the elements along one of its symbols, and what it holds for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

import numpy as np

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array, unfold
from lstm_migrate.resizing.elements import Elements
from lstm_migrate.resizing.followed import Placed, Side

Mark = tuple[bytes, ...]
"""What an array holds for an element, at each of its places; empty bytes where it only listens to it."""


@dataclass(frozen=True, eq=False)
class Standing:
    """The elements of `placed` along `symbol`. `value` gives the array, when it is asked for."""

    placed: Placed
    symbol: str
    elements: Elements = field(repr=False)
    value: Callable[[], Array] = field(repr=False)

    @property
    def key(self) -> WeightKey:
        return self.placed.key

    @property
    def side(self) -> Side:
        return self.placed.sides[self.symbol]

    @cached_property
    def places(self) -> Mapping[int, Sequence[int]]:
        """By root, where along the symbol it stands."""
        found: dict[int, list[int]] = defaultdict(list)
        for place, root in enumerate(self.elements.roots(self.placed.ids[self.symbol]).tolist()):
            found[root].append(place)
        return dict(found)

    @cached_property
    def names(self) -> list[str]:
        """The symbols of the loose array, this one first."""
        return self._unfolded[1]

    @property
    def loose(self) -> Array:
        """The array with one axis a symbol, this one first."""
        return self._unfolded[0]

    @cached_property
    def _unfolded(self) -> tuple[Array, list[str]]:
        found, names = unfold(self.value(), self.placed.form)
        axis = names.index(self.symbol)
        return np.moveaxis(found, axis, 0), [names.pop(axis), *names]

    @property
    def sizes(self) -> Array:
        """For each place the sum of squares of what is there."""
        wide = self.loose.astype(np.float64)
        return np.asarray(np.sum(wide * wide, axis=tuple(range(1, wide.ndim))))

    def of_gate(self, gate: str) -> Array:
        """The loose array, of its gates, if it has any, this one alone."""
        gates = self.placed.form.gates
        if gates is None or "gate" not in self.names:
            return self.loose
        if gate not in gates.gates:
            return self.loose
        return np.take(self.loose, [gates.gates.index(gate)], axis=self.names.index("gate"))

    def towards(self, gone: Collection[int]) -> Array:
        """The loose array without what it holds for elements of other axes that are `gone`."""
        found = self.loose
        for symbol, ids in self.placed.ids.items():
            if symbol != self.symbol:
                stays = [root not in gone for root in self.elements.roots(ids).tolist()]
                found = np.compress(stays, found, axis=self.names.index(symbol))
        return found

    def mark(self, root: int) -> Mark:
        """What tells an element from others here; equal marks are equal bit for bit."""
        places = self.places[root]
        if self.side == "outgoing":
            return (b"",) * len(places)
        return tuple(blake2b(self.loose[place].tobytes(), digest_size=16).digest() for place in places)


def zeros(value: Array) -> Array:
    """For each place along the first axis, whether nothing but zeros is there."""
    return np.asarray(~np.any(value != 0, axis=tuple(range(1, value.ndim))))
