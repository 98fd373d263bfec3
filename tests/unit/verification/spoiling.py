"""Mistakes made on purpose: a target whose arrays or config are wrong, while it stays a live Keras model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.reference.scope import Array
from lstm_migrate.targets.variables import fill, variables
from lstm_migrate.verification.subject import Recipe, Subject


@contextmanager
def holding(subject: Subject, wrong: Mapping[WeightKey, Array]) -> Iterator[Subject]:
    """The subject with these arrays in its target, in Keras and in NumPy; afterwards the right ones again."""
    own = variables(subject.live.model, subject.target.graph)  # type: ignore[attr-defined]
    right = {key: np.array(subject.target.weights[key]) for key in wrong}
    weights = {key: np.array(value) for key, value in subject.target.weights.items()}
    weights.update({key: value.astype(weights[key].dtype) for key, value in wrong.items()})
    try:
        for key, value in wrong.items():
            fill(own[key], key, value)
        yield replace(subject, target=replace(subject.target, weights=weights))
    finally:
        for key, value in right.items():
            fill(own[key], key, value)


def forgotten(recipe: Recipe, subject: Subject) -> Iterator[tuple[str, Array]]:
    """(step, the array that comes of leaving it out), for each step; of a plain copy, what is no copy.

    Steps that change nothing in this file give nothing.
    """
    right = np.asarray(subject.target.weights[recipe.target])
    if not recipe.steps and right.any():
        yield "copy", np.zeros(right.shape, right.dtype)
    values = [np.asarray(subject.read(name)) for name in recipe.tensors]
    for step in recipe.steps:
        wrong = recipe.follow(values, lambda each, value, left=step: _moved(each, value, left))
        wrong = np.resize(wrong, right.shape).astype(right.dtype)
        if not np.array_equal(wrong, right):
            yield str(step), wrong


def _moved(step: Any, value: Array, left_out: Any) -> Array:
    return np.asarray(step.omitted(value) if step is left_out else step.apply(value))


def otherwise(subject: Subject, change: Callable[[LayerPath, Layer], Layer]) -> Subject:
    """The subject whose source means something else: what a converter would see that misread it."""
    graph = _changed(subject.source.graph, change, ())
    return replace(subject, source=replace(subject.source, graph=graph))


def _changed(graph: Graph, change: Callable[[LayerPath, Layer], Layer], path: LayerPath) -> Graph:
    layers = {name: _layer(layer, change, (*path, name)) for name, layer in graph.layers.items()}
    return replace(graph, layers=layers)


def _layer(layer: Layer, change: Callable[[LayerPath, Layer], Layer], path: LayerPath) -> Layer:
    layer = change(path, layer)
    children = {label: _layer(child, change, (*path, label)) for label, child in layer.children.items()}
    graph = _changed(layer.graph, change, path) if layer.graph is not None else None
    return replace(layer, children=children, graph=graph)
