"""Ledger: what is noted while features are followed, and what is made of it at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.resizing.elements import Elements, Ids
from lstm_migrate.resizing.followed import COMPUTED, EVERY_MOVE, Followed, Move, Pin, Placed, Read, Side, Size
from lstm_migrate.resizing.forms import form_of
from lstm_migrate.restriction import STATE

ROWS = "n"
"""Elements of tables, of which there are many, and which no tensor has."""

IS_A_SOFTMAX = "is a softmax over them, so that each new one changes every other"
MAKES_STEPS = "makes steps of them whose number something behind it depends on"


Flags = NDArray[Any]
"""For each element whether it is one of some: bool."""


@dataclass(frozen=True)
class Derived:
    """Elements that are so many because others are as many as they are: steps of a convolution."""

    before: Ids
    after: Ids
    path: LayerPath
    axis: int


@dataclass
class Ledger:
    """Everything noted so far. `shapes`: of all arrays by layer and role. `features`: elements known to be
    features and no steps of time or space. `consumed`: softmaxes of whose outcome something is made."""

    target: Vocabulary
    shapes: Mapping[LayerPath, Mapping[str, tuple[int, ...]]]
    followed: Followed = field(default_factory=lambda: Followed(Elements()))
    features: set[int] = field(default_factory=set)
    consumed: set[int] = field(default_factory=set)
    _held: list[Pin] = field(default_factory=list)
    _derived: list[Derived] = field(default_factory=list)
    _softmaxes: list[Pin] = field(default_factory=list)
    _sizes: dict[tuple[LayerPath, str, int | None], Ids] = field(default_factory=dict)

    @property
    def elements(self) -> Elements:
        return self.followed.elements

    def own(self, path: LayerPath, symbol: str, count: int) -> Ids:
        """The elements that a rule on this layer speaks of."""
        known = self.followed.own.setdefault(path, {})
        if symbol not in known:
            known[symbol] = self.elements.new(count)
            if symbol != ROWS:
                self.features.update(known[symbol].tolist())
        return known[symbol]

    def tie(self, one: Ids | None, other: Ids | None) -> None:
        """Joins the elements of two axes that must stay alike."""
        if one is not None and other is not None:
            self.elements.tie(one, other)

    def place(
        self,
        layer: Layer,
        path: LayerPath,
        role: str,
        ids: Mapping[str, Ids],
        axes: str,
        sides: Mapping[str, Side],
        neutral: float,
    ) -> None:
        """Notes an array; at a further call of its layer its elements are those of the first."""
        key = WeightKey(path, role)
        before = self.followed.arrays.get(key)
        if before is not None:
            for symbol, known in before.ids.items():
                self.tie(known, ids.get(symbol))
            return
        sizes = {symbol: len(one) for symbol, one in ids.items()}
        form = form_of(self.target, layer, key, self.shapes[path][role], axes, sizes)
        here = {symbol: one for symbol, one in ids.items() if symbol in form.axes.symbols}
        known_sides: dict[str, Side] = {symbol: sides.get(symbol, "each") for symbol in here}
        self.followed.arrays[key] = Placed(key, form, here, known_sides, neutral)

    def size(self, path: LayerPath, key: str, ids: Ids, index: int | None) -> None:
        """Notes a number in a config; at a further call its elements are those of the first."""
        place = (path, key, index)
        if place in self._sizes:
            self.tie(self._sizes[place], ids)
            return
        self._sizes[place] = ids
        self.followed.sizes.append(Size(path, key, ids, index))

    def pin(
        self, ids: Ids, path: LayerPath, axis: int, why: str, against: frozenset[Move] = EVERY_MOVE
    ) -> None:
        self.followed.pins.append(Pin(ids, path, axis, why, against))

    def hold(self, ids: Ids, path: LayerPath, axis: int, why: str, against: frozenset[Move]) -> None:
        self._held.append(Pin(ids, path, axis, why, against))

    def read(self, path: LayerPath, argument: int, axis: int, ids: Ids, *, over: bool = False) -> None:
        self.followed.reads.append(Read(path, argument, axis, ids, over))

    def read_state(self, path: LayerPath, ids: Ids) -> None:
        """Notes that a cell mixes its own units from step to step."""
        self.followed.reads.append(Read(path, STATE, -1, ids))

    def derive(self, before: Ids, count: int, path: LayerPath, axis: int) -> Ids:
        """New elements that are so many because `before` are as many as they are."""
        after = self.elements.new(count)
        self._derived.append(Derived(before, after, path, axis))
        return after

    def are_features(self, ids: Ids) -> bool:
        """Whether elements are known to be features so far."""
        return not self.features.isdisjoint(ids.tolist())

    def tokens(self, path: LayerPath, fed: int | None) -> None:
        """Notes that a table is read by the values of the model's input number `fed`, or by computed ones."""
        self.followed.tokens.setdefault(path, set()).add(COMPUTED if fed is None else fed)

    def no_features(self, axes: Iterable[Ids | None]) -> None:
        """Notes that axes are steps: places of tokens, or of a mask."""
        for ids in axes:
            if ids is not None:
                self.features.difference_update(ids.tolist())

    def softmax(self, ids: Ids, path: LayerPath, axis: int) -> int:
        """The number of a softmax over these elements, which pins them if anything reads its outcome."""
        # Their order may change: each keeps its share.
        self._softmaxes.append(Pin(ids, path, axis, IS_A_SOFTMAX, EVERY_MOVE - {"order"}))
        return len(self._softmaxes) - 1

    def softmax_over(self, number: int) -> Ids:
        return self._softmaxes[number].ids

    def settled(self) -> Followed:
        """What was found, without what speaks of steps that nothing depends on."""
        self._held += [pin for number, pin in enumerate(self._softmaxes) if number in self.consumed]
        features, followed = self._features(), self.followed
        followed.pins += [pin for pin in self._held if self._among(pin.ids, features)]
        followed.reads = [read for read in followed.reads if self._among(read.ids, features)]
        followed.pins += self._bound_steps(features)
        followed.pins, followed.reads = self._once(followed.pins), self._reads_once(followed.reads)
        return followed

    def _among(self, ids: Ids, some: Flags) -> bool:
        return bool(some[self.elements.roots(ids)].any())

    def _features(self) -> Flags:
        """For each element whether it is a feature: it is known to be one, or an array has a place for it."""
        found = np.zeros(len(self.elements), bool)
        found[self.elements.roots(np.fromiter(self.features, np.int64, len(self.features)))] = True
        for array in self.followed.arrays.values():
            for ids in array.ids.values():
                found[self.elements.roots(ids)] = True
        return found

    def _bound_steps(self, features: Flags) -> list[Pin]:
        """Steps of which others are made that cannot change: they cannot either."""
        bound = features.copy()
        known = [one.ids for one in self.followed.pins] + [one.ids for one in self.followed.sizes]
        known += [ids for dims in self.followed.inputs for ids in dims or () if ids is not None]
        for ids in known:
            bound[self.elements.roots(ids)] = True
        found: list[Pin] = []
        for one in reversed(self._derived):
            if self._among(one.after, bound):
                found.append(Pin(one.before, one.path, one.axis, MAKES_STEPS))
                bound[self.elements.roots(one.before)] = True
        return found

    def _once(self, pins: list[Pin]) -> list[Pin]:
        known: dict[tuple[object, ...], Pin] = {}
        for pin in pins:
            roots = self.elements.roots(pin.ids)
            known.setdefault((pin.path, pin.axis, pin.why, pin.against, roots.tobytes()), pin)
        return list(known.values())

    def _reads_once(self, reads: list[Read]) -> list[Read]:
        known: dict[tuple[object, ...], Read] = {}
        for read in reads:
            roots = self.elements.roots(read.ids)
            known.setdefault((read.path, read.argument, read.axis, read.over, roots.tobytes()), read)
        return list(known.values())
