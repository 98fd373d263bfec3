"""A chain of Keras 3 layers, run by Keras and by the reference on the same weights and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from lstm_migrate.graph import Activation, Call, Graph, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from lstm_migrate.reference.semantics import Semantics

KERAS_3 = Semantics()

TOLERANCE = 1e-5
"""Keras computes in float32, the reference in float64, over at most nine steps of numbers around one."""

CHILDREN = {
    "TimeDistributed": ("layer",),
    "Bidirectional": ("forward_layer", "backward_layer"),
    "RNN": ("cell",),
}


def numbers(*shape: int, seed: int = 0) -> Array:
    """Normally distributed float32."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def with_holes(length: int, features: int = 3, seed: int = 0) -> Array:
    """Five sequences whose zero steps lead, trail, stand inside, are all and are none."""
    x = numbers(5, length, features, seed=seed)
    x[0, : length // 3 + 1] = 0
    x[1, -(length // 3 + 1) :] = 0
    x[2, length // 2] = 0
    x[3] = 0
    return x


def fill(layer: keras.layers.Layer, seed: int = 1) -> None:
    """Random weights, none of them zero; variances stay positive."""
    values = []
    for index, weight in enumerate(layer.weights):
        value = 0.5 * numbers(*weight.shape, seed=seed + index) + 0.1
        values.append(np.abs(value) if "variance" in weight.path else value)
    layer.set_weights(values)


def described(layer: keras.layers.Layer, name: str) -> Layer:
    """The layer as a Graph describes it."""
    kind, config = type(layer).__name__, dict(layer.get_config())
    config = {key: _with_meaning(key, value) for key, value in config.items()}
    children = {label: described(getattr(layer, label), label) for label in CHILDREN.get(kind, ())}
    if kind == "StackedRNNCells":
        children = {str(index): described(cell, str(index)) for index, cell in enumerate(layer.cells)}
    return Layer(name, kind, config, children)


def _with_meaning(key: str, value: Any) -> Any:
    if not key.endswith("activation") or not isinstance(value, str):
        return value
    return Activation(value, {"slope": 1 / 6, "offset": 0.5} if value == "hard_sigmoid" else {})


def weights_of(layer: keras.layers.Layer, path: LayerPath) -> dict[WeightKey, Array]:
    """The arrays of a layer and of those inside it."""
    kind, found = type(layer).__name__, {}
    inside = {label: getattr(layer, label) for label in CHILDREN.get(kind, ())}
    if kind == "StackedRNNCells":
        inside = {str(index): cell for index, cell in enumerate(layer.cells)}
    for label, child in inside.items():
        found |= weights_of(child, (*path, label))
    if not inside:
        found |= {WeightKey(path, weight.name): np.asarray(weight.value) for weight in layer.weights}
    return found


def chain_of(layers: Sequence[Layer], states: int = 0) -> Graph:
    """A Graph that calls one layer after the other, the last one with `states` initial states."""
    inputs = ["x", *(f"state_{index}" for index in range(states))]
    calls, before = [], Ref("x", 0, 0)
    for layer in layers:
        given = [Ref(name, 0, 0) for name in inputs[1:]] if layer is layers[-1] else []
        calls.append(Call(layer.name, 0, (before,), {"initial_state": given} if given else {}))
        before = Ref(layer.name, 0, 0)
    everything = {layer.name: layer for layer in layers}
    everything |= {name: Layer(name, "InputLayer", {"batch_shape": (None,)}) for name in inputs}
    return Graph("chain", everything, tuple(calls), tuple(inputs), before)


def outputs_of(graph: Graph, count: int) -> Graph:
    """The same chain with all `count` outputs of its last layer."""
    last = graph.calls[-1].layer
    outputs = [Ref(last, 0, index) for index in range(count)]
    return Graph(graph.name, graph.layers, graph.calls, graph.inputs, outputs)


def assert_like_keras(layers: Sequence[keras.layers.Layer], x: Array, states: Sequence[Array] = ()) -> None:
    """Every output of the last layer is the same in Keras and here."""
    _call(layers, x, states)
    for index, layer in enumerate(layers):
        fill(layer, seed=10 * index + 1)
    expected = [keras.ops.convert_to_numpy(value) for value in _call(layers, x, states)]
    names = [f"layer_{index}" for index in range(len(layers))]
    graph = chain_of([described(*pair) for pair in zip(layers, names, strict=True)], len(states))
    weights: Mapping[WeightKey, Array] = {}
    for layer, name in zip(layers, names, strict=True):
        weights = {**weights, **weights_of(layer, (name,))}
    graph = outputs_of(graph, len(expected))
    ours = evaluate(graph, weights, [x, *states], semantics=KERAS_3)
    for value, wanted in zip(ours, expected, strict=True):
        assert value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, atol=TOLERANCE, rtol=TOLERANCE)


def _call(layers: Sequence[keras.layers.Layer], x: Array, states: Sequence[Array]) -> list[Any]:
    value: Any = keras.ops.convert_to_tensor(x)
    for layer in layers[:-1]:
        value = layer(value)
    if states:
        value = layers[-1](value, initial_state=[keras.ops.convert_to_tensor(state) for state in states])
    else:
        value = layers[-1](value)
    return list(keras.tree.flatten(value))
