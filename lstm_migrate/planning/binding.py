"""Binding: which tensor of the file is which array of the Graph, and the evidence for it.

Names tell where they can. Where they cannot (the same name twice, scopes that the framework made
unique), the era's order tells, confirmed by the roles in the names and by the shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.custom_layers import arrays_of_groups, with_arrays
from lstm_migrate.planning.misfit import misfit
from lstm_migrate.planning.slots import Slot, slots_of_graph
from lstm_migrate.report import Note

Listed = TypeVar("Listed", bound=Sequence[Any])

_COUNTER = re.compile(r"_\d+$")


def bind(
    graph: Graph, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[dict[WeightKey, str], list[Note]]:
    """Every array of `graph` with its tensor's name; PlanError with all that is missing or left over."""
    notes: list[Note] = []
    ignored = _ignored(graph, vocabulary)
    groups = {
        group: tuple(name for name in names if not _is_ignored(name, ignored, notes))
        for group, names in checkpoint.groups.items()
    }
    graph = with_arrays(graph, arrays_of_groups(graph, groups, vocabulary))
    expected = dict(slots_of_graph(graph, vocabulary))
    if checkpoint.format not in PAIRED_BY_ORDER:
        return _group_by_group(groups, expected, checkpoint, notes)
    if not _same_names(groups, expected) or _only_counted(graph, _crossed(groups, expected, checkpoint)):
        return _in_order(graph, groups, expected, checkpoint, notes)
    bound, notes = _group_by_group(groups, dict(expected), checkpoint, notes)
    filled = ((groups[layer], slots) for layer, slots in expected.items() if slots)
    _check_order(filled, bound, checkpoint, graph)
    return bound, notes


# Formats without a config: whatever architecture goes with them may have other names for the same layers.
PAIRED_BY_ORDER = frozenset({"keras-hdf5-weights", "keras0-weights"})


def _same_names(groups: Mapping[str, Sequence[str]], expected: Mapping[str, Sequence[Slot]]) -> bool:
    return {group for group, names in groups.items() if names} == {
        layer for layer, slots in expected.items() if slots
    }


def _crossed(
    groups: Mapping[str, tuple[str, ...]], expected: Mapping[str, Sequence[Slot]], checkpoint: Checkpoint
) -> list[tuple[str, str]]:
    """(group, layer) where the order of the file pairs other layers than the names; [] if it cannot be."""
    stored, wanted = _filled(groups), _filled(expected)
    pairs = list(zip(stored, wanted, strict=True))
    fit = all(fits(wanted[layer], stored[group], checkpoint.tensors) for group, layer in pairs)
    return [(group, layer) for group, layer in pairs if fit and group != layer]


def _only_counted(graph: Graph, crossed: Sequence[tuple[str, str]]) -> bool:
    """Whether Keras itself gave these names: their numbers count what else the program made before."""
    if not crossed:
        return False
    chosen = [pair for pair in crossed if not all(_is_default(name, graph) for name in pair)]
    if chosen:
        raise PlanError(_contradiction(chosen))
    return True


def _is_default(name: str, graph: Graph) -> bool:
    layer = graph.layers[name]
    stem = _COUNTER.sub("", name).replace("_", "")
    return stem == layer.kind.lower() or (layer.graph is not None and stem in MODELS)


MODELS = frozenset({"model", "functional", "sequential"})


def _check_order(
    pairs: Iterable[tuple[Sequence[str], Sequence[Slot]]],
    bound: Mapping[WeightKey, str],
    checkpoint: Checkpoint,
    graph: Graph,
) -> None:
    """Keras pairs the arrays inside a layer by order alone: where the names pair others, neither is sure.

    Unless the names go through the layers one by one: then something was frozen after the file was saved.
    """
    places = {path: number for number, (path, _) in enumerate(graph.walk())}
    layers = {name: places.get(key.path, -1) for key, name in bound.items()}
    for names, slots in pairs:
        ordered = _by_order(slots, names)
        if ordered and all(slot.fits(checkpoint.tensors[name].shape) for slot, name in ordered):
            crossed = [(name, str(slot.key)) for slot, name in ordered if bound[slot.key] != name]
            gone_through = list(dict.fromkeys(layers[name] for name in names))
            if crossed and gone_through != sorted(gone_through):
                raise PlanError(_contradiction(crossed))


def _contradiction(crossed: Sequence[tuple[str, str]]) -> Problem:
    return Problem(
        "the names and the order of the arrays pair them differently with the architecture, and both fit",
        where=", ".join(layer for _, layer in crossed[:SHOWN]),
        found=f"by their order: {', '.join(f'{name} → {layer}' for name, layer in crossed[:SHOWN])}",
        expected="layers in the same order, and the same ones frozen, as when the weights were saved",
        hint="Is it the architecture of these weights? Save both from the same model.",
    )


SHOWN = 4  # how many pairs a message shows


def pairs(
    graph: Graph, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(layer, its arrays) for each layer that has some: by name, or else by order."""
    expected = dict(slots_of_graph(graph, vocabulary))
    ignored = _ignored(graph, vocabulary)
    groups = {
        group: tuple(name for name in names if not _is_ignored(name, ignored, []))
        for group, names in checkpoint.groups.items()
    }
    if _same_names(groups, expected):
        yield from ((name, names) for name, names in groups.items() if names)
    elif checkpoint.format != "keras0-weights":
        yield from zip(_filled(expected), _filled(groups).values(), strict=False)


def fits(slots: Sequence[Slot], names: Sequence[str], tensors: Mapping[str, TensorInfo]) -> bool:
    """Whether these arrays can be those of the slots."""
    return not _bind_group("", slots, names, tensors, {}, [], quiet=True)


def _filled(table: Mapping[str, Listed]) -> dict[str, Listed]:
    """The layers that have arrays."""
    return {name: listed for name, listed in table.items() if listed}


def _in_order(
    graph: Graph,
    groups: Mapping[str, tuple[str, ...]],
    expected: Mapping[str, Sequence[Slot]],
    checkpoint: Checkpoint,
    notes: list[Note],
) -> tuple[dict[WeightKey, str], list[Note]]:
    """Layer by layer in the order of the file, as Keras itself loads weights; every shape must fit."""
    bound: dict[WeightKey, str] = {}
    stored, wanted = _filled(groups), _filled(expected)
    if checkpoint.format == "keras0-weights":
        # Keras 0 lists the arrays of merged branches, and of a whole Graph model, as those of one layer.
        stored = {"": tuple(name for names in stored.values() for name in names)}
        wanted = {"": [slot for slots in wanted.values() for slot in slots]}
    pairs = list(zip(stored.items(), wanted.items(), strict=False))
    problems = [
        problem
        for (group, names), (_, slots) in pairs
        for problem in _bind_group(group, slots, names, checkpoint.tensors, bound, notes, quiet=True)
    ]
    if problems or len(stored) != len(wanted):
        raise PlanError(misfit(stored, wanted, checkpoint))
    if checkpoint.format != "keras0-weights":
        _check_order(((names, slots) for (_, names), (_, slots) in pairs), bound, checkpoint, graph)
    renamed = [f"{group} → {layer}" for (group, _), (layer, _) in pairs if group and group != layer]
    if renamed:
        said = f"the layers have other names in the file and were paired by their order: {', '.join(renamed)}"
        notes.append(Note("assumed", checkpoint.path.name, f"{said}; every shape fits"))
    elif checkpoint.format == "keras0-weights":
        said = f"{len(bound)} arrays without names were paired by their order; every shape fits"
        notes.append(Note("assumed", checkpoint.path.name, said))
    return bound, notes


def _group_by_group(
    groups: Mapping[str, tuple[str, ...]],
    expected: dict[str, list[Slot]],
    checkpoint: Checkpoint,
    notes: list[Note],
) -> tuple[dict[WeightKey, str], list[Note]]:
    bound: dict[WeightKey, str] = {}
    problems: list[Problem] = []
    wanted = dict(expected)
    for group, names in groups.items():
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
    if problems and checkpoint.format in PAIRED_BY_ORDER:
        raise PlanError(misfit(_filled(groups), _filled(wanted), checkpoint))
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
    quiet: bool = False,
) -> list[Problem]:
    if len(slots) != len(names):
        return [_count_problem(group, slots, names, tensors)]
    pairs = _by_name(slots, names)
    if pairs is None:
        pairs = _by_order(slots, names) or _by_shape(slots, names, tensors, group, notes, quiet)
        if pairs is None:
            return [_table_problem(group, slots, names, tensors)]
        if len({_leaf(name) for name in names}) < len(names) and not quiet:
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
    scopes = _scopes(slot, name)
    if scopes is None:
        return -1.0
    score = 0.0
    for called in slot.names:
        exact = any(scope in called for scope in scopes)
        loose = any(_COUNTER.sub("", scope) in called for scope in scopes)
        score += 1.0 if exact else 0.4 if loose else 0.0
    return score


def _scopes(slot: Slot, name: str) -> list[str] | None:
    """The scopes around an array if its name says that it is the slot's, else None."""
    parts = _parts(name)
    if not slot.called:
        role = slot.key.role.split("/")
        return parts[: -len(role)] if parts[-len(role) :] == role else None
    # Keras 1 writes the layer in front of the array: "lstm_1_W_i".
    layer, found, behind = f"_{parts[-1]}".rpartition(f"_{slot.called}")
    return [*parts[:-1], layer.removeprefix("_")] if found and not behind else None


def _by_order(slots: Sequence[Slot], names: Sequence[str]) -> list[tuple[Slot, str]] | None:
    for slot, name in zip(slots, names, strict=True):
        leaf = _COUNTER.sub("", _leaf(name))
        role = _COUNTER.sub("", slot.key.role.split("/")[-1])
        if leaf not in (role, UNNAMED) and _scopes(slot, name) is None:
            return None
    return list(zip(slots, names, strict=True))


def _by_shape(
    slots: Sequence[Slot],
    names: Sequence[str],
    tensors: Mapping[str, TensorInfo],
    group: str,
    notes: list[Note],
    quiet: bool,
) -> list[tuple[Slot, str]] | None:
    """Arrays whose names speak for no slot at all, in their order, if every shape fits."""
    found = list(zip(slots, names, strict=True))
    spoken = any(_scopes(slot, name) is not None for slot in slots for name in names)
    if spoken or any(slot.declared for slot in slots):
        return None
    if not all(slot.fits(tensors[name].shape) for slot, name in found):
        return None
    if not quiet:
        said = ", ".join(f"{name} → {slot.key.role}" for slot, name in found[:6])
        notes.append(Note("assumed", group, f"arrays of other names, bound by order and shape: {said}"))
    return found


UNNAMED = "param"  # Keras 0 and 1 count arrays that have no name


def _parts(name: str) -> list[str]:
    # "<layer group>/<weight name>:0"; the group is the same for all of a group's tensors.
    return re.sub(r":\d+$", "", name).split("/")


def _leaf(name: str) -> str:
    return _parts(name)[-1]


def _ignored(graph: Graph, vocabulary: Vocabulary) -> dict[str, str]:
    found: dict[str, str] = {}
    for _, layer in graph.walk():
        declared = vocabulary.document.classes.get(layer.kind)
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
        expected=", ".join(f"{slot.title()} {slot.expected()}" for slot in slots[:14]),
    )


def _shape_hint(slot: Slot, shape: tuple[int, ...]) -> str:
    units = (slot.sizes or {}).get("u")
    gates = (slot.sizes or {}).get("gate")
    if slot.key.role == "bias" and units and gates and shape == (2 * units * gates,):
        return "That is cuDNN's doubled bias: do the config and the weights belong together?"
    if units and gates and shape and shape[-1] % gates == 0 and shape[-1] != units * gates:
        return f"The file's arrays are those of {shape[-1] // gates} units, the config says {units}."
    return ""
