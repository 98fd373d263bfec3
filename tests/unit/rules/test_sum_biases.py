"""Two biases that are only ever added become one, in whatever order their array holds them."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form, unfold
from lstm_migrate.rules.sum_biases import SumBiases

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))
SIZES = {"set": 2, "gate": 4, "u": 3}


def form(text: str) -> Form:
    return Form(Axes.parse(text), SIZES, LSTM)


@pytest.mark.parametrize(
    ("text", "shape", "axis"),
    [("set (gate u)", (2, 12), 0), ("(set gate u)", (24,), 0), ("(gate u) set", (12, 2), 1)],
)
def test_the_sum_is_that_of_the_two_biases(text: str, shape: tuple[int, ...], axis: int) -> None:
    value = np.random.default_rng(0).normal(size=shape)
    step = SumBiases(form(text))
    by_hand = (value.reshape(2, 12) if len(shape) == 1 else value).sum(axis=axis)
    found = step.apply(value)
    assert found.shape == step.shape == (4, 3)
    assert np.array_equal(found.ravel(), by_hand.ravel())


def test_the_form_that_is_left_has_no_sets_and_keeps_the_gate_order() -> None:
    after = SumBiases(form("(set gate u)")).after
    assert str(after) == "gate u i,f,c,o"


def test_the_sum_is_rounded_once() -> None:
    big, small = np.float32(1), np.float32(2**-30)
    value = np.array([[big] * 12, [small] * 12], np.float32)
    found = SumBiases(form("set (gate u)")).apply(value)
    assert found.dtype == np.float64
    assert (found == 1 + 2**-30).all()


def test_positions_stay_whole_numbers() -> None:
    found = SumBiases(form("set (gate u)")).trace(np.arange(24).reshape(2, 12))
    assert found.dtype.kind == "i"
    assert found.ravel()[:2].tolist() == [12, 14]


@pytest.mark.parametrize("text", ["set (gate u)", "(set gate u)", "(gate u) set"])
def test_all_of_the_sum_goes_back_into_the_input_bias_and_gives_it_again_in_every_bit(text: str) -> None:
    value = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    value[0] = [-0.0, 0.0, 1e-45]
    step = SumBiases(form(text))
    back = step.back(value)
    pair, names = unfold(back, step.before)
    assert back.dtype == np.float32
    assert np.array_equal(pair[0] if names[0] == "set" else pair[..., 0], value)
    assert np.count_nonzero(back) == np.count_nonzero(value)
    assert step.apply(back).astype(np.float32).tobytes() == value.tobytes()


def test_the_choice_is_told() -> None:
    step = SumBiases(form("set (gate u)"))
    assert step.choice == "the whole bias goes into the input bias, the recurrent one is zero"


def test_a_forgotten_sum_is_one_bias_alone() -> None:
    value = np.arange(24.0).reshape(2, 12)
    assert np.array_equal(SumBiases(form("set (gate u)")).omitted(value), value[0].reshape(4, 3))


def test_an_lstm_step_with_the_sum_is_the_step_with_both() -> None:
    rng = np.random.default_rng(2)
    pair, x, kernel = rng.normal(size=(2, 12)), rng.normal(size=(5, 2)), rng.normal(size=(2, 12))
    summed = SumBiases(form("set (gate u)")).apply(pair).reshape(12)
    assert np.allclose(np.tanh(x @ kernel + pair[0] + pair[1]), np.tanh(x @ kernel + summed), rtol=1e-14)
