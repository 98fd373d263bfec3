"""negate: a threshold that is subtracted, kept as a bias, which is added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.steps import Array, Effect, Step


@dataclass(frozen=True)
class Negate(Step):
    """−x, or −|x| with `magnitude`, where the source computes with the size alone.

    A magnitude has no unique inverse; the positive number gives the same again.
    """

    size: tuple[int, ...]
    magnitude: bool = False
    effect: ClassVar[Effect] = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.size

    def apply(self, value: Array) -> Array:
        return np.negative(np.abs(value) if self.magnitude else value)

    def inverse(self) -> Negate:
        return Negate(self.size)

    def back(self, value: Array) -> Array:
        return np.negative(value)

    @property
    def choice(self) -> str:
        return "the threshold is stored as a positive number" if self.magnitude else ""

    def trace(self, positions: Array) -> Array:
        return positions

    def omitted(self, value: Array) -> Array:
        return value

    def __str__(self) -> str:
        return "negate the magnitude" if self.magnitude else "negate"
