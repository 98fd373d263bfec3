"""Configs of Keras 3's `.keras` files → Graph. The verifier reads written files back with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.keras2 import chain_graph
from lstm_migrate.architecture.layers import LayerReader
from lstm_migrate.architecture.ordering import in_order
from lstm_migrate.graph import Call, Graph, Layer, Ref, map_leaves

# What stands behind the first argument in a call, where keras.ops' function has an attribute in that place.
CALLED_WITH = {"ops.pad": ("constant_values",), "ops.full_like": ("fill_value",)}


def read(config: Mapping[str, Any], draft: Draft) -> Graph:
    """The Graph of a `.keras` file's config.json."""
    return draft.finish(read_model(draft, config, ""))


def read_model(draft: Draft, entry: Mapping[str, Any], where: str) -> Graph | None:
    """A model, top-level or nested; None if problems were noted."""
    config = entry["config"]
    if entry.get("class_name") == "Sequential":
        return _sequential(draft, config, where)
    return _functional(draft, config, where)


def _sequential(draft: Draft, config: Mapping[str, Any], where: str) -> Graph | None:
    reader = LayerReader(draft, read_model)
    listed = list(config["layers"])
    first = _input(listed[0])
    chain = [reader.layer(entry, where) for entry in (listed[1:] if first else listed)]
    layers = [layer for layer in chain if layer is not None]
    if len(layers) != len(chain):
        return None
    if first is None:
        first = Layer(f"{config['name']}_input", "InputLayer", {"batch_shape": None, "dtype": draft.floatx})
    return chain_graph(config["name"], first, layers, bool(config.get("trainable", True)))


def _input(entry: Mapping[str, Any]) -> Layer | None:
    if entry["class_name"] != "InputLayer":
        return None
    config = entry["config"]
    shape = tuple(config["batch_shape"])
    return Layer(config["name"], "InputLayer", {"batch_shape": shape, "dtype": config["dtype"]})


def _functional(draft: Draft, config: Mapping[str, Any], where: str) -> Graph | None:
    reader = LayerReader(draft, read_model)
    layers: dict[str, Layer] = {}
    calls: dict[tuple[str, int], Call] = {}
    for entry in config["layers"]:
        operation = str(entry.get("module", "")).startswith("keras.src.ops")
        layer = _input(entry) or (_operation(entry) if operation else reader.layer(entry, where))
        if layer is None:
            continue
        layers[entry["name"]] = layer
        for index, node in enumerate(entry["inbound_nodes"]):
            calls[entry["name"], index] = _call(entry["name"], index, node, layer)
    if draft.problems:
        return None
    fed = [name for name, layer in layers.items() if layer.kind == "InputLayer"]
    functional = {entry["name"] for entry in config["layers"] if entry["class_name"] == "Functional"}
    inputs = _refs(config["input_layers"])
    keys = tuple(sorted(inputs)) if isinstance(inputs, dict) else None
    listed = [inputs[key] for key in keys] if keys else [inputs] if isinstance(inputs, Ref) else inputs
    return Graph(
        config["name"],
        layers,
        tuple(in_order(draft, calls, fed, "config.json")),
        tuple(ref.layer for ref in listed),
        map_leaves(_refs(config["output_layers"]), lambda ref: _counted(ref, functional)),
        input_keys=keys,
        trainable=bool(config.get("trainable", True)),
    )


def _operation(entry: Mapping[str, Any]) -> Layer:
    """An Operation of keras.ops: class GetItem → "ops.get_item"; its attributes are keyword arguments."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", entry["class_name"]).lower()
    config = {key: value for key, value in entry["config"].items() if key != "name"}
    return Layer(entry["name"], f"ops.{name}", config)


def _call(name: str, index: int, node: Mapping[str, Any], layer: Layer) -> Call:
    kwargs = {key: value for key, value in _value(node["kwargs"]).items() if value is not None}
    args = tuple(_value(item) for item in node["args"])
    if layer.kind.startswith("ops."):
        kwargs |= {key: value for key, value in _value(layer.config).items() if value is not None}
        if layer.kind == "ops.einsum":
            args = (kwargs.pop("subscripts"), *args)
        if layer.kind in CALLED_WITH:
            kwargs |= zip(CALLED_WITH[layer.kind], args[1:], strict=False)
            args = args[:1]
    return Call(name, index, args, kwargs)


def _value(item: Any) -> Any:
    if isinstance(item, Mapping):
        config = item.get("config")
        kind = item.get("class_name")
        if kind == "__keras_tensor__" and isinstance(config, Mapping):
            return Ref(*config["keras_history"])
        if kind == "__slice__" and isinstance(config, Mapping):
            return slice(*(_value(config[part]) for part in ("start", "stop", "step")))
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__numpy__" and isinstance(config, Mapping):
            return np.array(config["value"], config["dtype"])
        if kind in ("__tuple__", "__list__"):
            return tuple(_value(inner) for inner in item.get("items", config or ()))
        return {key: _value(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_value(inner) for inner in item]
    return item


def _refs(structure: Any) -> Any:
    if isinstance(structure, list) and len(structure) == 3 and isinstance(structure[0], str):
        return Ref(*structure)
    if isinstance(structure, Mapping):
        return {key: _refs(value) for key, value in structure.items()}
    return [_refs(item) for item in structure]


def _counted(ref: Ref, functional: set[str]) -> Ref:
    """In output_layers alone, Keras counts a nested functional model's own node as its first call."""
    return Ref(ref.layer, ref.call - 1, ref.output) if ref.layer in functional else ref
