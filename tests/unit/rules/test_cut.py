"""Units are cut gate by gate, never at the end of the axis that gates and units share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form, unfold
from lstm_migrate.rules.cut import Cut

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))
AXES = ["x (gate u)", "h (gate u)", "(gate u)", "set (gate u)", "(u gate)", "gate u x", "x u", "u"]


def form(text: str, poured: str = "", **sizes: int) -> Form:
    sizes = {"gate": 4, "set": 2, "x": 3, "h": 4, "u": 4, **sizes}
    return Form(Axes.parse(text), sizes, LSTM, tuple(Symbol(name) for name in poured.split()))


def numbers(form: Form) -> Any:
    return np.arange(np.prod(form.shape)).reshape(form.shape)


def test_two_of_three_units_of_a_bias_by_hand() -> None:
    bias = np.array([1, 2, 3, 10, 20, 30, 100, 200, 300, 1000, 2000, 3000])
    before = form("(gate u)", u=3)
    assert Cut(before, {"u": (0, 1)}, "").apply(bias).tolist() == [1, 2, 10, 20, 100, 200, 1000, 2000]
    assert Cut(before, {"u": (2, 0)}, "").apply(bias).tolist() == [3, 1, 30, 10, 300, 100, 3000, 1000]


def test_a_recurrent_kernel_loses_rows_and_columns() -> None:
    before = form("h (gate u)")
    kept = (1, 3)
    found = Cut(before, {"u": kept, "h": kept}, "").apply(numbers(before))
    assert found.shape == (2, 8)
    assert found.tolist() == numbers(before)[np.ix_(kept, [1, 3, 5, 7, 9, 11, 13, 15])].tolist()


@settings(max_examples=60)
@given(st.sampled_from(AXES), st.permutations(range(4)), st.integers(1, 4))
def test_it_is_the_same_as_taking_from_the_unfolded_array(text: str, order: list[int], count: int) -> None:
    before = form(text)
    kept = {symbol: tuple(order[:count]) for symbol in sorted(before.axes.symbols & {"u", "h"})}
    step = Cut(before, kept, "")
    found, wanted = step.apply(numbers(before)), unfold(numbers(before), before)[0]
    names = unfold(numbers(before), before)[1]
    for symbol, places in kept.items():
        wanted = np.take(wanted, places, axis=names.index(symbol))
    assert found.shape == step.shape
    assert np.array_equal(unfold(found, step.after)[0], wanted)


@pytest.mark.parametrize("text", AXES)
def test_what_does_not_go_on_ends_here(text: str) -> None:
    before = form(text)
    step = Cut(before, {"u": (3, 0)}, "")
    arrived, ended = step.trace(numbers(before)).ravel().tolist(), step.unused
    assert ended is not None
    assert sorted(arrived + ended.tolist()) == list(range(numbers(before).size))
    assert len(arrived) == len(ended)


def test_an_array_that_is_poured_is_cut_where_its_units_are() -> None:
    before = form("x (gate u)", "u x")
    loose, names = unfold(numbers(before), before)
    step = Cut(before, {"u": (1, 2)}, "")
    again, _ = unfold(step.apply(numbers(before)), step.after)
    assert np.array_equal(again, np.take(loose, (1, 2), axis=names.index("u")))


@pytest.mark.parametrize(("kept", "others"), [((0, 1), (2, 3)), ((2, 3), (0, 1)), ((3, 1), (2, 3))])
def test_forgetting_which_units_takes_as_many_from_the_other_end(
    kept: tuple[int, ...], others: tuple[int, ...]
) -> None:
    before = form("(gate u)")
    found = Cut(before, {"u": kept}, "").omitted(numbers(before))
    assert np.array_equal(found, Cut(before, {"u": others}, "").apply(numbers(before)))


def test_it_loses_something_and_has_no_way_back() -> None:
    step = Cut(form("(gate u)"), {"u": (0, 1)}, "2 of 4 units")
    assert step.effect == "approximate"
    with pytest.raises(PlanError, match="cut to 2 of 4 units: has no inverse"):
        step.back(np.zeros(8))


def test_a_mere_change_of_order_has_a_way_back() -> None:
    before = form("x (gate u)")
    step = Cut(before, {"u": (2, 0, 3, 1)}, "4 units", "bitwise")
    assert step.effect == "bitwise" and str(step) == "reorder 4 units"
    assert step.unused is not None and step.unused.size == 0
    assert np.array_equal(step.back(step.apply(numbers(before))), numbers(before))
    assert np.array_equal(step.omitted(numbers(before)), numbers(before))
