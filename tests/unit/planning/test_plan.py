"""Plans: what each target variable is made of, the names that Keras 3 takes, and that no value is read."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate import opening, pipeline
from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.planning.expansion import Names
from lstm_migrate.planning.plan import Assignment, Plan
from tests.unit.architecture.configs import (
    Config,
    an_input,
    dense,
    entry,
    fed,
    functional,
    lstm,
    sequential,
)
from tests.unit.planning.made_up import bound, checkpoint, plan, refused

LSTM = [("l/kernel:0", (3, 8)), ("l/recurrent_kernel:0", (2, 8)), ("l/bias:0", (8,))]
DENSE = [("d/kernel:0", (2, 2)), ("d/bias:0", (2,))]


def one_lstm(**config: Any) -> Config:
    return sequential([lstm("l", batch_input_shape=[None, 5, 3], **config)])


def first_dense(**config: Any) -> Config:
    """A Dense layer that says what it is fed."""
    settings = {"units": 2, "use_bias": True, "activation": "linear", "batch_input_shape": [None, 2]}
    return entry("Dense", "d", {**settings, **config})


def made(plan: Plan) -> dict[str, Assignment]:
    return {str(item.target): item for item in plan.assignments}


def values(item: Assignment, *arrays: Array) -> Array:
    """The variable's values if its tensors hold these."""
    table = dict(zip(item.tensors, arrays, strict=True))
    return item.run(table.__getitem__)


def test_a_plan_says_for_each_variable_what_it_is_made_of() -> None:
    found = made(plan(one_lstm(recurrent_activation="sigmoid"), {"l": LSTM}))
    assert list(found) == ["l.kernel", "l.recurrent_kernel", "l.bias"]
    kernel = found["l.kernel"]
    assert (kernel.tensors, kernel.steps, kernel.shape, kernel.dtype) == (
        ("l/l/kernel:0",),
        (),
        (3, 8),
        "float32",
    )
    assert kernel.effect == "bitwise"


def test_the_old_hard_sigmoid_is_folded_into_every_array_of_the_cell() -> None:
    found = plan(one_lstm(), {"l": LSTM})
    for item in found.assignments:
        (step,) = item.steps
        assert str(step) == "fold hard_sigmoid: gates i, f, o × 1.2"
        assert item.effect == "exact"
    bias = values(made(found)["l.bias"], np.ones(8, np.float32))
    assert np.allclose(bias, [1.2] * 4 + [1.0] * 2 + [1.2] * 2)
    assert bias.dtype == np.float32
    assert found.target.layers["l"].config["recurrent_activation"].parameters["slope"] == 1 / 6


def test_a_cudnn_layer_becomes_a_plain_one_with_its_arrays_unpoured() -> None:
    config = {"units": 2, "return_sequences": True, "batch_input_shape": [None, 5, 3]}
    arrays = [*LSTM[:2], ("l/bias:0", (16,))]
    found = plan(sequential([entry("CuDNNLSTM", "l", config)]), {"l": arrays})
    layer = found.target.layers["l"]
    assert (layer.kind, str(layer.config["recurrent_activation"])) == ("LSTM", "sigmoid")
    raw = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    by_hand = np.concatenate([raw[:, 2 * gate : 2 * gate + 2].reshape(2, 3).T for gate in range(4)], axis=1)
    assert np.array_equal(values(made(found)["l.kernel"], raw), by_hand)
    two = np.random.default_rng(1).normal(size=16).astype(np.float32)
    assert np.allclose(values(made(found)["l.bias"], two), two[:8] + two[8:])
    assert made(found)["l.bias"].effect == "exact"


def test_a_theano_kernel_is_turned() -> None:
    config = {"filters": 2, "kernel_size": [3], "padding": "valid", "use_bias": True, "strides": [1]}
    model = sequential([entry("Conv1D", "c", {**config, "batch_input_shape": [None, 9, 4]})])
    found = made(plan(model, {"c": [("c/kernel:0", (3, 4, 2)), ("c/bias:0", (2,))]}, backend="theano"))
    kernel = np.arange(24.0).reshape(3, 4, 2)
    assert np.array_equal(values(found["c.kernel"], kernel), kernel[::-1])
    plain = made(plan(model, {"c": [("c/kernel:0", (3, 4, 2)), ("c/bias:0", (2,))]}))
    assert plain["c.kernel"].steps == ()


def test_all_arrays_of_a_cell_must_agree_in_their_sizes() -> None:
    config = {"filters": 2, "kernel_size": [3, 3], "use_bias": True, "batch_input_shape": [None, 5, 8, 8, 3]}
    arrays = [("c/kernel:0", (3, 3, 3, 8)), ("c/recurrent_kernel:0", (5, 3, 2, 8)), ("c/bias:0", (8,))]
    (problem,) = refused(sequential([entry("ConvLSTM2D", "c", config)]), {"c": arrays})
    assert problem.where == "c: recurrent_kernel"
    assert problem.found == "(5, 3, 2, 8)"
    assert "k0=3" in problem.expected


# --- names


def functional_pair(first: str, second: str) -> tuple[Config, dict[str, Any]]:
    model = functional(
        [an_input("x", 2), dense(first, fed("x")), dense(second, fed(first))], [["x", 0, 0]], [[second, 0, 0]]
    )
    arrays = {name: [(f"{name}/kernel:0", (2, 2)), (f"{name}/bias:0", (2,))] for name in (first, second)}
    return model, arrays


def test_a_name_that_keras_3_forbids_is_mended_and_said() -> None:
    found = plan(*functional_pair("a/b", "c"))
    assert list(found.target.layers) == ["x", "a_b", "c"]
    assert "a_b.kernel" in made(found)
    assert [(note.kind, note.where) for note in found.notes] == [("renamed", "a/b")]
    assert found.moved["a/b",] == ("a_b",)


@pytest.mark.parametrize("names", [("a/b", "a_b"), ("a_b", "a/b")])
def test_a_lawful_name_never_gives_way_to_a_mended_one(names: tuple[str, str]) -> None:
    found = plan(*functional_pair(*names))
    assert found.moved["a_b",] == ("a_b",)
    assert found.moved["a/b",] == ("a_b_1",)


@pytest.mark.parametrize(
    ("old", "new"),
    [("a/b", "a_b"), ("é", "_"), ("a b", "a_b"), ("-a", "layer-a"), ("", "layer"), ("a.b-c_d", "a.b-c_d")],
)
def test_a_name_is_mended_letter_by_letter(old: str, new: str) -> None:
    assert Names.mend(old) == new


def test_names_stay_apart() -> None:
    names = Names()
    assert [names.unique(name) for name in ("a/b", "a_b", "a.b", "a b")] == ["a_b", "a_b_1", "a.b", "a_b_2"]


# --- wrappers that are rebuilt


def test_bidirectional_with_unlike_layers_is_written_as_two() -> None:
    forward = lstm("f", return_sequences=True, recurrent_activation="sigmoid")
    backward = lstm("g", units=3, return_sequences=True, go_backwards=True, recurrent_activation="sigmoid")
    config = {"layer": forward, "backward_layer": backward, "merge_mode": "concat"}
    model = functional(
        [an_input("x", 5, 3), entry("Bidirectional", "b", config, fed("x"))], [["x", 0, 0]], [["b", 0, 0]]
    )
    arrays = [
        (f"b/{side}/{name}:0", shape)
        for side, units in (("forward_f", 2), ("backward_g", 3))
        for name, shape in (
            ("kernel", (3, 4 * units)),
            ("recurrent_kernel", (units, 4 * units)),
            ("bias", (4 * units,)),
        )
    ]
    found = plan(model, {"b": arrays}, writer="tf.keras", version="2.4.0")
    assert {name: layer.kind for name, layer in found.target.layers.items() if name != "x"} == {
        "b_forward": "LSTM",
        "b_backward": "LSTM",
        "b_flip": "ops.flip",
        "b": "Concatenate",
    }
    assert made(found)["b_backward.kernel"].shape == (3, 12)
    assert found.target.outputs.layer == "b"
    assert "different units" in " ".join(note.text for note in found.notes)


def test_bidirectional_with_like_layers_stays_one() -> None:
    config = {"layer": lstm("f", recurrent_activation="sigmoid"), "merge_mode": "concat"}
    model = sequential([entry("Bidirectional", "b", {**config, "batch_input_shape": [None, 5, 3]})])
    arrays = [
        (f"b/{side}_f/{name}:0", shape)
        for side in ("forward", "backward")
        for name, shape in (("kernel", (3, 8)), ("recurrent_kernel", (2, 8)), ("bias", (8,)))
    ]
    found = plan(model, {"b": arrays})
    assert [layer.kind for layer in found.target.layers.values()] == ["InputLayer", "Bidirectional"]
    assert "b/backward_layer.recurrent_kernel" in made(found)


def test_a_locally_connected_layer_is_gathered_and_multiplied() -> None:
    config = {
        "filters": 2, "kernel_size": [3], "strides": [1], "padding": "valid", "use_bias": True,
        "activation": "linear", "data_format": "channels_last", "batch_input_shape": [None, 6, 4],
    }  # fmt: skip
    arrays = [("c/kernel:0", (4, 12, 2)), ("c/bias:0", (4, 2))]
    found = plan(sequential([entry("LocallyConnected1D", "c", config)]), {"c": arrays})
    assert [layer.kind for layer in found.target.layers.values()] == ["InputLayer", "Conv1D", "EinsumDense"]
    assert made(found)["c_windows.kernel"].tensors == ()
    identity = made(found)["c_windows.kernel"].run(lambda name: pytest.fail(name))
    assert np.array_equal(identity.reshape(12, 12), np.eye(12))
    assert made(found)["c.kernel"].shape == (4, 12, 2)


def test_an_activation_without_weights_in_front_is_rescaled() -> None:
    model = sequential([first_dense(), entry("Activation", "a", {"activation": "hard_sigmoid"})])
    found = plan(model, {"d": DENSE})
    assert [layer.kind for layer in found.target.layers.values()] == [
        "InputLayer",
        "Dense",
        "Rescaling",
        "Activation",
    ]
    assert found.target.layers["a_rescaling"].config["scale"] == pytest.approx(1.2)


def test_what_cannot_be_folded_is_refused_with_the_layer() -> None:
    (problem,) = refused(one_lstm(activation="hard_sigmoid"), {"l": LSTM})
    assert problem.where == "l"
    assert "no weight can scale it" in problem.what


# --- what a plan costs, and what it may lose


def test_no_value_is_read_and_the_plan_prints_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # The shapes are those of 12 GB of weights; reading any of it fails the test.
    units = 16384
    arrays = [
        ("l/kernel:0", (units, 4 * units)),
        ("l/recurrent_kernel:0", (units, 4 * units)),
        ("l/bias:0", (4 * units,)),
    ]
    model = sequential([lstm("l", units=units, batch_input_shape=[None, 5, units])])
    file = replace(checkpoint(model, {"l": arrays}), path=Path(__file__))
    monkeypatch.setattr(opening, "open_checkpoint", lambda path: file)
    started = time.process_time()
    report = pipeline.plan("made_up.h5")
    assert time.process_time() - started < 2
    assert report.layers[0].parameters == 2 * 4 * units**2 + 4 * units
    lines = [
        line for tensor in report.tensors for line in (tensor.variable, *(step.text for step in tensor.steps))
    ]
    assert lines[:2] == ["l.kernel", "fold hard_sigmoid: gates i, f, o × 1.2"]
    assert '"kind": "PlanReport"' in report.to_json()


def test_precision_is_lost_only_where_that_is_allowed() -> None:
    layer = first_dense(dtype="float32")
    problems = refused(sequential([layer]), {"d": DENSE}, dtype="float64")
    assert [(problem.found, problem.expected) for problem in problems] == [("float64", "float32")] * 2
    assert "--allow-lossy" in problems[0].hint
    found = plan(sequential([layer]), {"d": DENSE}, dtype="float64", allow_lossy=True)
    assert [note.text for note in found.notes if note.kind == "limit"] == ["float64 rounded to float32"] * 2


@pytest.mark.parametrize(
    ("policy", "stored"),
    [
        ("float64", "float64"),
        ("float16", "float16"),
        ("mixed_float16", "float32"),
        ("mixed_bfloat16", "float32"),
    ],
)
def test_a_variable_has_the_dtype_that_its_policy_stores(policy: str, stored: str) -> None:
    layer = first_dense(dtype=policy)
    found = plan(sequential([layer]), {"d": DENSE}, dtype="float16")
    assert {item.dtype for item in found.assignments} == {stored}


def test_a_plan_knows_its_parameters_and_its_layers() -> None:
    model = sequential([lstm("l", batch_input_shape=[None, 5, 3]), dense("d")])
    found = plan(model, {"l": LSTM, "d": DENSE})
    assert found.parameters == 24 + 16 + 8 + 4 + 2
    assert [(line.path, line.kind, line.layout, line.parameters) for line in found.layers] == [
        ("l", "LSTM", "keras.lstm", 48),
        ("d", "Dense", "", 6),
    ]
    assert found.layers[0].sizes == {"units": 2}
    assert found.layers[0].activations["recurrent_activation"].startswith("hard_sigmoid(slope=0.2")
    assert bound(found)["d.bias"] == "d/d/bias:0"
    assert WeightKey(("d",), "bias") in found.bound


def test_a_plan_of_thousands_of_layers_takes_seconds() -> None:
    count = 1500
    chain = [dense(f"d{n}", fed(f"d{n - 1}" if n else "x")) for n in range(count)]
    model = functional([an_input("x", 2), *chain], [["x", 0, 0]], [[f"d{count - 1}", 0, 0]])
    arrays = {f"d{n}": [(f"d{n}/kernel:0", (2, 2)), (f"d{n}/bias:0", (2,))] for n in range(count)}
    started = time.process_time()
    found = plan(model, arrays)
    assert len(found.assignments) == 2 * count
    assert time.process_time() - started < 10
