"""TimeDistributed and Bidirectional beside Keras 3's, and how older eras treat masks in them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Activation, Call, Graph, Layer, Ref, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, Tensor, forward
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import KERAS_3, assert_like_keras, chain_of, numbers, with_holes

MODES = ["concat", "sum", "mul", "ave", None]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional_joins_as_keras_does(mode: str | None, sequences: bool) -> None:
    child = keras.layers.LSTM(4, return_sequences=sequences, return_state=True)
    assert_like_keras([keras.layers.Masking(), keras.layers.Bidirectional(child, mode)], with_holes(6))


def test_bidirectional_gives_the_first_half_of_the_states_to_the_forward_layer() -> None:
    layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True, return_state=True))
    states = [numbers(5, 4, seed=index) for index in range(4)]
    assert_like_keras([keras.layers.Masking(), layer], with_holes(6), states)


def test_bidirectional_takes_a_backward_layer_of_another_kind() -> None:
    forth = keras.layers.LSTM(4, return_sequences=True)
    back = keras.layers.GRU(3, return_sequences=True, go_backwards=True)
    layer = keras.layers.Bidirectional(forth, backward_layer=back)
    assert_like_keras([keras.layers.Masking(), layer], with_holes(6))


def test_bidirectional_runs_around_stacked_cells() -> None:
    cells = [keras.layers.LSTMCell(4), keras.layers.GRUCell(3)]
    assert_like_keras([keras.layers.Bidirectional(keras.layers.RNN(cells))], numbers(2, 6, 3))


@pytest.mark.parametrize("unroll", [False, True])
def test_bidirectional_overrides_zero_output_for_mask(unroll: bool) -> None:
    child = keras.layers.SimpleRNN(4, zero_output_for_mask=True, unroll=unroll)
    assert_like_keras([keras.layers.Masking(), keras.layers.Bidirectional(child)], with_holes(6))


@pytest.mark.parametrize(
    "child",
    [
        lambda: keras.layers.Dense(4, activation="relu"),
        lambda: keras.layers.BatchNormalization(),
    ],
)
def test_time_distributed_runs_its_child_on_every_step(child: Any) -> None:
    layers = [keras.layers.Masking(), keras.layers.TimeDistributed(child()), keras.layers.LSTM(3)]
    assert_like_keras(layers, with_holes(6))


@pytest.mark.parametrize("child", [keras.layers.LSTM, keras.layers.GRU])
def test_time_distributed_hands_each_step_its_part_of_a_deep_mask(child: Any) -> None:
    x = numbers(2, 3, 5, 3)
    x[0, 1, 2:] = 0
    x[1, 0] = 0
    assert_like_keras([keras.layers.Masking(), keras.layers.TimeDistributed(child(4))], x)


MASKING = Layer("masking", "Masking", {"mask_value": 0.0})
CONFIG = {
    "use_bias": True,
    "activation": Activation("tanh"),
    "recurrent_activation": Activation("sigmoid"),
    "return_sequences": True,
}


@forward("TestMask")
def _mask(_: Any, x: Tensor) -> Tensor:
    """The mask itself, or -1 where there is none."""
    return Tensor(np.full(1, -1.0) if x.mask is None else x.mask.astype(float))


SHOW = Layer("show", "TestMask")


def bidirectional(**config: Any) -> Layer:
    children = {
        "forward_layer": Layer("forward_layer", "LSTM", {**CONFIG, **config}),
        "backward_layer": Layer("backward_layer", "LSTM", {**CONFIG, **config, "go_backwards": True}),
    }
    return Layer("both", "Bidirectional", {"merge_mode": "concat"}, children)


def arrays(*path: str) -> dict[WeightKey, Array]:
    shapes = {"kernel": (2, 8), "recurrent_kernel": (2, 8), "bias": (8,)}
    return {WeightKey(path, role): numbers(*shape) for role, shape in shapes.items()}


BOTH = arrays("both", "forward_layer") | arrays("both", "backward_layer")


def masked(length: int = 4) -> Array:
    x = numbers(2, length, 2)
    x[0, -1] = 0
    return x


@pytest.mark.parametrize("zeroes", [False, True])
def test_a_masked_step_of_bidirectional_is_zero_in_tf_keras_and_not_in_keras_2(zeroes: bool) -> None:
    semantics = Semantics(bidirectional_zeroes_masked=zeroes)
    (output,) = evaluate(chain_of([MASKING, bidirectional()]), BOTH, [masked()], semantics=semantics)
    forth = output[0, :, :2]
    np.testing.assert_array_equal(forth[-1], np.zeros(2) if zeroes else forth[-2])


def test_in_tf_keras_1_13_even_the_last_output_of_bidirectional_is_zero_when_masked() -> None:
    layer = bidirectional(return_sequences=False)
    for zeroes in (False, True):
        semantics = Semantics(bidirectional_zeroes_last=zeroes)
        (output,) = evaluate(chain_of([MASKING, layer]), BOTH, [masked()], semantics=semantics)
        assert bool(np.all(output[0, :2] == 0)) is zeroes


@pytest.mark.parametrize("keeps", [False, True])
def test_keras_2_forgets_the_states_of_a_bidirectional_layer(keeps: bool) -> None:
    graph = chain_of([bidirectional(stateful=True)])
    states: dict[tuple[str, ...], list[Array]] = {}
    semantics = Semantics(bidirectional_keeps_states=keeps)
    first, second = (
        evaluate(graph, BOTH, [numbers(2, 4, 2)], semantics=semantics, states=states)[0] for _ in "12"
    )
    assert bool(np.array_equal(first, second)) is not keeps


def time_distributed(child: Layer) -> Layer:
    return Layer("each", "TimeDistributed", {}, {"layer": child})


@pytest.mark.parametrize(("era", "shape"), [("inner", (2, 3)), ("outer", (2, 3, 4))])
def test_the_child_decides_on_the_mask_before_keras_3(era: str, shape: tuple[int, ...]) -> None:
    child = Layer("layer", "LSTM", {**CONFIG, "return_sequences": False})
    x = numbers(2, 3, 4, 2)
    x[0, 1] = 0
    semantics = Semantics(time_distributed_mask=era)
    graph = chain_of([MASKING, time_distributed(child), SHOW])
    (mask,) = evaluate(graph, arrays("each", "layer"), [x], semantics=semantics)
    assert mask.shape == shape
    assert mask[0].reshape(3, -1).any(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize(("era", "expected"), [("inner", (2, 3, 4)), ("outer", (1,))])
def test_a_mask_made_inside_time_distributed_gets_out_before_keras_3(
    era: str, expected: tuple[int, ...]
) -> None:
    child = Layer("layer", "Masking", {"mask_value": 0.0})
    graph = chain_of([time_distributed(child), SHOW])
    semantics = Semantics(time_distributed_mask=era)
    (mask,) = evaluate(graph, {}, [numbers(2, 3, 4, 2)], semantics=semantics)
    assert mask.shape == expected


@pytest.mark.parametrize("era", ["same", "outer", "alone"])
def test_a_named_batch_size_changes_masks_in_time_distributed(era: str) -> None:
    child = Layer("layer", "LSTM", {**CONFIG, "return_sequences": False})
    graph = chain_of([MASKING, time_distributed(child), SHOW])
    layers = {**graph.layers, "x": Layer("x", "InputLayer", {"batch_shape": (2, 3, 4, 2)})}
    outputs = [Ref("each", 0, 0), Ref("show", 0, 0)]
    free, named = (
        Graph(graph.name, each, graph.calls, graph.inputs, outputs) for each in (graph.layers, layers)
    )
    x, weights = numbers(2, 3, 4, 2), arrays("each", "layer")
    x[0, 1, 2:] = 0
    semantics = Semantics(time_distributed_mask="inner", time_distributed_static_batch=era)
    before, _ = evaluate(free, weights, [x], semantics=semantics)
    after, mask = evaluate(named, weights, [x], semantics=semantics)
    assert bool(np.array_equal(before, after)) is (era != "alone")
    assert mask.shape == ((2, 3) if era == "same" else (2, 3, 4))


def test_a_model_inside_time_distributed_sees_every_step_alone() -> None:
    dense = Layer("dense", "Dense", {"units": 2, "use_bias": False, "activation": Activation("linear")})
    inner = Graph(
        "inner",
        {"y": Layer("y", "InputLayer", {"batch_shape": (None, 2)}), "dense": dense},
        (Call("dense", 0, (Ref("y", 0, 0),)),),
        ("y",),
        Ref("dense", 0, 0),
    )
    kernel, x = numbers(2, 2), numbers(2, 3, 2)
    weights = {WeightKey(("each", "layer", "dense"), "kernel"): kernel}
    graph = chain_of([time_distributed(Layer("layer", "Model", graph=inner))])
    (output,) = evaluate(graph, weights, [x], semantics=KERAS_3)
    np.testing.assert_allclose(output, x.astype(np.float64) @ kernel.astype(np.float64), rtol=1e-12)


def test_a_stateful_child_of_time_distributed_is_no_reference() -> None:
    graph = chain_of([time_distributed(Layer("layer", "LSTM", {**CONFIG, "stateful": True}))])
    with pytest.raises(NoReference, match="stateful layer inside TimeDistributed"):
        evaluate(graph, arrays("each", "layer"), [numbers(2, 3, 4, 2)], semantics=KERAS_3)
