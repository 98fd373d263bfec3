"""invert_gate: an update gate that lets in the new state, as one that keeps the old state, or the reverse.

h' = (1 − z) h + z h̃ and h' = z h + (1 − z) h̃ are the same with z and 1 − z exchanged, and
σ(−x) = 1 − σ(x): the gate's column of every array changes its sign. So does a hard sigmoid with offset 1/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, gate_block, unfold


@dataclass(frozen=True)
class InvertGate(Step):
    """Negates one gate's block of a kernel, a recurrent kernel or a bias; of two biases, in both."""

    form: Form
    gate: str = "z"
    effect: ClassVar[Effect] = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.form.shape

    def apply(self, value: Array) -> Array:
        loose, names = unfold(np.array(value), self.form)
        where = gate_block(self.form, self.gate)
        np.negative(loose[where], out=loose[where])
        return fold(loose, names, self.form)

    def back(self, value: Array) -> Array:
        return self.apply(value)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return f"invert gate {self.gate}: negate its values"
