"""States of stacked cells: one flat list in old calls, a list for each cell in Keras 3's.

Keras up to 2.2.2 also counts them from the last cell (reverse_state_order); Keras 3 from the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.layers import states_of
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Call, Layer, Ref, leaves
from lstm_migrate.planning.expansion import Expansion

REVERSED = "reverse_state_order"


def stack_of(layer: Layer) -> Layer | None:
    """The StackedRNNCells in an RNN layer, or in the RNN layers of a Bidirectional one."""
    inner = layer.children.get("forward_layer", layer).children.get("cell")
    return inner if inner is not None and inner.kind == "StackedRNNCells" else None


def with_ordered_states(expansion: Expansion, source: Layer) -> Expansion:
    """The expansion with its states in Keras 3's order and nesting, if `source` stacks cells."""
    stack = stack_of(source)
    if stack is None:
        return expansion
    order = _order(stack)
    layer = expansion.layers[0]
    directions = 2 if source.kind == "Bidirectional" else 1

    def wire(
        index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        given = list(leaves(kwargs.get("initial_state", [])))
        kwargs = dict(kwargs)
        if given:
            if len(given) != directions * len(order):
                raise PlanError(
                    "states of stacked cells must be tensors of the model",
                    where=source.name,
                    found=f"{len(given)} values",
                    expected=f"{directions * len(order)} tensors",
                )
            half = len(given) // directions
            parts = [given[start : start + half] for start in range(0, len(given), half)]
            kwargs["initial_state"] = [item for part in parts for item in _nested(part, order, stack)]

        def result(output: int) -> Ref:
            if output == 0:
                return Ref(layer.name, index, 0)
            direction, place = divmod(output - 1, len(order))
            return Ref(layer.name, index, 1 + direction * len(order) + order[place])

        return [Call(layer.name, index, args, kwargs)], result

    return replace(expansion, layers=(_without_order(layer), *expansion.layers[1:]), wiring=wire)


def _order(stack: Layer) -> list[int]:
    """For each state in the source's order, its place in Keras 3's."""
    starts, total = [], 0
    for cell in stack.children.values():
        starts.append((total, states_of(cell)))
        total += states_of(cell)
    cells = starts[::-1] if stack.config.get(REVERSED) else starts
    return [start + number for start, count in cells for number in range(count)]


def _nested(given: list[Any], order: list[int], stack: Layer) -> list[Any]:
    """The source's flat states as Keras 3 wants them: for each cell its state, or a list of several."""
    placed = dict(zip(order, given, strict=True))
    found: list[Any] = []
    place = 0
    for cell in stack.children.values():
        count = states_of(cell)
        own = [placed[place + number] for number in range(count)]
        found.append(own if count > 1 else own[0])
        place += count
    return found


def _without_order(layer: Layer) -> Layer:
    """The layer without the key that Keras 3's StackedRNNCells does not take."""
    config = {key: value for key, value in layer.config.items() if key != REVERSED}
    children = {label: _without_order(child) for label, child in layer.children.items()}
    return replace(layer, config=config, children=children)
