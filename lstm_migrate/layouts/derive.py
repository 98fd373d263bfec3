"""From two layouts to the steps between them: nobody writes a transpose by hand.

The parts of a source's arrays that hold what a target tensor wants (`parts.py`) are taken, joined and
rearranged. What changes a meaning is left to `rules/completion.py`: two biases that are only added, gates
that are coupled. The steps know their inverses (`inversion.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.assembly import Assemble, FillSets
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor
from lstm_migrate.layouts.parts import SETS, Part, content, joined, parts_of
from lstm_migrate.layouts.steps import Constant, Form, Join, Rearrange, Step, Take

__all__ = ["Way", "absent", "content", "coupled", "ways"]


@dataclass(frozen=True)
class Way:
    """How one target tensor is reached: source roles, steps, and the form the last step leaves.

    `start` is the form of what is read (of the block taken out of it, if the first step takes one; of what
    is joined, if the first step joins). `goal` is the form that the target wants. `parts`: for each array
    that is read, in the order in which the first step takes them, what of it is used and how it lies.
    """

    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    start: Form
    form: Form
    goal: Form
    parts: tuple[Part, ...]

    @property
    def forms(self) -> tuple[Form, Form] | None:
        """How all that is read lies, array after array, and how it shall lie; None where no single form
        says the first: blocks, arrays that lie unlike, places that nothing fills."""
        plain = self.parts and all(part.whole for part in self.parts)
        grid = any(isinstance(step, Assemble) or step.blank for step in self.steps)
        return (self.start, self.goal) if plain and not grid else None


def ways(
    source: Layout,
    target: Layout,
    sizes: Mapping[str, int],
    present: frozenset[str],
    at: Mapping[str, int] = MappingProxyType({}),
    *,
    fill: bool = False,
) -> dict[str, Way]:
    """For each tensor of `target` that can be made of the `present` source roles, the way to it.

    `at` says which position to take along axes that the target has not, e.g. {"layer": 1, "dir": 0}. Values
    of a tensor that is stored gate by gate are expected in the order of its gates. With `fill`, a bias of
    which the source has but one set or some gates is zero elsewhere; else that is a PlanError.
    """
    lost = [role for role in source.tensors if role in present and role not in target.tensors]
    if any(source.tensors[role].apart for role in lost):
        raise PlanError(f"{', '.join(lost)} of layout {source.name} have no place in {target.name}")
    if target.gates.lacks not in ((), source.gates.lacks):
        raise PlanError(f"{source.name} stores a gate that {target.name} has not", found=target.coupled)
    known, found = source.sizes(sizes), {}
    for role, wanted in target.tensors.items():
        parts = parts_of(source, wanted, known, present, at)
        if parts:
            if wanted.each_gate or wanted.gates:
                raise PlanError(f"{target.name}: the steps end at arrays of all gates", found=role)
            goal = Form(wanted.axes, {**known, "gate": len(target.gates)}, target.gates, wanted.poured)
            found[role] = _way(source, wanted, parts, goal, fill)
        elif not wanted.optional:
            raise PlanError(f"no tensor of layout {source.name} holds the {role} of {target.name}")
    return found


def absent(role: str, source: Layout, target: Layout, sizes: Mapping[str, int]) -> Way:
    """The way to a bias that the source has not: zeros, of the gates that it stores."""
    wanted, known = target.tensors[role], source.sizes(sizes)
    goal = Form(wanted.axes, {**known, "gate": len(target.gates)}, target.gates, wanted.poured)
    gates = tuple(gate for gate in target.gates.gates if gate in source.gates.gates)
    order = GateOrder(source.cell, gates, source.gates.lacks)
    form = replace(goal, sizes={**known, "gate": len(gates)}, gates=order)
    zeros = Constant(f"no {role} is stored", np.zeros(form.shape))
    return Way((), (zeros,), form, form, goal, ())


def _way(source: Layout, wanted: StoredTensor, parts: list[Part], goal: Form, fill: bool) -> Way:
    bias = not content(goal.axes.symbols) and not wanted.apart
    first, start = _start(source, wanted.role, parts, goal, fill and bias)
    steps: list[Step] = [first] if first else []
    form = start
    if fill and bias and goal.axes.symbols - form.axes.symbols == {"set"}:
        filled = FillSets(form, parts[0].set)
        steps.append(filled)
        form = filled.after
    left = form.axes.symbols - goal.axes.symbols
    if goal.axes.symbols - form.axes.symbols or left - ({"set"} if bias else set()):
        raise PlanError(
            f"the {wanted.role} of {source.name} does not turn into that of the target by moving values",
            found=str(form.axes),
            expected=str(goal.axes),
        )
    if not left and not coupled(form, goal):
        if not _same(form, goal):
            steps.append(Rearrange(form, goal))
        form = goal
    groups = dict.fromkeys((part.set, part.role, part.what) for part in parts)
    return Way(tuple(role for _, role, _ in groups), tuple(steps), start, form, goal, tuple(parts))


def _start(
    source: Layout, role: str, parts: Sequence[Part], goal: Form, fill: bool
) -> tuple[Step | None, Form]:
    """What makes one array of the parts, if they are not one as they are, and the form that it has."""
    sets = {part.set for part in parts}
    lacking = _lacking(source, parts)
    sums = len(sets) > 1 and "set" not in goal.axes.symbols
    if lacking and (sums or not fill):
        raise PlanError(
            f"{source.name}: no array holds the {role} of all gates",
            found=f"{', '.join(map(str, parts))}, without {'; '.join(lacking)}",
        )
    if len(parts) == 1 and not lacking:
        (part,) = parts
        take = None if part.whole else Take(part.block, part.form.shape, part.what or "the only gate")
        return take, part.form
    if any("set" in part.form.axes.symbols for part in parts):
        raise PlanError(
            f"{source.name}: an array of two biases can be no part of a larger one",
            found=", ".join(map(str, parts)),
        )
    lead = ("set",) if len(sets) > 1 or (lacking and "set" in goal.axes.symbols) else ()
    if "gate" in goal.axes.symbols:
        lead = (*lead, "gate")
    return (not lacking and _stacked(source, parts)) or _assembled(source, role, parts, lead)


def _lacking(source: Layout, parts: Sequence[Part]) -> list[str]:
    """What no part holds, in words."""
    found = []
    for number in sorted({part.set for part in parts}):
        held = {gate for part in parts if part.set == number for gate in part.gates}
        gates = [gate for gate in source.gates.gates if gate not in held]
        if gates:
            of = f" of the {SETS[number]} bias" if any(part.set for part in parts) else ""
            found.append(f"{', '.join(gates)}{of}")
    return found


def _stacked(source: Layout, parts: Sequence[Part]) -> tuple[Join, Form] | None:
    """A plain stack, where all parts are whole arrays that lie alike: a set or a gate each, or both."""
    first = parts[0].form
    if any(
        not part.whole or (part.form.axes, part.form.poured) != (first.axes, first.poured) for part in parts
    ):
        return None
    numbers = sorted({part.set for part in parts})
    orders = {
        tuple(gate for part in parts if part.set == number for gate in part.gates) for number in numbers
    }
    each = "gate" not in first.axes.symbols and all(len(part.gates) == 1 for part in parts)
    if len(orders) > 1 or not (each or len(parts) == len(numbers)):
        return None
    lead = (("set",) if len(numbers) > 1 else ()) + (("gate",) if len(parts) > len(numbers) else ())
    order = source.gates.only(orders.pop())
    sizes = {**first.sizes, "gate": len(order), "set": len(SETS)}
    axes = Axes((joined(tuple(map(Symbol, lead))), *first.axes.items))
    return Join(" ".join(lead), len(parts), first.shape), Form(axes, sizes, order, first.poured)


def _assembled(
    source: Layout, role: str, parts: Sequence[Part], lead: tuple[str, ...]
) -> tuple[Assemble, Form]:
    """A grid of gates, where the parts are blocks of their arrays, hold several gates or lie unlike."""
    inner = parts[0].form.axes.symbols - {"gate"}
    for part in parts:
        gated = len(part.gates) == 1 or "gate" in part.form.axes.symbols
        if part.form.axes.symbols - {"gate"} != inner or not gated:
            raise PlanError(
                f"{source.name}: the arrays that hold the {role} do not make one",
                found=", ".join(f"{one}: {one.form.axes}" for one in parts),
                expected="the same symbols in each",
            )
    step = Assemble.of(parts, source.gates, lead)
    return step, step.form


def coupled(form: Form, goal: Form) -> bool:
    """Whether a gate is still to be made of another one."""
    assert form.gates is not None and goal.gates is not None
    return "gate" in goal.axes.symbols and form.gates.lacks != goal.gates.lacks


def _same(form: Form, goal: Form) -> bool:
    gates = "gate" not in goal.axes.symbols or form.gates == goal.gates
    return str(form.axes) == str(goal.axes) and gates and form.poured == goal.poured
