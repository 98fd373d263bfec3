"""couple_gates: a gate that the old cell computes as 1 − another one, as a gate with weights of its own.

σ(−x) = 1 − σ(x): the missing gate is the negated copy of the other. It holds for a hard sigmoid with
offset 1/2 too, and for no activation that is not symmetric about 1/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import COUPLED, GateOrder
from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, gate_block, loose_names, unfold


@dataclass(frozen=True)
class CoupleGates(Step):
    """Adds the gate `coupled` ("forget": f = 1 − i, "input": i = 1 − f) behind the others.

    The way back drops it, whatever it holds: a layout without it has no place for another one.
    """

    before: Form
    coupled: str
    effect: ClassVar[Effect] = "exact"

    @property
    def after(self) -> Form:
        """The form that the step leaves: one axis a symbol, the added gate last."""
        assert self.before.gates is not None
        gates = (*self.before.gates.gates, COUPLED[self.coupled])
        sizes = {**self.before.sizes, "gate": len(gates)}
        names = " ".join(loose_names(self.before))
        return Form(Axes.parse(names), sizes, GateOrder(self.before.gates.cell, gates))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    @property
    def copied(self) -> str:
        """The stored gate of which the added one is 1 − that."""
        return next(gate for name, gate in COUPLED.items() if name != self.coupled)

    @property
    def blank(self) -> int:
        return prod(self.shape) // self.after.sizes["gate"]

    def _with(self, value: Array, added: Array) -> Array:
        return np.concatenate([value, added], axis=loose_names(self.before).index("gate"))

    def apply(self, value: Array) -> Array:
        loose, _ = unfold(value, self.before)
        return self._with(loose, np.negative(loose[gate_block(self.before, self.copied)]))

    def back(self, value: Array) -> Array:
        names = loose_names(self.before)
        return fold(np.delete(value, -1, axis=names.index("gate")), names, self.before)

    def trace(self, positions: Array) -> Array:
        loose, _ = unfold(positions, self.before)
        return self._with(loose, np.zeros_like(loose[gate_block(self.before, self.copied)]))

    def omitted(self, value: Array) -> Array:
        # Forgetting the sign: both gates would be the same.
        loose, _ = unfold(value, self.before)
        return self._with(loose, loose[gate_block(self.before, self.copied)])

    def __str__(self) -> str:
        added, other = COUPLED[self.coupled], self.copied
        return f"couple gates: {added} = 1 − {other}, the negated values of {other}"
