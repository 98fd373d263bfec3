"""What goes is added to what stays and stands for it, so that whoever reads both sees no difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form
from lstm_migrate.rules.cut import Cut
from lstm_migrate.rules.fold_in import FoldIn

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))


def form(text: str, **sizes: int) -> Form:
    return Form(Axes.parse(text), {"gate": 4, "x": 4, "h": 4, "u": 2, **sizes}, LSTM)


def drawn(before: Form, kind: Any = np.float32) -> Any:
    return np.random.default_rng(5).normal(size=before.shape).astype(kind)


def test_rows_of_duplicates_by_hand() -> None:
    rows = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [1000.0, 2000.0]])
    step = FoldIn(form("x u"), "x", (0, 0), (1, 3))
    assert step.apply(rows).tolist() == [[1011, 2022], [10, 20], [100, 200], [1000, 2000]]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_layer_that_reads_duplicates_computes_the_same_without_them(kind: Any) -> None:
    before = form("h (gate u)")
    kernel, x = drawn(before, kind), drawn(form("x u", u=4)).astype(np.float64)
    x[:, 3] = x[:, 1]
    folded = FoldIn(before, "h", (1,), (3,)).apply(kernel)
    assert folded.dtype == kernel.dtype
    left = Cut(before, {"h": (0, 1, 2)}, "").apply(folded)
    assert np.allclose(x @ kernel, x[:, :3] @ left, rtol=0, atol=8 * np.finfo(kind).eps)


def test_what_is_a_sum_of_others_is_folded_into_them() -> None:
    before = form("x u")
    kernel, onto = drawn(before, np.float64), np.array([[0.5, 2.0], [-1.0, 0.25]])
    kept = np.random.default_rng(0).normal(size=(9, 2))
    gone = kept @ onto
    whole = np.stack([gone[:, 0], kept[:, 0], gone[:, 1], kept[:, 1]], axis=1)
    step = FoldIn(before, "x", (1, 3), (0, 2), onto)
    assert step.effect == "approximate"
    assert np.allclose(whole @ kernel, kept @ step.apply(kernel)[[1, 3]])


def test_along_another_axis_than_the_first() -> None:
    before = form("(gate u) x")
    kernel = drawn(before)
    found = FoldIn(before, "x", (0,), (2,)).apply(kernel)
    assert np.array_equal(found[:, 0], kernel[:, 0] + kernel[:, 2])
    assert np.array_equal(found[:, 1:], kernel[:, 1:])


def test_what_adds_up_to_a_number_is_rounded_once() -> None:
    rows = np.array([[1.0], [2.0**-53], [2.0**-53], [-1.0]])
    assert FoldIn(form("x u", u=1), "x", (0, 0), (1, 2)).apply(rows)[0, 0] == 1 + 2.0**-52
    assert FoldIn(form("x u", u=1), "x", (0, 0, 0), (1, 2, 3)).apply(rows)[0, 0] == 2.0**-52


def test_positions_stay_and_forgetting_it_changes_nothing() -> None:
    before = form("x u")
    step, positions = FoldIn(before, "x", (0,), (1,)), np.arange(8).reshape(4, 2)
    assert np.array_equal(step.trace(positions), positions)
    assert step.shape == before.shape and step.blank == 0 and step.unused is None
    assert np.array_equal(step.omitted(drawn(before)), drawn(before))
    assert str(step) == "fold in what goes" and step.effect == "exact"
    assert step == FoldIn.twins(before, "x", [(1, 0)], "what goes")


def test_what_goes_cannot_stand_for_anything() -> None:
    with pytest.raises(ValueError, match="what goes cannot take over"):
        FoldIn(form("x u"), "x", (0, 1), (1, 2))
    with pytest.raises(ValueError, match="2 kept, 1 gone, and numbers for"):
        FoldIn(form("x u"), "x", (0, 1), (2,), np.zeros((1, 2)))
