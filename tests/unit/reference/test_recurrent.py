"""The loop over time beside Keras 3's, and where older Keras differs from it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Activation, Layer, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, ShapeTooSmall
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import (
    KERAS_3,
    assert_like_keras,
    chain_of,
    described,
    fill,
    numbers,
    outputs_of,
    weights_of,
    with_holes,
)

LAYERS = {
    "LSTM": keras.layers.LSTM,
    "GRU": keras.layers.GRU,
    "SimpleRNN": keras.layers.SimpleRNN,
}
SWITCHES = [
    {"return_sequences": sequences, "go_backwards": backwards, "return_state": sequences}
    for sequences, backwards in product([False, True], repeat=2)
]


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_a_layer_computes_what_keras_computes(kind: str, switches: dict[str, bool], masked: bool) -> None:
    before = [keras.layers.Masking()] if masked else []
    assert_like_keras([*before, LAYERS[kind](4, **switches)], with_holes(7))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"zero_output_for_mask": True, "return_sequences": True},
        {"zero_output_for_mask": True},
        {"unroll": True, "return_sequences": True},
        {"unroll": True, "zero_output_for_mask": True, "return_sequences": True, "go_backwards": True},
    ],
)
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_options_change_what_keras_changes(kind: str, options: dict[str, Any]) -> None:
    assert_like_keras([keras.layers.Masking(), LAYERS[kind](4, **options)], with_holes(6))


@pytest.mark.parametrize("length", [1, 2, 9])
def test_any_length_will_do(length: int) -> None:
    assert_like_keras([keras.layers.LSTM(3, return_state=True)], numbers(2, length, 3))


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_gru_may_reset_before_its_recurrent_product(use_bias: bool, backwards: bool) -> None:
    layer = keras.layers.GRU(4, reset_after=False, use_bias=use_bias, go_backwards=backwards)
    assert_like_keras([keras.layers.Masking(), layer], with_holes(6))


@pytest.mark.parametrize(("kind", "states"), [("LSTM", 2), ("GRU", 1), ("SimpleRNN", 1)])
@pytest.mark.parametrize("masked", [False, True])
def test_initial_states_are_taken_and_hide_the_mask_as_in_keras(kind: str, states: int, masked: bool) -> None:
    before = [keras.layers.Masking()] if masked else []
    layer = LAYERS[kind](4, return_sequences=True, return_state=True)
    assert_like_keras(
        [*before, layer], with_holes(6), [numbers(5, 4, seed=index + 7) for index in range(states)]
    )


@pytest.mark.parametrize("masked", [False, True])
def test_stacked_cells_may_be_of_any_kind_and_size(masked: bool) -> None:
    cells = [keras.layers.GRUCell(5, reset_after=False), keras.layers.LSTMCell(4)]
    layer = keras.layers.RNN(
        [*cells, keras.layers.SimpleRNNCell(3)], return_sequences=True, return_state=True
    )
    before = [keras.layers.Masking()] if masked else []
    assert_like_keras([*before, layer], with_holes(6))


def test_rnn_around_one_cell_is_the_layer_of_that_cell() -> None:
    assert_like_keras([keras.layers.RNN(keras.layers.LSTMCell(4), return_sequences=True)], numbers(2, 5, 3))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_mask_named_by_the_call_is_seen_beside_an_initial_state(wrapped: bool) -> None:
    x, count = with_holes(6), 4 if wrapped else 2
    states = [numbers(5, 4, seed=index) for index in range(count)]
    layer = keras.layers.LSTM(4, return_sequences=True)
    layer = keras.layers.Bidirectional(layer) if wrapped else layer
    mask = np.any(x != 0, axis=-1)
    layer(x)
    fill(layer)
    expected = keras.ops.convert_to_numpy(layer(x, initial_state=states, mask=mask))
    chain = chain_of([MASKING, described(layer, "rnn")], count)
    for named in ("input", mask):
        calls = [replace(call, kwargs={**call.kwargs, "mask": named}) for call in chain.calls[1:]]
        graph = replace(chain, calls=(chain.calls[0], *calls))
        (ours,) = evaluate(graph, weights_of(layer, ("rnn",)), [x, *states], semantics=KERAS_3)
        np.testing.assert_allclose(ours, expected, atol=1e-5)


CONFIG = {
    "use_bias": True,
    "activation": Activation("tanh"),
    "recurrent_activation": Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5}),
}
ROLES = ("kernel", "recurrent_kernel", "bias")


def lstm(name: str = "lstm", **config: Any) -> Layer:
    return Layer(name, "LSTM", {**CONFIG, "units": 2, "return_sequences": True, **config})


def weights_for(path: tuple[str, ...], inputs: int, units: int) -> dict[WeightKey, Array]:
    shapes = ((inputs, 4 * units), (units, 4 * units), (4 * units,))
    return {
        WeightKey(path, role): numbers(*shape, seed=index)
        for index, (role, shape) in enumerate(zip(ROLES, shapes, strict=True))
    }


MASKING = Layer("masking", "Masking", {"mask_value": 0.0})
EARLIER = {"initial_state_hides_mask": False}


@pytest.mark.parametrize(("masked_output", "expected"), [("first_state", "the state"), ("previous", "zeros")])
def test_a_masked_first_step_shows_the_initial_state_up_to_keras_2_2_4_and_zeros_after(
    masked_output: str, expected: str
) -> None:
    x, h, c = numbers(1, 3, 2), numbers(1, 2, seed=1), numbers(1, 2, seed=2)
    x[:, 0] = 0
    (output,) = evaluate(
        chain_of([MASKING, lstm()], 2),
        weights_for(("lstm",), 2, 2),
        [x, h, c],
        semantics=Semantics(masked_output=masked_output, **EARLIER),
    )
    np.testing.assert_array_equal(output[:, 0], h if expected == "the state" else np.zeros((1, 2)))


def test_up_to_keras_2_2_4_a_masked_step_of_stacked_cells_shows_the_first_cell() -> None:
    cells = {label: Layer(label, "LSTMCell", {**CONFIG, "units": 2}) for label in "01"}
    config = {"return_sequences": True, "return_state": True}
    rnn = Layer("rnn", "RNN", config, {"cell": Layer("cell", "StackedRNNCells", {}, cells)})
    x = numbers(1, 3, 2)
    x[:, 2] = 0
    weights = weights_for(("rnn", "cell", "0"), 2, 2) | weights_for(("rnn", "cell", "1"), 2, 2)
    graph = outputs_of(chain_of([MASKING, rnn]), 5)
    output, first_h, *_ = evaluate(graph, weights, [x], semantics=Semantics(masked_output="first_state"))
    np.testing.assert_array_equal(output[:, 2], first_h)


def test_reversed_states_are_the_same_states_last_cell_first() -> None:
    def run(reverse: bool) -> list[Array]:
        cells = {label: Layer(label, "LSTMCell", {**CONFIG, "units": 2}) for label in "01"}
        stacked = Layer("cell", "StackedRNNCells", {"reverse_state_order": reverse}, cells)
        rnn = Layer("rnn", "RNN", {"return_state": True}, {"cell": stacked})
        weights = weights_for(("rnn", "cell", "0"), 2, 2) | weights_for(("rnn", "cell", "1"), 2, 2)
        states = [numbers(1, 2, seed=index) for index in ((3, 4, 1, 2) if reverse else (1, 2, 3, 4))]
        graph = outputs_of(chain_of([rnn], 4), 5)
        return evaluate(graph, weights, [numbers(1, 3, 2), *states], semantics=KERAS_3)

    plain, reverse = run(False), run(True)
    for value, same in zip([plain[0], *plain[3:], *plain[1:3]], reverse, strict=True):
        np.testing.assert_array_equal(value, same)


def test_a_stateful_layer_goes_on_where_it_stopped() -> None:
    x, weights = numbers(2, 6, 3), weights_for(("lstm",), 3, 2)
    graph, states = chain_of([lstm(stateful=True)]), {}
    parts = [
        evaluate(graph, weights, [part], semantics=KERAS_3, states=states)[0]
        for part in np.split(x, 2, axis=1)
    ]
    (whole,) = evaluate(chain_of([lstm()]), weights, [x], semantics=KERAS_3)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-12)


def test_in_tf_keras_a_kept_state_outranks_the_one_given() -> None:
    inputs = [numbers(2, 3, 3), numbers(2, 2, seed=1), numbers(2, 2, seed=2)]
    graph, weights = chain_of([lstm(stateful=True)], 2), weights_for(("lstm",), 3, 2)

    def second(outranks: bool) -> Array:
        states: dict[tuple[str, ...], list[Array]] = {}
        semantics = Semantics(kept_state_outranks_given=outranks)
        results = [evaluate(graph, weights, inputs, semantics=semantics, states=states)[0] for _ in "12"]
        return np.abs(results[0] - results[1]).max()

    assert second(False) == 0
    assert second(True) > 0.01


def test_time_major_is_the_same_with_two_axes_exchanged() -> None:
    x, weights = numbers(2, 6, 3), weights_for(("lstm",), 3, 2)
    (plain,) = evaluate(chain_of([lstm()]), weights, [x], semantics=KERAS_3)
    swapped = np.swapaxes(x, 0, 1)
    (major,) = evaluate(chain_of([lstm(time_major=True)]), weights, [swapped], semantics=KERAS_3)
    np.testing.assert_array_equal(np.swapaxes(major, 0, 1), plain)


def test_a_wrong_number_of_initial_states_is_no_reference() -> None:
    with pytest.raises(NoReference, match="lstm: 1 initial states for 2"):
        evaluate(
            chain_of([lstm()], 1),
            weights_for(("lstm",), 3, 2),
            [numbers(2, 3, 3), numbers(2, 2)],
            semantics=KERAS_3,
        )


def test_no_steps_are_too_few() -> None:
    with pytest.raises(ShapeTooSmall, match="no time steps"):
        evaluate(chain_of([lstm()]), weights_for(("lstm",), 3, 2), [numbers(2, 0, 3)], semantics=KERAS_3)
