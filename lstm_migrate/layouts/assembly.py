"""Assembly: several arrays made one where stacking them is not enough, and what they leave empty filled.

Each array, or a block of it, holds some gates of some set of biases, in whatever order of axes. The
result is a grid, one cell a set and gate, in which a cell that no array holds is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.parts import SETS, Part
from lstm_migrate.layouts.steps import Array, Block, Form, Join, Step, fold, loose_names, unfold


@dataclass(frozen=True)
class Assemble(Join):
    """Joins arrays of which each holds some gates: cells of a grid "gate", "set" or "set gate".

    `each` is one cell's shape, with the axes `inner`; `gates` are the grid's, in its order.
    """

    pieces: tuple[Part, ...]
    gates: GateOrder
    inner: tuple[str, ...]

    @staticmethod
    def of(pieces: Sequence[Part], gates: GateOrder, lead: tuple[str, ...]) -> Assemble:
        """The step for these parts, with `lead` as the grid's axes; their other symbols are the same."""
        first = pieces[0].form
        inner = tuple(name for name in loose_names(first) if name != "gate")
        each = tuple(first.sizes[name] for name in inner)
        return Assemble(" ".join(lead), len(pieces), each, tuple(pieces), gates, inner)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self._grid, *self.each)

    @property
    def form(self) -> Form:
        """How the result lies."""
        names = [*self.symbol.split(), *self.inner]
        sizes = {**self.pieces[0].form.sizes, "gate": len(self.gates), "set": len(SETS)}
        return Form(Axes(tuple(Symbol(name) for name in names)), sizes, self.gates)

    @property
    def _grid(self) -> tuple[int, ...]:
        sizes = {"set": len(SETS), "gate": len(self.gates)}
        return tuple(sizes[name] for name in self.symbol.split())

    @property
    def blank(self) -> int:
        return prod(self.shape) - sum(prod(part.form.shape) for part in self.pieces)

    def join(self, values: Sequence[Array]) -> Array:
        """The grid, with each array's blocks in their cells."""
        found = np.zeros(self.shape, np.result_type(*values))
        for part, value in zip(self.pieces, values, strict=True):
            block = value[part.block].reshape(part.form.shape)
            for cell, inside in self._cells(block, part):
                found[cell] = inside
        return found

    def split(self, value: Array) -> list[tuple[Block, Array]]:
        value, filled = value.reshape(self.shape), np.zeros(self._grid, bool)
        found = []
        for part in self.pieces:
            cells = [self._cell(part, gate) for gate in part.gates]
            for cell in cells:
                filled[cell] = True
            found.append((part.block, self._block(value, cells, part)))
        check_empty(value[~filled], str(self))
        return found

    def _cell(self, part: Part, gate: str) -> tuple[int, ...]:
        places = {"set": part.set, "gate": self.gates.gates.index(gate)}
        return tuple(places[name] for name in self.symbol.split())

    def _cells(self, block: Array, part: Part) -> list[tuple[tuple[int, ...], Array]]:
        """For each gate of a block, its cell and its values."""
        loose, names = unfold(block, part.form)
        if "gate" not in names:
            loose, names = loose[np.newaxis], ["gate", *names]
        loose = loose.transpose([names.index(name) for name in ("gate", *self.inner)])
        return [(self._cell(part, gate), inside) for gate, inside in zip(part.gates, loose, strict=True)]

    def _block(self, value: Array, cells: Sequence[tuple[int, ...]], part: Part) -> Array:
        """The inverse of `_cells`: the part's array or block, in the shape that it has in its array."""
        loose = np.stack([value[cell] for cell in cells])
        names = ["gate", *self.inner]
        if "gate" not in part.form.axes.symbols:
            loose, names = loose[0], names[1:]
        shape = tuple(place.stop - place.start for place in part.block)
        return fold(loose, names, part.form).reshape(shape)

    def omitted(self, value: Array) -> Array:
        # Forgetting which array is which: every cell holds its neighbour's values.
        flat = value.reshape(-1, *self.each)
        return np.roll(flat, 1, axis=0).reshape(self.shape)

    def __str__(self) -> str:
        return f"join {', '.join(map(str, self.pieces))} into {self.form}"


@dataclass(frozen=True)
class FillSets(Step):
    """Makes one bias two: it becomes the input's or the recurrent one, and the other one is zero."""

    before: Form
    set: int = 0

    @property
    def after(self) -> Form:
        """The form that the step leaves: the sets as first axis."""
        axes = Axes((Symbol("set"), *self.before.axes.items))
        sizes = {**self.before.sizes, "set": len(SETS)}
        return Form(axes, sizes, self.before.gates, self.before.poured)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    @property
    def blank(self) -> int:
        return prod(self.before.shape) * (len(SETS) - 1)

    def apply(self, value: Array) -> Array:
        found = np.zeros(self.shape, value.dtype)
        found[self.set] = value
        return found

    def back(self, value: Array) -> Array:
        check_empty(np.delete(value, self.set, axis=0), str(self))
        return np.asarray(value[self.set])

    def omitted(self, value: Array) -> Array:
        # The classic mistake: the one bias stands for both, and counts twice.
        return np.broadcast_to(value, self.shape)

    def __str__(self) -> str:
        return f"the {SETS[self.set]} bias; the {SETS[1 - self.set]} one is zero"


def check_empty(value: Array, step: str) -> None:
    """PlanError unless all values are zero, for which alone a layout without a place for them stands."""
    if np.any(value):
        raise PlanError(
            f"{step}: the way back would lose values",
            found=f"{int(np.count_nonzero(value))} that are not zero",
            expected="zeros, since the layout has no place for them",
        )
