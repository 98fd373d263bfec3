"""Sized graph: the model's configs with the sizes that follow from the changes of its axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.reshaping import Reshape

Numbers = dict[LayerPath, list[tuple[str, int | None, int | None]]]
"""By layer: (config key, its index if it is a tuple, the new number; None if it is free)."""


def sized(graph: Graph, followed: Followed, changes: Changes) -> Graph:
    """The graph with the number of units, features and rows that the changes leave."""
    numbers: Numbers = defaultdict(list)
    for size in followed.sizes:
        change = changes.of(size.ids, "/".join(size.path))
        if change is not None:
            numbers[size.path].append((size.key, size.index, change.after))
    return _with(graph, numbers)


def uneven(graph: Graph) -> list[Problem]:
    """Bidirectional layers whose directions differ in size: Keras 3 counts the forward one's units twice."""
    found: list[Problem] = []
    for path, layer in graph.walk():
        if layer.kind == "Bidirectional":
            directions = [_units(layer.children[label]) for label in ("forward_layer", "backward_layer")]
            if directions[0] != directions[1]:
                told = " and ".join(" + ".join(map(str, one)) for one in directions)
                name = "/".join(path)
                hint = f"Say it of {name}, which means both."
                found.append(Problem(f"the directions of {name} would differ in size", name, told, hint=hint))
    return found


def _units(layer: Layer) -> list[Any]:
    """The sizes of a recurrent layer, or of each of its cells."""
    return [
        inner.config[key]
        for _, inner in layer.walk()
        for key in ("units", "filters")
        if inner.config.get(key) is not None
    ]


def reshaped(graph: Graph, followed: Followed, wishes: Sequence[Reshape]) -> Graph:
    """The graph whose inputs take other numbers of samples and steps.

    PlanError where an array or a layer depends on how many there are.
    """
    numbers: Numbers = defaultdict(list)
    problems: list[Problem] = []
    for wish in wishes:
        dims = followed.inputs[graph.inputs.index(wish.path[0])]
        for axis, wanted in wish.axes.items():
            ids = None if dims is None else dims[axis]
            numbers[wish.path].append(("batch_shape", axis, wanted))
            if ids is not None:
                problems += _depend(ids, followed, wish)
                _carry(ids, wanted, followed, wish, numbers, problems)
    if problems:
        raise PlanError(list(dict.fromkeys(problems)))
    return _with(graph, numbers)


def _carry(
    ids: Ids,
    wanted: int | None,
    followed: Followed,
    wish: Reshape,
    numbers: Numbers,
    problems: list[Problem],
) -> None:
    """Other sizes in configs that are the same axis."""
    root = followed.elements.roots(ids)
    for size in followed.sizes:
        if size.path == wish.path or not _overlap(followed, size.ids, root):
            continue
        if size.key == "batch_shape" or (wanted is not None and len(size.ids) == len(ids)):
            numbers[size.path].append((size.key, size.index, wanted))
        else:
            problems.append(_fixed("/".join(size.path), f"its {size.key} says how many there are", wish))


def _depend(ids: Ids, followed: Followed, wish: Reshape) -> list[Problem]:
    root = followed.elements.roots(ids)
    arrays = [
        _fixed("/".join(key.path), f"its {key.role} has a place for each", wish)
        for key, placed in followed.arrays.items()
        if any(_overlap(followed, one, root) for one in placed.ids.values())
    ]
    pins = [
        _fixed("/".join(pin.path), f"it {pin.why} (axis {pin.axis})", wish)
        for pin in followed.pins
        if _overlap(followed, pin.ids, root)
    ]
    return [*arrays, *pins]


def _overlap(followed: Followed, ids: Ids, root: Ids) -> bool:
    return bool(np.isin(followed.elements.roots(ids), root).any())


def _fixed(layer: str, why: str, wish: Reshape) -> Problem:
    return Problem(
        f"{layer} depends on how many samples or steps input {wish.path[0]} takes: {why}",
        where=wish.rule,
        hint="Leave the size of this axis as it is.",
    )


def _with(graph: Graph, numbers: Numbers) -> Graph:
    def change(path: LayerPath, layer: Layer) -> Layer:
        config: dict[str, Any] = dict(layer.config)
        for key, index, number in numbers.get(path, ()):
            config[key] = number if index is None else _put(config[key], index, number)
        return replace(layer, config=config) if path in numbers else layer

    return graph.changed(change) if numbers else graph


def _put(values: Any, index: int, number: int | None) -> Any:
    made = list(values)
    made[index] = number
    return type(values)(made)
