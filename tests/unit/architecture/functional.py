"""Functional models as tf.keras writes them, with operations for layers; and what is computed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lstm_migrate.architecture import keras2, keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Writer
from lstm_migrate.graph import Graph, leaves
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.targets.keras_model import Builder
from lstm_migrate.targets.reopened import Reopened

SEMANTICS = Semantics()


def input_entry(name: str, value: Array | Sequence[int | None]) -> dict[str, Any]:
    """An InputLayer for `value`, whose batch is free; or of these sizes, batch not counted."""
    sizes = list(value.shape[1:]) if isinstance(value, np.ndarray) else list(value)
    dtype = str(value.dtype) if isinstance(value, np.ndarray) else "float32"
    config = {"batch_input_shape": [None, *sizes], "dtype": dtype, "sparse": False, "name": name}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def operation(function: str, name: str, node: Any) -> dict[str, Any]:
    """A TFOpLambda and its only call."""
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
    return {"class_name": "TFOpLambda", "config": config, "name": name, "inbound_nodes": [node]}


def node_operation(node_def: Mapping[str, Any], constants: Mapping[str, Any], fed: Any) -> dict[str, Any]:
    """A TensorFlowOpLayer and its only call."""
    name = str(node_def["name"])
    config = {"name": name, "dtype": "float32", "node_def": dict(node_def), "constants": dict(constants)}
    entry = {"class_name": "TensorFlowOpLayer", "config": config, "name": f"tf_op_layer_{name}"}
    return {**entry, "inbound_nodes": [fed]}


def read(entries: Sequence[Mapping[str, Any]], outputs: Sequence[Any]) -> Graph:
    """The Graph of these layers, those named by InputLayers fed."""
    inputs = [[entry["name"], 0, 0] for entry in entries if entry["class_name"] == "InputLayer"]
    config = {"name": "m", "layers": list(entries), "input_layers": inputs, "output_layers": list(outputs)}
    draft = Draft(source_vocabulary(Writer("tf.keras", "2.4.0", "tensorflow")))
    return keras2.read({"class_name": "Functional", "config": config}, draft)


def computed(graph: Graph, values: Sequence[Array]) -> list[Array]:
    """The outputs in the source's semantics, in NumPy."""
    return evaluate(graph, {}, values, semantics=SEMANTICS)


def written(graph: Graph, folder: Path) -> Reopened:
    """The model saved by Keras 3 and opened again."""
    model = Builder(target_vocabulary().activation_name).model(graph)
    model.save(folder / "model.keras")
    return Reopened(folder / "model.keras")


def read_back(file: Reopened) -> Graph:
    """The Graph of the written file's own config."""
    return keras3.read(file.config(), Draft(target_vocabulary()))


def assert_same(found: Sequence[Any], expected: Sequence[Any]) -> None:
    """The same shapes and, as far as the expected dtype holds them, the same numbers."""
    assert len(found) == len(expected)
    for own, other in zip(found, expected, strict=True):
        tolerance = 1e-3 if np.asarray(other).dtype == np.float16 else 2e-5
        own, other = np.asarray(own, np.float64), np.asarray(other, np.float64)
        assert own.shape == other.shape
        with np.errstate(invalid="ignore"):
            gap = np.where((own == other) | (np.isnan(own) & np.isnan(other)), 0.0, np.abs(own - other))
        assert np.max(gap, initial=0.0) <= tolerance * max(1.0, np.max(np.abs(other), initial=0.0))


def flat(result: Any) -> list[Any]:
    """TensorFlow's result as a list of arrays."""
    return [
        np.asarray(leaf) for leaf in leaves(list(result) if isinstance(result, (list, tuple)) else [result])
    ]
