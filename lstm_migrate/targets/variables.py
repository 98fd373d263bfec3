"""Which variable of a live Keras model plays which role: one address scheme for filling and reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lstm_migrate.custom import holds_custom, is_custom
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.targets.custom_variables import paired
from lstm_migrate.targets.lending import tensor

# State that a run starts with at zero: no checkpoint of an old framework holds it.
UNSTORED = frozenset({"rnn_state", "seed_generator_state"})


def variables(model: Any, graph: Graph) -> dict[WeightKey, Any]:
    """Every stored variable of `model`, which was built along `graph`, by its place and role."""
    return {key: variable for _, own in by_layer(model, graph) for key, variable in own.items()}


def by_layer(model: Any, graph: Graph, path: LayerPath = ()) -> Iterator[tuple[Any, dict[WeightKey, Any]]]:
    """Every layer that is no model, at any depth, with the variables of it and of the layers it wraps."""
    for name, layer in graph.layers.items():
        if layer.kind == "InputLayer" or layer.kind.startswith("ops."):
            continue
        item = model.get_layer(name)
        if layer.graph is not None:
            yield from by_layer(item, layer.graph, (*path, name))
        else:
            yield item, dict(_of_layer(item, layer, (*path, name)))


def _of_graph(model: Any, graph: Graph, path: LayerPath) -> Iterator[tuple[WeightKey, Any]]:
    for _, own in by_layer(model, graph, path):
        yield from own.items()


def _of_layer(item: Any, layer: Layer, path: LayerPath) -> Iterator[tuple[WeightKey, Any]]:
    if layer.graph is not None:
        yield from _of_graph(item, layer.graph, path)
        return
    below = {id(variable) for label in layer.children for variable in _child(item, label).variables}
    own = [variable for variable in item.variables if id(variable) not in below]
    own = [variable for variable in own if variable.name not in UNSTORED]
    if is_custom(layer.kind):
        yield from ((WeightKey(path, role), variable) for role, variable, _ in paired(item, layer, own))
        return
    repeated = Counter(variable.name for variable in own)
    for variable in own:
        role = variable.name
        if repeated[role] > 1:
            # Layers made of layers, e.g. attention: "query/kernel".
            role = "/".join(variable.path.split("/")[-2:])
        yield WeightKey(path, role), variable
    for label, child in layer.children.items():
        yield from _of_layer(_child(item, label), child, (*path, label))


def by_order(model: Any, graph: Graph, path: LayerPath = ()) -> Iterator[tuple[LayerPath, str]]:
    """(custom layer, its arrays and variables) where no name says which array is which variable."""
    for name, layer in graph.layers.items():
        if layer.graph is not None:
            yield from by_order(model.get_layer(name), layer.graph, (*path, name))
        elif holds_custom(layer):
            yield from _by_order_in(model.get_layer(name), layer, (*path, name))


def _by_order_in(item: Any, layer: Layer, path: LayerPath) -> Iterator[tuple[LayerPath, str]]:
    if is_custom(layer.kind):
        own = [variable for variable in item.variables if variable.name not in UNSTORED]
        pairs = paired(item, layer, own)
        found = [f"{role} → {variable.name}" for role, variable, named in pairs if not named]
        if found:
            yield path, ", ".join(found)
    for label, child in layer.children.items():
        yield from _by_order_in(_child(item, label), child, (*path, label))


def _child(item: Any, label: str) -> Any:
    return item.cells[int(label)] if label.isdigit() else getattr(item, label)


def fill(variable: Any, key: WeightKey, value: Any) -> None:
    """Assigns; a shape that does not fit is an error that names the variable."""
    if tuple(variable.shape) != tuple(value.shape):
        raise PlanError(
            "the array does not fit the variable",
            where=f"{key} ({variable.path})",
            found=str(tuple(value.shape)),
            expected=str(tuple(variable.shape)),
        )
    variable.assign(tensor(value, variable.dtype))
