"""fold_hard_sigmoid: another framework's hard sigmoid, written with Keras 3's by scaling weights.

Keras 3 computes clip(x/6 + 1/2, 0, 1), Keras up to 2.15 clip(0.2x + 0.5, 0, 1), ONNX clip(αx + β, 0, 1).
All are clip(slope·x + offset), so source(x) = keras3(factor·x + shift) with factor = slope / (1/6) and
shift = (offset − 1/2) / (1/6). Where x is linear in the weights, factor goes into the kernels and the
bias, shift into the bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, unfold

KERAS_3_SLOPE = 1 / 6
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
        # Written to below, so never the caller's own array.
        loose, names = unfold(np.array(value, np.float64), self.form)
        where = self._columns(names, loose.ndim)
        loose[where] *= self.factor
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

    def _columns(self, names: Sequence[str], rank: int) -> tuple[slice | list[int], ...]:
        where: list[slice | list[int]] = [slice(None)] * rank
        if self.gates and self.form.gates:
            where[names.index("gate")] = [self.form.gates.gates.index(gate) for gate in self.gates]
        return tuple(where)

    def __str__(self) -> str:
        columns = f"gates {', '.join(self.gates)}" if self.gates else "all values"
        shift = f", add {self.shift:g}" if self.shift else ""
        return f"fold hard_sigmoid: {columns} × {self.factor:g}{shift}"
