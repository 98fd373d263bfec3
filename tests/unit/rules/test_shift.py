"""Constants come into a bias where they belong, and nowhere else."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form
from lstm_migrate.rules.shift import Shift

FORM = Form(Axes.parse("set (gate u)"), {"gate": 3, "set": 2, "u": 2}, GateOrder("gru", ("z", "r", "h")))
AMOUNT = np.array([[0.0] * 6, [1.0, 2.0, 10.0, 20.0, 100.0, 200.0]])


def test_of_two_biases_the_one_that_is_meant_is_shifted() -> None:
    found = Shift(FORM, AMOUNT).apply(np.ones((2, 6), np.float16))
    assert found.tolist() == [[1] * 6, [2, 3, 11, 21, 101, 201]]


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_it_adds_in_double_and_rounds_once(kind: type) -> None:
    value = np.random.default_rng(1).normal(size=(2, 6)).astype(kind)
    amount = np.random.default_rng(2).normal(size=(2, 6))
    found = Shift(FORM, amount).apply(value)
    assert found.dtype == value.dtype
    assert np.array_equal(found, (value.astype(np.float64) + amount).astype(kind))


def test_it_goes_back_and_leaves_positions_alone() -> None:
    step, value = Shift(FORM, AMOUNT), np.arange(12.0).reshape(2, 6)
    assert np.array_equal(step.back(step.apply(value)), value)
    assert np.array_equal(step.trace(value), value) and np.array_equal(step.omitted(value), value)
    assert step.effect == "approximate" and step.shape == (2, 6)
    assert str(step) == "shift by what goes on average"


def test_constants_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"constants of shape \(6,\) for an array of \(2, 6\)"):
        Shift(FORM, np.zeros(6))
