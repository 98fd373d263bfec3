"""Values on their way from the Plan into the file: a layer holds them while Keras saves it, not longer.

So a model of many gigabytes is written with one layer of it in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_migrate.errors import PlanError, Problem, TargetError
from lstm_migrate.planning.plan import Assignment, Plan
from lstm_migrate.reference.scope import Array
from lstm_migrate.targets.lending import lends, zeros
from lstm_migrate.targets.variables import by_layer, fill

Read = Callable[[str], Array]
Advance = Callable[[int, int], None]


class Filling:
    """Fills each layer of a model when Keras asks it for its variables, which is what saving does.

    `advance(done, total)` hears how many variables were filled.
    """

    def __init__(self, model: Any, plan: Plan, read: Read, advance: Advance) -> None:
        self._read, self._advance = read, advance
        self._done, self._total = 0, len(plan.assignments)
        self._held: list[Any] = []
        self._waiting: set[int] = set()
        for item, own in _pairs(model, plan):
            if own:
                self._waiting.add(id(item))
                # Keras documents this method as the one to override for how a layer is saved.
                item.save_own_variables = self._saving(item, own, item.save_own_variables)

    def finish(self) -> None:
        """To be called when the model was saved; TargetError if Keras left a layer out."""
        self._release()
        if self._waiting:
            raise TargetError("Keras did not save every layer", found=f"{len(self._waiting)} left out")

    def _saving(
        self, item: Any, own: list[tuple[Any, Assignment]], save: Callable[[Any], None]
    ) -> Callable[[Any], None]:
        def fill_and_save(store: Any) -> None:
            self._release()
            for variable, assignment in own:
                self._advance(self._done, self._total)
                fill(variable, assignment.target, assignment.run(self._read))
                self._held.append(variable)
                self._done += 1
            save(store)
            self._waiting.discard(id(item))

        return fill_and_save

    def _release(self) -> None:
        """Takes large values from the layer that was saved last."""
        for variable in self._held:
            if lends(variable.dtype, tuple(variable.shape)):
                variable.assign(zeros(tuple(variable.shape), variable.dtype))
        self._held.clear()


def _pairs(model: Any, plan: Plan) -> list[tuple[Any, list[tuple[Any, Assignment]]]]:
    """Each layer with its variables and how they are made; a layer of two models once, with all of both."""
    planned = {assignment.target: assignment for assignment in plan.assignments}
    found: dict[int, tuple[Any, list[tuple[Any, Assignment]]]] = {}
    unfilled = []
    for item, own in by_layer(model, plan.target):
        _, pairs = found.setdefault(id(item), (item, []))
        for key, variable in own.items():
            if key in planned:
                pairs.append((variable, planned.pop(key)))
            else:
                unfilled.append(str(key))
    if planned:
        raise PlanError(
            "the target model has no such variable",
            where=", ".join(str(key) for key in list(planned)[:6]),
            found=", ".join(unfilled[:6]),
        )
    if unfilled:
        raise PlanError("variables of the target were not filled", found=", ".join(unfilled))
    misshapen = [_misshapen(*pair) for _, pairs in found.values() for pair in pairs if not _fits(*pair)]
    if misshapen:
        raise PlanError(misshapen)
    return list(found.values())


def _fits(variable: Any, assignment: Assignment) -> bool:
    return tuple(variable.shape) == assignment.shape


def _misshapen(variable: Any, assignment: Assignment) -> Problem:
    return Problem(
        f"the array {', '.join(assignment.tensors)} does not fit the variable {variable.path}",
        where=str(assignment.target),
        found=str(assignment.shape),
        expected=str(tuple(variable.shape)),
    )
