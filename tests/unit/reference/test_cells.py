"""Cells by hand: single steps small enough to check, and cuDNN's arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lstm_migrate.graph import Activation, Layer, WeightKey
from lstm_migrate.reference.cells import cell_of
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, Precision, Scope
from tests.unit.reference.chains import KERAS_3, chain_of, numbers

NONLINEAR = {"activation": Activation("tanh"), "recurrent_activation": Activation("sigmoid")}


def scope_of(layer: Layer, weights: dict[str, Array]) -> Scope:
    keyed = {WeightKey(("cell",), role): array for role, array in weights.items()}
    return Scope(layer, ("cell",), keyed, KERAS_3, Precision(), {}, lambda *_: None)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_one_lstm_step_by_hand() -> None:
    weights = {
        "kernel": np.array([[1.0, 2.0, 3.0, 4.0]]),
        "recurrent_kernel": np.array([[0.1, 0.2, 0.3, 0.4]]),
        "bias": np.array([0.01, 0.02, 0.03, 0.04]),
    }
    cell = cell_of(scope_of(Layer("cell", "LSTM", {"use_bias": True, **NONLINEAR}), weights))
    output, (h, c) = cell.step(cell.project(np.array([[0.5]])), [np.array([[2.0]]), np.array([[3.0]])])
    i, f, g, o = (0.5 * k + 2 * k / 10 + k / 100 for k in (1, 2, 3, 4))
    carry = sigmoid(f) * 3 + sigmoid(i) * math.tanh(g)
    assert c.item() == pytest.approx(carry, rel=1e-14)
    assert output.item() == h.item() == pytest.approx(sigmoid(o) * math.tanh(carry), rel=1e-14)


@pytest.mark.parametrize("reset_after", [False, True])
def test_one_gru_step_by_hand(reset_after: bool) -> None:
    bias = np.array([0.01, 0.02, 0.03])
    weights = {
        "kernel": np.array([[1.0, 2.0, 3.0]]),
        "recurrent_kernel": np.array([[0.1, 0.2, 0.3]]),
        "bias": np.stack([bias, 10 * bias]) if reset_after else bias,
    }
    config = {"use_bias": True, "reset_after": reset_after, **NONLINEAR}
    cell = cell_of(scope_of(Layer("cell", "GRU", config), weights))
    output, _ = cell.step(cell.project(np.array([[0.5]])), [np.array([[2.0]])])
    more = 10 if reset_after else 0
    z = sigmoid(0.5 + 0.2 + 0.01 * (1 + more))
    r = sigmoid(1.0 + 0.4 + 0.02 * (1 + more))
    recurrent = r * (0.6 + 0.3) if reset_after else 0.3 * (r * 2)
    wanted = z * 2 + (1 - z) * math.tanh(1.5 + 0.03 + recurrent)
    assert output.item() == pytest.approx(wanted, rel=1e-14)


def poured(gates: list[Array]) -> Array:
    """Gates of shape (inputs, units) as cuDNN's memory lies in a Keras array of that shape."""
    return np.concatenate([gate.T.reshape(gate.shape) for gate in gates], axis=1)


@pytest.mark.parametrize(("kind", "count"), [("LSTM", 4), ("GRU", 3)])
def test_cudnn_arrays_hold_the_plain_cell_poured_in_another_order(kind: str, count: int) -> None:
    kernels = [numbers(3, 5, seed=index) for index in range(count)]
    recurrents = [numbers(5, 5, seed=10 + index) for index in range(count)]
    biases = numbers(2, count * 5, seed=20)
    plain = {
        "kernel": np.concatenate(kernels, axis=1),
        "recurrent_kernel": np.concatenate(recurrents, axis=1),
        "bias": biases.astype(np.float64).sum(axis=0) if kind == "LSTM" else biases,
    }
    cudnn = {
        "kernel": poured(kernels),
        "recurrent_kernel": np.concatenate([gate.T for gate in recurrents], axis=1),
        "bias": biases.reshape(-1),
    }
    config = {"units": 5, "return_sequences": True}
    x, results = numbers(2, 8, 3), []
    for layer, arrays in (
        (Layer("cell", kind, {**config, **NONLINEAR, "use_bias": True, "reset_after": True}), plain),
        (Layer("cell", f"CuDNN{kind}", config), cudnn),
    ):
        weights = {WeightKey(("cell",), role): array for role, array in arrays.items()}
        results += evaluate(chain_of([layer]), weights, [x], semantics=KERAS_3)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


def test_a_cell_that_is_not_known_is_named() -> None:
    with pytest.raises(NoReference, match="no reference for a SketchCell cell"):
        cell_of(scope_of(Layer("cell", "SketchCell"), {}))


def test_a_missing_array_is_named() -> None:
    with pytest.raises(NoReference, match="cell: no array in role 'kernel'"):
        cell_of(scope_of(Layer("cell", "SimpleRNN", {"use_bias": True, **NONLINEAR}), {}))
