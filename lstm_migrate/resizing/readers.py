"""Readers: the matrices through which layers read features, and the biases that a constant could go into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Array, fold, loose_names
from lstm_migrate.resizing.followed import Followed, Placed, Read
from lstm_migrate.resizing.standing import Standing
from lstm_migrate.restriction import STATE

CALLED_WITH: Mapping[str, int] = {"query": 0, "value": 1, "key": 2}
"""By what the role of an attention's array begins with, the argument that it reads; of keys it may be the
value."""

BOTH_BIASES = {"kernel": 0, "recurrent_kernel": 1}
"""By the matrix, which of two biases is added to what it makes."""

ADD_A_BIAS = frozenset(
    "Dense EinsumDense Conv1D Conv2D Conv3D LSTM LSTMCell GRU GRUCell SimpleRNN SimpleRNNCell ConvLSTM1D "
    "ConvLSTM2D ConvLSTM3D MultiHeadAttention GroupedQueryAttention".split()
)
"""Layers that add their bias to the plain product: what is constant in one can go into the other."""


@dataclass(frozen=True)
class Matrix:
    """The rows of one array for the features of one read. `bias`: of the array that is added to what they
    make, if there is one and a constant for all places can go into it."""

    standing: Standing
    bias: Placed | None = None

    @property
    def key(self) -> WeightKey:
        return self.standing.key

    @property
    def symbol(self) -> str:
        return self.standing.symbol

    @property
    def sizes(self) -> Array:
        """The sum of squares of each row."""
        return self.standing.sizes

    def shift(self, constants: Array) -> Array:
        """What the bias gains if each feature is so much larger, in the bias's own shape."""
        assert self.bias is not None
        form = self.bias.form
        rows = np.tensordot(constants, self.standing.loose.astype(np.float64), 1)
        names, wanted = self.standing.names[1:], loose_names(form)
        rows = rows.sum(axis=tuple(n for n, name in enumerate(names) if name not in wanted))
        names = [name for name in names if name in wanted]
        if "set" in wanted:
            both = np.zeros((2, *rows.shape))
            both[BOTH_BIASES[self.key.role]] = rows
            rows, names = both, ["set", *names]
        return fold(rows, names, form)


@dataclass(frozen=True)
class Readers:
    """Which matrices belong to which read, by its number."""

    followed: Followed
    layers: Mapping[LayerPath, Layer]
    values: Mapping[WeightKey, Array]

    def matrices(self, number: int) -> list[Matrix]:
        """The arrays whose rows are what this read mixes, so that a row for what goes can be shared out among
        the others; [] if it mixes in another way."""
        return self._by_read.get(number, [])

    @cached_property
    def _by_read(self) -> dict[int, list[Matrix]]:
        found: dict[int, list[Matrix]] = {}
        for key, placed in self.followed.arrays.items():
            for symbol in placed.ids.keys() & {"x", "h"}:
                number = self._read_of(placed, symbol)
                if placed.sides[symbol] == "outgoing" and number is not None and self._plain(placed, symbol):
                    value = partial(self.values.__getitem__, key)
                    standing = Standing(placed, symbol, self.followed.elements, value)
                    found.setdefault(number, []).append(Matrix(standing, self._bias(placed, symbol)))
        return found

    def _read_of(self, placed: Placed, symbol: str) -> int | None:
        """The innermost read around an array that is of the same features; None if there are several."""
        reads = [
            number
            for number, read in enumerate(self.followed.reads)
            if placed.key.path[: len(read.path)] == read.path
            and (read.argument == STATE) == (symbol == "h")
            and not read.over
            and self._same(read, placed, symbol)
        ]
        deepest = max((len(self.followed.reads[number].path) for number in reads), default=0)
        reads = [number for number in reads if len(self.followed.reads[number].path) == deepest]
        called = CALLED_WITH.get(placed.key.role.partition("/")[0])
        if called is not None:
            arguments = {self.followed.reads[number].argument: number for number in reads}
            return arguments.get(called, arguments.get(1) if called == 2 else None)
        return reads[0] if len(reads) == 1 else None

    def _same(self, read: Read, placed: Placed, symbol: str) -> bool:
        roots = self.followed.elements.roots
        return np.array_equal(roots(read.ids), roots(placed.ids[symbol]))

    def _plain(self, placed: Placed, symbol: str) -> bool:
        """Whether features are mixed as they come: no array of the layer changes each of them before."""
        if symbol == "h":
            return True
        own = self.followed.elements.roots(placed.ids[symbol])
        passed = [
            other.ids[name]
            for key, other in self.followed.arrays.items()
            if key.path == placed.key.path
            for name, side in other.sides.items()
            if side == "each"
        ]
        return not any(np.isin(self.followed.elements.roots(ids), own).any() for ids in passed)

    def _bias(self, placed: Placed, symbol: str) -> Placed | None:
        """The bias that a constant in every feature's place can go into."""
        path, role = placed.key
        part, slash, _ = role.rpartition("/")
        bias = self.followed.arrays.get(WeightKey(path, f"{part}{slash}bias"))
        taps = {one for one in placed.form.axes.symbols if re.fullmatch(r"k\d", one)}
        known = path in self.layers and self.layers[path].kind in ADD_A_BIAS
        if bias is None or not known or (taps and self._sees_edges(path, symbol)):
            return None
        made = placed.form.axes.symbols - taps - {symbol}
        return bias if bias.form.axes.symbols - {"set"} == made else None

    def _sees_edges(self, path: LayerPath, symbol: str) -> bool:
        """Whether some places of a convolution's output are made of fewer places of its input than others."""
        return symbol == "h" or self.layers[path].config.get("padding") != "valid"
