"""A user's own layers: which arrays of the file are theirs, and how they pass over, unchanged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lstm_migrate.custom import CustomParts, holds_custom, is_custom
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.slots import Slot, slots_of
from lstm_migrate.report import Note

Arrays = Mapping[LayerPath, tuple[str, ...]]
"""The roles of the arrays of custom layers, by the layers' paths."""


def with_arrays(graph: Graph, arrays: Arrays) -> Graph:
    """The graph with its custom layers' arrays written into them."""
    if not arrays:
        return graph
    return graph.changed(lambda path, layer: replace(layer, arrays=arrays.get(path, layer.arrays)))


def bound_arrays(graph: Graph, bound: Iterable[WeightKey]) -> Arrays:
    """The arrays of custom layers as they were bound."""
    own = {path for path, layer in graph.walk() if is_custom(layer.kind)}
    found: dict[LayerPath, tuple[str, ...]] = {}
    for key in bound:
        if key.path in own:
            found[key.path] = (*found.get(key.path, ()), key.role)
    return found


def arrays_of_groups(graph: Graph, groups: Mapping[str, tuple[str, ...]], vocabulary: Vocabulary) -> Arrays:
    """What each custom layer has in a file that lists a group of arrays for each top-level layer.

    PlanError where a group does not tell which of its arrays are a custom layer's.
    """
    found: dict[LayerPath, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for name, names in _paired(graph, groups, vocabulary):
        layer = graph.layers[name]
        own = [path for path, inner in layer.walk() if is_custom(inner.kind)]
        slots = slots_of(layer, vocabulary, name)
        claimed = dict.fromkeys(own, names) if len(own) == 1 and not slots else _claims(layer, names)
        left = len(names) - sum(map(len, claimed.values()))
        if left == len(slots) and len(set(_chained(claimed.values()))) == len(names) - left:
            found |= {path: _roles(listed) for path, listed in claimed.items()}
        else:
            problems.append(_unclear(name, own, names, slots))
    if problems:
        raise PlanError(problems)
    return found


def _paired(
    graph: Graph, groups: Mapping[str, tuple[str, ...]], vocabulary: Vocabulary
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(layer, its arrays) for layers that are custom or hold such: by name, else by order."""
    wanted = {name: layer for name, layer in graph.layers.items() if holds_custom(layer)}
    if wanted.keys() <= groups.keys():
        yield from ((name, groups[name]) for name in wanted)
        return
    stored = [names for names in groups.values() if names]
    filled = [
        name for name, layer in graph.layers.items() if name in wanted or slots_of(layer, vocabulary, name)
    ]
    if len(stored) == len(filled):
        yield from ((name, names) for name, names in zip(filled, stored, strict=True) if name in wanted)


def _claims(layer: Layer, names: Sequence[str]) -> dict[LayerPath, tuple[str, ...]]:
    """The arrays that have a custom layer's name in theirs, below the group's."""
    return {
        path: tuple(name for name in names if {inner.name, path[-1]} & set(parts(name)[1:-1]))
        for path, inner in layer.walk()
        if is_custom(inner.kind)
    }


def _chained(claims: Iterable[tuple[str, ...]]) -> list[str]:
    return [name for listed in claims for name in listed]


def _roles(names: Sequence[str]) -> tuple[str, ...]:
    """The shortest ends of the names that tell them apart, else their numbers."""
    for length in (1, 2, 3):
        ends = ["/".join(parts(name)[1:][-length:]) for name in names]
        if all(ends) and len(set(ends)) == len(ends):
            return tuple(ends)
    return tuple(str(number) for number in range(len(names)))


def parts(name: str) -> list[str]:
    """What a tensor's name is made of; the first is its group."""
    return re.sub(r":\d+$", "", name).split("/")


def _unclear(name: str, own: Sequence[LayerPath], names: Sequence[str], slots: Sequence[Slot]) -> Problem:
    layers = ", ".join("/".join(path) for path in own)
    return Problem(
        f"which arrays are those of {layers} cannot be told: the code of its class alone says so",
        name,
        found=", ".join(names[:14]) or "no arrays",
        expected=", ".join(str(slot.key) for slot in slots[:14]) or "arrays with its name in theirs",
        hint="Put stock layers in its place with a mapping file (replace:).",
    )


def translate_custom(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The user's layer as it is, each of its arrays unchanged."""
    assignments = []
    for role in layer.arrays:
        key = WeightKey(path, role)
        info = context.info(key)
        made = context.assignment(layer, role, (context.bound[key],), (), info.shape)
        assignments.append(made if info.dtype.startswith("float") else replace(made, dtype=info.dtype))
    return Expansion((layer,), tuple(assignments))


def needed(graph: Graph, custom: CustomParts) -> list[Note]:
    """A note on each of the user's parts that whoever opens the target must have."""
    times: Counter[tuple[str, str]] = Counter()
    for path, kind in custom.of_graph(graph):
        part = custom.part(kind)
        times["/".join(path), f"{part.__name__} of {part.__module__}"] += 1
    return [
        Note(
            "converted",
            where,
            f"opening the file needs {what}: import the module if it registers it, else pass it as "
            "custom_objects to keras.models.load_model",
        )
        for where, what in times
    ]
