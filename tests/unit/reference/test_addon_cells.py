"""The cells of tf.keras.experimental and TensorFlow Addons, computed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Activation, Layer
from lstm_migrate.reference.scope import Array, NoReference
from tests.unit.reference.against_keras import reference, scope_of

LINEAR = {"activation": Activation("linear"), "recurrent_activation": Activation("linear"), "use_bias": True}


def run(kind: str, config: Mapping[str, Any], arrays: Mapping[str, Any], x: Any) -> list[Array]:
    """Output and states after the sequence x of one sample."""
    weights = {f"cell.{role}": np.array(value, float) for role, value in arrays.items()}
    scope = scope_of("RNN", {"return_state": True}, weights, children={"cell": Layer("cell", kind, config)})
    return [tensor.value[0] for tensor in reference(scope, np.array([x], np.float32))]


def test_peepholes_of_input_and_forget_gate_see_the_old_state_that_of_the_output_gate_the_new() -> None:
    arrays = {
        "kernel": [[1, 2, 3, 4]],
        "recurrent_kernel": [[0, 0, 0, 0]],
        "bias": [0, 0, 0, 0],
        "input_gate_peephole_weights": [10],
        "forget_gate_peephole_weights": [100],
        "output_gate_peephole_weights": [1000],
    }
    # Step 1: i=1, f=2, c=3, o=4+3000. Step 2: i=1+30, f=2+300, c=302·3+31·3, o=4+1000c.
    h, same_h, c = run("PeepholeLSTMCell", LINEAR, arrays, [[1], [1]])
    assert c == 302 * 3 + 31 * 3
    assert h == same_h == (4 + 1000 * c) * c


def norms(name: str, gamma: list[float], beta: list[float]) -> dict[str, list[float]]:
    return {f"{name}/gamma": gamma, f"{name}/beta": beta}


def test_both_products_are_normalised_over_all_gates_and_the_normalised_state_is_handed_on() -> None:
    arrays = {
        "kernel": [[0, 0, 2, 2, 0, 0, 2, 2]],
        "recurrent_kernel": np.zeros((2, 8)),
        "bias": [0, 0, 0, 0, 0, 1, 0, 0],
        **norms("kernel_norm", [1] * 8, [0] * 8),
        **norms("recurrent_norm", [1] * 8, [0] * 8),  # of a product that is zero
        **norms("state_norm", [5, 5], [7, 7]),
    }
    # xW is 0 or 2, normalised ±1; the candidate is [-1, -1 + 1], i·candidate [1, 0], normalised ±1.
    h, _, c = run("LayerNormLSTMCell", {**LINEAR, "norm_epsilon": 1e-12}, arrays, [[1]])
    np.testing.assert_allclose(c, [12, 2], rtol=1e-9)
    np.testing.assert_allclose(h, [12, 2], rtol=1e-9)


def test_the_bias_is_added_behind_the_normalisation() -> None:
    arrays = {"kernel": [[3, 1]], "recurrent_kernel": np.zeros((2, 2)), "bias": [10, 20], "gamma": [2, 4]}
    config = {**LINEAR, "layernorm_epsilon": 0.0}
    np.testing.assert_allclose(run("LayerNormSimpleRNNCell", config, arrays, [[1]])[0], [12, 16])


def test_an_echo_state_leaks() -> None:
    arrays = {"kernel": [[8]], "recurrent_kernel": [[2]], "bias": [1]}
    # h = 0.75·0 + 0.25·9, then 0.75·2.25 + 0.25·(8 + 4.5 + 1)
    assert run("ESNCell", {**LINEAR, "leaky": 0.25}, arrays, [[1], [1]])[0] == 0.75 * 2.25 + 0.25 * 13.5


def test_a_missing_peephole_is_no_zero() -> None:
    arrays = {"kernel": np.zeros((1, 4)), "recurrent_kernel": np.zeros((1, 4)), "bias": np.zeros(4)}
    with pytest.raises(NoReference, match="input_gate_peephole_weights"):
        run("PeepholeLSTMCell", LINEAR, arrays, [[1]])
