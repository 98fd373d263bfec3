"""Small configs written by hand, as Keras 2 writes them, and what is read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lstm_migrate.architecture import keras2
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph
from lstm_migrate.mapping.sources import source_vocabulary

Config = dict[str, Any]


def entry(class_name: str, name: str, config: Mapping[str, Any] | None = None, *nodes: Any) -> Config:
    """A layer of a functional model, called once for each of `nodes`."""
    return {
        "class_name": class_name,
        "name": name,
        "config": {"name": name, **(config or {})},
        "inbound_nodes": list(nodes),
    }


def fed(*names: str, **keywords: Any) -> list[Any]:
    """A node that reads the first output of the first call of these layers."""
    return [[name, 0, 0, keywords if number == 0 else {}] for number, name in enumerate(names)]


def an_input(name: str, *sizes: int | None) -> Config:
    """An InputLayer with a free batch."""
    return entry(
        "InputLayer", name, {"batch_input_shape": [None, *sizes], "dtype": "float32", "sparse": False}
    )


def dense(name: str, *nodes: Any, units: Any = 2) -> Config:
    return entry("Dense", name, {"units": units, "activation": "linear", "use_bias": True}, *nodes)


def lstm(name: str, *nodes: Any, **config: Any) -> Config:
    return entry("LSTM", name, {"units": 2, "use_bias": True, **config}, *nodes)


def functional(
    entries: Sequence[Any], inputs: Any, outputs: Any, name: str = "m", class_name: str = "Model"
) -> Config:
    body = {"name": name, "layers": list(entries), "input_layers": inputs, "output_layers": outputs}
    return {"class_name": class_name, "config": body}


def sequential(entries: Sequence[Any], *, form: str = "list", **settings: Any) -> Config:
    """A Sequential model; Keras wrote a plain list up to 2.2.2, then an object."""
    listed = [{key: value for key, value in item.items() if key != "inbound_nodes"} for item in entries]
    return {
        "class_name": "Sequential",
        "config": listed if form == "list" else {"name": "s", "layers": listed, **settings},
    }


def draft_of(version: str = "2.2.4", **facts: Any) -> Draft:
    return Draft(source_vocabulary(Writer("keras", version, "tensorflow")), **facts)


def read(config: Mapping[str, Any], draft: Draft | None = None) -> Graph:
    return keras2.read(config, draft or draft_of())


def problems_of(config: Mapping[str, Any], draft: Draft | None = None) -> tuple[Problem, ...]:
    """Why there is no Graph."""
    with pytest.raises(PlanError) as caught:
        read(config, draft)
    return caught.value.problems


def names_of(graph: Graph) -> list[str]:
    return list(graph.layers)
