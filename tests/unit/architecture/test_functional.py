"""Functional models: calls in order, shared and nested layers, states, dicts, and what is no graph at all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lstm_migrate.architecture.drafting import MAX_NESTING
from lstm_migrate.errors import SourceError
from lstm_migrate.graph import Call, Graph, Ref, references
from tests.unit.architecture.configs import (
    Config,
    an_input,
    dense,
    entry,
    fed,
    functional,
    lstm,
    names_of,
    problems_of,
    read,
    sequential,
)

IN, OUT = [["x", 0, 0]], [["y", 0, 0]]


def assert_ready(graph: Graph) -> None:
    """Every call finds what it reads already made."""
    done = {(name, 0) for name, layer in graph.layers.items() if layer.kind == "InputLayer"}
    for call in graph.calls:
        assert {(ref.layer, ref.call) for ref in references(call)} <= done
        done.add((call.layer, call.index))


def test_calls_come_in_an_order_in_which_their_inputs_are_ready() -> None:
    chain = [dense(f"d{n}", fed(f"d{n - 1}" if n else "x")) for n in range(30)]
    random.Random(0).shuffle(chain)
    graph = read(functional([*chain, an_input("x", 3)], IN, [["d29", 0, 0]]))
    assert_ready(graph)
    assert [call.layer for call in graph.calls] == [f"d{n}" for n in range(30)]
    assert graph.outputs == Ref("d29", 0, 0)
    assert not graph.sequential


def test_calls_that_are_ready_together_keep_the_order_of_the_file() -> None:
    branches = [dense(name, fed("x")) for name in ("c", "a", "b")]
    graph = read(
        functional([an_input("x", 3), *branches, entry("Add", "y", {}, fed("b", "a", "c"))], IN, OUT)
    )
    assert [call.layer for call in graph.calls] == ["c", "a", "b", "y"]
    assert graph.calls[-1].args == ([Ref("b", 0, 0), Ref("a", 0, 0), Ref("c", 0, 0)],)


def test_a_long_chain_listed_backwards_takes_no_time() -> None:
    chain = [dense(f"d{n}", fed(f"d{n - 1}" if n else "x")) for n in range(3000)]
    graph = read(functional([an_input("x", 3), *chain[::-1]], IN, [["d2999", 0, 0]]))
    assert len(graph.calls) == 3000
    assert_ready(graph)


def test_a_shared_layer_is_called_once_for_each_node() -> None:
    entries = [
        an_input("x", 3),
        an_input("z", 3),
        dense("s", fed("x"), fed("z")),
        entry("Concatenate", "y", {"axis": -1}, [["s", 1, 0, {}], ["s", 0, 0, {}]]),
    ]
    graph = read(functional(entries, [["x", 0, 0], ["z", 0, 0]], OUT))
    assert graph.inputs == ("x", "z")
    assert graph.calls[:2] == (Call("s", 0, (Ref("x", 0, 0),)), Call("s", 1, (Ref("z", 0, 0),)))
    assert graph.calls[2].args == ([Ref("s", 1, 0), Ref("s", 0, 0)],)


def test_a_layer_called_on_its_own_output_is_no_circle() -> None:
    entries = [an_input("x", 3), dense("s", fed("x"), [["s", 0, 0, {}]], units=3)]
    graph = read(functional(entries, IN, [["s", 1, 0]]))
    assert [call.index for call in graph.calls] == [0, 1]


def nested(calls: int = 1) -> Config:
    inner = functional([an_input("i", 3), dense("d", fed("i"))], [["i", 0, 0]], [["d", 0, 0]], "inner")
    return {**inner, "name": "inner", "inbound_nodes": [fed("x") for _ in range(calls)]}


def test_a_model_that_was_built_before_it_was_called_counts_from_one() -> None:
    # Its first node is its own, which is not in the file.
    entries = [an_input("x", 3), nested(), dense("y", [["inner", 1, 0, {}]])]
    graph = read(functional(entries, IN, OUT))
    assert graph.calls == (Call("inner", 0, (Ref("x", 0, 0),)), Call("y", 0, (Ref("inner", 0, 0),)))
    assert graph.layers["inner"].kind == "Model"


def test_a_model_called_twice_keeps_its_calls_apart() -> None:
    entries = [an_input("x", 3), nested(2), entry("Add", "y", {}, [["inner", 1, 0, {}], ["inner", 2, 0, {}]])]
    graph = read(functional(entries, IN, OUT))
    assert graph.calls[2].args == ([Ref("inner", 0, 0), Ref("inner", 1, 0)],)


def test_a_model_counted_from_nought_is_counted_from_nought() -> None:
    entries = [an_input("x", 3), nested(2), entry("Add", "y", {}, [["inner", 0, 0, {}], ["inner", 1, 0, {}]])]
    graph = read(functional(entries, IN, OUT))
    assert graph.calls[2].args == ([Ref("inner", 0, 0), Ref("inner", 1, 0)],)


def test_a_sequential_model_inside_is_a_layer() -> None:
    inner = {**sequential([dense("d", units=3)], form="dict"), "name": "s", "inbound_nodes": [fed("x")]}
    inner["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 3]
    graph = read(functional([an_input("x", 3), inner], IN, [["s", 1, 0]]))
    assert graph.outputs == Ref("s", 0, 0)
    assert [path for path, _ in graph.walk()] == [("x",), ("s",), ("s", "d_input"), ("s", "d")]


def test_inputs_and_outputs_may_be_dicts() -> None:
    entries = [an_input("x", 3), an_input("z", 3), entry("Add", "y", {}, fed("x", "z"))]
    graph = read(functional(entries, {"second": ["z", 0, 0], "first": ["x", 0, 0]}, {"out": ["y", 0, 0]}))
    assert graph.inputs == ("x", "z")
    assert graph.input_keys == ("first", "second")
    assert graph.outputs == {"out": Ref("y", 0, 0)}


def test_several_outputs_are_a_list_and_a_single_one_is_not() -> None:
    entries = [an_input("x", 3), dense("y", fed("x"))]
    assert read(functional(entries, IN, OUT)).outputs == Ref("y", 0, 0)
    assert read(functional(entries, IN, [*OUT, ["x", 0, 0]])).outputs == [Ref("y", 0, 0), Ref("x", 0, 0)]
    assert read(functional(entries, ["x", 0, 0], ["y", 0, 0])).inputs == ("x",)


def test_a_node_may_be_a_dict_of_tensors() -> None:
    inner = functional(
        [an_input("a", 3), an_input("b", 3), entry("Add", "s", {}, fed("a", "b"))],
        {"a": ["a", 0, 0], "b": ["b", 0, 0]},
        [["s", 0, 0]],
        "inner",
        "Functional",
    )
    node = {"a": ["x", 0, 0, {}], "b": ["x", 0, 0, {}]}
    graph = read(
        functional(
            [an_input("x", 3), {**inner, "name": "inner", "inbound_nodes": [node]}], IN, [["inner", 1, 0]]
        )
    )
    assert graph.calls[0].args == ({"a": Ref("x", 0, 0), "b": Ref("x", 0, 0)},)


# --- states and other keyword arguments


def states(*nodes: Any, **config: Any) -> Graph:
    entries = [an_input("x", 5, 3), an_input("h", 2), an_input("c", 2), lstm("y", *nodes, **config)]
    return read(functional(entries, [[name, 0, 0] for name in "xhc"], OUT))


H, C = Ref("h", 0, 0), Ref("c", 0, 0)


@pytest.mark.parametrize(
    "node",
    [
        fed("x", "h", "c"),
        fed("x", initial_state=[["h", 0, 0], ["c", 0, 0]]),
        fed("x", initial_state=[["h", 0, 0, {}], ["c", 0, 0, {}]]),
    ],
)
def test_states_are_found_in_the_list_and_among_the_keywords(node: Any) -> None:
    (call,) = states(node).calls
    assert call == Call("y", 0, (Ref("x", 0, 0),), {"initial_state": [H, C]})


def test_states_of_cells_may_be_nested_lists() -> None:
    cells = {"cells": [entry("LSTMCell", "a", {"units": 2}), entry("GRUCell", "b", {"units": 2})]}
    cell = {"class_name": "StackedRNNCells", "config": {"name": "s", **cells}}
    node = fed("x", initial_state=[[["h", 0, 0], ["c", 0, 0]], ["h", 0, 0]])
    entries = [
        an_input("x", 5, 3),
        an_input("h", 2),
        an_input("c", 2),
        entry("RNN", "y", {"cell": cell}, node),
    ]
    graph = read(functional(entries, [[name, 0, 0] for name in "xhc"], OUT))
    assert graph.calls[0].kwargs == {"initial_state": [[H, C], H]}


@pytest.mark.parametrize("names", [("h",), ("h", "c", "h")])
def test_a_wrong_number_of_states_is_told(names: tuple[str, ...]) -> None:
    entries = [an_input("x", 5, 3), an_input("h", 2), an_input("c", 2), lstm("y", fed("x", *names))]
    (problem,) = problems_of(functional(entries, [[name, 0, 0] for name in "xhc"], OUT))
    assert (problem.what, problem.where) == ("wrong number of initial states", "m/y")
    assert (problem.found, problem.expected) == (str(len(names)), "2")


def test_tensors_and_constants_among_the_keywords_are_told_apart() -> None:
    node = fed("x", mask=["h", 0, 0], training=False, scale=["_CONSTANT_VALUE", -1, 0.5], none=None)
    (call,) = states(node).calls
    assert call.kwargs == {"mask": H, "training": False, "scale": 0.5}


def test_a_constant_may_stand_among_the_tensors() -> None:
    node = [["x", 0, 0, {}], ["_CONSTANT_VALUE", -1, [[1.0, 2.0]], {}]]
    graph = read(functional([an_input("x", 2), entry("Add", "y", {}, node)], IN, OUT))
    assert graph.calls[0].args == ([Ref("x", 0, 0), [[1.0, 2.0]]],)


def test_a_node_may_be_a_single_tensor_without_a_list_around_it() -> None:
    graph = read(functional([an_input("x", 3), dense("y", ["x", 0, 0, {}])], IN, OUT))
    assert graph.calls == (Call("y", 0, (Ref("x", 0, 0),)),)


def test_the_states_that_a_layer_returns_are_its_further_outputs() -> None:
    entries = [an_input("x", 5, 3), lstm("l", fed("x"), return_state=True), dense("y", [["l", 0, 2, {}]])]
    assert read(functional(entries, IN, OUT)).calls[1].args == (Ref("l", 0, 2),)


# --- what is no graph


X = an_input("x", 3)
BROKEN: dict[str, tuple[Config, str, str]] = {
    "a circle of two": (
        functional([X, entry("Add", "a", {}, fed("x", "y")), dense("y", fed("a"))], IN, OUT),
        "the layers feed each other in a circle",
        "a, y",
    ),
    "a layer that feeds itself": (
        functional([X, dense("y", fed("y"))], IN, OUT),
        "the layers feed each other in a circle",
        "y",
    ),
    "an unknown layer": (
        functional([X, dense("y", fed("nobody"))], IN, OUT),
        "y is fed by a layer that is not there",
        "nobody",
    ),
    "an unknown call": (
        functional([X, dense("a", fed("x")), dense("y", [["a", 3, 0, {}]])], IN, OUT),
        "y reads call 3 of a, which is not in the file",
        "",
    ),
    "an unknown output": (
        functional([X, dense("a", fed("x")), dense("y", [["a", 0, 1, {}]])], IN, OUT),
        "output 1 of a is read",
        "Dense with outputs 0 to 0",
    ),
    "an input that is fed": (
        functional([{**X, "inbound_nodes": [fed("y")]}, dense("y", fed("x"))], IN, OUT),
        "an input is fed by a layer",
        "",
    ),
    "two layers of one name": (
        functional([X, dense("y", fed("x")), dense("y", fed("x"))], IN, OUT),
        "two layers are named 'y'",
        "",
    ),
    "a call of nothing": (
        functional([X, dense("y", [])], IN, OUT),
        "a call without inputs",
        "[]",
    ),
    "an output of nobody": (
        functional([X, dense("y", fed("x"))], IN, [["z", 0, 0]]),
        "the model's outputs are no tensors of its own",
        "[['z', 0, 0]]",
    ),
    "an output of a call that is not there": (
        functional([X, dense("y", fed("x"))], IN, [["y", 1, 0]]),
        "the model's outputs are no tensors of its own",
        "[['y', 1, 0]]",
    ),
    "no output": (
        functional([X, dense("y", fed("x"))], IN, []),
        "the model's outputs are no tensors of its own",
        "[]",
    ),
    "an input that is another layer": (
        functional([X, dense("y", fed("x"))], [["y", 0, 0]], OUT),
        "the model's inputs are no tensors of its own",
        "[['y', 0, 0]]",
    ),
    "no input": (
        functional([X, dense("y", fed("x"))], None, OUT),
        "the model's inputs are no tensors of its own",
        "None",
    ),
    "a layer that is a word": (functional([X, "y"], IN, OUT), "not a layer", "y"),
    "a layer that is a list": (functional([X, ["y"]], IN, OUT), "not a layer", "['y']"),
    "an input without a shape": (
        functional([entry("InputLayer", "x", {"dtype": "float32"})], IN, IN),
        "the input has no shape",
        "None",
    ),
    "an input of no sizes": (
        functional([entry("InputLayer", "x", {"batch_input_shape": [None, "3"]})], IN, IN),
        "the input has no shape",
        "[None, '3']",
    ),
    "an input of negative size": (
        functional([an_input("x", -3), dense("y", fed("x"))], IN, OUT),
        "the input has no shape",
        "[None, -3]",
    ),
    "an input that fills the memory": (
        functional([an_input("x", 10**6, 10**6), dense("y", fed("x"))], IN, OUT),
        "the input is too large",
        "[None, 1000000, 1000000]",
    ),
    "a custom layer": (
        functional([X, entry("MyLayer", "y", {}, fed("x"))], IN, OUT),
        "no stock layer 'MyLayer'",
        "class MyLayer",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_graph_is_refused_and_says_what_was_found(name: str) -> None:
    config, what, found = BROKEN[name]
    problems = problems_of(config)
    assert what in [problem.what for problem in problems]
    problem = next(problem for problem in problems if problem.what == what)
    assert problem.where
    if found:
        assert problem.found == found


def test_all_problems_are_told_at_once() -> None:
    entries = [
        X,
        dense("a", fed("x"), units=-1),
        entry("Mine", "b", {}, fed("a")),
        lstm("y", fed("b"), foo=1),
    ]
    assert len(problems_of(functional(entries, IN, OUT))) == 3


@pytest.mark.parametrize("class_name", ["MyModel", None, 3, [], {"a": 1}])
def test_a_model_of_the_users_own_class_is_refused(class_name: Any) -> None:
    (problem,) = problems_of({"class_name": class_name, "config": {}})
    assert "not a stock model class" in problem.what


@pytest.mark.parametrize("config", [None, [], {}, {"layers": None}, {"layers": {}}, "a"])
def test_a_functional_model_without_layers_is_refused(config: Any) -> None:
    (problem,) = problems_of({"class_name": "Model", "config": config})
    assert "has no layers" in problem.what


def test_models_that_nest_without_end_are_refused() -> None:
    config = sequential([dense("d")], form="dict")
    for _ in range(MAX_NESTING + 1):
        config = sequential([config], form="dict")
    with pytest.raises(SourceError, match="nest too deep"):
        read(config)


def test_a_layer_wrapped_a_hundred_times_is_no_crash() -> None:
    layer = dense("d")
    for number in range(90):
        layer = entry("TimeDistributed", f"t{number}", {"layer": layer})
    graph = read(functional([an_input("x", 3), {**layer, "inbound_nodes": [fed("x")]}], IN, [["t89", 0, 0]]))
    assert len(list(graph.walk())) == 92


def test_every_layer_is_called_by_the_name_of_its_entry() -> None:
    entries = [an_input("x", 3), {**dense("config_name", fed("x")), "name": "y"}]
    graph = read(functional(entries, IN, OUT))
    assert names_of(graph) == ["x", "y"]
    assert graph.layers["y"].name == "y"
