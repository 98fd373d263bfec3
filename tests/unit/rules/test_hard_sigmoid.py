"""Folding another hard sigmoid into the weights: two independent computations of the same layer agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Array, Form
from lstm_migrate.rules import RULES
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid, fold_factor

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))
GRU = GateOrder("gru", ("z", "r", "h"))


def keras_2(x: Array) -> Array:
    return np.clip(0.2 * x + 0.5, 0, 1)


def keras_3(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def folded(text: str, value: Array, gates: tuple[str, ...], order: GateOrder, shift: float = 0.0) -> Array:
    axes = Axes.parse(text)
    sizes = {"gate": len(order), "set": 2, "u": value.shape[-1] // len(order), "x": value.shape[0]}
    return FoldHardSigmoid(Form(axes, sizes, order), gates, 1.2, shift).apply(value)


def test_the_rules_are_a_closed_list() -> None:
    assert sorted(RULES) == [
        "add_forget_bias",
        "couple_gates",
        "cut",
        "fold_hard_sigmoid",
        "fold_in",
        "grow",
        "invert_gate",
        "negate",
        "shift",
        "square_deviation",
        "sum_biases",
    ]


def test_the_old_function_is_the_new_one_of_six_fifths() -> None:
    x = np.random.default_rng(0).normal(scale=3, size=100_000)
    assert np.max(np.abs(keras_2(x) - keras_3(1.2 * x))) <= 2 * np.finfo(np.float64).eps
    assert np.max(np.abs(keras_2(x) - keras_3(x))) > 0.08


def test_the_factor_of_keras_2_is_exactly_six_fifths() -> None:
    assert fold_factor(0.2, 0.5) == (1.2000000000000002, 0.0)
    assert np.float32(fold_factor(0.2, 0.5)[0]) == np.float32(1.2)
    assert fold_factor(1 / 6, 0.5) == (1.0, 0.0)


@settings(deadline=None, max_examples=60)
@given(
    slope=st.floats(0.01, 4), offset=st.floats(-1, 2), x=st.lists(st.floats(-50, 50), min_size=1, max_size=9)
)
def test_any_slope_and_offset_is_a_factor_and_a_shift(slope: float, offset: float, x: list[float]) -> None:
    factor, shift = fold_factor(slope, offset)
    values = np.array(x)
    assert np.allclose(
        keras_3(factor * values + shift), np.clip(slope * values + offset, 0, 1), rtol=0, atol=1e-12
    )


@settings(deadline=None, max_examples=20)
@given(slope=st.floats(0.05, 2), offset=st.floats(-1, 2), seed=st.integers(0, 99))
def test_a_layer_with_folded_weights_computes_what_the_old_one_did(
    slope: float, offset: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    kernel, bias, x = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(6, 3))
    factor, shift = fold_factor(slope, offset)
    sizes = {"x": 3, "u": 4}
    new_kernel = FoldHardSigmoid(Form(Axes.parse("x u"), sizes), (), factor).apply(kernel)
    new_bias = FoldHardSigmoid(Form(Axes.parse("u"), sizes), (), factor, shift).apply(bias)
    old = np.clip(slope * (x @ kernel + bias) + offset, 0, 1)
    assert np.allclose(keras_3(x @ new_kernel + new_bias), old, rtol=0, atol=1e-12)


def test_an_lstm_step_with_folded_gates_computes_what_the_old_one_did() -> None:
    rng = np.random.default_rng(3)
    units = 2
    kernel, recurrent = rng.normal(size=(3, 8)), rng.normal(size=(units, 8))
    bias, x, h, c = (rng.normal(size=size) for size in (8, (5, 3), (5, units), (5, units)))

    def step(k: Array, r: Array, b: Array, gate: object) -> Array:
        i, f, g, o = np.split(x @ k + h @ r + b, 4, axis=1)
        cell = gate(f) * c + gate(i) * np.tanh(g)  # type: ignore[operator]
        return gate(o) * np.tanh(cell)  # type: ignore[operator, no-any-return]

    gates = ("i", "f", "o")
    new = (
        folded("x (gate u)", kernel, gates, LSTM),
        folded("x (gate u)", recurrent, gates, LSTM),
        folded("(gate u)", bias, gates, LSTM),
    )
    old = step(kernel, recurrent, bias, keras_2)
    assert np.allclose(step(*new, keras_3), old, rtol=1e-13)
    assert not np.allclose(step(kernel, recurrent, bias, keras_3), old, rtol=1e-3)


def test_only_the_named_gates_are_scaled() -> None:
    value = folded("(gate u)", np.ones(8), ("f", "o"), LSTM)
    assert np.allclose(value, [1, 1, 1.2, 1.2, 1, 1, 1.2, 1.2])
    reordered = folded("(gate u)", np.ones(8), ("f",), GateOrder("lstm", ("i", "c", "f", "o")))
    assert np.allclose(reordered, [1, 1, 1, 1, 1.2, 1.2, 1, 1])


def test_of_two_sets_of_biases_both_scale_and_the_first_alone_is_shifted() -> None:
    value = folded("set (gate u)", np.ones((2, 3)), ("z", "r"), GRU, shift=10.0)
    assert np.allclose(value, [[11.2, 11.2, 1.0], [1.2, 1.2, 1.0]])


def test_the_sum_of_the_sets_is_what_a_single_bias_would_be() -> None:
    rng = np.random.default_rng(5)
    pair = rng.normal(size=(2, 3))
    both = folded("set (gate u)", pair, ("z", "r"), GRU, shift=0.7).sum(axis=0)
    assert np.allclose(both, folded("(gate u)", pair.sum(axis=0), ("z", "r"), GRU, shift=0.7))


def test_the_inverse_undoes_factor_and_shift() -> None:
    form = Form(Axes.parse("set (gate u)"), {"set": 2, "gate": 3, "u": 2}, GRU)
    step = FoldHardSigmoid(form, ("z", "r"), 1.2, 0.6)
    value = np.random.default_rng(1).normal(size=(2, 6))
    assert np.allclose(step.inverse().apply(step.apply(value)), value, rtol=1e-14)


@settings(deadline=None, max_examples=100)
@given(
    slope=st.floats(0.01, 4),
    offset=st.sampled_from([0.5, 0.5, 0.25, 1.0]),
    axes=st.sampled_from(["x (gate u)", "(gate u)", "set (gate u)"]),
    kind=st.sampled_from(["f4", "f8"]),
    seed=st.integers(0, 999),
)
def test_what_comes_back_goes_forth_again_within_the_last_place(
    slope: float, offset: float, axes: str, kind: str, seed: int
) -> None:
    factor, shift = fold_factor(slope, offset)
    shift = 0.0 if axes.startswith("x") else shift
    form = Form(Axes.parse(axes), {"x": 3, "set": 2, "gate": 3, "u": 2}, GRU)
    step = FoldHardSigmoid(form, ("r", "z"), factor, shift)
    value = np.random.default_rng(seed).normal(scale=3, size=form.shape).astype(kind)
    stored = step.back(value).astype(kind)
    again = step.apply(stored).astype(kind)
    # Scaled only, each value is rounded twice. A shift may cancel most of it; float64 has no wider type.
    units = 1 if not shift else 2 if kind == "f4" else 4
    larger = np.maximum(np.abs(value), abs(shift)).astype(kind)
    assert np.all(np.abs(again - value) <= units * np.spacing(larger))


def test_a_float32_kernel_comes_back_in_float32_without_a_wide_copy() -> None:
    form = Form(Axes.parse("x (gate u)"), {"x": 2, "gate": 3, "u": 1}, GRU)
    value = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    before = FoldHardSigmoid(form, ("z",), 1.2).back(value)
    assert before.dtype == np.float32
    assert np.array_equal(before[:, 0], (value[:, 0].astype(float) / 1.2).astype(np.float32))
    assert np.array_equal(before[:, 1:], value[:, 1:])


def test_float32_is_multiplied_in_float64_and_rounded_once() -> None:
    value = np.random.default_rng(2).normal(size=8).astype(np.float32)
    scaled = folded("(gate u)", value, ("i", "f", "o"), LSTM)
    product = value[:2].astype(np.float64) * 1.2
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled[:2], product.astype(np.float32))


def test_positions_pass_through_where_only_numbers_change() -> None:
    form = Form(Axes.parse("(gate u)"), {"gate": 4, "u": 2}, LSTM)
    positions = np.arange(8)
    assert FoldHardSigmoid(form, ("i",), 1.2, 0.6).trace(positions) is positions


@pytest.mark.parametrize(("shift", "said"), [(0.0, "× 1.2"), (0.6, "× 1.2, add 0.6")])
def test_the_step_says_which_gates_and_how_much(shift: float, said: str) -> None:
    form = Form(Axes.parse("(gate u)"), {"gate": 4, "u": 2}, LSTM)
    assert str(FoldHardSigmoid(form, ("i", "f"), 1.2, shift)) == f"fold hard_sigmoid: gates i, f {said}"
    assert "all values" in str(FoldHardSigmoid(form, (), 1.2, shift))
