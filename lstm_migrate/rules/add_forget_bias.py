"""add_forget_bias: what the old cell adds to its forget gate when it runs, put into the stored bias.

TensorFlow 1 computes σ(f + 1) and stores a bias without that 1; Keras 3 stores what it adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, gate_block, unfold


@dataclass(frozen=True)
class AddForgetBias(Step):
    """Adds `amount` to the forget gate's block of a bias, once: of two biases, to the first.

    In float64, and rounded once when stored. What comes back and goes forth again is off by 1 ulp at most:
    of the value, or of the amount where that is larger.
    """

    form: Form
    amount: float
    effect: ClassVar[Effect] = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.form.shape

    def apply(self, value: Array) -> Array:
        return self._shifted(value, self.amount)

    def back(self, value: Array) -> Array:
        return self._shifted(value, -self.amount)

    def _shifted(self, value: Array, amount: float) -> Array:
        loose, names = unfold(np.array(value, np.float64), self.form)
        block = gate_block(self.form, "f")
        first = (slice(0, 1) if name == "set" else place for name, place in zip(names, block, strict=True))
        loose[tuple(first)] += amount
        return fold(loose, names, self.form)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return f"add the forget bias of run time: {self.amount:g}"
