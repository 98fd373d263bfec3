"""cut: units left out of a layer, and what reads them, or put in another order, by the user's wish.

Gates and units share an axis, so that the last quarter of an LSTM's arrays is one gate, not the last units:
each gate is cut by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, unfold

Positions = tuple[int, ...]


@dataclass(frozen=True)
class Cut(Step):
    """Takes of each symbol in `kept` these positions, in this order. What was left out has no way back.

    `what`: what is left, e.g. "64 of 128 units". `effect`: "exact" where what goes is proven to be silent,
    "bitwise" where only the order changes.
    """

    before: Form
    kept: Mapping[str, Positions] = field(hash=False)
    what: str
    effect: Effect = "approximate"

    @cached_property
    def after(self) -> Form:
        """The form that the step leaves: the same with the smaller sizes."""
        sizes = {symbol: len(places) for symbol, places in self.kept.items()}
        return replace(self.before, sizes={**self.before.sizes, **sizes})

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    @property
    def unused(self) -> Array | None:
        return self._ended

    @cached_property
    def _ended(self) -> Array:
        free = np.ones(prod(self.before.shape), bool)
        free[self.apply(np.arange(free.size)).ravel()] = False
        return np.flatnonzero(free)

    def apply(self, value: Array) -> Array:
        return self._taken(value, self.kept)

    def back(self, value: Array) -> Array:
        orders = {symbol: tuple(np.argsort(places).tolist()) for symbol, places in self.kept.items()}
        if self.after.sizes != self.before.sizes:
            return super().back(value)
        return self._taken(value, orders)

    def omitted(self, value: Array) -> Array:
        # Forgetting which units: as many from the other end.
        return self._taken(value, {symbol: self._others(symbol) for symbol in self.kept})

    def _taken(self, value: Array, kept: Mapping[str, Positions]) -> Array:
        loose, names = unfold(value, self.before)
        for symbol, places in kept.items():
            loose = np.take(loose, places, axis=names.index(symbol))
        return fold(loose, names, self.after)

    def _others(self, symbol: str) -> Positions:
        count, total = len(self.kept[symbol]), self.before.sizes[symbol]
        last = tuple(range(total - count, total))
        return last if self.kept[symbol] != last else tuple(range(count))

    def __str__(self) -> str:
        return f"{'reorder' if self.effect == 'bitwise' else 'cut to'} {self.what}"
