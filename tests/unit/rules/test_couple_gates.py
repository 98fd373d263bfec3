"""A gate that was computed as 1 − another one gets weights of its own."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Array, Form
from lstm_migrate.rules.couple_gates import CoupleGates

SIZES = {"x": 3, "h": 2, "u": 2, "set": 2, "gate": 3}


def step(text: str, coupled: str, gates: str, poured: str = "") -> CoupleGates:
    order = GateOrder.coupled("lstm", tuple(gates), coupled)
    return CoupleGates(Form(Axes.parse(text), SIZES, order, tuple(map(Symbol, poured.split()))), coupled)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def keras_2(x: Array) -> Array:
    return np.asarray(np.clip(0.2 * x + 0.5, 0, 1))


@pytest.mark.parametrize("function", [sigmoid, keras_2])
@pytest.mark.parametrize(("coupled", "gates"), [("forget", "oci"), ("input", "ofc")])
def test_an_lstm_step_with_the_copied_gate_is_the_coupled_step(
    function: object, coupled: str, gates: str
) -> None:
    rng = np.random.default_rng(1)
    kernel, bias = rng.normal(size=(3, 6)), rng.normal(size=6)
    x, c = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))

    def gate(name: str, kernel: Array, bias: Array, order: tuple[str, ...]) -> Array:
        block = slice(2 * order.index(name), 2 * order.index(name) + 2)
        return np.asarray(function(x @ kernel[:, block] + bias[block]))  # type: ignore[operator]

    stored = {name: gate(name, kernel, bias, tuple(gates)) for name in gates}
    i = stored["i"] if coupled == "forget" else 1 - stored["f"]
    f = stored["f"] if coupled == "input" else 1 - stored["i"]
    right = f * c + i * stored["c"]
    one, other = step("x (gate u)", coupled, gates), step("(gate u)", coupled, gates)
    new_kernel, new_bias = one.apply(kernel).reshape(3, 8), other.apply(bias).reshape(8)
    assert one.after.gates is not None
    whole = {name: gate(name, new_kernel, new_bias, one.after.gates.gates) for name in one.after.gates.gates}
    assert np.allclose(whole["f"] * c + whole["i"] * whole["c"], right, rtol=1e-12)


def test_the_added_gate_stands_last_and_is_the_negated_other() -> None:
    one = step("(gate u)", "forget", "ico")
    assert one.apply(np.arange(1.0, 7)).tolist() == [[1, 2], [3, 4], [5, 6], [-1, -2]]
    assert str(one.after) == "gate u i,c,o,f"
    assert str(one) == "couple gates: f = 1 − i, the negated values of i"
    assert str(step("(gate u)", "input", "cfo")) == "couple gates: i = 1 − f, the negated values of f"


@pytest.mark.parametrize("text", ["x (gate u)", "(u gate) x", "gate u x", "set (gate u)"])
@pytest.mark.parametrize("poured", ["", "u x"])
def test_the_way_back_drops_the_copy_and_nothing_else(text: str, poured: str) -> None:
    one = step(text, "input", "cof", poured if "x" in text else "")
    value = np.random.default_rng(2).normal(size=one.before.shape).astype(np.float32)
    assert one.back(one.apply(value)).tobytes() == value.tobytes()


def test_the_copy_has_no_positions_of_its_own() -> None:
    one = step("x (gate u)", "forget", "ico")
    traced = one.trace(np.arange(1, 19).reshape(3, 6))
    assert one.blank == int((traced == 0).sum()) == 6
    assert sorted(traced[traced > 0]) == list(range(1, 19))


def test_forgetting_the_sign_makes_both_gates_alike() -> None:
    one = step("(gate u)", "forget", "ico")
    assert one.omitted(np.arange(1.0, 7)).tolist() == [[1, 2], [3, 4], [5, 6], [1, 2]]
