"""Keras 3 models as the package `resizing` sees them: their graph, their arrays, and what following finds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lstm_migrate.architecture import keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.graph import Graph, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import roots_of
from lstm_migrate.resizing.change import Asked, Change
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.following import follow
from lstm_migrate.targets.variables import variables


@dataclass
class Opened:
    """A model taken apart. `weights` may be changed before anything looks at them."""

    graph: Graph
    weights: dict[WeightKey, Array]
    followed: Followed

    def keep(self, layer: str, places: Sequence[int], symbol: str = "u") -> Request:
        """The wish that of a layer's units these are left."""
        path: LayerPath = tuple(layer.split("/"))
        ids = self.followed.own[path][symbol]
        asked = Asked(ids, Change.taken(len(ids), places), f"units of {layer}", "here")
        return Request(asked, path, "units", "duplicate")

    def roots(self, layer: str, symbol: str = "u") -> list[int]:
        """The elements that a rule on this layer speaks of."""
        return roots_of(self.followed.elements, self.followed.own[tuple(layer.split("/"))][symbol])

    def array(self, name: str) -> Array:
        """An array to be changed in place, by layer and role: "lstm/recurrent_kernel"."""
        *path, role = name.split("/")
        key = WeightKey(tuple(path), role)
        if not self.weights[key].flags.writeable:
            self.weights[key] = self.weights[key].copy()
        return self.weights[key]


def opened(model: Any, seed: int = 0) -> Opened:
    """The model with random arrays, biases too."""
    target = target_vocabulary()
    graph = keras3.read(json.loads(model.to_json()), Draft(target))
    draw = np.random.default_rng(seed)
    found = variables(model, graph)
    weights = {key: _drawn(draw, key, tuple(one.shape)) for key, one in found.items()}
    for key, one in found.items():
        one.assign(weights[key])
    return Opened(graph, weights, follow(graph, {key: one.shape for key, one in weights.items()}, target))


def _drawn(draw: np.random.Generator, key: WeightKey, shape: tuple[int, ...]) -> Array:
    value = draw.normal(scale=0.5, size=shape).astype(np.float32)
    return np.abs(value) + 0.5 if "variance" in key.role else value


def chain(features: int, *layers: Any) -> Any:
    """Sequences through one layer after the other."""
    return keras.Sequential([keras.Input((None, features)), *layers])
