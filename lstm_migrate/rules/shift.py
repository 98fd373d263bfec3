"""shift: constants added to a bias, for what goes was not zero on average."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Form, Step


@dataclass(frozen=True)
class Shift(Step):
    """Adds `amount`, which has the array's own shape; in float64, rounded once to the array's type."""

    form: Form
    amount: Array = field(hash=False, compare=False, repr=False)
    effect: ClassVar[Effect] = "approximate"

    def __post_init__(self) -> None:
        if self.amount.shape != self.form.shape:
            raise ValueError(f"constants of shape {self.amount.shape} for an array of {self.form.shape}")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.form.shape

    def apply(self, value: Array) -> Array:
        return np.add(value, self.amount, dtype=np.float64).astype(value.dtype)

    def back(self, value: Array) -> Array:
        return np.subtract(value, self.amount, dtype=np.float64).astype(value.dtype)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return "shift by what goes on average"
