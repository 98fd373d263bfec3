"""Configs of Keras 0.3 → Graph: Sequential and Graph models, brought into the shapes of Keras 1.

A layer's config is flat, with its class for a name; a Graph's nodes merge what they are fed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.architecture import keras1
from lstm_migrate.architecture.drafting import MAX_NESTING, Draft, text
from lstm_migrate.architecture.graph_models import functional, named_list
from lstm_migrate.errors import PlanError, SourceError
from lstm_migrate.graph import Graph

# Layers fed with sequences: what stands in front of the features of an input given by its width alone.
SEQUENTIAL_INPUT = frozenset("LSTM GRU SimpleRNN TimeDistributedDense Convolution1D".split())
# Keys that say what the layer is called or fed, and not what it computes.
OUTER = frozenset({"name", "custom_name", "layers", "layer", "input_shape", "batch_input_shape"})


def read(architecture: Mapping[str, Any], draft: Draft) -> Graph:
    """The Graph of a Keras 0 model's config; PlanError with every problem found in it."""
    if architecture.get("name") not in CONTAINERS:
        raise PlanError(
            f"the model is a {text(architecture.get('name'))!r}",
            expected=" or ".join(CONTAINERS),
            hint="Pass what to_json() of the model gave.",
        )
    with keras1.understood("Keras 0"):
        flat = Flat().entry(architecture, 0)
    return keras1.read(flat, draft)


CONTAINERS = ("Sequential", "Graph")


@dataclass
class Flat:
    """Rewrites configs, and gives every layer a name of its own in the manner of Keras 1."""

    counted: Counter[str] = field(default_factory=Counter)

    def entry(self, config: Any, depth: int, name: str = "") -> dict[str, Any]:
        """A layer or container as {"class_name", "config"}."""
        if depth > MAX_NESTING or not isinstance(config, Mapping):
            raise SourceError("not a layer of Keras 0", found=text(config), expected="an object with a name")
        class_name = str(config.get("name"))
        if class_name == "Sequential":
            layers = [self.entry(item, depth + 1) for item in named_list(config, "layers")]
            return {"class_name": class_name, "config": layers}
        if class_name == "Graph":
            return self._graph(config, depth)
        name = name or self._name(class_name)
        own = {key: value for key, value in config.items() if key not in OUTER}
        for key in ("layers", "layer"):
            if isinstance(config.get(key), list):
                own[key] = [self.entry(item, depth + 1) for item in config[key]]
            elif isinstance(config.get(key), Mapping):
                own[key] = self.entry(config[key], depth + 1)
        return {"class_name": class_name, "config": {**own, **_fed(class_name, config), "name": name}}

    def _name(self, class_name: str) -> str:
        self.counted[class_name] += 1
        return f"{class_name.lower()}_{self.counted[class_name]}"

    def _graph(self, config: Mapping[str, Any], depth: int) -> dict[str, Any]:
        nodes = config.get("nodes")
        nodes = nodes if isinstance(nodes, Mapping) else {}
        return functional(config, lambda name: self.entry(nodes.get(name), depth + 1, name))


def _fed(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The batch shape that a layer says it is fed, if it says so."""
    if isinstance(config.get("batch_input_shape"), list):
        return {"batch_input_shape": config["batch_input_shape"]}
    if class_name == "Embedding":
        return {"batch_input_shape": [None, config.get("input_length")]}
    if isinstance(config.get("input_shape"), list):
        return {"batch_input_shape": [None, *config["input_shape"]]}
    if isinstance(config.get("input_dim"), int):
        length = [config.get("input_length")] if class_name in SEQUENTIAL_INPUT else []
        return {"batch_input_shape": [None, *length, config["input_dim"]]}
    return {}
