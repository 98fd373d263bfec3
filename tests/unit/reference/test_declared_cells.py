"""Cells whose storage a mapping file declares, against loops over plain matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.graph import Activation, Layer, Storage, StoredArray, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import KERAS_3, chain_of, numbers
from tests.unit.reference.stored_cells import Cell, cells

NONLINEAR = {
    "activation": Activation("tanh"),
    "recurrent_activation": Activation("sigmoid"),
    "return_sequences": True,
}


def run(layer: Layer, arrays: Mapping[str, Array], x: Array, semantics: Semantics = KERAS_3) -> Array:
    weights = {WeightKey(("cell",), role): array for role, array in arrays.items()}
    (output,) = evaluate(chain_of([layer]), weights, [x], semantics=semantics)
    return output


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@settings(max_examples=300, deadline=None)
@given(cells(), st.integers(1, 4))
def test_every_way_to_store_a_cell_computes_what_its_plain_matrices_compute(cell: Cell, steps: int) -> None:
    inputs = next(iter(cell.kernel.values())).shape[0]
    x = numbers(2, steps, inputs, seed=steps).astype(np.float64)
    np.testing.assert_allclose(run(cell.layer(), cell.arrays, x), cell.outputs(x), rtol=1e-11, atol=1e-12)


def test_a_tf1_lstm_by_hand() -> None:
    """BasicLSTMCell: one array of rows x, h and columns i c f o; 1 is added to f when it runs."""
    declared = {"kernel": StoredArray("kernel", "(x + h) (gate u)"), "bias": StoredArray("bias", "(gate u)")}
    storage = Storage("tf1.lstm", "lstm", ("i", "c", "f", "o"), declared, forget_bias=1.0)
    arrays = {
        "kernel": np.array([[1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4]]),
        "bias": np.array([0.01, 0.02, 0.03, 0.04]),
    }
    output = run(Layer("cell", "LSTM", NONLINEAR, storage=storage), arrays, np.array([[[0.5], [0.25]]]))
    c1 = sigmoid(0.5 + 0.01) * math.tanh(1.0 + 0.02)
    h1 = sigmoid(2.0 + 0.04) * math.tanh(c1)
    forget = sigmoid(0.75 + 0.3 * h1 + 0.03 + 1.0)
    c2 = forget * c1 + sigmoid(0.25 + 0.1 * h1 + 0.01) * math.tanh(0.5 + 0.2 * h1 + 0.02)
    h2 = sigmoid(1.0 + 0.4 * h1 + 0.04) * math.tanh(c2)
    np.testing.assert_allclose(output, [[[h1], [h2]]], rtol=1e-14)


def test_a_pytorch_gru_by_hand() -> None:
    """Rows r z h of W @ x, and two biases; that of h in the recurrent product stands beside r."""
    declared = {
        "kernel": StoredArray("weight_ih_l0", "(gate u) x"),
        "recurrent_kernel": StoredArray("weight_hh_l0", "(gate u) h"),
        "bias": StoredArray("bias_ih_l0", "(gate u)"),
        "recurrent_bias": StoredArray("bias_hh_l0", "(gate u)"),
    }
    storage = Storage("torch.gru", "gru", ("r", "z", "h"), declared)
    arrays = {
        "kernel": np.array([[1.0], [2.0], [3.0]]),
        "recurrent_kernel": np.array([[0.1], [0.2], [0.3]]),
        "bias": np.array([0.01, 0.02, 0.03]),
        "recurrent_bias": np.array([0.5, 0.6, 0.7]),
    }
    layer = Layer("cell", "GRU", {**NONLINEAR, "reset_after": True}, storage=storage)
    output = run(layer, arrays, np.array([[[0.5]]]))
    r, z = sigmoid(0.5 + 0.01 + 0.5), sigmoid(1.0 + 0.02 + 0.6)
    assert output.item() == pytest.approx((1 - z) * math.tanh(1.5 + 0.03 + r * 0.7), rel=1e-14)


def test_an_update_gate_that_renews_by_hand() -> None:
    declared = {"kernel": StoredArray("w", "x (gate u)"), "recurrent_kernel": StoredArray("u", "h (gate u)")}
    storage = Storage("fork", "gru", ("r", "z", "h"), declared, update_gate="renews")
    arrays = {"kernel": np.array([[1.0, 2.0, 3.0]]), "recurrent_kernel": np.array([[0.1, 0.2, 0.3]])}
    layer = Layer("cell", "GRU", {**NONLINEAR, "reset_after": False, "use_bias": True}, storage=storage)
    output = run(layer, arrays, np.array([[[0.5]]]))
    assert output.item() == pytest.approx(sigmoid(1.0) * math.tanh(1.5), rel=1e-14)


@pytest.mark.parametrize(("coupled", "left"), [("input", "f"), ("forget", "i")])
def test_a_coupled_gate_is_one_minus_the_other(coupled: str, left: str) -> None:
    declared = {"kernel": StoredArray("w", "(x + h) (gate u)")}
    storage = Storage("fork", "lstm", ("o", left, "c"), declared, coupled=coupled)
    arrays = {"kernel": np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])}
    hard = Activation("hard_sigmoid", {"slope": 0.3, "offset": 0.4})  # 1 − σ(a) is not σ(−a)
    layer = Layer("cell", "LSTM", {**NONLINEAR, "recurrent_activation": hard}, storage=storage)
    output = run(layer, arrays, np.array([[[0.5]]]))
    stored = 0.3 * 1.0 + 0.4
    i = 1 - stored if coupled == "input" else stored
    assert output.item() == pytest.approx((0.3 * 0.5 + 0.4) * math.tanh(i * math.tanh(1.5)), rel=1e-14)


def stored_lstm(**facts: Any) -> tuple[Layer, dict[str, Array]]:
    declared = {"kernel": StoredArray("w", "(x + h) (gate u)"), "bias": StoredArray("b", "(gate u)")}
    storage = Storage("fork", "lstm", ("o", "i", "c", "f"), declared, forget_bias=2.5)
    arrays = {"kernel": numbers(3 + 4, 16), "bias": numbers(16)}
    return Layer("cell", "LSTM", NONLINEAR, storage=replace(storage, **facts)), arrays


@pytest.mark.parametrize(
    "wrong",
    [
        {"gates": ("i", "o", "c", "f")},
        {"gates": ("o", "i", "f", "c")},
        {"forget_bias": 0.0},
        {"forget_bias": 1.0},
        {"arrays": {"kernel": StoredArray("w", "(h + x) (gate u)"), "bias": StoredArray("b", "(gate u)")}},
        {"arrays": {"kernel": StoredArray("w", "(x + h) (u gate)"), "bias": StoredArray("b", "(gate u)")}},
        {"arrays": {"kernel": StoredArray("w", "(x + h) (gate u)"), "bias": StoredArray("b", "(u gate)")}},
        {"arrays": {"kernel": StoredArray("w", "(x + h) (gate u)")}},
    ],
)
def test_a_wrong_declaration_of_an_lstm_changes_its_outputs(wrong: dict[str, Any]) -> None:
    x = numbers(2, 5, 3)
    assert np.abs(run(*stored_lstm(), x) - run(*stored_lstm(**wrong), x)).max() > 1e-2


def stored_gru(config: dict[str, Any], **facts: Any) -> tuple[Layer, dict[str, Array]]:
    declared = {
        "kernel": StoredArray("w", "(gate u) x"),
        "recurrent_kernel": StoredArray("u", "(gate u) h"),
        "bias": StoredArray("b", "set (gate u)"),
    }
    storage = Storage("fork", "gru", ("r", "z", "h"), declared, update_gate="renews")
    arrays = {"kernel": numbers(12, 3), "recurrent_kernel": numbers(12, 4), "bias": numbers(2, 12)}
    config = {**NONLINEAR, "reset_after": True, **config}
    return Layer("cell", "GRU", config, storage=replace(storage, **facts)), arrays


@pytest.mark.parametrize(
    ("config", "facts"),
    [({}, {"gates": ("z", "r", "h")}), ({}, {"update_gate": "keeps"}), ({"reset_after": False}, {})],
)
def test_a_wrong_declaration_of_a_gru_changes_its_outputs(
    config: dict[str, Any], facts: dict[str, Any]
) -> None:
    x = numbers(2, 5, 3)
    assert np.abs(run(*stored_gru({}), x) - run(*stored_gru(config, **facts), x)).max() > 1e-2


def test_declared_as_keras_stores_it_a_layer_computes_as_without_a_declaration() -> None:
    declared = {
        "kernel": StoredArray("kernel", "x (gate u)"),
        "recurrent_kernel": StoredArray("recurrent_kernel", "h (gate u)"),
        "bias": StoredArray("bias", "(gate u)"),
    }
    layer = Layer("cell", "LSTM", {**NONLINEAR, "use_bias": True})
    own = replace(layer, storage=Storage("keras.lstm", "lstm", ("i", "f", "c", "o"), declared))
    arrays = {"kernel": numbers(3, 20), "recurrent_kernel": numbers(5, 20), "bias": numbers(20)}
    x = numbers(2, 6, 3)
    np.testing.assert_array_equal(run(own, arrays, x), run(layer, arrays, x))


@pytest.mark.parametrize("forget_bias", [0.0, 1.5])
def test_a_convolutional_cell_is_read_through_its_declaration(forget_bias: float) -> None:
    config = {**NONLINEAR, "kernel_size": (3, 2), "strides": 1, "padding": "same", "use_bias": True}
    plain = Layer("cell", "ConvLSTM2D", config)
    kernel, recurrent, bias = numbers(3, 2, 2, 4, 5), numbers(3, 2, 5, 4, 5), numbers(4, 5)
    keras = {
        "kernel": kernel.reshape(3, 2, 2, 20),
        "recurrent_kernel": recurrent.reshape(3, 2, 5, 20),
        "bias": (bias + np.array([0, forget_bias, 0, 0])[:, None]).reshape(20),
    }
    fork = [3, 0, 2, 1]  # o i c f
    arrays = {
        "kernel": np.moveaxis(kernel[:, ::-1, :, fork], 2, -1).transpose(2, 3, 4, 0, 1).reshape(20, 2, 3, 2),
        "recurrent_kernel": recurrent[:, :, :, fork].reshape(3, 2, 5, 20),
        "bias": bias[fork],
    }
    declared = {
        "kernel": StoredArray("w", "(gate u) x k0 ~k1"),
        "recurrent_kernel": StoredArray("u", "k0 k1 h (gate u)"),
        "bias": StoredArray("b", "gate u"),
    }
    storage = Storage("fork", "lstm", ("o", "i", "c", "f"), declared, forget_bias=forget_bias)
    x = numbers(2, 3, 6, 5, 2)
    ours = run(replace(plain, storage=storage), arrays, x)
    np.testing.assert_allclose(ours, run(plain, keras, x), rtol=1e-6, atol=1e-7)


KERNEL = numbers(3 + 4, 16)


@pytest.mark.parametrize(
    ("facts", "arrays", "said"),
    [
        ({"cell": "gru"}, {}, "is of gru, and a LSTM is lstm"),
        ({"coupled": "output"}, {}, "coupled 'output'"),
        ({"coupled": "forget"}, {}, "forget_bias 2.5"),
        ({"update_gate": "renews"}, {}, "update_gate 'renews'"),
        ({"gates": ("i", "c", "o")}, {}, "an axis of 16 cannot be '\\(gate u\\)'"),
        ({"gates": ("i", "i", "c", "o")}, {}, "holds the gates i, i, c, o"),
        ({"gates": ("i", "f", "c", "z")}, {}, "holds the gates i, f, c, z"),
        ({}, {"kernel": None}, "no array holds the input kernel of i, f, c, o"),
        ({}, {"kernel": numbers(7, 4, 4)}, r"shape \(7, 4, 4\) does not have the axes"),
        ({}, {"kernel": numbers(7, 18)}, "an axis of 18 cannot be '\\(gate u\\)'"),
        ({"arrays": {"kernel": StoredArray("w", "(x + h) u")}}, {}, "no axis for its 4 gates"),
        (
            {"arrays": {"kernel": StoredArray("w", "(x + p) (gate u)")}},
            {},
            "neither an input nor a recurrent",
        ),
        ({"arrays": {"kernel": StoredArray("w", "h (gate u)")}}, {}, "no array holds the input kernel"),
        (
            {"arrays": {"gamma": StoredArray("g", "(gate u)")}},
            {"gamma": numbers(16)},
            "what is computed with",
        ),
        ({"arrays": {"kernel": StoredArray("w", "layer (x + h) (gate u)")}}, {"kernel": KERNEL[None]}, None),
        (
            {"arrays": {"kernel": StoredArray("w", "layer (x + h) (gate u)")}},
            {"kernel": np.stack([KERNEL, KERNEL])},
            "nothing says which of 2 along the axis 'layer'",
        ),
        (
            {"arrays": {"kernel": StoredArray("w", "layer (x + h) (gate u)")}, "at": {"layer": 2}},
            {"kernel": np.stack([KERNEL, KERNEL])},
            "number 2 of 2 along the axis 'layer'",
        ),
        (
            {
                "arrays": {
                    "kernel": StoredArray("w", "(x + h) (gate u)"),
                    "twin": StoredArray("v", "x (gate u)"),
                }
            },
            {"twin": numbers(3, 16)},
            "twin is the second array with x u of",
        ),
        (
            {"arrays": {"kernel": StoredArray("w", "(x + h) (gate u)", poured="u x")}},
            {},
            "poured, but not in every block",
        ),
        (
            {"arrays": {"kernel": StoredArray("w", "(x + h) u", each_gate=True)}},
            {"kernel_i": numbers(7, 4)},
            "no array in role 'kernel_o'",
        ),
    ],
)
def test_what_a_declaration_leaves_open_is_said(
    facts: dict[str, Any], arrays: dict[str, Array | None], said: str | None
) -> None:
    layer, stored = stored_lstm(**facts)
    stored = {role: array for role, array in {**stored, **arrays}.items() if array is not None}
    if said is None:
        assert np.isfinite(run(layer, stored, numbers(2, 5, 3))).all()
        return
    with pytest.raises(NoReference, match=said):
        run(layer, stored, numbers(2, 5, 3))


def test_a_kind_of_cell_that_no_declaration_reaches_is_named() -> None:
    layer, arrays = stored_lstm()
    with pytest.raises(NoReference, match="no reference for a CuDNNLSTM cell with a layout of its own"):
        run(replace(layer, kind="CuDNNLSTM"), arrays, numbers(2, 5, 3))
