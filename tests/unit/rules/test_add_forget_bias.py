"""What the old cell adds to its forget gate when it runs stands in the new bias."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form
from lstm_migrate.rules.add_forget_bias import AddForgetBias

TF1 = GateOrder("lstm", ("i", "c", "f", "o"))
SIZES = {"set": 2, "gate": 4, "u": 2}


def step(text: str, amount: float) -> AddForgetBias:
    return AddForgetBias(Form(Axes.parse(text), SIZES, TF1), amount)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("(gate u)", [4, 5]),
        ("(u gate)", [2, 6]),
        ("gate u", [4, 5]),
        ("set (gate u)", [4, 5]),
        ("(gate u) set", [8, 10]),
    ],
)
def test_it_is_added_to_the_forget_gate_once(text: str, places: list[int]) -> None:
    one = step(text, 2.5)
    found = one.apply(np.zeros(one.shape, np.float32)).ravel()
    assert np.flatnonzero(found).tolist() == places
    assert set(found[places]) == {2.5}


def test_the_sum_is_rounded_once() -> None:
    found = step("(gate u)", 1.0).apply(np.full(8, 2**-30, np.float32))
    assert found.dtype == np.float64
    assert (found[4:6] == 1 + 2**-30).all()


@settings(deadline=None, max_examples=100)
@given(amount=st.floats(-10, 10), values=st.lists(st.floats(-8, 8, width=32), min_size=8, max_size=8))
def test_what_comes_back_goes_forth_again_within_one_unit_in_the_last_place(
    amount: float, values: list[float]
) -> None:
    value = np.array(values, np.float32)
    one = step("(gate u)", amount)
    again = one.apply(one.back(value).astype(np.float32)).astype(np.float32)
    larger = np.maximum(np.abs(value), np.float32(abs(amount)))
    assert np.all(np.abs(again - value) <= np.spacing(larger))
    assert np.array_equal(np.delete(again, [4, 5]), np.delete(value, [4, 5]))


def test_forgetting_it_leaves_the_bias_and_positions_stay() -> None:
    one, value = step("(gate u)", 1.0), np.arange(8)
    assert one.omitted(value) is value
    assert one.trace(value) is value
    assert str(one) == "add the forget bias of run time: 1"
