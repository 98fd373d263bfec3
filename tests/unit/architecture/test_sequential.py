"""Sequential models: both forms of the config, and every way in which one says what it is fed."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.graph import Activation, Call, Ref
from tests.unit.architecture.configs import (
    an_input,
    dense,
    draft_of,
    entry,
    lstm,
    names_of,
    problems_of,
    read,
    sequential,
)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_both_forms_of_the_config_are_one_chain(form: str) -> None:
    graph = read(sequential([lstm("a", batch_input_shape=[None, 5, 3]), dense("b")], form=form))
    assert graph.sequential
    assert names_of(graph) == ["a_input", "a", "b"]
    assert graph.inputs == ("a_input",)
    assert graph.layers["a_input"].config == {"batch_shape": (None, 5, 3), "dtype": "float32"}
    assert graph.calls == (Call("a", 0, (Ref("a_input", 0, 0),)), Call("b", 0, (Ref("a", 0, 0),)))
    assert graph.outputs == Ref("b", 0, 0)


def test_a_model_bears_its_own_name_or_keras_one() -> None:
    entries = [dense("b") | {"config": {"name": "b", "units": 2, "batch_input_shape": [None, 3]}}]
    assert read(sequential(entries, form="dict")).name == "s"
    assert read(sequential(entries)).name == "sequential"


def test_an_input_layer_is_taken_as_it_stands() -> None:
    graph = read(sequential([an_input("in", 5, 3), lstm("a")], form="dict"))
    assert names_of(graph) == ["in", "a"]
    assert graph.layers["in"].config["batch_shape"] == (None, 5, 3)


def test_a_batch_size_and_a_dtype_are_kept() -> None:
    config = {"input_dim": 9, "output_dim": 2, "batch_input_shape": [4, 7], "dtype": "float32"}
    graph = read(sequential([entry("Embedding", "e", config)]))
    assert graph.layers["e_input"].config == {"batch_shape": (4, 7), "dtype": "float32"}


def test_the_shape_that_a_model_was_built_with_is_said_to_be_assumed() -> None:
    draft = draft_of("2.3.1")
    graph = read(sequential([lstm("a")], form="dict", build_input_shape=[32, 5, 3]), draft)
    assert graph.layers["a_input"].config["batch_shape"] == (None, 5, 3)
    (note,) = [note for note in draft.notes if note.kind == "assumed"]
    assert "[32, 5, 3]" in note.text


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (lstm("a"), (None, None, 3)),
        (dense("a"), (None, 3)),
        (entry("Conv1D", "a", {"filters": 2, "kernel_size": [3]}), (None, None, 3)),
        (entry("TimeDistributed", "a", {"layer": dense("inner")}), (None, None, 3)),
        (entry("Bidirectional", "a", {"layer": lstm("inner")}), (None, None, 3)),
    ],
)
def test_without_any_shape_the_first_layers_weights_tell_the_features(first: Any, shape: Any) -> None:
    draft = draft_of(input_width={"a": 3})
    graph = read(sequential([first]), draft)
    assert graph.layers["a_input"].config["batch_shape"] == shape
    assert any("weights" in note.text for note in draft.notes)


def test_an_embedding_is_fed_whole_numbers() -> None:
    graph = read(sequential([entry("Embedding", "e", {"input_dim": 9, "output_dim": 2})]))
    assert graph.layers["e_input"].config == {"batch_shape": (None, None), "dtype": "int32"}


def test_a_model_that_nobody_tells_what_it_is_fed_is_refused() -> None:
    (problem,) = problems_of(sequential([entry("Flatten", "f")]))
    assert problem.what == "the model does not say what it is fed"
    assert problem.where == "f"


@pytest.mark.parametrize("config", [[], {}, {"layers": []}, {"layers": {}}, None, "a", 3])
def test_a_model_without_layers_is_refused(config: Any) -> None:
    (problem,) = problems_of({"class_name": "Sequential", "config": config})
    assert "has no layers" in problem.what


def test_a_model_of_an_input_alone_is_refused() -> None:
    (problem,) = problems_of(sequential([an_input("in", 3)]))
    assert "besides its input" in problem.what


def test_a_layer_that_stands_twice_is_one_layer_called_twice() -> None:
    twice = dense("d") | {"config": {"name": "d", "units": 3, "batch_input_shape": [None, 3]}}
    graph = read(sequential([twice, twice]))
    assert names_of(graph) == ["d_input", "d"]
    assert graph.calls == (Call("d", 0, (Ref("d_input", 0, 0),)), Call("d", 1, (Ref("d", 0, 0),)))
    assert graph.outputs == Ref("d", 1, 0)


def test_a_model_inside_is_fed_what_its_own_input_says() -> None:
    inner = sequential([lstm("a", batch_input_shape=[None, 5, 3])], form="dict")
    graph = read(sequential([inner, dense("b")]))
    assert graph.layers["s_input"].config["batch_shape"] == (None, 5, 3)
    nested = graph.layers["s"]
    assert nested.kind == "Model"
    assert nested.graph is not None
    assert names_of(nested.graph) == ["a_input", "a"]
    assert [path for path, _ in graph.walk()][-2:] == [("s", "a"), ("b",)]


def test_a_nameless_model_inside_gets_the_name_of_its_group_of_arrays() -> None:
    inner = {"class_name": "Sequential", "config": [lstm("a", batch_input_shape=[None, 5, 3])]}
    draft = draft_of("2.2.2", group_names=("sequential_7", "b"))
    assert "sequential_7" in read(sequential([inner, dense("b")]), draft).layers


def test_the_defaults_of_the_era_are_written_out() -> None:
    layer = read(sequential([lstm("a", batch_input_shape=[None, 5, 3])])).layers["a"]
    assert layer.config["recurrent_activation"] == Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})
    later = read(sequential([lstm("a", batch_input_shape=[None, 5, 3])]), draft_of("2.3.1")).layers["a"]
    assert later.config["recurrent_activation"] == Activation("sigmoid")


def test_what_was_dropped_is_noted_with_its_reason() -> None:
    draft = draft_of()
    read(sequential([lstm("a", batch_input_shape=[None, 5, 3], implementation=2)]), draft)
    assert [note.where for note in draft.notes] == ["a: implementation"]


def test_frozen_parts_stay_frozen() -> None:
    graph = read(
        sequential([lstm("a", batch_input_shape=[None, 5, 3], trainable=False)], form="dict", trainable=False)
    )
    assert not graph.trainable
    assert not graph.layers["a"].trainable


def test_two_layers_of_one_name_are_refused_unless_they_are_one() -> None:
    entries = [dense("d", units=3) | {"config": {"name": "d", "units": 3, "batch_input_shape": [None, 3]}}]
    (problem,) = problems_of(sequential([*entries, dense("d", units=4)]))
    assert problem.what == "two layers are named 'd'"
