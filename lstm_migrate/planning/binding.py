"""Binding: which tensor of the file is which array of the Graph, and the evidence for it.

Names tell where they can. Where they cannot (the same name twice, scopes that the framework made
unique), the era's order tells, confirmed by the roles in the names and by the shapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.slots import Slot, slots_of_graph
from lstm_migrate.report import Note

_COUNTER = re.compile(r"_\d+$")


def bind(
    graph: Graph, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[dict[WeightKey, str], list[Note]]:
    """Every array of `graph` with its tensor's name; PlanError with all that is missing or left over."""
    bound: dict[WeightKey, str] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    expected = dict(slots_of_graph(graph, vocabulary))
    ignored = _ignored(graph, vocabulary)
    for group, names in checkpoint.groups.items():
        names = tuple(name for name in names if not _is_ignored(name, ignored, notes))
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [Problem(f"{name!r} is listed twice among its arrays", group) for name in twice]
        slots = expected.pop(group, [])
        if not slots and not names:
            continue
        problems += _bind_group(group, slots, names, checkpoint.tensors, bound, notes)
    for group, slots in expected.items():
        if slots:
            problems.append(
                Problem(
                    f"the file has no arrays for layer {group!r}",
                    str(checkpoint.path),
                    found=f"layers {', '.join(list(checkpoint.groups)[:8])}",
                    expected=", ".join(str(slot.key) for slot in slots),
                )
            )
    if problems:
        raise PlanError(problems)
    return bound, notes


def _bind_group(
    group: str,
    slots: Sequence[Slot],
    names: Sequence[str],
    tensors: Mapping[str, TensorInfo],
    bound: dict[WeightKey, str],
    notes: list[Note],
) -> list[Problem]:
    if len(slots) != len(names):
        return [_count_problem(group, slots, names, tensors)]
    pairs = _by_name(slots, names)
    if pairs is None:
        pairs = _by_order(slots, names)
        if pairs is None:
            return [_table_problem(group, slots, names, tensors)]
        if len({_leaf(name) for name in names}) < len(names):
            notes.append(
                Note("assumed", group, "names do not tell its arrays apart; bound in the order of the file")
            )
    wrong = [
        Problem(
            f"the shape of {name!r} does not fit",
            f"{group}: {slot.key.role}",
            found=f"{tensors[name].shape}",
            expected=slot.expected(),
            hint=_shape_hint(slot, tensors[name].shape),
        )
        for slot, name in pairs
        if not slot.fits(tensors[name].shape)
    ]
    bound.update({slot.key: name for slot, name in pairs})
    return wrong


def _by_name(slots: Sequence[Slot], names: Sequence[str]) -> list[tuple[Slot, str]] | None:
    taken: dict[int, Slot] = {}
    for number, name in enumerate(names):
        scores = [(_score(slot, name), index) for index, slot in enumerate(slots)]
        best = max(scores)
        if best[0] < 0 or sum(score == best[0] for score, _ in scores) > 1:
            return None
        slot = slots[best[1]]
        if slot in taken.values():
            return None
        taken[number] = slot
    return [(taken[number], name) for number, name in enumerate(names)]


def _score(slot: Slot, name: str) -> float:
    """How well a tensor name speaks for a slot; negative if it speaks against it."""
    parts = _parts(name)
    role = slot.key.role.split("/")
    if parts[-len(role) :] != role:
        return -1.0
    scopes = parts[: -len(role)]
    score = 0.0
    for called in slot.names:
        exact = any(scope in called for scope in scopes)
        loose = any(_COUNTER.sub("", scope) in called for scope in scopes)
        score += 1.0 if exact else 0.4 if loose else 0.0
    return score


def _by_order(slots: Sequence[Slot], names: Sequence[str]) -> list[tuple[Slot, str]] | None:
    for slot, name in zip(slots, names, strict=True):
        role = slot.key.role.split("/")[-1]
        if _COUNTER.sub("", _leaf(name)) != _COUNTER.sub("", role):
            return None
    return list(zip(slots, names, strict=True))


def _parts(name: str) -> list[str]:
    # "<layer group>/<weight name>:0"; the group is the same for all of a group's tensors.
    return re.sub(r":\d+$", "", name).split("/")


def _leaf(name: str) -> str:
    return _parts(name)[-1]


def _ignored(graph: Graph, vocabulary: Vocabulary) -> dict[str, str]:
    found: dict[str, str] = {}
    for _, layer in graph.walk():
        declared = vocabulary.document.layers.get(layer.kind)
        if declared is not None:
            found.update(declared.ignore)
    return found


def _is_ignored(name: str, ignored: Mapping[str, str], notes: list[Note]) -> bool:
    reason = ignored.get(_COUNTER.sub("", _leaf(name)))
    if reason is None:
        return False
    notes.append(Note("left behind", name, reason))
    return True


def _shown(names: Sequence[str], tensors: Mapping[str, TensorInfo]) -> str:
    return ", ".join(f"{name} {tensors[name].shape}" for name in names[:14]) or "none"


def _count_problem(
    group: str, slots: Sequence[Slot], names: Sequence[str], tensors: Mapping[str, TensorInfo]
) -> Problem:
    known = {12: "Twelve arrays are a Keras 1 LSTM.", 9: "Nine arrays are a Keras 1 GRU."}
    return Problem(
        f"layer {group!r} has {len(names)} arrays, its config wants {len(slots)}",
        group,
        found=_shown(names, tensors),
        expected=", ".join(f"{slot.key} {slot.expected()}" for slot in slots[:14]) or "none",
        hint=known.get(len(names), ""),
    )


def _table_problem(
    group: str, slots: Sequence[Slot], names: Sequence[str], tensors: Mapping[str, TensorInfo]
) -> Problem:
    return Problem(
        f"the arrays of layer {group!r} cannot be told apart",
        group,
        found=_shown(names, tensors),
        expected=", ".join(f"{slot.key} {slot.expected()}" for slot in slots[:14]),
    )


def _shape_hint(slot: Slot, shape: tuple[int, ...]) -> str:
    units = (slot.sizes or {}).get("u")
    gates = (slot.sizes or {}).get("gate")
    if slot.key.role == "bias" and units and gates and shape == (2 * units * gates,):
        return "That is cuDNN's doubled bias: do the config and the weights belong together?"
    if units and gates and shape and shape[-1] % gates == 0 and shape[-1] != units * gates:
        return f"The file's arrays are those of {shape[-1] // gates} units, the config says {units}."
    return ""
