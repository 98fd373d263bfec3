"""An architecture from arrays alone: what names and shapes tell, what is assumed, what is refused."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import PlanError, UsageError
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.inference.assumptions import Inferred
from lstm_migrate.inference.infer import infer
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.make_plan import make_plan
from tests.unit.planning.made_up import Arrays, checkpoint

Shape = tuple[int, ...]
Listed = list[tuple[str, Shape]]


def weights(arrays: Arrays, **facts: Any) -> Checkpoint:
    return replace(checkpoint({}, arrays, **facts), architecture=None, format="keras-hdf5-weights")


def inferred(arrays: Arrays, assume: dict[str, str] | None = None, **facts: Any) -> Inferred:
    """The inferred model, once it is certain that its arrays are bound and a plan can be made of it."""
    file = weights(arrays, **facts)
    words = source_vocabulary(file.writer)
    found = infer(file, words, assume)
    bound, _ = bind(found.graph, file, words)
    assert len(bound) == len(file.tensors)
    assert make_plan(found.graph, file, words, target_vocabulary()).assignments
    return found


def refused(arrays: Arrays, assume: dict[str, str] | None = None, **facts: Any) -> str:
    file = weights(arrays, **facts)
    with pytest.raises(PlanError) as caught:
        infer(file, source_vocabulary(file.writer), assume)
    return str(caught.value)


def layers(found: Inferred) -> list[Layer]:
    return list(found.graph.layers.values())


def kinds(found: Inferred) -> list[str]:
    return [layer.kind for layer in layers(found)]


def cell(name: str, width: int, units: int, gates: int, bias: Shape | None = None) -> Listed:
    arrays: Listed = [
        (f"{name}/kernel:0", (width, gates * units)),
        (f"{name}/recurrent_kernel:0", (units, gates * units)),
    ]
    return arrays if bias == () else [*arrays, (f"{name}/bias:0", bias or (gates * units,))]


def dense(name: str, width: int, units: int) -> Listed:
    return [(f"{name}/kernel:0", (width, units)), (f"{name}/bias:0", (units,))]


TAIL = {"dense_1": dense("dense_1", 4, 1)}


@pytest.mark.parametrize(
    ("kind", "gates", "bias"),
    [
        ("LSTM", 4, (16,)),
        ("GRU", 3, (12,)),
        ("SimpleRNN", 1, (4,)),
        ("CuDNNLSTM", 4, (32,)),
        ("CuDNNGRU", 3, (24,)),
    ],
)
def test_a_cell_is_told_by_its_shapes_whatever_its_name(kind: str, gates: int, bias: Shape) -> None:
    found = inferred({"mine": cell("mine", 5, 4, gates, bias), **TAIL})
    assert kinds(found) == ["InputLayer", kind, "Dense"]
    assert layers(found)[0].config["batch_shape"] == (None, None, 5)
    assert layers(found)[1].config["units"] == 4


def test_a_cudnn_lstm_that_somebody_called_rnn_is_told_by_its_bias() -> None:
    found = inferred({"rnn_1": cell("rnn_1", 5, 4, 4, (32,)), **TAIL})
    assert kinds(found) == ["InputLayer", "CuDNNLSTM", "Dense"]


def test_two_biases_of_a_gru_mean_reset_after() -> None:
    found = inferred({"gru_1": cell("gru_1", 5, 4, 3, (2, 12)), **TAIL}, writer="tf.keras", version="2.4.0")
    assert layers(found)[1].config["reset_after"] is True


def test_without_a_bias_reset_after_is_assumed_and_can_be_stated() -> None:
    arrays = {"gru_1": cell("gru_1", 5, 4, 3, ()), **TAIL}
    found = inferred(arrays, writer="tf.keras", version="2.4.0")
    item = next(item for item in found.assumptions if item.key == "gru_1.reset_after")
    assert (item.value, item.alternatives) == ("True", ("False",)) or (
        item.value,
        item.alternatives,
    ) == ("False", ("True",))
    other = item.alternatives[0]
    stated = inferred(arrays, {"gru_1.reset_after": other}, writer="tf.keras", version="2.4.0")
    assert layers(stated)[1].config["reset_after"] is (other == "True")


def test_directions_are_told_by_their_names_and_joined_as_the_next_kernel_takes_them() -> None:
    both = [*cell("b/forward_l", 5, 4, 4), *cell("b/backward_l", 5, 4, 4)]
    wide = inferred({"b": both, "d": dense("d", 8, 2)})
    narrow = inferred({"b": both, "d": dense("d", 4, 2)})
    assert layers(wide)[1].kind == layers(narrow)[1].kind == "Bidirectional"
    assert layers(wide)[1].children["backward_layer"].config["go_backwards"] is True
    assert layers(wide)[1].config["merge_mode"] == "concat"
    assert "b.merge_mode" not in wide.stated()
    assert narrow.stated()["b.merge_mode"] == "sum"


def test_an_inner_cell_gives_every_step_and_of_the_last_one_it_is_assumed() -> None:
    found = inferred({"lstm_1": cell("lstm_1", 5, 4, 4), "lstm_2": cell("lstm_2", 4, 4, 4), **TAIL})
    assert layers(found)[1].config["return_sequences"] is True
    assert "lstm_1.return_sequences" not in found.stated()
    assert found.stated()["lstm_2.return_sequences"] == "False"


def test_cells_in_a_stack_are_told_apart() -> None:
    arrays = [*cell("rnn/c", 5, 4, 4), *cell("rnn/d", 4, 3, 3, (9,)), *cell("rnn/e", 3, 2, 1)]
    found = inferred({"rnn": arrays, "dense": dense("dense", 2, 2)})
    stack = layers(found)[1].children["cell"]
    assert [child.kind for child in stack.children.values()] == ["LSTMCell", "GRUCell", "SimpleRNNCell"]


def test_default_names_tell_what_layers_without_arrays_are() -> None:
    bare: dict[str, Listed] = {"spatial_dropout1d_1": [], "lstm_1": cell("lstm_1", 6, 4, 4), "dropout_1": []}
    arrays: Arrays = {
        "embedding_1": [("embedding_1/embeddings:0", (9, 6))],
        **bare,
        **TAIL,
        "activation_1": [],
    }
    found = inferred(arrays)
    assert kinds(found) == "InputLayer Embedding SpatialDropout1D LSTM Dropout Dense Activation".split()
    assert layers(found)[0].config == {"batch_shape": (None, None), "dtype": "int32"}
    assert found.stated()["dense_1.activation"] == "linear"
    assert found.stated()["activation_1.activation"] == "sigmoid"


def test_a_nameless_layer_without_arrays_is_assumed_to_be_dropout() -> None:
    arrays: Arrays = {"mine": cell("mine", 5, 4, 4), "drop": [], **TAIL}
    assert kinds(inferred(arrays))[2] == "Dropout"
    assert kinds(inferred(arrays, {"drop.kind": "Activation"}))[2] == "Activation"


def test_flatten_tells_how_long_the_sequences_are() -> None:
    conv: Listed = [("conv1d_1/kernel:0", (3, 5, 4)), ("conv1d_1/bias:0", (4,))]
    arrays: Arrays = {"conv1d_1": conv, "flatten_1": [], "dense_1": dense("dense_1", 24, 2)}
    assert layers(inferred(arrays))[0].config["batch_shape"] == (None, 8, 5)
    same = inferred(arrays, {"conv1d_1.padding": "same"})
    assert layers(same)[0].config["batch_shape"] == (None, 6, 5)


@pytest.mark.parametrize(
    ("version", "activation"),
    [("2.2.4", Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})), ("2.3.1", Activation("sigmoid"))],
)
def test_the_gates_activation_is_that_of_the_era(version: str, activation: Activation) -> None:
    found = inferred({"lstm_1": cell("lstm_1", 5, 4, 4), **TAIL}, version=version)
    assert layers(found)[1].config["recurrent_activation"] == activation
    assert {"sigmoid", "hard_sigmoid"} <= set(
        next(item.values for item in found.assumptions if item.key == "lstm_1.recurrent_activation")
    )


@pytest.mark.parametrize(("units", "likely"), [(1, "sigmoid"), (3, "softmax")])
def test_the_last_activation_goes_by_the_number_of_features(units: int, likely: str) -> None:
    found = inferred({"lstm_1": cell("lstm_1", 5, 4, 4), "d": dense("d", 4, units)})
    assert found.stated()["d.activation"] == likely


def test_every_assumption_has_a_reason_and_can_be_stated() -> None:
    arrays: Arrays = {
        "embedding_1": [("embedding_1/embeddings:0", (9, 5))],
        "lstm_1": cell("lstm_1", 5, 4, 4),
        "batch_normalization_1": [
            (f"batch_normalization_1/{name}:0", (4,))
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        ],
        **TAIL,
    }
    found, file = inferred(arrays), weights(arrays)
    words = source_vocabulary(file.writer)
    assert len(found.assumptions) >= 6
    for item in found.assumptions:
        assert len(item.reason) > 10
        for value in item.alternatives:
            assert infer(file, words, {item.key: value}).stated()[item.key] == value
    small = inferred(arrays, {"batch_normalization_1.epsilon": "0.02"})
    assert layers(small)[3].config["epsilon"] == 0.02


def test_what_is_not_open_cannot_be_stated() -> None:
    file = weights({"lstm_1": cell("lstm_1", 5, 4, 4), **TAIL})
    words = source_vocabulary(file.writer)
    with pytest.raises(UsageError, match=r"nothing is assumed of 'lstm_9\.activation'.*lstm_1\.activation"):
        infer(file, words, {"lstm_9.activation": "relu"})
    refused = r"--assume: no value of lstm_1\.activation .found 'warm', expected tanh or relu"
    with pytest.raises(UsageError, match=refused):
        infer(file, words, {"lstm_1.activation": "warm"})


def test_unknown_arrays_are_refused_by_name_with_two_ways_out() -> None:
    attention: Listed = [("attention_1/W:0", (4, 3)), ("attention_1/v:0", (3,))]
    said = refused({"lstm_1": cell("lstm_1", 5, 4, 4), "attention_1": attention, **TAIL})
    assert "'attention_1'" in said
    assert "W:0 (4, 3)" in said
    assert "--architecture FILE" in said
    assert "mapping" in said


@pytest.mark.parametrize("joint", ["concatenate_1", "add_1", "lambda_1", "sequential_1", "tf.math.add"])
def test_what_makes_no_chain_is_refused(joint: str) -> None:
    assert repr(joint) in refused({"lstm_1": cell("lstm_1", 5, 4, 4), joint: [], **TAIL})


def test_further_inputs_are_refused() -> None:
    arrays: Arrays = {"input_1": [], "input_2": [], "lstm_1": cell("lstm_1", 5, 4, 4), **TAIL}
    assert "'input_2'" in refused(arrays)


def test_sizes_that_do_not_chain_are_refused() -> None:
    said = refused({"lstm_1": cell("lstm_1", 5, 4, 4), "dense_1": dense("dense_1", 7, 2)})
    assert "'dense_1' takes 7 features and is given 4" in said


def test_a_store_is_put_in_order_by_its_sizes() -> None:
    def stored(first: int, second: int) -> Checkpoint:
        sizes = {"dense": (second, 2), "lstm": (5, first), "lstm_1": (first, second)}
        arrays: dict[str, Listed] = {
            f"layers/{name}": [("vars/0", (width, units)), ("vars/1", (units,))]
            for name, (width, units) in sizes.items()
            if name == "dense"
        }
        for name in ("lstm", "lstm_1"):
            width, units = sizes[name]
            shapes = [(width, 4 * units), (units, 4 * units), (4 * units,)]
            arrays[f"layers/{name}/cell"] = [(f"vars/{number}", shape) for number, shape in enumerate(shapes)]
        return replace(weights(arrays, writer="tf.keras", version="2.15.0"), format="keras-store")

    file = stored(4, 3)
    found = infer(file, source_vocabulary(file.writer))
    assert list(found.graph.layers)[1:] == ["lstm", "lstm_1", "dense"]
    unclear = stored(2, 2)
    with pytest.raises(PlanError, match="the sizes leave several orders"):
        infer(unclear, source_vocabulary(unclear.writer))


def test_a_hundred_thousand_layers_are_refused_at_once() -> None:
    file = weights({f"dense_{number}": dense(f"dense_{number}", 2, 2) for number in range(100_000)})
    started = time.monotonic()
    with pytest.raises(PlanError, match="too many layers"):
        infer(file, source_vocabulary(file.writer))
    assert time.monotonic() - started < 5


def test_absurd_sizes_cost_no_time() -> None:
    huge = 2**40
    found = inferred({"lstm_1": cell("lstm_1", huge, huge, 4), "dense_1": dense("dense_1", huge, 1)})
    assert layers(found)[1].config["units"] == huge
    assert "'lstm_1'" in refused({"lstm_1": cell("lstm_1", 0, 0, 4), **TAIL})
