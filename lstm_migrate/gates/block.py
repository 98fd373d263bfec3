"""Block: one array of a cell, which holds a part for each gate, and where each part lies in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lstm_migrate.layouts.axes import Axes, Axis, Group, Symbol
from lstm_migrate.layouts.steps import Array, Form, unfold

WORDS = {
    "x": "input_features",
    "u": "units",
    "h": "units",
    **dict.fromkeys(("k0", "k1", "k2"), "kernel_size"),
}
COUNTED = {"gate": "{} gates", "set": "{} biases"}


@dataclass(frozen=True)
class Block:
    """One array that holds a part for each gate, or one of the two sets of such an array.

    `form` tells how the array lies, `place` which of its sets is meant if it has two. `values` gives the
    array. `variable` is the Keras variable behind it; None for an array in a file.
    """

    form: Form
    values: Callable[[], Array]
    place: int | None = None
    variable: Any = None

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The array's axes when none is joined."""
        piece = self.form.axes.pieces()[0]
        return tuple(symbol.name for axis in piece.axes for symbol in axis)

    def index(self, gate: str) -> tuple[int | slice, ...]:
        """Where a gate's part lies in the array with one axis a symbol."""
        assert self.form.gates is not None
        found = {"gate": self.form.gates.gates.index(gate), "set": self.place}
        return tuple(slice(None) if found.get(name) is None else found[name] for name in self.symbols)  # type: ignore[misc]

    @property
    def part(self) -> Form:
        """How one gate's part lies."""
        left = tuple(Symbol(name) for name in self.symbols if name not in ("gate", "set"))
        return Form(Axes(left), self.form.sizes)

    def read(self, gate: str) -> Array:
        """One gate's values: a view that cannot be written through."""
        loose, _ = unfold(self.values(), self.form)
        view = loose[self.index(gate)]
        view.flags.writeable = False
        return view


def in_words(form: Form) -> str:
    """A shape with what its sizes are: "(input_features=5, 4 gates × units=3)"."""
    joined = [_axis(axis, form) for axis in form.axes.items]
    return f"({', '.join(joined)}{',' if len(joined) == 1 else ''})"


def _axis(axis: Axis, form: Form) -> str:
    if isinstance(axis, Group):
        parts = [" × ".join(_axis(item, form) for item in part) for part in axis.parts]
        return " + ".join(parts)
    size = form.sizes[axis.name]
    if axis.name in COUNTED:
        return COUNTED[axis.name].format(size)
    word = WORDS.get(axis.name, axis.name)
    return f"{'filters' if word == 'units' and 'k0' in form.sizes else word}={size}"
