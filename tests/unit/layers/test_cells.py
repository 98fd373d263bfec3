"""The registered cells compute their sources' equations wherever a cell may stand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate import layers
from tests.unit.layers.made import (
    FEATURES,
    OPTIONS,
    UNITS,
    by_the_equations,
    cell,
    filled,
    inputs,
    recurrent,
    values,
    weights,
)
from tests.unit.reference.against_keras import TOLERANCE

TRAINED = [name for name in OPTIONS if not name.startswith("echo")]
DROPPING = ["peephole", "peephole, one product", "layer norm LSTM", "layer norm RNN"]


@pytest.mark.parametrize("name", OPTIONS)
def test_a_cell_computes_its_equations(name: str) -> None:
    layer = recurrent(name, return_sequences=True, return_state=True)
    x = inputs(2, 8, FEATURES)
    expected = by_the_equations(layer, name, x)
    found = values(layer, x)
    assert [item.shape for item in found] == [item.shape for item in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE, rtol=TOLERANCE)
    assert max(np.abs(item).max() for item in expected) > 0.1


def test_the_output_gate_sees_the_new_cell_state_and_the_others_the_old_one() -> None:
    one = layers.PeepholeLSTMCell(1, recurrent_activation="linear", activation="linear")
    one.build((None, 1))
    one.set_weights(
        [np.array([[1.0, 2.0, 3.0, 4.0]]), np.zeros((1, 4)), np.zeros(4)]
        + [np.array([value]) for value in (10.0, 100.0, 1000.0)]
    )
    h, (same_h, c) = one(np.array([[1.0]]), [np.zeros((1, 1)), np.array([[0.5]])])
    # i = 1 + 10·0.5, f = 2 + 100·0.5, c' = f·0.5 + i·3, o = 4 + 1000·c', h' = o·c'
    assert float(c[0, 0]) == 44.0
    assert float(h[0, 0]) == float(same_h[0, 0]) == 44004.0 * 44.0


def test_without_peepholes_it_is_an_lstm_cell() -> None:
    plain = filled(keras.layers.RNN(keras.layers.LSTMCell(UNITS)), 2, 5, FEATURES)
    own = recurrent("peephole")
    own.cell.set_weights([*plain.cell.get_weights()[:3], *[np.zeros(UNITS)] * 3])
    x = inputs(2, 6, FEATURES)
    np.testing.assert_allclose(values(own, x)[0], values(plain, x)[0], atol=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_masked_steps_change_nothing(name: str) -> None:
    layer = recurrent(name)
    x = inputs(2, 6, FEATURES)
    longer = np.concatenate([x, inputs(2, 2, FEATURES)], axis=1)
    mask = np.arange(8)[None, :].repeat(2, axis=0) < 6
    np.testing.assert_allclose(values(layer, longer, mask=mask)[0], values(layer, x)[0], atol=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_bidirectional_runs_a_cell_each_way(name: str) -> None:
    both = filled(keras.layers.Bidirectional(keras.layers.RNN(cell(name))), 2, 5, FEATURES)
    x = inputs(2, 5, FEATURES)
    forth = values(both.forward_layer, x)[0]
    there = recurrent(name)
    there.cell.set_weights(both.backward_layer.cell.get_weights())
    back = values(there, x[:, ::-1])[0]
    np.testing.assert_allclose(values(both, x)[0], np.concatenate([forth, back], axis=-1), atol=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_stack_feeds_one_cell_to_the_next(name: str) -> None:
    stack = filled(keras.layers.RNN([cell(name), keras.layers.GRUCell(2)]), 2, 5, FEATURES)
    first, second = recurrent(name, return_sequences=True), keras.layers.GRU(2)
    first.cell.set_weights(stack.cell.cells[0].get_weights())
    x = inputs(2, 5, FEATURES)
    between = values(first, x)[0]
    filled(second, *between.shape)
    second.set_weights(stack.cell.cells[1].get_weights())
    np.testing.assert_allclose(values(stack, x)[0], values(second, between)[0], atol=1e-5)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_cell_starts_with_zero_states_of_its_sizes(name: str) -> None:
    own = cell(name)
    states = own.get_initial_state(batch_size=3)
    assert [tuple(state.shape)[1] for state in states] == list(np.atleast_1d(own.state_size))
    assert not any(np.asarray(keras.ops.convert_to_numpy(state)).any() for state in states)


@pytest.mark.parametrize("name", DROPPING)
def test_dropout_acts_in_training_alone(name: str) -> None:
    plain = recurrent(name)
    dropping = filled(
        keras.layers.RNN(cell(name, dropout=0.5, recurrent_dropout=0.5, seed=1)), 2, 5, FEATURES
    )
    for variable, value in zip(dropping.cell.weights, plain.cell.get_weights(), strict=True):
        variable.assign(value)
    x = inputs(2, 5, FEATURES)
    np.testing.assert_allclose(values(dropping, x)[0], values(plain, x)[0], atol=1e-6)
    np.testing.assert_allclose(values(dropping, x, training=False)[0], values(plain, x)[0], atol=1e-6)
    trained = values(dropping, x, training=True)[0]
    assert np.abs(trained - values(plain, x)[0]).max() > 1e-3
    assert np.abs(trained - values(dropping, x, training=True)[0]).max() > 1e-3


@pytest.mark.parametrize("name", TRAINED)
def test_a_step_of_training_moves_every_array(name: str) -> None:
    model = keras.Sequential([recurrent(name, return_sequences=True), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = weights(model.layers[0].cell)
    model.fit(inputs(8, 5, FEATURES), inputs(8, 5, 1), verbose=0)
    after = weights(model.layers[0].cell)
    assert {role for role in before if np.array_equal(before[role], after[role])} == set()


def test_nothing_of_an_echo_state_cell_is_trained() -> None:
    layer = recurrent("echo state")
    assert layer.trainable_variables == []
    assert set(weights(layer.cell)) == {"kernel", "recurrent_kernel", "bias"}


def test_peepholes_are_drawn_apart_from_one_another() -> None:
    own = cell("peephole")
    own.build((None, FEATURES))
    drawn = [value for role, value in weights(own).items() if "peephole" in role]
    assert len({tuple(value) for value in drawn}) == 3
