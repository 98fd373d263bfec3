"""fold_hard_sigmoid: another framework's hard sigmoid, written with Keras 3's by scaling weights.

Keras 3 computes clip(x/6 + 1/2, 0, 1), Keras up to 2.15 clip(0.2x + 0.5, 0, 1), ONNX clip(αx + β, 0, 1).
All are clip(slope·x + offset), so source(x) = keras3(factor·x + shift) with factor = slope / (1/6) and
shift = (offset − 1/2) / (1/6). Where x is linear in the weights, factor goes into the kernels and the
bias, shift into the bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, unfold

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
        # A bias is shifted too: in float64, and rounded once when stored. A kernel may be large: it is
        # scaled in place, each product made in float64 and rounded once, without a wide copy of it.
        narrow = value.dtype.kind != "f" or value.dtype.itemsize < 4
        own = np.array(value, np.float64 if self.shift or narrow else None)
        loose, names = unfold(own, self.form)
        for where in self._columns(names, loose.ndim):
            np.multiply(loose[where], self.factor, out=loose[where], dtype=np.float64, casting="same_kind")
            if self.shift:
                first = list(where)
                if "set" in names:
                    first[names.index("set")] = slice(0, 1)
                loose[tuple(first)] += self.shift
        return fold(loose, names, self.form)

    def inverse(self) -> FoldHardSigmoid:
        return FoldHardSigmoid(self.form, self.gates, 1 / self.factor, -self.shift / self.factor)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def _columns(self, names: Sequence[str], rank: int) -> Iterator[tuple[slice | int, ...]]:
        """Where to scale: each gate's block, or everything. Plain indices, so that blocks are views."""
        everything: list[slice | int] = [slice(None)] * rank
        if not (self.gates and self.form.gates):
            yield tuple(everything)
            return
        for gate in self.gates:
            where = list(everything)
            place = self.form.gates.gates.index(gate)
            where[names.index("gate")] = slice(place, place + 1)
            yield tuple(where)

    def __str__(self) -> str:
        columns = f"gates {', '.join(self.gates)}" if self.gates else "all values"
        shift = f", add {self.shift:g}" if self.shift else ""
        return f"fold hard_sigmoid: {columns} × {self.factor:g}{shift}"
