"""Inverse: a model's values put into the arrays from which a Plan would make them.

The Plan is an ordinary one, for tensors that are not written yet (`headers.py`); here it is read backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.assembly import Assemble
from lstm_migrate.layouts.inversion import choices, put_back
from lstm_migrate.layouts.steps import Array, Join, Rearrange, Step, Take
from lstm_migrate.planning.plan import EFFECTS, Assignment, Plan
from lstm_migrate.report import Note, StepLine, TensorLine

Read = Callable[[str], Array]
Same = Callable[[Assignment, Read, Array], bool]
"""Whether an assignment, run on tensors, gives these values again: bit for bit, or but for rounding."""

OTHER_LAYOUT = "Choose a layout with a place for it, or change the model: what does not fit would be lost."


@dataclass
class Inverse:
    """Fills the tensors of `plan`. `value` gives a target variable's values, `same` judges the way back."""

    plan: Plan
    tensors: Mapping[str, TensorInfo]
    value: Callable[[WeightKey], Array]
    same: Same
    arrays: dict[str, Array] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def run(self) -> dict[str, Array]:
        """The arrays by name; PlanError that names each value for which there is no place."""
        blocks = {name for item in self.plan.assignments if _in_blocks(item) for name in item.tensors}
        others: dict[str, Array] = {}
        for item in self.plan.assignments:
            value = self.value(item.target)
            for name in item.tensors:
                self.arrays.setdefault(name, np.zeros(self.tensors[name].shape, value.dtype))
                if name in blocks:
                    # Filled otherwise: where both stay different, nothing was written.
                    others.setdefault(name, np.ones(self.tensors[name].shape, value.dtype))
            self._put(item, value, self.arrays)
            if blocks.intersection(item.tensors) and not self.problems:
                self._put(item, value, {**self.arrays, **others})
        if not self.problems:
            self._check_filled(others)
            self._check_same()
        if self.problems:
            raise PlanError(self.problems)
        return {name: self.arrays[name] for name in self.tensors}

    def _put(self, item: Assignment, value: Array, arrays: Mapping[str, Array]) -> None:
        if not item.tensors:
            return
        try:
            put_back(item.steps, value, [arrays[name] for name in item.tensors])
        except PlanError as error:
            for one in error.problems:
                self.problems.append(
                    Problem(one.what, str(item.target), one.found, one.expected, one.hint or OTHER_LAYOUT)
                )

    def _check_filled(self, others: Mapping[str, Array]) -> None:
        for name, other in others.items():
            left = int(np.count_nonzero(~_alike(self.arrays[name], other)))
            if left:
                self.problems.append(
                    Problem(
                        f"{left} of {other.size} elements belong to no layer of the model",
                        where=name,
                        expected="a layer for each position along the array's axes",
                    )
                )

    def _check_same(self) -> None:
        for item in self.plan.assignments:
            value = self.value(item.target)
            if self.same(item, self.arrays.__getitem__, value):
                continue
            if not item.tensors:
                self.problems.append(_without_a_place(item, value))
            else:
                self.problems.append(self._lossy(item, value))

    def _lossy(self, item: Assignment, value: Array) -> Problem:
        again = item.run(self.arrays.__getitem__)
        wrong = ~_alike(again, value)
        with np.errstate(all="ignore"):
            gap = float(np.abs(np.asarray(again, np.float64) - np.asarray(value, np.float64)).max(initial=0))
        return Problem(
            f"the layout has no place for these values: {_culprit(item, value)}",
            str(item.target),
            found=f"{int(np.count_nonzero(wrong))} of {wrong.size} come back otherwise, by up to {gap:.2g}",
            hint=OTHER_LAYOUT,
        )

    def notes(self) -> list[Note]:
        """What the way back chose where there was a choice."""
        return [
            Note("converted", str(item.target), said)
            for item in self.plan.assignments
            for said in choices(item.steps)
        ]

    def lines(self, origin: Callable[[WeightKey], tuple[str, ...]]) -> tuple[TensorLine, ...]:
        """The written tensors as the report shows them; `origin` gives the names of a variable's own ones."""
        keys = {name: key for key, name in self.plan.bound.items()}
        return tuple(self._line(info, keys[name], origin) for name, info in self.tensors.items())

    def _line(
        self, info: TensorInfo, key: WeightKey, origin: Callable[[WeightKey], tuple[str, ...]]
    ) -> TensorLine:
        items = [item for item in self.plan.assignments if info.name in item.tensors]
        steps = tuple(
            StepLine(f"{item.target}: {undone(step)}" if len(items) > 1 else undone(step), step.effect)
            for item in items
            for step in reversed(item.steps)
        )
        names = dict.fromkeys(name for item in items for name in origin(item.target))
        effect = max((item.effect for item in items), key=EFFECTS.index, default="bitwise")
        return TensorLine(tuple(names), key.role, info.name, info.shape, info.dtype, steps, effect)


def undone(step: Step) -> str:
    """The way back through a step, in words."""
    if isinstance(step, Rearrange):
        return str(step.inverse())
    if isinstance(step, Take):
        return str(step).replace("take", "put into", 1)
    return step.choice or f"undo: {step}"


def _in_blocks(item: Assignment) -> bool:
    return bool(item.steps) and isinstance(item.steps[0], (Take, Assemble))


def _alike(one: Array, other: Array) -> Array:
    """Where two arrays hold the same, NaN being the same as NaN."""
    return np.asarray((one == other) | ((one != one) & (other != other)))


def _without_a_place(item: Assignment, value: Array) -> Problem:
    made = item.run(_nothing)
    return Problem(
        f"the layout has no {item.role}, and the model's is another than the one it computes with",
        str(item.target),
        found=f"{int(np.count_nonzero(~_alike(made, value)))} of {value.size} values differ",
        expected="; ".join(map(str, item.steps)),
        hint="Choose a layout with a bias: what does not fit would be lost.",
    )


def _nothing(name: str) -> Array:
    raise KeyError(name)


def _culprit(item: Assignment, value: Array) -> str:
    """The step at which values are lost."""
    for step in reversed(item.steps):
        if isinstance(step, (Join, Take)):
            break
        before = step.back(value)
        again = np.asarray(step.apply(before), np.float64)
        scale = float(np.abs(np.asarray(value, np.float64)).max(initial=0.0))
        if np.abs(again - value).max(initial=0.0) > 1e-5 * scale:
            return str(step)
        value = before
    return "; ".join(map(str, item.steps))
