"""Inversion: a target variable's values led back through its steps, into the arrays they came from."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.steps import Array, Join, Step, Take


def put_back(steps: Sequence[Step], value: Array, arrays: Sequence[Array]) -> None:
    """Runs the steps backwards and fills `arrays`, which are those that the steps read, in their order.

    Only what the steps read is written: other blocks of an array wait for their own variables.
    PlanError where a step has no inverse, or the arrays no place for a value.
    """
    for step in reversed(steps):
        if isinstance(step, Join):
            for into, (block, part) in zip(arrays, step.split(value), strict=True):
                into[block] = part
            return
        if isinstance(step, Take):
            step.put(value, arrays[0])
            return
        value = step.back(value)
    for into in arrays:
        if into.shape != value.shape:
            raise PlanError("not the array's shape", found=str(value.shape), expected=str(into.shape))
        into[...] = value


def choices(steps: Sequence[Step]) -> tuple[str, ...]:
    """What the way back chose, in words, where there was a choice."""
    return tuple(step.choice for step in steps if step.choice)
