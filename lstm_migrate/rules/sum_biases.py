"""sum_biases: an input bias and a recurrent bias that are only ever added become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Array, Effect, Form, Step, fold, loose_names, unfold


@dataclass(frozen=True)
class SumBiases(Step):
    """Adds the two sets of an array that has a `set` axis; leaves "gate u" in the array's gate order.

    Exact for LSTM and SimpleRNN, whose equations hold both biases only as their sum. A GRU with
    reset_after keeps the recurrent bias inside the product with the reset gate: not for it.
    The sum has no unique inverse: `back` puts all of it into the first set, which gives the same sum again.
    """

    before: Form
    effect: ClassVar[Effect] = "exact"

    @property
    def after(self) -> Form:
        """The form that the step leaves: one axis a symbol, without the sets."""
        names = [name for name in loose_names(self.before) if name != "set"]
        return Form(Axes.parse(" ".join(names)), self.before.sizes, self.before.gates)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after.shape

    def apply(self, value: Array) -> Array:
        loose, names = unfold(value, self.before)
        first, second = np.moveaxis(loose, names.index("set"), 0)
        return np.asarray(np.add(first, second, dtype=_wide(value)))

    def omitted(self, value: Array) -> Array:
        # The classic mistake: one of the two biases is dropped.
        loose, names = unfold(value, self.before)
        return np.asarray(np.take(loose, 0, axis=names.index("set")))

    def back(self, value: Array) -> Array:
        # −0 + 0 is 0, but −0 + −0 is −0: with the bias's own zeros, every bit comes back.
        pair = np.stack([value, np.where(value == 0, value, value.dtype.type(0))])
        return fold(pair, ["set", *map(str, self.after.axes.items)], self.before)

    @property
    def choice(self) -> str:
        return "the whole bias goes into the input bias, the recurrent one is zero"

    def __str__(self) -> str:
        return "sum input and recurrent bias"


def _wide(value: Array) -> np.dtype[np.generic]:
    # Added in float64 and rounded once, when the value is stored; positions stay integers.
    return np.dtype(np.float64) if np.issubdtype(value.dtype, np.floating) else value.dtype
