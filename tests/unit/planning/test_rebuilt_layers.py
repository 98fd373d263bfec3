"""Layers that Keras 3 lacks or computes otherwise: what they are rebuilt as computes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Call, Graph, Layer, Ref
from lstm_migrate.reference.scope import Array
from tests.unit.planning.rebuilding import around, numbers, rebuilt

EXACT = 1e-12
KERAS_2 = Writer("keras", "2.2.4", "tensorflow")
THEANO = Writer("keras", "2.2.4", "theano")
TF_20 = Writer("tf.keras", "2.2.4-tf", "tensorflow")
TF_24 = Writer("tf.keras", "2.4.0", "tensorflow")


# --- activations that are layers


@pytest.mark.parametrize(
    "activation, kind",
    [
        (Activation("leaky_relu", {"negative_slope": 0.3}), "LeakyReLU"),
        (Activation("elu", {"alpha": 0.5}), "ELU"),
        (Activation("relu", {"max_value": 1.0, "threshold": 0.1}), "ReLU"),
        (Activation("softmax", {"axis": 1}), "Softmax"),
    ],
)
def test_an_activation_without_a_name_becomes_the_layer_behind(activation: Activation, kind: str) -> None:
    layer = Layer("dense", "Dense", {"units": 3, "activation": activation, "use_bias": True})
    found = rebuilt(
        around(layer, (5, 4)), {("dense", "kernel"): numbers(4, 3), ("dense", "bias"): numbers(3)}
    )
    assert found.kinds() == ["Dense", kind]
    assert found.gap(numbers(2, 5, 4)) < EXACT


def test_its_activity_regularizer_goes_with_it() -> None:
    regularizer = {"class_name": "L2", "config": {"l2": 0.1}}
    config = {
        "units": 3,
        "use_bias": False,
        "activation": Activation("elu", {"alpha": 0.5}),
        "activity_regularizer": regularizer,
    }
    found = rebuilt(around(Layer("dense", "Dense", config), (4,)), {("dense", "kernel"): numbers(4, 3)})
    holding = [name for name, layer in found.target.layers.items() if "activity_regularizer" in layer.config]
    assert holding == ["dense_activation"]


def test_an_activation_layer_takes_the_place_of_an_activation() -> None:
    layer = Layer("act", "Activation", {"activation": Activation("leaky_relu", {"negative_slope": 0.1})})
    found = rebuilt(around(layer, (4,)), {})
    assert (found.kinds(), list(found.target.layers)) == (["LeakyReLU"], ["in_0", "act"])
    assert found.gap(numbers(3, 4)) < EXACT


def test_it_is_refused_inside_a_cell() -> None:
    config = {"units": 2, "activation": Activation("leaky_relu", {"negative_slope": 0.3})}
    arrays = {("rnn", "kernel"): numbers(3, 2), ("rnn", "recurrent_kernel"): numbers(2, 2)}
    with pytest.raises(PlanError, match=r"leaky_relu\(negative_slope=0.3\).*cannot act inside a cell"):
        rebuilt(around(Layer("rnn", "SimpleRNN", config), (5, 3)), arrays)


# --- attention that looks back


@pytest.mark.parametrize("kind", ["Attention", "AdditiveAttention"])
def test_causal_attention_is_told_so_at_each_call(kind: str) -> None:
    config = {"use_scale": False, "causal": True}
    found = rebuilt(around(Layer("attention", kind, config), (5, 3), (5, 3)), {}, TF_24)
    assert found.target.calls[0].kwargs == {"use_causal_mask": True}
    assert "causal" not in found.target.layers["attention"].config
    assert found.gap(numbers(2, 5, 3), numbers(2, 5, 3, seed=1)) < EXACT


# --- time first


def lstm(**config: Any) -> tuple[Layer, dict[tuple[str, ...], Array]]:
    layer = Layer("lstm", "LSTM", {**LSTM, **config})
    return layer, weights("lstm")


LSTM = {
    "units": 2,
    "activation": Activation("tanh"),
    "recurrent_activation": Activation("sigmoid"),
    "use_bias": True,
    "time_major": True,
}


def weights(*path: str) -> dict[tuple[str, ...], Array]:
    return {
        (*path, "kernel"): numbers(3, 8, seed=len(path)),
        (*path, "recurrent_kernel"): numbers(2, 8, seed=len(path[-1])),
        (*path, "bias"): numbers(8, seed=3),
    }


@pytest.mark.parametrize("sequences", [True, False])
def test_time_major_is_a_transposition_around_the_layer(sequences: bool) -> None:
    layer, arrays = lstm(return_sequences=sequences)
    found = rebuilt(around(layer, (4, 3)), arrays)
    assert found.kinds() == ["ops.transpose", "LSTM", *(["ops.transpose"] if sequences else [])]
    assert found.gap(numbers(6, 4, 3)) < EXACT


def test_a_layer_that_is_not_time_major_does_not_say_so() -> None:
    layer, arrays = lstm(time_major=False)
    assert "time_major" not in rebuilt(around(layer, (4, 3)), arrays).target.layers["lstm"].config


def bidirectional(merge: str | None, **config: Any) -> tuple[Graph, dict[tuple[str, ...], Array]]:
    sides = {
        label: Layer("lstm", "LSTM", {**LSTM, **config, "go_backwards": label == "backward_layer"})
        for label in ("forward_layer", "backward_layer")
    }
    graph = around(Layer("both", "Bidirectional", {"merge_mode": merge}, sides), (4, 3))
    if merge is None:
        graph = Graph(
            "model", graph.layers, graph.calls, graph.inputs, [Ref("both", 0, 0), Ref("both", 0, 1)]
        )
    return graph, {**weights("both", "forward_layer"), **weights("both", "backward_layer")}


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("writer", [TF_20, TF_24])
def test_bidirectional_turns_around_what_its_version_did(writer: Writer, merge: str | None) -> None:
    graph, arrays = bidirectional(merge, return_sequences=True)
    found = rebuilt(graph, arrays, writer)
    assert ("ops.flip" in found.kinds()) == (writer is TF_20)
    assert found.gap(numbers(6, 4, 3)) < EXACT


def test_the_two_versions_differ_where_sequences_come_out() -> None:
    graph, arrays = bidirectional("sum", return_sequences=True)
    early, late = rebuilt(graph, arrays, TF_20), rebuilt(graph, arrays, TF_24)
    mixed = type(early)(early.source, late.target, early.bound, late.made, early.semantics, ())
    assert mixed.gap(numbers(6, 4, 3)) > 1e-2


def test_directions_that_disagree_about_time_are_refused() -> None:
    graph, arrays = bidirectional("sum", return_sequences=True)
    both = graph.layers["both"]
    forward = Layer("lstm", "LSTM", {**LSTM, "time_major": False})
    wrong = Layer("both", "Bidirectional", both.config, {**both.children, "forward_layer": forward})
    with pytest.raises(PlanError, match="one direction has time_major"):
        rebuilt(around(wrong, (4, 3)), arrays)


def test_time_major_inside_a_wrapper_is_refused() -> None:
    layer, _ = lstm(return_sequences=True)
    outer = Layer("each", "TimeDistributed", {}, {"layer": layer})
    with pytest.raises(PlanError, match="cannot stand inside a wrapper"):
        rebuilt(around(outer, (5, 4, 3)), weights("each", "layer"))


# --- bilinear samples from the corners


@pytest.mark.parametrize("size", [(2, 2), (3, 1), (4, 5)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_bilinear_upsampling_from_the_corners_is_an_average(size: tuple[int, int], data_format: str) -> None:
    config = {"size": size, "interpolation": "bilinear", "data_format": data_format}
    shape = (3, 4, 2) if data_format == "channels_last" else (2, 3, 4)
    found = rebuilt(around(Layer("up", "UpSampling2D", config), shape), {}, KERAS_2)
    assert found.kinds() == ["UpSampling2D", "ops.pad", "AveragePooling2D"]
    assert found.gap(numbers(2, *shape)) < EXACT


def test_bilinear_upsampling_from_the_centres_is_keras_3s_own() -> None:
    config = {"size": (2, 2), "interpolation": "bilinear", "data_format": "channels_last"}
    found = rebuilt(around(Layer("up", "UpSampling2D", config), (3, 4, 2)), {}, TF_24)
    assert found.kinds() == ["UpSampling2D"]


# --- normalisation over several axes


@pytest.mark.parametrize(
    "axis, shape, kinds",
    [
        ([1, 2], (3, 4), ["Reshape", "BatchNormalization", "Reshape"]),
        ([-2, -1], (5, 3, 4), ["Reshape", "BatchNormalization", "Reshape"]),
        ([1, 3], (3, 5, 2), ["Permute", "Reshape", "BatchNormalization", "Reshape", "Permute"]),
        ([1, 2], (3, 4, 2), ["Permute", "Reshape", "BatchNormalization", "Reshape", "Permute"]),
    ],
)
def test_several_axes_are_normalised_as_one(
    axis: list[int], shape: tuple[int, ...], kinds: list[str]
) -> None:
    rank = len(shape) + 1
    stored = [size if place in {one % rank for one in axis} else 1 for place, size in enumerate((1, *shape))]
    arrays = {("norm", role): np.abs(numbers(*stored, seed=len(role))) for role in ROLES}
    found = rebuilt(
        around(Layer("norm", "BatchNormalization", {"axis": axis, "scale": True, "center": True}), shape),
        arrays,
    )
    assert found.kinds() == kinds
    assert found.gap(numbers(2, *shape)) < 1e-6  # the statistics are stored as float32


ROLES = ("gamma", "beta", "moving_mean", "moving_variance")


def test_axes_beside_two_others_are_refused() -> None:
    arrays = {("norm", role): np.ones((1, 3, 1, 1, 2), "float32") for role in ROLES}
    layer = Layer("norm", "BatchNormalization", {"axis": [1, 4]})
    with pytest.raises(PlanError, match="2 other axes, of sizes that the file does not tell"):
        rebuilt(around(layer, (3, 4, 5, 2)), arrays)


# --- Theano's padding


@pytest.mark.parametrize(
    "kind, config",
    [
        ("Conv1D", {"kernel_size": [4], "strides": [1]}),
        ("Conv1D", {"kernel_size": [3], "strides": [2]}),
        ("Conv2D", {"kernel_size": [2, 3], "strides": [2, 1]}),
        ("Conv2D", {"kernel_size": [2, 2], "strides": [1, 1], "dilation_rate": [2, 3]}),
    ],
)
def test_theano_pads_on_both_sides(kind: str, config: dict[str, Any]) -> None:
    rank = len(config["kernel_size"])
    layer = Layer("conv", kind, {"filters": 2, "padding": "same", "use_bias": False, **config})
    shape = (*(7, 6)[:rank], 3)
    kernel = numbers(*config["kernel_size"], 3, 2)
    found = rebuilt(around(layer, shape), {("conv", "kernel"): kernel}, THEANO)
    assert found.gap(numbers(2, *shape)) < 1e-6
    odd = all(size % 2 for size in config["kernel_size"]) and set(config["strides"]) == {1}
    assert (found.kinds() == [kind]) == odd


def test_odd_windows_that_move_by_one_need_no_padding_layer() -> None:
    layer = Layer("conv", "Conv1D", {"filters": 2, "padding": "same", "kernel_size": [3], "use_bias": False})
    found = rebuilt(around(layer, (7, 3)), {("conv", "kernel"): numbers(3, 3, 2)}, THEANO)
    assert found.kinds() == ["Conv1D"]


# --- dropout that stays on


def test_a_call_in_training_is_kept_and_told() -> None:
    found = rebuilt(around(Layer("drop", "Dropout", {"rate": 0.5}), (4,), training=True), {})
    assert found.target.calls == (Call("drop", 0, (Ref("in_0", 0, 0),), {"training": True}),)
    assert [note for note in found.notes if note.startswith("drop: called with training=True")]
