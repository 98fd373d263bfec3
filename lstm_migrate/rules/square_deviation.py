"""square_deviation: a moving standard deviation, as Keras kept it up to 1.0.5, as the variance of later ones.

The old layer divides by s + ε, the new one by √(v + ε): both are the same for v = (s + ε)² − ε.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Step


@dataclass(frozen=True)
class SquareDeviation(Step):
    """(s + epsilon)² − epsilon, in float64 and rounded once, when it is stored."""

    size: tuple[int, ...]
    epsilon: float
    effect: ClassVar[Effect] = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.size

    def apply(self, value: Array) -> Array:
        return np.asarray((value.astype(np.float64) + self.epsilon) ** 2 - self.epsilon)

    def back(self, value: Array) -> Array:
        return np.asarray(np.sqrt(value.astype(np.float64) + self.epsilon) - self.epsilon)

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return f"square the deviation: (s + {self.epsilon:g})² − {self.epsilon:g}"
