"""Plan: per target variable, which source tensors it is made of and through which steps.

Everything in it is known from headers alone; `run` is where values are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_migrate.graph import Graph, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Array, Effect, Form, Join, Step
from lstm_migrate.report import LayerLine, Note, StepLine, TensorLine

EFFECTS: tuple[Effect, ...] = ("bitwise", "exact", "approximate")


@dataclass(frozen=True)
class Assignment:
    """How one target variable gets its values.

    `tensors` are names in the file; several only if the first step joins them, none if the first step
    is a constant. `shape` and `dtype` are the target variable's. `forms`: how the values are declared to
    lie in the file and in the target, where both are declared; the verifier holds the steps against it.
    `kept`: of an array that is cut, which positions of a symbol are left. `resized`: steps that come after
    all others, on the variable as it would be written, and change its size on purpose.
    """

    target: WeightKey
    tensors: tuple[str, ...]
    role: str
    steps: tuple[Step, ...]
    shape: tuple[int, ...]
    dtype: str
    forms: tuple[Form, Form] | None = None
    kept: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    resized: tuple[Step, ...] = ()

    @property
    def whole(self) -> Assignment:
        """The same with the steps that change its size among the others."""
        return replace(self, steps=(*self.steps, *self.resized), resized=())

    @property
    def effect(self) -> Effect:
        return max((step.effect for step in self.whole.steps), key=EFFECTS.index, default="bitwise")

    def run(self, read: Callable[[str], Array]) -> Array:
        """The variable's values, in the dtype that it stores."""
        value = self.follow([read(name) for name in self.tensors], lambda step, value: step.apply(value))
        value = value.astype(self.dtype, copy=False)
        for step in self.resized:
            value = step.apply(value).astype(self.dtype, copy=False)
        # Not ascontiguousarray, which makes a scalar an array of one.
        return np.asarray(value, order="C")

    def follow(self, values: list[Array], move: Callable[[Step, Array], Array]) -> Array:
        """Leads `values` through the steps, each moved by `move(step, value)`."""
        value = values[0] if len(values) == 1 else np.zeros(0)
        for step in self.steps:
            if isinstance(step, Join):
                value = step.join(values)
            value = move(step, value)
        return value

    def line(self) -> TensorLine:
        """This assignment as the report shows it."""
        steps = tuple(StepLine(str(step), step.effect) for step in self.whole.steps)
        return TensorLine(
            self.tensors, self.role, str(self.target), self.shape, self.dtype, steps, self.effect
        )


@dataclass(frozen=True)
class Plan:
    """Everything that convert would do.

    `bound`: the source's arrays as stored, by where they belong in the source Graph.
    `semantics`: what no config says; several where the file fits frameworks that differ.
    `moved`: for each layer of the source Graph, the target layer whose output is the same.
    """

    source: Graph
    target: Graph
    bound: Mapping[WeightKey, str]
    assignments: tuple[Assignment, ...]
    moved: Mapping[LayerPath, LayerPath]
    layers: tuple[LayerLine, ...] = ()
    notes: tuple[Note, ...] = ()
    semantics: tuple[Mapping[str, Any], ...] = ({},)

    @property
    def parameters(self) -> int:
        return sum(int(np.prod(item.shape, dtype=np.int64)) for item in self.assignments)
