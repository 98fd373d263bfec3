"""Configs of Keras 0.3 and 1.x become the Graphs that they meant."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.architecture import keras0, keras1
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.errors import LstmMigrateError, PlanError, SourceError
from lstm_migrate.graph import Activation, Graph
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary


def draft(*groups: str, version: tuple[int, ...] = (1, 2, 2)) -> Draft:
    return Draft(Vocabulary(document("keras1"), version), group_names=groups)


def recurrent(name: str, kind: str = "LSTM", **more: Any) -> dict[str, Any]:
    config = {"name": name, "output_dim": 4, "inner_activation": "hard_sigmoid", "activation": "tanh", **more}
    return {"class_name": kind, "config": config}


def branch(name: str, kind: str = "LSTM", width: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "class_name": "Sequential",
        "config": [recurrent(name, kind, batch_input_shape=[None, 6, width], **more)],
    }


def merged(*branches: dict[str, Any], mode: str = "concat", **config: Any) -> dict[str, Any]:
    inside = {"name": "merge_1", "mode": mode, "mode_type": "raw", "layers": list(branches), **config}
    dense = {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 2, "activation": "linear"}}
    return {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": inside}, dense]}


def read(config: dict[str, Any], *groups: str) -> Graph:
    return keras1.read(config, draft(*groups))


def test_old_keys_become_the_new_ones_with_the_old_meaning() -> None:
    graph = read(
        {
            "class_name": "Sequential",
            "config": [
                recurrent(
                    "lstm_1",
                    batch_input_shape=[None, 6, 5],
                    init="glorot_uniform",
                    inner_init="orthogonal",
                    forget_bias_init="one",
                    dropout_W=0.25,
                    dropout_U=0.5,
                    W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01},
                    return_sequences=True,
                    consume_less="gpu",
                    input_dim=5,
                    input_length=None,
                )
            ],
        }
    )
    config = graph.layers["lstm_1"].config
    assert config["units"] == 4
    assert config["recurrent_activation"] == Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})
    assert (config["dropout"], config["recurrent_dropout"]) == (0.25, 0.5)
    assert config["kernel_regularizer"]["class_name"] == "L1L2"
    assert config["kernel_regularizer"]["config"] == {"l1": 0.0, "l2": 0.01}
    assert graph.layers["lstm_1_input"].config["batch_shape"] == (None, 6, 5)


@pytest.mark.parametrize(
    ("mode", "kind", "config"),
    [
        ("sum", "Add", {}),
        ("mul", "Multiply", {}),
        ("ave", "Average", {}),
        ("max", "Maximum", {}),
        ("concat", "Concatenate", {"axis": -1}),
        ("dot", "Dot", {"axes": [1, 1]}),
        ("cos", "CosineMerge", {"axes": [1, 1]}),
    ],
)
def test_each_mode_of_merge_is_a_layer_of_its_own(mode: str, kind: str, config: dict[str, Any]) -> None:
    graph = read(merged(branch("lstm_1"), branch("lstm_2"), mode=mode, concat_axis=-1, dot_axes=[1, 1]))
    layer = graph.layers["merge_1"]
    assert layer.kind == kind
    assert {key: layer.config[key] for key in config} == config


def test_the_branches_of_a_first_merge_become_layers_of_the_model_itself() -> None:
    graph = read(merged(branch("lstm_1"), branch("gru_1", "GRU", 5)))
    assert graph.inputs == ("lstm_1_input", "gru_1_input")
    assert [name for name in graph.layers if "input" not in name] == ["lstm_1", "gru_1", "merge_1", "dense_1"]
    assert not graph.sequential


def test_a_branch_that_is_given_twice_is_one_and_is_fed_once() -> None:
    graph = read(merged(branch("lstm_1"), branch("lstm_1")))
    assert graph.inputs == ("lstm_1_input",)
    (call,) = [call for call in graph.calls if call.layer == "merge_1"]
    assert call.args[0][0] == call.args[0][1]


def test_a_model_without_a_name_in_a_branch_is_called_like_its_group_of_arrays() -> None:
    inner = {"class_name": "Sequential", "config": [branch("lstm_1")]}
    graph = read(merged(inner, branch("gru_1", "GRU")), "sequential_4", "gru_1", "dense_1")
    assert graph.layers["sequential_4"].graph is not None


def test_merge_does_not_see_the_mask_of_a_sequential_branch() -> None:
    words = {
        "name": "words",
        "input_dim": 9,
        "output_dim": 3,
        "mask_zero": True,
        "batch_input_shape": [None, 6],
    }
    masked = {
        "class_name": "Sequential",
        "config": [{"class_name": "Embedding", "config": words}, recurrent("lstm_1", return_sequences=True)],
    }
    graph = read(merged(masked, branch("gru_1", "GRU", return_sequences=True), mode="sum"))
    assert graph.layers["lstm_1_unmasked"].kind == "Unmasked"
    assert "gru_1_unmasked" not in graph.layers


def test_a_merge_by_a_function_is_refused_with_the_way_out() -> None:
    with pytest.raises(PlanError, match="mapping file") as caught:
        read(merged(branch("lstm_1"), branch("lstm_2"), mode="<lambda>", mode_type="lambda"))
    assert "merge_1" in str(caught.value)


@pytest.mark.parametrize(("said", "expected"), [("th", "channels_first"), ("tf", "channels_last")])
def test_layers_that_write_no_ordering_have_that_of_the_others(said: str, expected: str) -> None:
    shape = [None, 2, 6, 5] if said == "th" else [None, 6, 5, 2]
    convolution = {
        "name": "c", "nb_filter": 3, "nb_row": 2, "nb_col": 3, "dim_ordering": said, "border_mode": "valid",
        "activation": "linear", "bias": True, "subsample": [1, 1], "batch_input_shape": shape,
    }  # fmt: skip
    layers = [
        {"class_name": "Convolution2D", "config": convolution},
        {"class_name": "ZeroPadding2D", "config": {"name": "p", "padding": [1, 2]}},
    ]
    graph = read({"class_name": "Sequential", "config": layers})
    assert graph.layers["c"].config["kernel_size"] == [2, 3]
    assert graph.layers["c"].config["data_format"] == expected
    assert graph.layers["p"].config["data_format"] == expected


def test_an_ordering_that_nothing_tells_is_asked_for() -> None:
    pad = {"name": "p", "padding": [1, 1], "batch_input_shape": [None, 4, 4, 2]}

    def padded(**said: str) -> Graph:
        config = [{"class_name": "ZeroPadding2D", "config": {**pad, **said}}]
        return read({"class_name": "Sequential", "config": config})

    with pytest.raises(PlanError, match="p: ZeroPadding2D does not write its dim_ordering"):
        padded()
    assert padded(dim_ordering="th").layers["p"].config["data_format"] == "channels_first"


def test_a_model_behind_merged_branches_is_called_as_its_group_though_the_mask_is_cut() -> None:
    mask = {"name": "mask_1", "mask_value": 0.0, "batch_input_shape": [None, 6, 3]}
    masking = {"class_name": "Masking", "config": mask}
    masked = {"class_name": "Sequential", "config": [masking, recurrent("lstm_1")]}
    model = merged(masked, branch("lstm_2"))
    inner = {"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "activation": "linear"}}
    model["config"].append({"class_name": "Sequential", "config": [inner]})
    names = read(model, "mask_1", "lstm_1", "lstm_2", "dense_1", "sequential_7").layers
    assert "sequential_7" in names


def test_a_config_that_nests_without_end_is_refused() -> None:
    entry: Any = branch("lstm_1")
    for _ in range(100):
        entry = {"class_name": "Sequential", "config": [entry]}
    with pytest.raises(SourceError, match="nest too deep"):
        read(entry)


@pytest.mark.parametrize(
    "broken",
    [
        {"class_name": "Sequential", "config": []},
        {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": {"mode": "sum"}}]},
        {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": None}]},
        {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": {"layers": [1, None]}}]},
        {"class_name": "Sequential", "config": [None]},
        {"class_name": "Sequential", "config": "LSTM"},
        {"class_name": "Model", "config": {"layers": [{"class_name": "Merge"}]}},
        {"class_name": "Graph", "config": {}},
        {"class_name": "Graph", "config": {"input_config": [{}], "node_config": [], "output_config": []}},
        merged({"class_name": "Sequential", "config": []}, branch("lstm_1")),
        merged({"class_name": "Model", "config": {"layers": 3}}, branch("lstm_1")),
        merged({"class_name": "Sequential", "config": [{"config": []}]}, branch("lstm_1")),
    ],
)
def test_a_damaged_config_is_refused_and_never_crashes(broken: dict[str, Any]) -> None:
    with pytest.raises(LstmMigrateError):
        read(broken)


# --- Keras 0.3


def old(config: dict[str, Any]) -> Graph:
    return keras0.read(config, draft(version=(0, 3)))


def flat(kind: str, **config: Any) -> dict[str, Any]:
    return {"name": kind, "custom_name": kind.lower(), "trainable": True, "cache_enabled": True, **config}


def test_flat_layers_get_names_in_the_manner_of_keras_1() -> None:
    lstm = flat(
        "LSTM", output_dim=4, activation="tanh", inner_activation="sigmoid", input_dim=5, input_length=7
    )
    again = flat("LSTM", output_dim=3, activation="tanh", inner_activation="sigmoid", input_dim=4)
    graph = old({"name": "Sequential", "layers": [lstm, again, flat("Dropout", p=0.5)]})
    assert list(graph.layers) == ["lstm_1_input", "lstm_1", "lstm_2", "dropout_1"]
    assert graph.layers["lstm_1_input"].config["batch_shape"] == (None, 7, 5)


def test_an_embedding_is_fed_tokens_though_its_config_gives_its_vocabulary_as_a_shape() -> None:
    words = flat("Embedding", input_dim=12, output_dim=5, input_shape=[12], input_length=7, mask_zero=True)
    graph = old({"name": "Sequential", "layers": [words]})
    assert graph.layers["embedding_1_input"].config["batch_shape"] == (None, 7)


def test_a_graph_merges_what_its_nodes_are_fed() -> None:
    def node(name: str, *fed: str, mode: str = "concat") -> dict[str, Any]:
        one = fed[0] if len(fed) == 1 else None
        return {"name": name, "input": one, "inputs": list(fed) if not one else [], "merge_mode": mode}

    nodes = {
        "a": flat("LSTM", output_dim=4, activation="tanh", inner_activation="hard_sigmoid"),
        "b": flat("LSTM", output_dim=4, activation="tanh", inner_activation="hard_sigmoid"),
        "c": flat("Dense", output_dim=2, activation="linear"),
    }
    graph = old(
        {
            "name": "Graph",
            "input_config": [{"name": "x", "input_shape": [6, 3], "dtype": "float"}],
            "input_order": ["x"],
            "node_config": [node("a", "x"), node("b", "x"), node("c", "a", "b", mode="mul")],
            "nodes": nodes,
            "output_config": [node("out", "c"), node("both", "a", "b", mode="sum")],
            "output_order": ["both", "out"],
        }
    )
    assert graph.layers["merge_inputs_for_c"].kind == "Multiply"
    assert graph.layers["both"].kind == "Add"
    assert [ref.layer for ref in graph.outputs] == ["both", "c"]


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "Model"},
        {"name": "Sequential"},
        {"name": "Sequential", "layers": [3]},
        {"name": "Sequential", "layers": [{"name": "Nothing"}]},
        {"name": "Graph", "nodes": []},
        {
            "name": "Graph",
            "input_config": [],
            "node_config": [{"name": "a"}],
            "nodes": {},
            "output_config": [],
        },
    ],
)
def test_a_damaged_config_of_keras_0_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(LstmMigrateError):
        old(broken)
