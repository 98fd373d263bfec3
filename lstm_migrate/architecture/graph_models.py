"""Graph models of Keras 0.3 and 1.0 as functional models: nodes that merge what they are fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lstm_migrate.architecture.drafting import text
from lstm_migrate.errors import SourceError

Entries = dict[str, dict[str, Any]]


def functional(config: Mapping[str, Any], layer_of: Callable[[str], Any]) -> dict[str, Any]:
    """The functional model of a Graph's config; `layer_of(node)` is the entry of a node's layer."""
    layers: Entries = {}
    fed = [given["name"] for given in named_list(config, "input_config")]
    for given in config["input_config"]:
        layers[given["name"]] = _input(given)
    called = {name: name for name in fed}
    for node in named_list(config, "node_config"):
        joined = _joined(layers, called, node, f"merge_inputs_for_{node['name']}")
        layer = layer_of(node["name"])
        if not isinstance(layer, Mapping):
            raise SourceError("a node without a layer", where=str(node["name"]), found=text(layer))
        # Keras 1 renames the layer of a node that is an output.
        inner = layer.get("config")
        name = str(inner.get("name", node["name"]) if isinstance(inner, Mapping) else node["name"])
        called[node["name"]] = name
        layers[name] = {**layer, "name": name, "inbound_nodes": [[joined]]}
    outputs = {
        given["name"]: _joined(layers, called, given, given["name"])
        for given in named_list(config, "output_config")
    }
    order = config.get("output_order") or list(outputs)
    if set(order) != outputs.keys():
        raise SourceError(
            "output_order is not that of its outputs", found=text(order), expected=text(list(outputs))
        )
    inside = {
        "name": "graph",
        "layers": list(layers.values()),
        "input_layers": [[name, 0, 0] for name in config.get("input_order") or fed],
        "output_layers": [outputs[name] for name in order],
    }
    return {"class_name": "Model", "config": inside}


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    shape = given.get("batch_input_shape") or [None, *(given.get("input_shape") or [])]
    dtype = "int32" if str(given.get("dtype")).startswith("int") else "float32"
    inside = {"name": given["name"], "batch_input_shape": shape, "input_dtype": dtype}
    return {"class_name": "InputLayer", "name": given["name"], "config": inside, "inbound_nodes": []}


def _joined(layers: Entries, called: Mapping[str, str], node: Mapping[str, Any], name: str) -> list[Any]:
    """What a node is fed: one tensor, or several through a Merge layer that is added."""
    several = [called.get(str(item), item) for item in node.get("inputs") or [node.get("input")]]
    if len(several) < 2:
        return [several[0], 0, 0]
    merge = {
        "name": name,
        "mode": node.get("merge_mode"),
        "concat_axis": node.get("concat_axis", -1),
        "dot_axes": node.get("dot_axes", -1),
    }
    fed = [[item, 0, 0] for item in several]
    layers[name] = {"class_name": "Merge", "name": name, "config": merge, "inbound_nodes": [fed]}
    return [name, 0, 0]


def named_list(config: Mapping[str, Any], key: str) -> list[Any]:
    """The list of objects with names at `key`."""
    found = config.get(key)
    if not isinstance(found, list) or not all(isinstance(item, Mapping) and "name" in item for item in found):
        raise SourceError(f"{key} is no list of layers", found=text(found), expected="objects with a name")
    return found
