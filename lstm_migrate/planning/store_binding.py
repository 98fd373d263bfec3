"""Binding in a weight store: which path is which array of the Graph, as the saving library names it.

A store names objects by class, counted in the order of the model's layers, and variables by number.
What the config asks for and what is there are laid side by side: nothing is bound by shape alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lstm_migrate.architecture.class_names import snake_case
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.custom import is_custom
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.custom_layers import with_arrays
from lstm_migrate.planning.slots import Slot, own_slots
from lstm_migrate.report import Note

EARLY_CONTAINER, CONTAINER = "_layer_checkpoint_dependencies", "layers"

# Layers whose arrays belong to a cell inside them.
WITH_CELL = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})

# A layer inside a layer, by the first step of its roles → the attribute that holds it. Keras 3.0 and
# TensorFlow have an underscore in front.
ATTRIBUTES = {
    "query": "query_dense",
    "key": "key_dense",
    "value": "value_dense",
    "attention_output": "output_dense",
}
# The same where a role does not say that its array is a layer's inside.
HELD_INSIDE = {("LayerNormSimpleRNNCell", "gamma"): "layernorm"}
WITH_VOCABULARY = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})
LISTED = 12  # how many paths a message shows


@dataclass
class Bound:
    """What came of walking the Graph along the paths of the file."""

    arrays: dict[WeightKey, str] = field(default_factory=dict)
    missing: dict[str, list[Slot]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Names:
    """How the file names things: `container` of a model's layers, and by how much a layer with arrays
    moves the counter of its class (TensorFlow 2.12 and 2.13 list such a layer twice)."""

    groups: Mapping[str, tuple[str, ...]]
    vocabulary: Vocabulary
    container: str
    step: int

    def layers(self, graph: Graph, at: str) -> Iterator[tuple[Layer, str]]:
        """The layers of a model with their paths."""
        return self.counted(list(graph.layers.values()), f"{at}{self.container}/", self.step)

    def counted(self, layers: list[Layer], at: str, step: int = 1) -> Iterator[tuple[Layer, str]]:
        """Objects in a list with their paths: "lstm", "lstm_1", …"""
        times: Counter[str] = Counter()
        for layer in layers:
            name = self._stem(layer, at)
            count = times[name]
            times[name] += step if step > 1 and self._has_arrays(layer) else 1
            yield layer, f"{at}{name}_{count}" if count else f"{at}{name}"

    def attribute(self, at: str, name: str) -> str:
        """The path of the attribute `name`, or of the same with an underscore if that is in the file."""
        private = f"{at}/_{name}"
        return private if private in self.groups else f"{at}/{name}"

    def _stem(self, layer: Layer, at: str) -> str:
        if layer.graph is not None:
            return "sequential" if layer.graph.sequential else "functional"
        stems = [snake_case(name) for name in self._classes(layer.kind)]
        present = [stem for stem in stems if any(self._below(group, at, stem) for group in self.groups)]
        return (present or stems)[0]

    def _classes(self, kind: str) -> list[str]:
        """The classes that the Graph may mean by `kind`, itself first."""
        if is_custom(kind):
            return self.vocabulary.custom.names(kind)
        found = [kind]
        for name, declared in self.vocabulary.document.classes.items():
            if (declared.kind or name) == kind:
                found += [name, *declared.aliases]
        return found

    def _below(self, group: str, at: str, stem: str) -> bool:
        first = group[len(at) :].split("/")[0] if group.startswith(at) else ""
        return first == stem or re.fullmatch(rf"{re.escape(stem)}_\d+", first) is not None

    def _has_arrays(self, layer: Layer) -> bool:
        return any(
            next(own_slots(inner, path, (), True, self.vocabulary), None) for path, inner in layer.walk()
        )


def bind_store(
    graph: Graph, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[dict[WeightKey, str], list[Note]]:
    """Every array of `graph` with its variable's path; PlanError with all that is missing or left over."""
    _check_assets(graph, checkpoint)
    early = any(group.startswith(f"{EARLY_CONTAINER}/") for group in checkpoint.groups)
    container = EARLY_CONTAINER if early else CONTAINER
    tried = []
    for step in (2, 1) if early else (1,):
        found = _walked(graph, checkpoint, Names(checkpoint.groups, vocabulary, container, step))
        left = [group for group in checkpoint.groups if group not in found.used]
        given = [group for group in left if _never_runs(group)]
        left = [group for group in left if group not in given]
        if not (found.missing or found.problems or left):
            return found.arrays, [_given_away(group) for group in given]
        tried.append((len(found.missing) + len(left), found, left))
    _, found, left = min(tried, key=lambda item: item[0])
    raise PlanError([*_unfit(found.missing, left, checkpoint), *found.problems])


def _check_assets(graph: Graph, checkpoint: Checkpoint) -> None:
    """A vocabulary that was learned stands in a file of its own, which nobody reads."""
    lacking = [
        "/".join(path)
        for path, layer in graph.walk()
        if layer.kind in WITH_VOCABULARY and layer.config.get("vocabulary") is None
    ]
    if lacking and "assets" in checkpoint.left_behind:
        raise PlanError(
            "the vocabulary stands in the archive's assets, which are not read",
            where=", ".join(lacking[:LISTED]),
            found=checkpoint.left_behind["assets"],
            expected="a vocabulary in the config",
            hint="Give the layer its vocabulary as an argument in the old model, and save again.",
        )


def _walked(graph: Graph, checkpoint: Checkpoint, names: Names) -> Bound:
    bound = Bound()
    graph = with_arrays(graph, dict(_arrays_of_paths(graph, names)))
    for at, slots in owned_objects(graph, names):
        stored = checkpoint.groups.get(at)
        if stored is None:
            bound.missing[at] = slots
            continue
        bound.used.add(at)
        if len(stored) != len(slots):
            bound.problems.append(_miscounted(at, slots, stored, checkpoint))
            continue
        for slot, name in zip(slots, stored, strict=True):
            shape = checkpoint.tensors[name].shape
            if not slot.fits(shape):
                what, where = f"the shape of {name!r} does not fit", str(slot.key)
                bound.problems.append(Problem(what, where, found=f"{shape}", expected=slot.expected()))
            bound.arrays[slot.key] = name
    return bound


def owned_objects(
    graph: Graph, names: Names, at: str = "", path: LayerPath = ()
) -> Iterator[tuple[str, list[Slot]]]:
    """Every object that must have variables: its path, and its arrays in the order of their numbers."""
    for layer, place in names.layers(graph, at):
        yield from _objects(layer, (*path, layer.name), place, names)


def _objects(layer: Layer, path: LayerPath, at: str, names: Names) -> Iterator[tuple[str, list[Slot]]]:
    if layer.graph is not None:
        yield from owned_objects(layer.graph, names, f"{at}/", path)
        return
    owners: dict[str, list[Slot]] = {}
    for slot in own_slots(layer, path, (), True, names.vocabulary):
        inner, deeper, _ = slot.key.role.rpartition("/")
        if not deeper:
            inner = deeper = HELD_INSIDE.get((layer.kind, slot.key.role), "")
        place = names.attribute(at, ATTRIBUTES.get(inner, inner)) if deeper else at
        if deeper and is_custom(layer.kind):
            place = f"{at}/{inner}"
        owners.setdefault(f"{place}/cell" if layer.kind in WITH_CELL else place, []).append(slot)
    for place, slots in owners.items():
        yield (
            place,
            [*(slot for slot in slots if slot.trained), *(slot for slot in slots if not slot.trained)],
        )
    if layer.kind == "StackedRNNCells":
        cells = names.counted(list(layer.children.values()), f"{at}/cells/")
        for label, (cell, place) in zip(layer.children, cells, strict=True):
            yield from _objects(cell, (*path, label), place, names)
        return
    for label, child in layer.children.items():
        yield from _objects(child, (*path, label), f"{at}/{label}", names)


def _arrays_of_paths(
    graph: Graph, names: Names, at: str = "", path: LayerPath = ()
) -> Iterator[tuple[LayerPath, tuple[str, ...]]]:
    """The roles of each custom layer's arrays: their numbers, behind the attribute that holds them."""
    for layer, place in names.layers(graph, at):
        if layer.graph is not None:
            yield from _arrays_of_paths(layer.graph, names, f"{place}/", (*path, layer.name))
        else:
            yield from _arrays_below(layer, names, place, (*path, layer.name))


def _arrays_below(
    layer: Layer, names: Names, place: str, path: LayerPath
) -> Iterator[tuple[LayerPath, tuple[str, ...]]]:
    if is_custom(layer.kind):
        own = [group for group in names.groups if group == place or group.startswith(f"{place}/")]
        found = [
            f"{group.removeprefix(place).removeprefix('/')}/{number}".removeprefix("/")
            for group in own
            for number in range(len(names.groups[group]))
        ]
        yield path, tuple(found)
    for label, child in layer.children.items():
        yield from _arrays_below(child, names, f"{place}/{label}", (*path, label))


def _never_runs(group: str) -> bool:
    """The layer that Bidirectional was given: Keras 3.0 to 3.2 may build it, and run two copies of it."""
    return re.search(r"(^|/)bidirectional(_\d+)?/layer(/|$)", group) is not None


def _given_away(group: str) -> Note:
    return Note(
        "left behind", group, "the layer that Bidirectional was given: it runs two copies of it instead"
    )


def _unfit(missing: Mapping[str, list[Slot]], left: list[str], checkpoint: Checkpoint) -> Iterator[Problem]:
    if missing and left:
        yield Problem(
            "the paths of the variables do not fit the architecture",
            str(checkpoint.path),
            found=f"without a layer: {_listed(left)}",
            expected=f"without variables: {_listed(missing)}",
            hint="Is it the architecture of these weights, with its layers in the same order?",
        )
        return
    for at, slots in missing.items():
        yield Problem(
            f"the file holds no variables for {at}: they were never saved, and cannot be recovered",
            str(slots[0].key.path[0] if len(slots[0].key.path) == 1 else "/".join(slots[0].key.path)),
            found="no variables",
            expected=", ".join(f"{slot.key.role} {slot.expected()}" for slot in slots),
            hint="Some versions of Keras save some models incompletely: is there an .h5 file of it?"
            if checkpoint.format == "keras-archive"
            else "Or the architecture is not that of these weights.",
        )
    for group in left:
        yield Problem(
            f"no layer of the architecture has the variables of {group}",
            str(checkpoint.path),
            found=", ".join(
                f"{name} {checkpoint.tensors[name].shape}" for name in checkpoint.groups[group][:6]
            ),
            expected="variables of its layers alone",
        )


def _miscounted(at: str, slots: list[Slot], stored: tuple[str, ...], checkpoint: Checkpoint) -> Problem:
    return Problem(
        f"{at} has {len(stored)} variables, its config wants {len(slots)}",
        "/".join(slots[0].key.path),
        found=", ".join(f"{name} {checkpoint.tensors[name].shape}" for name in stored[:LISTED]),
        expected=", ".join(f"{slot.key.role} {slot.expected()}" for slot in slots),
    )


def _listed(paths: Mapping[str, list[Slot]] | list[str]) -> str:
    shown = ", ".join(list(paths)[:LISTED])
    return f"{shown}, … {len(paths)} in all" if len(paths) > LISTED else shown
