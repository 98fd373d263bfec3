"""What Keras 3 writes, read back: the Graph that was built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.graph import Call, Graph, Ref, leaves
from tests.unit.architecture.configs import (
    Config,
    an_input,
    dense,
    draft_of,
    entry,
    fed,
    functional,
    lstm,
    read,
    sequential,
)
from tests.unit.architecture.functional import read_back, written


def sigmoid_lstm(name: str, *nodes: Any, **config: Any) -> Config:
    return lstm(name, *nodes, recurrent_activation="sigmoid", **config)


def inner() -> Config:
    config = functional(
        [an_input("i", 3), dense("d", fed("i"), units=3)], [["i", 0, 0]], [["d", 0, 0]], "inner"
    )
    return {**config, "name": "inner"}


STATES = [[name, 0, 0] for name in "xhc"]
STATE_INPUTS = [an_input("x", 5, 3), an_input("h", 2), an_input("c", 2)]
MODELS: dict[str, Config] = {
    "a chain": sequential(
        [sigmoid_lstm("a", batch_input_shape=[None, 5, 3], return_sequences=True), dense("b")], form="dict"
    ),
    "a shared layer": functional(
        [
            an_input("x", 3),
            an_input("z", 3),
            dense("s", fed("x"), fed("z")),
            entry("Add", "y", {}, [["s", 1, 0], ["s", 0, 0]]),
        ],
        [["x", 0, 0], ["z", 0, 0]],
        [["y", 0, 0]],
    ),
    "a layer called on its own output": functional(
        [an_input("x", 3), dense("y", fed("x"), [["y", 0, 0]], units=3)], [["x", 0, 0]], [["y", 1, 0]]
    ),
    "a model called twice": functional(
        [
            an_input("x", 3),
            {**inner(), "inbound_nodes": [fed("x"), [["inner", 1, 0]]]},
            dense("y", [["inner", 2, 0]]),
        ],
        [["x", 0, 0]],
        [["y", 0, 0]],
    ),
    "a model as output": functional(
        [an_input("x", 3), {**inner(), "inbound_nodes": [fed("x")]}], [["x", 0, 0]], [["inner", 1, 0]]
    ),
    "a chain inside": functional(
        [
            an_input("x", 3),
            {
                **sequential(
                    [dense("d") | {"config": {"name": "d", "units": 3, "batch_input_shape": [None, 3]}}],
                    form="dict",
                ),
                "name": "s",
                "inbound_nodes": [fed("x")],
            },
            dense("y", [["s", 1, 0]]),
        ],
        [["x", 0, 0]],
        [["y", 0, 0]],
    ),
    "several outputs": functional(
        [an_input("x", 3), dense("a", fed("x")), dense("b", fed("a"))],
        [["x", 0, 0]],
        [["b", 0, 0], ["a", 0, 0]],
    ),
    "dicts": functional(
        [an_input("x", 3), an_input("z", 3), entry("Add", "y", {}, fed("x", "z"))],
        {"x": ["x", 0, 0], "z": ["z", 0, 0]},
        {"out": ["y", 0, 0]},
        class_name="Functional",
    ),
    "states": functional(
        [
            *STATE_INPUTS,
            sigmoid_lstm("l", fed("x", "h", "c"), return_state=True, return_sequences=True),
            sigmoid_lstm("y", [["x", 0, 0], ["l", 0, 1], ["l", 0, 2]]),
        ],
        STATES,
        [["y", 0, 0]],
    ),
    "wrappers": functional(
        [
            an_input("x", 5, 3),
            entry(
                "Bidirectional",
                "b",
                {"layer": sigmoid_lstm("l", return_sequences=True), "merge_mode": "sum"},
                fed("x"),
            ),
            entry("TimeDistributed", "y", {"layer": dense("d")}, fed("b")),
        ],
        [["x", 0, 0]],
        [["y", 0, 0]],
    ),
    "a cell": functional(
        [
            an_input("x", 5, 3),
            entry(
                "RNN",
                "y",
                {"cell": entry("LSTMCell", "a", {"units": 2, "recurrent_activation": "sigmoid"})},
                fed("x"),
            ),
        ],
        [["x", 0, 0]],
        [["y", 0, 0]],
    ),
}


@pytest.fixture(params=MODELS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Graph, Graph]:
    """The Graph that was built, and the one that the written file holds."""
    graph = read(MODELS[request.param], draft_of("2.3.1"))
    return graph, read_back(written(graph, tmp_path))


def kinds(graph: Graph) -> dict[tuple[str, ...], str]:
    return {path: layer.kind for path, layer in graph.walk() if layer.kind != "InputLayer"}


def reads(call: Call) -> list[Ref]:
    return [leaf for leaf in leaves([list(call.args), dict(call.kwargs)]) if isinstance(leaf, Ref)]


def test_every_layer_is_there_with_its_kind(pair: tuple[Graph, Graph]) -> None:
    built, found = pair
    assert kinds(found) == kinds(built)
    assert found.sequential == built.sequential


def test_every_call_reads_what_it_read(pair: tuple[Graph, Graph]) -> None:
    built, found = pair
    expected = {(call.layer, call.index): reads(call) for call in built.calls}
    own = {(call.layer, call.index): reads(call) for call in found.calls}
    if built.sequential:  # Keras names a chain's input itself
        assert list(own) == list(expected)
    else:
        assert own == expected
        assert list(leaves(found.outputs)) == list(leaves(built.outputs))
        assert (found.inputs, found.input_keys) == (built.inputs, built.input_keys)


def test_every_config_means_what_it_meant(pair: tuple[Graph, Graph]) -> None:
    built, found = (dict(graph.walk()) for graph in pair)
    for path, layer in built.items():
        if layer.kind in ("InputLayer", "Model"):
            continue
        own = found[path].config
        numbers = {
            key: value for key, value in layer.config.items() if not key.endswith(("izer", "constraint"))
        }
        assert {key: own.get(key) for key in numbers} == numbers, path
        assert found[path].dtype == layer.dtype
        assert found[path].trainable == layer.trainable


def test_inputs_have_their_shapes_again(pair: tuple[Graph, Graph]) -> None:
    built, found = pair
    for name in found.inputs:
        if name in built.layers:
            assert found.layers[name].config == built.layers[name].config
