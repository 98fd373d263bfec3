"""Steps: what happens to values on their way from one layout to another, without changing any number.

Every step has sizes worked out beforehand (`shape`), values (`apply`), the way back (`back`) where there is
one, an effect, and says what leaving it out would give (`omitted`), which the verifier's power test uses.
Steps that change numbers are rules and live in `rules/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder

Array = NDArray[Any]
Effect = Literal["bitwise", "exact", "approximate"]
Block = tuple[slice, ...]


@dataclass(frozen=True)
class Form:
    """How an array on its way lies: its axes (without stacks), gate order and pouring, with sizes."""

    axes: Axes
    sizes: Mapping[str, int] = field(hash=False)
    gates: GateOrder | None = None
    poured: tuple[Symbol, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.axes.shape(self.sizes)

    def __str__(self) -> str:
        order = f" {','.join(self.gates.gates)}" if self.gates and "gate" in self.axes.symbols else ""
        poured = f" poured {' '.join(map(str, self.poured))}" if self.poured else ""
        return f"{self.axes}{order}{poured}"


class Step(ABC):
    """One move on the way of a target variable's values."""

    @property
    def effect(self) -> Effect:
        """What it does to the model: nothing but move values, if the step says no more."""
        return "bitwise"

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape that the step leaves."""

    @property
    def unused(self) -> Array | None:
        """Flat positions of its input that the source never computes with, so that they end here."""
        return None

    @property
    def blank(self) -> int:
        """How many places of what it leaves are zero because the source has nothing there."""
        return 0

    @property
    def choice(self) -> str:
        """Which of several inverses `back` is, in words; "" where there is but one."""
        return ""

    @abstractmethod
    def apply(self, value: Array) -> Array:
        """The values after the step."""

    def back(self, value: Array) -> Array:
        """The values before the step, from those after it; PlanError if they cannot be known."""
        raise PlanError(f"{self}: has no inverse")

    def trace(self, positions: Array) -> Array:
        """Where positions go: as `apply`, but numbers that only scale or shift stay as they are."""
        return self.apply(positions)

    def stems(self, positions: Array) -> Array:
        """As `trace`, but what repeats an old element has its position, too."""
        return self.trace(positions)

    def omitted(self, value: Array) -> Array:
        """What would go on if the step were forgotten: the values as they are, in the wanted shape."""
        return fit(value, self.shape)


def fit(value: Array, shape: tuple[int, ...]) -> Array:
    """`value` poured into `shape`, cut where too long, its own start again where too short."""
    return np.resize(value, shape) if value.size != prod(shape) else value.reshape(shape)


@dataclass(frozen=True)
class Take(Step):
    """Takes one block out of an array, e.g. the input rows of "(x + h) (gate u)", or one direction's.

    `left` is the block's shape, without the axes of which it holds one position only.
    """

    block: Block
    left: tuple[int, ...]
    what: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.left

    def apply(self, value: Array) -> Array:
        return value[self.block].reshape(self.left)

    def put(self, value: Array, into: Array) -> None:
        """Writes the block back into its array."""
        into[self.block] = value.reshape(into[self.block].shape)

    def omitted(self, value: Array) -> Array:
        # Forgetting which rows: the first ones that fit, or the last if these are the first.
        starts = all(not part.start for part in self.block)
        counts = [part.stop - part.start for part in self.block]
        return value[tuple(slice(-n, None) if starts else slice(0, n) for n in counts)].reshape(self.left)

    def __str__(self) -> str:
        return f"take {self.what}"


@dataclass(frozen=True)
class Rearrange(Step):
    """Moves values from one form to another: transpose, split, join, flip, pour, reorder gates."""

    before: Form
    after: Form

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    def apply(self, value: Array) -> Array:
        loose, names = unfold(value, self.before)
        if self.before.gates and self.after.gates and "gate" in names:
            order = self.before.gates.positions(self.after.gates)
            if order != tuple(range(len(order))):
                loose = np.take(loose, order, axis=names.index("gate"))
        return fold(loose, names, self.after)

    def inverse(self) -> Rearrange:
        return Rearrange(self.after, self.before)

    def back(self, value: Array) -> Array:
        return self.inverse().apply(value)

    def __str__(self) -> str:
        return f"rearrange {self.before} → {self.after}"


@dataclass(frozen=True)
class Join(Step):
    """Stacks several arrays along a new leading axis: two biases into sets, one array a gate into gates."""

    symbol: str
    parts: int
    each: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.parts, *self.each)

    def join(self, values: Sequence[Array]) -> Array:
        """One array with the parts along its first axis."""
        return np.stack(values)

    def split(self, value: Array) -> list[tuple[Block, Array]]:
        """The inverse of `join`: for each array, where in it these values belong."""
        return [((slice(None),) * len(self.each), part) for part in value.reshape(self.shape)]

    def apply(self, value: Array) -> Array:
        return value

    def back(self, value: Array) -> Array:
        return value

    def omitted(self, value: Array) -> Array:
        # Forgetting to join: the first array stands for all of them.
        return np.repeat(value[:1], self.parts, axis=0)

    def __str__(self) -> str:
        return f"join {self.parts} arrays along {self.symbol}"


@dataclass(frozen=True)
class Constant(Step):
    """Values that come from no tensor: part of a rebuilt layer, e.g. a convolution that only gathers."""

    what: str
    values: Array = field(repr=False, hash=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def apply(self, value: Array) -> Array:
        return self.values

    def back(self, value: Array) -> Array:
        if not np.array_equal(value, self.values):
            raise PlanError(f"{self}: other values have no place", expected="the same values")
        return np.zeros(0, value.dtype)

    def omitted(self, value: Array) -> Array:
        return np.zeros_like(self.values)

    def __str__(self) -> str:
        return f"constant: {self.what}"


@dataclass(frozen=True)
class Gather(Step):
    """Takes single elements by their flat positions; −1 is a place that stays zero.

    What is not taken is `unused`: the source stores it and never computes with it.
    """

    what: str
    taken: tuple[int, ...]
    size: int
    find: Callable[[], Array] = field(repr=False, compare=False)

    @cached_property
    def positions(self) -> Array:
        """Where in the flat array each element comes from, in the shape of what is left."""
        return self.find()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.taken

    @property
    def unused(self) -> Array | None:
        free = np.ones(self.size, bool)
        free[self.positions[self.positions >= 0]] = False
        return np.flatnonzero(free)

    @property
    def blank(self) -> int:
        return int((self.positions < 0).sum())

    def apply(self, value: Array) -> Array:
        taken = value.reshape(-1)[np.maximum(self.positions, 0)]
        return np.where(self.positions >= 0, taken, taken.dtype.type(0)) if self.blank else taken

    def __str__(self) -> str:
        return f"gather {self.what}"


def unfold(value: Array, form: Form) -> tuple[Array, list[str]]:
    """The array with one axis a symbol, and the symbols' names in that order."""
    piece = form.axes.pieces()[0]
    symbols = [symbol for axis in piece.axes for symbol in axis]
    value = value.reshape([form.sizes[symbol.name] for symbol in symbols])
    flips = [number for number, symbol in enumerate(symbols) if symbol.flipped]
    if flips:
        value = np.flip(value, tuple(flips))
    names = [symbol.name for symbol in symbols]
    if form.poured:
        inner = [symbol.name for symbol in form.poured]
        outer = [name for name in names if name not in inner]
        value = value.transpose([names.index(name) for name in outer + [n for n in names if n in inner]])
        names = outer + inner
        value = value.reshape([form.sizes[name] for name in names])
    return value, names


def fold(value: Array, names: Sequence[str], form: Form) -> Array:
    """The inverse of `unfold`: the array in `form`'s own shape."""
    piece = form.axes.pieces()[0]
    symbols = [symbol for axis in piece.axes for symbol in axis]
    wanted = [symbol.name for symbol in symbols]
    names = list(names)
    if form.poured:
        inner = [symbol.name for symbol in form.poured]
        outer = [name for name in wanted if name not in inner]
        value = value.transpose([names.index(name) for name in outer + inner])
        names = outer + [name for name in wanted if name in inner]
        value = value.reshape([form.sizes[name] for name in names])
    value = value.transpose([names.index(name) for name in wanted])
    flips = [number for number, symbol in enumerate(symbols) if symbol.flipped]
    if flips:
        value = np.flip(value, tuple(flips))
    return value.reshape(form.shape)


def loose_names(form: Form) -> list[str]:
    """The symbols of an unfolded array, in their order."""
    names = [symbol.name for axis in form.axes.pieces()[0].axes for symbol in axis]
    inner = [symbol.name for symbol in form.poured]
    return [name for name in names if name not in inner] + inner


def gate_block(form: Form, gate: str) -> Block:
    """Where one gate's values lie in the unfolded array."""
    assert form.gates is not None
    place = form.gates.gates.index(gate)
    return tuple(slice(place, place + 1) if name == "gate" else slice(None) for name in loose_names(form))
