"""fold_in: the rows of what is about to go are added to the rows of what stays and stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, unfold

Positions = tuple[int, ...]


@dataclass(frozen=True)
class FoldIn(Step):
    """Adds along `symbol` to what is `kept` what is `gone`, which stays where it is until it is cut.

    `onto`: of shape (kept, gone), what goes as a sum of what stays, found by fitting. None: each of `gone` is
    a duplicate of the one at its place of `kept`, which takes over its rows. `what`: what is folded in.
    """

    before: Form
    symbol: str
    kept: Positions
    gone: Positions
    onto: Array | None = field(default=None, hash=False, compare=False, repr=False)
    what: str = "what goes"

    def __post_init__(self) -> None:
        shape = (len(self.kept),) * 2 if self.onto is None else self.onto.shape
        if shape != (len(self.kept), len(self.gone)):
            raise ValueError(f"{len(self.kept)} kept, {len(self.gone)} gone, and numbers for {shape}")
        if set(self.kept) & set(self.gone):
            raise ValueError("what goes cannot take over anything")

    @staticmethod
    def twins(before: Form, symbol: str, pairs: Sequence[tuple[int, int]], what: str) -> FoldIn:
        """Of each pair, the first goes and repeats the second."""
        return FoldIn(before, symbol, tuple(b for _, b in pairs), tuple(a for a, _ in pairs), None, what)

    @property
    def effect(self) -> Effect:
        return "exact" if self.onto is None else "approximate"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.before.shape

    def apply(self, value: Array) -> Array:
        loose, names = unfold(value, self.before)
        axis = names.index(self.symbol)
        # A copy; longer than the largest numbers, which partial sums may exceed.
        wide = np.longdouble if value.dtype == np.float64 else np.float64
        rows: Array = np.moveaxis(loose, axis, 0).astype(wide)
        if self.onto is None:
            self._take_over(rows)
        else:
            gone = rows[list(self.gone)].astype(np.float64)
            rows[list(self.kept)] += np.tensordot(self.onto.astype(np.float64), gone, 1)
        return fold(np.moveaxis(rows.astype(value.dtype), 0, axis), names, self.before)

    def _take_over(self, rows: Array) -> None:
        # What was shared out several times over has its old bits only if the sum is rounded once, at its end.
        # With the last one first no partial sum is rounded at all where they were shared out in that order.
        lost = np.zeros_like(rows)
        for gone, kept in sorted(zip(self.gone, self.kept, strict=True), reverse=True):
            rows[kept], error = _sum(rows[kept], rows[gone])
            lost[kept] += error
        at = np.isfinite(lost) & (lost != 0)  # where zeros have signs, there is nothing to add
        rows[at] += lost[at]

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return f"fold in {self.what}"


def _sum(one: Array, other: Array) -> tuple[Array, Array]:
    """(the sum as rounded, what rounding took): Knuth's two-sum."""
    with np.errstate(all="ignore"):
        whole = one + other
        part = whole - one
        return whole, (one - (whole - part)) + (other - part)
