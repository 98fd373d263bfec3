"""Configs of `.keras` files that ask for more than Keras's layers: refused by name, nothing is run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate import pipeline
from lstm_migrate.errors import PlanError, SourceError
from tests.unit.readers.hostile_archives import CONFIG, members, write_archive

Config = dict[str, Any]


def refusal(config: Any, tmp_path: Path) -> str:
    path = tmp_path / "model.keras"
    write_archive(path, members(config__json=json.dumps(config)))
    with pytest.raises((PlanError, SourceError)) as caught:
        pipeline.plan(path)
    return str(caught.value)


def with_layer(change: Callable[[Config], Any]) -> Config:
    """The sound config with its Dense layer changed."""
    config = copy.deepcopy(CONFIG)
    change(config["config"]["layers"][1])
    return config


def test_the_config_that_these_are_made_of_is_planned(tmp_path: Path) -> None:
    write_archive(tmp_path / "model.keras")
    assert [line.kind for line in pipeline.plan(tmp_path / "model.keras").layers] == ["Dense"]


STRANGERS = {
    "subprocess": (
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", "x"]}},
        "Popen",
    ),
    "exec": ({"module": "builtins", "class_name": "exec", "config": {"name": "touch"}}, "exec"),
    "a Lambda": (
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
        },
        "Lambda",
    ),
    "a stock name of another module": ({"module": "my.layers", "registered_name": None}, "my.layers"),
    "a registered class with a stock name": ({"module": None, "registered_name": "mine>Dense"}, "mine>Dense"),
    "no class at all": ({"class_name": None}, "None"),
    "a class that is a list": ({"class_name": ["Dense"]}, "Dense"),
    "no config": ({"config": None}, "not a layer"),
    "an unknown operation": (
        {"module": "keras.src.ops.core", "class_name": "Map", "config": {}},
        "operation Map",
    ),
    "an unknown key": ({"config": {"name": "d", "units": 3, "evil": 1}}, "evil"),
    "an unknown activation": ({"config": {"name": "d", "units": 3, "activation": "os.system"}}, "os.system"),
    "a negative size": ({"config": {"name": "d", "units": -3}}, "units"),
    "a quantized layer": (
        {"config": {"name": "d", "units": 3, "dtype": {"class_name": "QuantizedDTypePolicy", "config": {}}}},
        "dtype policy",
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_layer_of_keras_is_refused_by_name(name: str, tmp_path: Path) -> None:
    change, said = STRANGERS[name]
    assert said in refusal(with_layer(lambda layer: layer.update(change)), tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class_name": "MyModel", "registered_name": "mine>MyModel"}, "MyModel"),
        ({"class_name": "Sequential", "registered_name": "mine>Sequential"}, "mine>Sequential"),
        ({"module": "evil.models"}, "evil.models"),
        ({"config": None}, "no layers"),
        ({"config": {"name": "s", "layers": []}}, "no layers"),
        ({"config": {"name": "s", "layers": [7]}}, "not a layer"),
    ],
)
def test_a_model_that_is_none_of_keras_is_refused(change: Config, said: str, tmp_path: Path) -> None:
    assert said in refusal({**CONFIG, **change}, tmp_path)


def functional(**changed: Any) -> Config:
    """The same model in functional form."""
    given, dense = copy.deepcopy(CONFIG["config"]["layers"])
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 2], "keras_history": ["i", 0, 0]}}
    layers = [
        {**given, "name": "i", "inbound_nodes": []},
        {**dense, "name": "d", "inbound_nodes": [{"args": [tensor], "kwargs": {}}]},
    ]
    body = {
        "name": "f",
        "layers": layers,
        "input_layers": ["i", 0, 0],
        "output_layers": ["d", 0, 0],
        **changed,
    }
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": body}


def test_one_tensor_may_stand_alone_or_in_a_list(tmp_path: Path) -> None:
    for ends in ({}, {"input_layers": [["i", 0, 0]], "output_layers": [["d", 0, 0]]}):
        write_archive(tmp_path / "m.keras", members(config__json=json.dumps(functional(**ends))))
        assert pipeline.plan(tmp_path / "m.keras").layers


@pytest.mark.parametrize(
    "changed",
    [
        {"input_layers": None},
        {"input_layers": [["d", 0, 0]]},
        {"output_layers": ["x", 0, 0]},
        {"output_layers": ["d", 7, 0]},
        {"output_layers": ["d", 0, -1]},
        {"output_layers": []},
        {"layers": functional()["config"]["layers"] * 2},
        {"layers": functional()["config"]["layers"][1:]},
    ],
)
def test_a_graph_that_does_not_hold_together_is_refused(changed: Config, tmp_path: Path) -> None:
    assert refusal(functional(**changed), tmp_path)


@pytest.mark.parametrize(
    "node",
    [None, [], {"args": [], "kwargs": {}}, {"args": [7], "kwargs": {}}, {"args": None, "kwargs": None},
     {"args": [{"class_name": "__keras_tensor__", "config": {}}], "kwargs": {}},
     {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["d", 0, 0]}}], "kwargs": {}},
     {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}], "kwargs": {}},
     {"args": [{"class_name": "__numpy__", "config": {"value": [[]], "dtype": "O"}}], "kwargs": {}},
     {"args": [{"module": "os", "class_name": "system", "config": {"command": "touch"}}], "kwargs": {}}],
)  # fmt: skip
def test_a_call_that_makes_no_sense_is_refused(node: Any, tmp_path: Path) -> None:
    config = functional()
    config["config"]["layers"][1]["inbound_nodes"] = [node]
    assert refusal(config, tmp_path)
