"""fold_hard_sigmoid: another framework's hard sigmoid, written with Keras 3's by scaling weights.

Keras 3 computes clip(x/6 + 1/2, 0, 1), Keras up to 2.15 clip(0.2x + 0.5, 0, 1), ONNX clip(αx + β, 0, 1).
All are clip(slope·x + offset), so source(x) = keras3(factor·x + shift) with factor = slope / (1/6) and
shift = (offset − 1/2) / (1/6). Where x is linear in the weights, factor goes into the kernels and the
bias, shift into the bias.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Block, Effect, Form, Step, fold, gate_block, unfold

KERAS_3_OFFSET = 1 / 2


def fold_factor(slope: float, offset: float) -> tuple[float, float]:
    """(factor, shift) that turn Keras 3's hard sigmoid into clip(slope·x + offset, 0, 1)."""
    # Times six, not divided by the sixth, which is rounded already.
    return slope * 6, (offset - KERAS_3_OFFSET) * 6


@dataclass(frozen=True)
class FoldHardSigmoid(Step):
    """Scales the columns of `gates` (all values if empty) by `factor` and adds `shift` to them.

    `shift` is for biases only; of an array with a `set` axis it goes into the first set.
    """

    form: Form
    gates: tuple[str, ...]
    factor: float
    shift: float = 0.0
    effect: ClassVar[Effect] = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.form.shape

    def apply(self, value: Array) -> Array:
        # A bias is shifted too: in float64, and rounded once when stored.
        loose, names = unfold(self._own(value), self.form)
        for where in self._columns(names):
            np.multiply(loose[where], self.factor, out=loose[where], dtype=np.float64, casting="same_kind")
            if self.shift:
                loose[self._first_set(where, names)] += self.shift
        return fold(loose, names, self.form)

    def inverse(self) -> FoldHardSigmoid:
        return FoldHardSigmoid(self.form, self.gates, 1 / self.factor, -self.shift / self.factor)

    def back(self, value: Array) -> Array:
        # Divided, not times the inverse, which is rounded already: what is scaled only comes forth again
        # within 1 ulp.
        loose, names = unfold(self._own(value), self.form)
        for where in self._columns(names):
            if self.shift:
                loose[self._first_set(where, names)] -= self.shift
            np.divide(loose[where], self.factor, out=loose[where], dtype=np.float64, casting="same_kind")
        return fold(loose, names, self.form)

    def _own(self, value: Array) -> Array:
        """A copy to write into: wide for what is shifted. A kernel may be large: it is scaled in place, each
        product made in float64 and rounded once, without a wide copy of it."""
        narrow = value.dtype.kind != "f" or value.dtype.itemsize < 4
        return np.array(value, np.float64 if self.shift or narrow else None)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def _columns(self, names: list[str]) -> Iterator[Block]:
        """Where to scale: each gate's block, or everything. Plain slices, so that blocks are views."""
        if not (self.gates and self.form.gates):
            yield (slice(None),) * len(names)
            return
        for gate in self.gates:
            yield gate_block(self.form, gate)

    def _first_set(self, where: Block, names: list[str]) -> Block:
        return tuple(
            slice(0, 1) if name == "set" else place for name, place in zip(names, where, strict=True)
        )

    def __str__(self) -> str:
        columns = f"gates {', '.join(self.gates)}" if self.gates else "all values"
        shift = f", add {self.shift:g}" if self.shift else ""
        return f"fold hard_sigmoid: {columns} × {self.factor:g}{shift}"
