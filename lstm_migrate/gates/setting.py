"""Setting gates of a live layer: all is checked first, and nothing is changed unless all of it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_migrate.errors import Problem, UsageError
from lstm_migrate.gates.block import Block
from lstm_migrate.gates.cell import ROLES, Gate, Gates, Parts, UnknownName
from lstm_migrate.gates.listed import listed_changes
from lstm_migrate.gates.live import live_gates
from lstm_migrate.gates.values import as_numbers, misfit, overflow
from lstm_migrate.layouts.steps import Array, unfold

OTHER_FUNCTION = "The two compute different functions: build the layer as the other one is."
SUMMED = frozenset({"lstm", "simple_rnn"})  # cells whose equations hold two biases only as their sum


def set_live(layer: Any, values: Any) -> None:
    """Sets what `values` gives; UsageError with everything that does not fit."""
    target = live_gates(layer)
    if isinstance(values, (list, tuple)):
        for variable, array in listed_changes(layer, target, values):
            variable.assign(array)
        return
    found = Changes()
    found.gather(target, values)
    if found.problems:
        raise UsageError(found.problems)
    found.make()


@dataclass
class Changes:
    """What is to be set: for each gate's part of a block, once, the values; and all that is wrong."""

    parts: list[tuple[Block, str, Array]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def make(self) -> None:
        """Writes each variable once, with the parts that were given in it."""
        copies: dict[int, tuple[Any, Array]] = {}
        for block, letter, value in self.parts:
            held = block.variable
            _, copy = copies.setdefault(id(held), (held, np.array(held.numpy(), order="C")))
            loose, _ = unfold(copy, block.form)  # a view of the copy
            loose[block.index(letter)] = value
        for variable, copy in copies.values():
            variable.assign(copy)

    def gather(self, target: Gates | Parts, values: Any) -> None:
        """Holds `values` against the whole of `target`."""
        if not isinstance(values, Mapping):
            self._wrong("no mapping of names to arrays", target.where, values, _example(target))
            return
        if isinstance(values, Gates) and isinstance(target, Gates) and not self._alike(target, values):
            return
        seen: dict[object, object] = {}
        for key, value in values.items():
            try:
                name, held = _held(target, key)
            except UnknownName as error:
                self.problems += error.problems
                continue
            if seen.setdefault(name, key) != key:
                self._wrong("given twice", target.where, f"{seen[name]!r} and {key!r}", "one of them")
            elif isinstance(target, Parts):
                self.gather(held, value)
            else:
                self._gate(target, name, value)

    def _alike(self, target: Gates, given: Gates) -> bool:
        """Whether the arrays mean the same in both cells."""
        if target.kind != given.kind:
            hint = OTHER_FUNCTION if target.cell == given.cell else ""
            self._wrong(f"{given.where} is another cell", target.where, given.kind, target.kind, hint)
        for what in given.differs:
            self.problems.append(
                Problem(
                    f"{given.where} means something else by its arrays: {what}",
                    target.where,
                    hint="Convert the file with lstm-migrate, which carries it over.",
                )
            )
        return target.kind == given.kind and not given.differs

    def _gate(self, target: Gates, letter: str, value: Any) -> None:
        where = f"{target.where}[{target.names[letter]!r}]"
        given = _by_role(value, target)
        if given is None:
            self._wrong("no mapping of roles to arrays", where, value, "{'kernel': ..., 'bias': ...}")
            return
        summed = _sums(target, given)
        checked: dict[str, Array] = {}
        for role, array in given.items():
            block = target.blocks.get("bias" if summed and role == "recurrent_bias" else role)
            if block is None:
                self.problems.append(_no_place(target, role, f"{where}.{role}"))
            elif (numbers := self._checked(array, block, role, f"{where}.{role}")) is not None:
                checked[role] = numbers
        if summed and {"bias", "recurrent_bias"} <= checked.keys():
            # Added in float64 and rounded once, when the value is stored.
            checked["bias"] = np.add(checked["bias"], checked.pop("recurrent_bias"), dtype=np.float64)
        self.parts += [
            (target.blocks[role], letter, checked[role]) for role in checked if role in target.blocks
        ]

    def _checked(self, value: Any, block: Block, role: str, where: str) -> Array | None:
        if value is None:
            self._wrong("nothing is given for it", where, None, f"an array, or zeros of {block.part.shape}")
            return None
        numbers = as_numbers(value, where)
        if isinstance(numbers, Problem):
            self.problems.append(numbers)
            return None
        wrong = misfit(numbers, block.part, role, where) or overflow(numbers, block.values().dtype, where)
        if wrong is not None:
            self.problems.append(wrong)
        return numbers if wrong is None else None

    def _wrong(self, what: str, where: str, found: Any, expected: str, hint: str = "") -> None:
        shown = found if isinstance(found, str) or found is None else f"a {type(found).__name__}"
        self.problems.append(Problem(what, where, str(shown), expected, hint))


def _held(target: Gates | Parts, key: Any) -> tuple[Any, Any]:
    """What `key` stands for in the target: its one name, and the part that it is."""
    return (target.letter(key), None) if isinstance(target, Gates) else (key, target[key])


def _by_role(value: Any, target: Gates) -> dict[str, Any] | None:
    """What is given for one gate, by role; None if it is no mapping.

    All of another layer's gate: an array that neither layer has is not given.
    """
    if isinstance(value, Gate):
        found = {role: getattr(value, role) for role in ROLES}
        return {role: array for role, array in found.items() if array is not None or role in target.blocks}
    return {str(role): array for role, array in value.items()} if isinstance(value, Mapping) else None


def _sums(target: Gates, given: Mapping[str, Any]) -> bool:
    """Whether two biases are given to a layer that keeps their sum."""
    both = given.get("bias") is not None and given.get("recurrent_bias") is not None
    return both and target.cell in SUMMED and "bias" in target.blocks


def _no_place(target: Gates, role: str, where: str) -> Problem:
    has = f"{', '.join(target.blocks)}"
    if role not in ROLES:
        return Problem(f"no array is called {role!r}", where, expected=has)
    if role == "bias" or "bias" not in target.blocks:
        return Problem("the layer was built with use_bias=False and has no bias", where, expected=has)
    hint = "Give 'bias' with it: the layer holds the sum of both." if target.cell in SUMMED else ""
    return Problem(f"{target.kind} has one bias a gate", where, role, has, hint)


def _example(target: Gates | Parts) -> str:
    return f"{{{next(iter(target))!r}: {{...}}}}"
