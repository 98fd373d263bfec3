"""Which path of a weight store is which array: counted by class in the order of the model's layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.architecture.class_names import snake_case
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.eras import read_config
from lstm_migrate.checkpoint import Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import PlanError
from lstm_migrate.mapping.sources import source_vocabulary
from lstm_migrate.planning.store_binding import bind_store
from lstm_migrate.report import Note
from tests.unit.architecture.configs import an_input, dense, entry, fed, functional, lstm, sequential

EARLY = "_layer_checkpoint_dependencies"
LSTM = [(3, 8), (2, 8), (8,)]
DENSE = [(2, 2), (2,)]
BIDIRECTIONAL = {"forward_layer/cell": LSTM, "backward_layer/cell": LSTM}

Stored = Mapping[str, Sequence[tuple[int, ...]]]


def bound(
    architecture: dict[str, Any], stored: Stored, version: str = "2.15.0", format: str = "keras-archive"
) -> tuple[dict[str, str], list[Note]]:
    """What stands where, by the names of arrays; headers alone."""
    groups = {
        at: tuple(f"{at}/vars/{number}" for number in range(len(shapes))) for at, shapes in stored.items()
    }
    tensors = {
        name: TensorInfo(name, shape, "float32")
        for at, shapes in stored.items()
        for name, shape in zip(groups[at], shapes, strict=True)
    }
    writer = Writer("tf.keras", version, "tensorflow")
    checkpoint = Checkpoint(Path("made_up.keras"), format, writer, groups, tensors, architecture)
    words = source_vocabulary(writer)
    found, notes = bind_store(read_config(architecture, writer, Draft(words)), checkpoint, words)
    return {str(key): name for key, name in found.items()}, notes


def inside(place: str, parts: Stored) -> Stored:
    return {f"{place}/{name}": shapes for name, shapes in parts.items()}


def chain(*entries: Any) -> dict[str, Any]:
    return sequential([an_input("i", 5, 3), *entries], form="dict")


def two_lstms() -> dict[str, Any]:
    return chain(lstm("b", return_sequences=True), dense("x", units=3), lstm("a"), dense("y"))


@pytest.mark.parametrize(
    ("version", "container", "second"),
    [("2.15.0", "layers", "_1"), ("2.14.0", EARLY, "_1"), ("2.13.0", EARLY, "_2"), ("2.12.0", EARLY, "_2")],
)
def test_layers_are_counted_by_class(version: str, container: str, second: str) -> None:
    stored = {
        f"{container}/dense": [(2, 3), (3,)],
        f"{container}/dense{second}": DENSE,
        f"{container}/lstm/cell": LSTM,
        f"{container}/lstm{second}/cell": LSTM,
    }
    found, notes = bound(two_lstms(), stored, version)
    assert found["b.kernel"] == f"{container}/lstm/cell/vars/0"
    assert found["a.bias"] == f"{container}/lstm{second}/cell/vars/2"
    assert found["y.kernel"] == f"{container}/dense{second}/vars/0"
    assert len(found) == 10 and not notes


def test_a_layer_without_arrays_is_counted_once_where_others_are_counted_twice() -> None:
    drop = entry("Dropout", "drop", {"rate": 0.5})
    stored = {f"{EARLY}/dense": [(3, 2), (2,)], f"{EARLY}/dense_2": DENSE, f"{EARLY}/dense_4": DENSE}
    found, _ = bound(chain(dense("a"), drop, dense("b"), dense("c")), stored, "2.12.0")
    assert found["c.bias"] == f"{EARLY}/dense_4/vars/1"


def test_models_in_models_have_containers_of_their_own() -> None:
    inner = functional(
        [an_input("j", 3), dense("d", fed("j"))], [["j", 0, 0]], [["d", 0, 0]], "inner", "Functional"
    )
    outer = functional(
        [an_input("i", 3), {**inner, "name": "inner", "inbound_nodes": [fed("i")]}, dense("e", fed("inner"))],
        [["i", 0, 0]],
        [["e", 0, 0]],
        class_name="Functional",
    )
    stored = {"layers/functional/layers/dense": [(3, 2), (2,)], "layers/dense": DENSE}
    found, _ = bound(outer, stored)
    assert found["inner/d.kernel"] == "layers/functional/layers/dense/vars/0"
    assert found["e.kernel"] == "layers/dense/vars/0"


def test_stacked_cells_are_counted_by_class_as_well() -> None:
    cells = [
        entry(kind, f"c{number}", {"units": 2})
        for number, kind in enumerate(["LSTMCell", "GRUCell", "LSTMCell"])
    ]
    stack = {"class_name": "StackedRNNCells", "config": {"name": "s", "cells": cells}}
    stored = {
        "layers/rnn/cell/cells/lstm_cell": LSTM,
        "layers/rnn/cell/cells/gru_cell": [(2, 6), (2, 6), (6,)],
        "layers/rnn/cell/cells/lstm_cell_1": [(2, 8), (2, 8), (8,)],
    }
    found, _ = bound(chain(entry("RNN", "r", {"cell": stack})), stored)
    assert found["r/cell/2.kernel"] == "layers/rnn/cell/cells/lstm_cell_1/vars/0"


def one_bidirectional() -> dict[str, Any]:
    return chain(entry("Bidirectional", "both", {"layer": lstm("l"), "merge_mode": "sum"}), dense("d"))


def test_the_layer_that_bidirectional_was_given_is_left_behind() -> None:
    stored = {"layers/dense": DENSE, **inside("layers/bidirectional", {**BIDIRECTIONAL, "layer/cell": LSTM})}
    found, notes = bound(one_bidirectional(), stored)
    assert found["both/backward_layer.kernel"] == "layers/bidirectional/backward_layer/cell/vars/0"
    assert [(note.kind, note.where) for note in notes] == [("left behind", "layers/bidirectional/layer/cell")]


def test_variables_that_were_never_saved_are_said_to_be_lost() -> None:
    stored = {"layers/dense": DENSE, "layers/bidirectional/forward_layer/cell": LSTM}
    with pytest.raises(PlanError) as caught:
        bound(one_bidirectional(), stored)
    [problem] = caught.value.problems
    assert problem.what == (
        "the file holds no variables for layers/bidirectional/backward_layer/cell: "
        "they were never saved, and cannot be recovered"
    )
    assert problem.where == "both/backward_layer"


def test_weights_alone_may_also_have_another_architecture() -> None:
    stored = {"layers/dense": DENSE, "layers/bidirectional/forward_layer/cell": LSTM}
    with pytest.raises(PlanError, match="Or the architecture is not that of these weights"):
        bound(one_bidirectional(), stored, format="keras-store")


def test_another_architecture_is_told_by_what_is_missing_and_what_is_left_over() -> None:
    with pytest.raises(PlanError) as caught:
        bound(two_lstms(), {"layers/dense": [(2, 3), (3,)], "layers/gru/cell": LSTM})
    [problem] = caught.value.problems
    assert problem.found == "without a layer: layers/gru/cell"
    assert problem.expected == "without variables: layers/lstm/cell, layers/lstm_1/cell, layers/dense_1"


def test_variables_without_a_layer_are_told() -> None:
    stored = {"layers/dense": [(3, 2), (2,)], "layers/my_layer": [(4,)]}
    with pytest.raises(PlanError, match=r"no layer of the architecture has the variables of layers/my_layer"):
        bound(chain(dense("d")), stored)


def test_a_wrong_count_and_a_wrong_shape_are_told_together() -> None:
    stored = {"layers/dense": [(3, 7), (2,)], "layers/dense_1": [(2, 2)]}
    with pytest.raises(PlanError) as caught:
        bound(chain(dense("a"), dense("b")), stored)
    said = str(caught.value)
    assert "layers/dense_1 has 1 variables, its config wants 2" in said
    assert "the shape of 'layers/dense/vars/0' does not fit" in said


@pytest.mark.parametrize("prefix", ["", "_"])
def test_the_layers_inside_attention_stand_under_its_attributes(prefix: str) -> None:
    attention = entry(
        "MultiHeadAttention",
        "m",
        {"num_heads": 2, "key_dim": 3, "value_dim": 3},
        [["i", 0, 0, {}], ["i", 0, 0, {}]],
    )
    graph = functional(
        [an_input("i", 5, 4), attention], [["i", 0, 0]], [["m", 0, 0]], class_name="Functional"
    )
    inner = [(4, 2, 3), (2, 3)]
    stored = {
        f"layers/multi_head_attention/{prefix}{name}_dense": inner for name in ("key", "query", "value")
    }
    stored[f"layers/multi_head_attention/{prefix}output_dense"] = [(2, 3, 4), (4,)]
    found, _ = bound(graph, stored)
    assert found["m.query/kernel"] == f"layers/multi_head_attention/{prefix}query_dense/vars/0"
    assert found["m.attention_output/bias"] == f"layers/multi_head_attention/{prefix}output_dense/vars/1"


@pytest.mark.parametrize(
    ("name", "written"),
    [("LSTM", "lstm"), ("ConvLSTM2D", "conv_lstm2d"), ("Conv1DTranspose", "conv1d_transpose"),
     ("RNN", "rnn"), ("SimpleRNNCell", "simple_rnn_cell"), ("PReLU", "p_re_lu"), ("GRUCell", "gru_cell"),
     ("SeparableConv1D", "separable_conv1d"), ("MultiHeadAttention", "multi_head_attention")],
)  # fmt: skip
def test_class_names_are_written_in_small_letters(name: str, written: str) -> None:
    assert snake_case(name) == written


def test_a_vocabulary_in_the_assets_is_not_lost_without_a_word() -> None:
    lookup = entry("IntegerLookup", "words", {"vocabulary": None, "output_mode": "int"})
    config = chain(lookup)
    writer = Writer("tf.keras", "2.15.0", "tensorflow")
    left = {"assets": "1 file: assets/layers/integer_lookup/vocabulary.txt"}
    file = Checkpoint(Path("made_up.keras"), "keras-archive", writer, {}, {}, config, left)
    words = source_vocabulary(writer)
    with pytest.raises(PlanError, match=r"the vocabulary stands in the archive's assets"):
        bind_store(read_config(config, writer, Draft(words)), file, words)
