"""One layer of a config: what it wraps, its dtype policy, and values that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.architecture.layers import outputs_of, states_of
from lstm_migrate.graph import Layer
from tests.unit.architecture.configs import (
    Config,
    an_input,
    dense,
    draft_of,
    entry,
    fed,
    functional,
    lstm,
    problems_of,
    read,
)


def one(layer: Config, **facts: Any) -> Layer:
    """The layer of this config, in a model of its own."""
    return read(model(layer), draft_of(**facts)).layers["y"]


def model(layer: Config) -> Config:
    return functional(
        [an_input("x", 5, 3), {**layer, "name": "y", "inbound_nodes": [fed("x")]}],
        [["x", 0, 0]],
        [["y", 0, 0]],
    )


def said(layer: Config) -> list[str]:
    return [problem.what for problem in problems_of(model(layer))]


def test_a_bidirectional_layer_has_both_directions_each_with_its_own() -> None:
    layer = one(entry("Bidirectional", "y", {"layer": lstm("l", go_backwards=True), "merge_mode": "sum"}))
    forward, backward = layer.children["forward_layer"], layer.children["backward_layer"]
    assert (forward.config["go_backwards"], backward.config["go_backwards"]) == (True, False)
    assert {**forward.config, "go_backwards": 0} == {**backward.config, "go_backwards": 0}
    assert layer.config == {"merge_mode": "sum"}


def test_a_bare_list_of_cells_is_a_stack() -> None:
    layer = one(
        entry(
            "RNN", "y", {"cell": [entry("LSTMCell", "a", {"units": 2}), entry("GRUCell", "b", {"units": 3})]}
        )
    )
    stack = layer.children["cell"]
    assert stack.kind == "StackedRNNCells"
    assert [child.kind for child in stack.children.values()] == ["LSTMCell", "GRUCell"]
    assert list(stack.children) == ["0", "1"]


def test_a_time_distributed_model_is_a_model_inside() -> None:
    inner = functional([an_input("i", 3), dense("d", fed("i"))], [["i", 0, 0]], [["d", 0, 0]], "inner")
    layer = one(entry("TimeDistributed", "y", {"layer": inner}))
    assert layer.children["layer"].kind == "Model"


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (entry("TimeDistributed", "y", {}), "not a layer"),
        (entry("TimeDistributed", "y", {"layer": None}), "not a layer"),
        (entry("Bidirectional", "y", {"layer": 3}), "not a layer"),
        (entry("Bidirectional", "y", {"layer": dense("d")}), "Bidirectional cannot hold a Dense"),
        (entry("RNN", "y", {}), "not a layer"),
        (entry("RNN", "y", {"cell": lstm("l")}), "RNN cannot hold a LSTM"),
        (entry("RNN", "y", {"cell": []}), "a stack without cells"),
        (entry("RNN", "y", {"cell": entry("StackedRNNCells", "s", {"cells": 3})}), "a stack without cells"),
    ],
)
def test_a_wrapper_that_holds_nothing_or_the_wrong_thing_is_refused(layer: Config, what: str) -> None:
    assert what in said(layer)


@pytest.mark.parametrize("units", [0, -4, 1.5, "8", None, True, [4], {}, 10**30, float("nan")])
def test_units_that_are_no_size_are_refused_at_their_key(units: Any) -> None:
    for layer in (dense("y", units=units), lstm("y", units=units)):
        (problem,) = problems_of(model(layer))
        assert (problem.what, problem.where) == ("not a size", "y: units")
        assert problem.found
        assert problem.expected.startswith("a whole number from 1")


def test_whole_units_written_as_a_float_are_a_size() -> None:
    assert one(dense("y", units=4.0)).config["units"] == 4


def test_a_size_that_is_not_there_is_missed() -> None:
    layer = entry("Dense", "y", {"activation": "linear"})
    (problem,) = problems_of(model(layer))
    assert (problem.what, problem.expected) == ("a size is missing", "the config key 'units'")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"use_bias": "yes"}, "use_bias"),
        ({"return_sequences": 2}, "return_sequences"),
        ({"go_backwards": []}, "go_backwards"),
        ({"activation": 3}, "activation"),
        ({"activation": ["tanh"]}, "activation"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_at_its_key(config: Config, key: str) -> None:
    (problem,) = problems_of(model(lstm("y", **config)))
    assert problem.where == f"y: {key}"


@pytest.mark.parametrize(
    ("dtype", "policy"),
    [
        (None, "float64"),
        ("float32", "float32"),
        ("mixed_float16", "mixed_float16"),
        ({"class_name": "Policy", "config": {"name": "mixed_bfloat16"}}, "mixed_bfloat16"),
        ({"class_name": "Policy", "config": {"name": "_infer"}}, "float64"),
        ({"class_name": "Policy", "config": None}, "float64"),
        ("int32", "float64"),
    ],
)
def test_a_dtype_policy_is_read_in_every_form(dtype: Any, policy: str) -> None:
    layer = dense("y")
    layer["config"]["dtype"] = dtype
    assert one(layer, floatx="float64").dtype == policy


@pytest.mark.parametrize("dtype", ["complex64", 3, [[]], ["float32"], "", True])
def test_an_unknown_dtype_policy_is_refused(dtype: Any) -> None:
    layer = dense("y")
    layer["config"]["dtype"] = dtype
    assert said(layer) == ["unknown dtype policy"]


def test_what_is_wrapped_inherits_the_dtype() -> None:
    layer = entry("TimeDistributed", "y", {"layer": dense("d"), "dtype": "float16"})
    assert one(layer).children["layer"].dtype == "float16"


def test_what_a_layer_refuses_is_told_with_the_way_out() -> None:
    (problem,) = problems_of(model(entry("Lambda", "y", {"function": ["4wEA", None, None]})))
    assert problem.what == "Lambda cannot be carried over"
    assert "mapping file" in problem.hint


def test_states_and_outputs_are_counted() -> None:
    plain = Layer("l", "LSTM", {"units": 2})
    stack = Layer("s", "StackedRNNCells", {}, {"0": Layer("a", "LSTMCell"), "1": Layer("b", "GRUCell")})
    rnn = Layer("r", "RNN", {"return_state": True}, {"cell": stack})
    pair = {"forward_layer": rnn, "backward_layer": rnn}
    assert [states_of(layer) for layer in (plain, Layer("g", "GRU"), stack, rnn)] == [2, 1, 3, 3]
    assert states_of(Layer("c", "ConvLSTM2D")) == 2
    assert outputs_of(plain) == 1
    assert outputs_of(rnn) == 4
    assert outputs_of(Layer("b", "Bidirectional", {"merge_mode": "concat"}, pair)) == 7
    assert outputs_of(Layer("b", "Bidirectional", {"merge_mode": None}, pair)) == 8
    assert outputs_of(Layer("o", "ops.split")) is None
    assert outputs_of(Layer("d", "Dense")) == 1
