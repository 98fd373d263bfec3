"""Random models: chains of blocks that carry features on, mix them, add them up or lay them side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests.resizing.models import Build, Draft, Flow, drafted

STEPS = 5
SEQUENCES: dict[str, Any] = {"return_sequences": True}
CELLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("LSTM", {}),
    ("LSTM", {"use_bias": True, "go_backwards": True}),
    ("GRU", {"reset_after": True}),
    ("GRU", {"reset_after": False}),
    ("SimpleRNN", {}),
)


@dataclass
class Chain:
    """One block after another. `random` decides alike for all sizes of the same model."""

    draft: Draft
    random: np.random.Generator
    count: int = 0

    def symbol(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def units(self) -> int:
        return int(self.random.integers(3, 8))

    def cell(self) -> tuple[str, dict[str, Any]]:
        kind, options = CELLS[int(self.random.integers(len(CELLS)))]
        return kind, dict(options)

    def recurrent(self, x: Flow) -> Flow:
        kind, options = self.cell()
        return self.draft.rnn(kind, x, self.symbol(), self.units(), **options, **SEQUENCES)

    def both(self, x: Flow) -> Flow:
        kind, options = self.cell()
        options.pop("go_backwards", None)
        merge = ("concat", "sum", "mul", "ave")[int(self.random.integers(4))]
        return self.draft.both(kind, x, self.symbol(), self.units(), merge=merge, **options, **SEQUENCES)

    def residual(self, x: Flow) -> Flow:
        """Two layers with as many units, added or otherwise merged."""
        import keras

        kind, options = self.cell()
        symbol, units = self.symbol(), self.units()
        under = self.draft.dense(x, symbol, units, activation="tanh")
        over = self.draft.rnn(kind, under, symbol, units, **options, **SEQUENCES)
        merge = ("Add", "Multiply", "Average", "Maximum", "Subtract")[int(self.random.integers(5))]
        return self.draft.plain(getattr(keras.layers, merge)(), under, over)

    def beside(self, x: Flow) -> Flow:
        """What comes in, and what a layer makes of it, as one."""
        import keras

        made = self.recurrent(x)
        first, second = (x, made) if self.random.integers(2) else (made, x)
        labels = first.labels + second.labels
        return self.draft.plain(keras.layers.Concatenate(), first, second, labels=labels)

    def stack(self, x: Flow) -> Flow:
        """A stack of cells."""
        first, second = self.symbol(), self.symbol()
        said = [("LSTMCell", first, self.units()), ("GRUCell", second, self.units())]
        return self.draft.cells(x, said, name=f"stack_{first}", **SEQUENCES)

    def dense(self, x: Flow) -> Flow:
        each = bool(self.random.integers(2))
        return self.draft.dense(x, self.symbol(), self.units(), each=each, activation="tanh")

    def conv(self, x: Flow) -> Flow:
        return self.draft.conv(x, self.symbol(), self.units())

    def passing(self, x: Flow) -> Flow:
        """Layers that work on each feature alone."""
        import keras

        x = self.draft.vectors("BatchNormalization", x, f"norm_{self.symbol()}")
        x = self.draft.plain(keras.layers.Activation("elu"), x)
        return self.draft.plain(keras.layers.SpatialDropout1D(0.2), x)

    def end(self, x: Flow) -> Flow:
        """Off with the time axis."""
        import keras

        way = int(self.random.integers(3))
        if way == 0:
            kind, options = self.cell()
            return self.draft.rnn(kind, x, self.symbol(), self.units(), **options)
        if way == 1:
            return self.draft.plain(keras.layers.Flatten(), x, labels=x.labels * STEPS)
        return self.draft.plain(keras.layers.GlobalAveragePooling1D(), x)


BLOCKS: tuple[Callable[[Chain, Flow], Flow], ...] = (
    Chain.recurrent,
    Chain.both,
    Chain.residual,
    Chain.beside,
    Chain.stack,
    Chain.dense,
    Chain.conv,
    Chain.passing,
)


@cache
def chain(seed: int) -> Build:
    """A model of three blocks, the same ones for the same seed."""

    def build(draft: Draft) -> Any:
        import keras

        blocks = Chain(draft, np.random.default_rng(seed))
        inputs = x = draft.input((STEPS, 3))
        x = blocks.recurrent(x) if seed % 2 else blocks.both(x)
        for number in blocks.random.choice(len(BLOCKS), 2, replace=False):
            x = BLOCKS[int(number)](blocks, x)
        x = draft.dense(blocks.end(x), "out", 2)
        return keras.Model(inputs.tensor, x.tensor)

    return build


def symbols(build: Build) -> dict[str, int]:
    """The sizes that rules may change: what owns units, but for the outputs."""
    found: dict[str, int] = {}
    for arrays in drafted(build).arrays.values():
        for label in (label for axes in arrays for axis in axes for label in axis if label is not None):
            found[label[0]] = max(found.get(label[0], 0), label[1] + 1)
    return {symbol: count for symbol, count in found.items() if symbol not in ("out", "x")}
