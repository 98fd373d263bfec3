"""An update gate that lets in the new state is the one that keeps the old state, with another sign."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Array, Form
from lstm_migrate.rules.invert_gate import InvertGate

GRU = GateOrder("gru", ("r", "z", "h"))


def form(text: str, poured: str = "") -> Form:
    sizes = {"x": 3, "h": 2, "u": 2, "set": 2, "gate": 3}
    return Form(Axes.parse(text), sizes, GRU, tuple(map(Symbol, poured.split())))


def keras_3(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


@pytest.mark.parametrize("function", [lambda x: 1 / (1 + np.exp(-x)), keras_3])
def test_a_gru_step_with_the_inverted_gate_is_the_step_with_the_gate_s_part_exchanged(
    function: object,
) -> None:
    rng = np.random.default_rng(0)
    kernel, recurrent = rng.normal(size=(3, 6)), rng.normal(size=(2, 6))
    bias, x, h = rng.normal(size=(2, 6)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))

    def step(kernel: Array, recurrent: Array, bias: Array, *, renews: bool) -> Array:
        xr, xz, xh = np.split(x @ kernel + bias[0], 3, axis=1)
        hr, hz, hh = np.split(h @ recurrent + bias[1], 3, axis=1)
        z, new = function(xz + hz), np.tanh(xh + function(xr + hr) * hh)  # type: ignore[operator]
        return np.asarray((1 - z) * h + z * new if renews else z * h + (1 - z) * new)

    inverted = (
        InvertGate(form("x (gate u)")).apply(kernel),
        InvertGate(form("h (gate u)")).apply(recurrent),
        InvertGate(form("set (gate u)")).apply(bias),
    )
    right = step(kernel, recurrent, bias, renews=True)
    assert np.allclose(step(*inverted, renews=False), right, rtol=1e-12)
    assert not np.allclose(step(kernel, recurrent, bias, renews=False), right, rtol=1e-2)


@settings(deadline=None)
@given(
    axes=st.sampled_from(["x (gate u)", "u gate x", "(u gate) x", "set (gate u)"]),
    poured=st.booleans(),
    gate=st.sampled_from("rzh"),
    seed=st.integers(0, 99),
)
def test_it_is_its_own_inverse_in_every_bit(axes: str, poured: bool, gate: str, seed: int) -> None:
    step = InvertGate(form(axes, "u x" if poured and "x" in axes else ""), gate)
    words = np.random.default_rng(seed).integers(0, 2**32, step.shape, np.uint32)
    value = words.view(np.float32)
    assert step.back(step.apply(value)).tobytes() == value.tobytes()
    changed = step.apply(value).view(np.uint32) != words
    assert int(changed.sum()) == value.size // 3


def test_one_block_by_hand() -> None:
    value = np.arange(1.0, 7.0)
    assert InvertGate(form("(gate u)")).apply(value).tolist() == [1, 2, -3, -4, 5, 6]
    assert InvertGate(form("(gate u)"), "h").apply(value).tolist() == [1, 2, 3, 4, -5, -6]


def test_forgetting_it_leaves_the_values_and_positions_stay() -> None:
    step, value = InvertGate(form("(gate u)")), np.arange(6)
    assert step.omitted(value) is value
    assert step.trace(value) is value
    assert str(step) == "invert gate z: negate its values"
