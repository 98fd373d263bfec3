"""Layouts that people have: each is written by hand, and its cell computes one step as Keras's does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.assembly import FillSets
from lstm_migrate.layouts.derive import absent
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Array, Join
from lstm_migrate.rules.completion import completed
from tests.unit.layouts.carrying import (
    GRU,
    GRU_RESET_AFTER,
    LSTM,
    SIMPLE_RNN,
    Arrays,
    carried,
    drawn,
    found,
    layout,
    placed,
    returned,
    tensor,
)

X, U = 3, 2
SIZES = {"x": X, "u": U}
RNG = np.random.default_rng(5)
INPUT, STATE, CELL = RNG.normal(size=(5, X)), RNG.normal(size=(5, U)), RNG.normal(size=(5, U))

TF1_GRU = layout(
    "gru",
    "rzh",
    tensor("gates_kernel", "(x + h) (gate u)", "rz"),
    tensor("candidate_kernel", "(x + h) u", "h"),
    tensor("gates_bias", "(gate u)", "rz"),
    tensor("candidate_bias", "u", "h"),
)
CUDNN_COMPATIBLE_GRU = layout(
    "gru",
    "rzh",
    tensor("gates_kernel", "(x + h) (gate u)", "rz"),
    tensor("gates_bias", "(gate u)", "rz"),
    tensor("input_projection", "x u", "h"),
    tensor("input_bias", "u", "h"),
    tensor("hidden_projection", "h u", "h"),
    tensor("hidden_bias", "u", "h"),
)
FLAX_GRU = layout(
    "gru",
    "rzh",
    tensor("i", "x u", each=True),
    tensor("h", "h u", each=True),
    tensor("recurrent_bias", "u", "h", each=True),
    tensor("bias", "u", each=True),
)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def made(
    source: Layout, target: Layout, arrays: Arrays, at: Mapping[str, int] | None = None
) -> dict[str, Array]:
    """The Keras layer's arrays."""
    ways = found(source, target, {**SIZES, "dir": 2, "layer": 2}, at, fill=True)
    return {role: carried(way, arrays) for role, way in ways.items()}


def lstm(i: Array, f: Array, c: Array, o: Array) -> Array:
    """Both states after one step, from the gates' arguments."""
    cell = sigmoid(f) * CELL + sigmoid(i) * np.tanh(c)
    return np.stack([sigmoid(o) * np.tanh(cell), cell])


def keras_lstm(arrays: Mapping[str, Array]) -> Array:
    z = INPUT @ arrays["kernel"] + STATE @ arrays["recurrent_kernel"] + arrays["bias"]
    return lstm(*np.split(z, 4, axis=1))


def keras_gru(arrays: Mapping[str, Array]) -> Array:
    bias = arrays["bias"] if arrays["bias"].ndim == 2 else np.stack([arrays["bias"], 0 * arrays["bias"]])
    xz, xr, xh = np.split(INPUT @ arrays["kernel"] + bias[0], 3, axis=1)
    kernels, biases = np.split(arrays["recurrent_kernel"], 3, axis=1), np.split(bias[1], 3)
    z, r = (sigmoid(x + STATE @ kernels[n] + biases[n]) for n, x in enumerate((xz, xr)))
    after = arrays["bias"].ndim == 2
    recurrent = r * (STATE @ kernels[2] + biases[2]) if after else (r * STATE) @ kernels[2]
    return np.asarray(z * STATE + (1 - z) * np.tanh(xh + recurrent))


def agrees(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-6))


def test_the_gru_of_tf1_with_its_candidate_apart() -> None:
    arrays = drawn(TF1_GRU, SIZES)
    both = np.concatenate([INPUT, STATE], 1)
    r, u = np.split(
        sigmoid(both @ arrays["gates_kernel", ""] + arrays["gates_bias", ""]), 2, axis=1
    )  # r first
    reset = np.concatenate([INPUT, r * STATE], 1)
    c = np.tanh(reset @ arrays["candidate_kernel", ""] + arrays["candidate_bias", ""])
    assert agrees(keras_gru(made(TF1_GRU, GRU, arrays)), u * STATE + (1 - u) * c)


def test_the_cudnn_compatible_gru_of_tf1_with_projections_apart() -> None:
    a = {role: value for (role, _), value in drawn(CUDNN_COMPATIBLE_GRU, SIZES).items()}
    r, u = np.split(
        sigmoid(np.concatenate([INPUT, STATE], 1) @ a["gates_kernel"] + a["gates_bias"]), 2, axis=1
    )
    hidden = STATE @ a["hidden_projection"] + a["hidden_bias"]
    c = np.tanh(INPUT @ a["input_projection"] + a["input_bias"] + r * hidden)
    arrays = made(CUDNN_COMPATIBLE_GRU, GRU_RESET_AFTER, drawn(CUDNN_COMPATIBLE_GRU, SIZES))
    assert agrees(keras_gru(arrays), u * STATE + (1 - u) * c)
    assert not arrays["bias"][1, : 2 * U].any()


def test_a_gru_in_flax_s_way_with_a_recurrent_bias_for_its_candidate_alone() -> None:
    a = drawn(FLAX_GRU, SIZES)
    r, z = (sigmoid(INPUT @ a["i", g] + a["bias", g] + STATE @ a["h", g]) for g in "rz")
    c = np.tanh(INPUT @ a["i", "h"] + a["bias", "h"] + r * (STATE @ a["h", "h"] + a["recurrent_bias", "h"]))
    assert agrees(keras_gru(made(FLAX_GRU, GRU_RESET_AFTER, a)), z * STATE + (1 - z) * c)


def test_two_biases_a_gate_are_eight_arrays_whose_sums_count() -> None:
    fork = layout(
        "lstm",
        "ofci",
        tensor("kernel", "x u", each=True),
        tensor("recurrent_kernel", "h u", each=True),
        tensor("recurrent_bias", "u", each=True),
        tensor("bias", "u", each=True),
    )
    a = drawn(fork, SIZES)
    gates = {
        g: INPUT @ a["kernel", g] + a["bias", g] + STATE @ a["recurrent_kernel", g] + a["recurrent_bias", g]
        for g in "ifco"
    }
    assert agrees(keras_lstm(made(fork, LSTM, a)), lstm(**gates))
    way = found(fork, LSTM, SIZES)["bias"]
    assert way.sources == ("bias", "recurrent_bias")
    assert str(way.steps[0]) == "join 8 arrays along set gate"
    assert [part.gate for part in way.parts] == list("ofciofci")


@pytest.mark.parametrize("rows", ["(x + h) u", "u (x + h)", "(h + x) u"])
def test_stacked_rows_gate_by_gate(rows: str) -> None:
    fork = layout("lstm", "ofci", tensor("w", rows, each=True), tensor("b", "u", each=True))
    a = drawn(fork, SIZES)
    both = np.concatenate([STATE, INPUT] if rows.startswith("(h") else [INPUT, STATE], 1)
    gates = {g: both @ (a["w", g].T if rows.startswith("u") else a["w", g]) + a["b", g] for g in "ifco"}
    assert agrees(keras_lstm(made(fork, LSTM, a)), lstm(**gates))


def test_a_layer_and_a_direction_are_picked_together() -> None:
    fork = layout(
        "lstm",
        "ifco",
        tensor("w", "layer dir (gate u) x"),
        tensor("r", "dir layer (gate u) h"),
        tensor("b", "layer dir u", each=True),
    )
    a = drawn(fork, {**SIZES, "layer": 2, "dir": 2})
    arrays = made(fork, LSTM, a, {"layer": 1, "dir": 0})
    assert np.array_equal(arrays["kernel"], a["w", ""][1, 0].T)
    assert np.array_equal(arrays["recurrent_kernel"], a["r", ""][0, 1].T)
    assert np.array_equal(arrays["bias"], np.concatenate([a["b", g][1, 0] for g in "ifco"]))


def test_a_position_along_a_reversed_axis_counts_from_its_end() -> None:
    fork = layout(
        "simple_rnn", "h", tensor("w", "~dir (gate u) x"), tensor("r", "h dir u"), tensor("b", "dir u")
    )
    a = drawn(fork, {**SIZES, "dir": 2})
    arrays = made(fork, SIMPLE_RNN, a, {"dir": 0})
    assert np.array_equal(arrays["kernel"], a["w", ""][1].T)
    assert np.array_equal(arrays["recurrent_kernel"], a["r", ""][:, 0])


def test_a_pouring_gate_by_gate() -> None:
    fork = layout("lstm", "ofci", tensor("w", "x u", each=True, poured="u x"), tensor("r", "h u", each=True))
    a = drawn(fork, SIZES)
    kernel = np.concatenate([a["w", gate].reshape(U, X).T for gate in "ifco"], axis=1)
    assert np.array_equal(made(fork, LSTM, a)["kernel"], kernel)


def test_biases_of_some_gates_in_two_arrays_each_are_the_first_and_the_second() -> None:
    """Nothing is called recurrent: of the arrays for the same gates, the first is the input's."""
    pairs = [
        tensor(role, "u", own, each=True) for role, own in (("a", "zr"), ("b", "zr"), ("c", "h"), ("d", "h"))
    ]
    fork = layout("gru", "zrh", tensor("w", "x (gate u)"), tensor("r", "h (gate u)"), *pairs)
    way = found(fork, GRU_RESET_AFTER, SIZES)["bias"]
    assert way.sources == ("a", "c", "b", "d")
    assert type(way.steps[0]) is Join
    a = drawn(fork, SIZES)
    by_hand = [[a["a", "z"], a["a", "r"], a["c", "h"]], [a["b", "z"], a["b", "r"], a["d", "h"]]]
    assert np.array_equal(carried(way, a), np.reshape(by_hand, (2, 3 * U)))


def test_one_flat_vector_holds_everything() -> None:
    flat = layout("lstm", "ifco", tensor("all", "(gate u x + gate u h + gate u)"))
    (vector,) = drawn(flat, SIZES).values()
    arrays = made(flat, LSTM, {("all", ""): vector})
    kernel, recurrent, bias = np.split(vector, [4 * U * X, 4 * U * (X + U)])
    assert np.array_equal(arrays["kernel"], kernel.reshape(4 * U, X).T)
    assert np.array_equal(arrays["recurrent_kernel"], recurrent.reshape(4 * U, U).T)
    assert np.array_equal(arrays["bias"], bias)


@pytest.mark.parametrize("kernel", ["(x + h) u", "(x + h) (gate u)", "gate u (x + h)"])
def test_the_only_gate_of_a_simple_rnn_needs_no_axis(kernel: str) -> None:
    fork = layout("simple_rnn", "h", tensor("w", kernel), tensor("b", "u"))
    a = drawn(fork, SIZES)
    arrays = made(fork, SIMPLE_RNN, a)
    matrix = a["w", ""].reshape(U, X + U).T if kernel.startswith("gate") else a["w", ""]
    assert np.array_equal(np.concatenate([arrays["kernel"], arrays["recurrent_kernel"]]), matrix)
    assert np.array_equal(arrays["bias"], a["b", ""])


def test_a_gate_axis_need_not_be_the_outer_one() -> None:
    fork = layout(
        "gru",
        "hrz",
        tensor("gates_kernel", "(u gate) x", "zr"),
        tensor("candidate_kernel", "x u", "h"),
        tensor("recurrent", "u gate h"),
        tensor("b", "(u gate)"),
    )
    a = drawn(fork, SIZES)
    arrays = made(fork, GRU, a)
    gates = a["gates_kernel", ""].reshape(U, 2, X)
    by_hand = np.concatenate([gates[:, 0].T, gates[:, 1].T, a["candidate_kernel", ""]], axis=1)
    assert np.array_equal(arrays["kernel"], by_hand)


@pytest.mark.parametrize("role", ["bias", "recurrent_bias"])
def test_the_only_bias_is_one_of_two_and_the_other_is_zero(role: str) -> None:
    fork = layout(
        "gru", "zrh", tensor("w", "x (gate u)"), tensor("r", "h (gate u)"), tensor(role, "(gate u)")
    )
    way = found(fork, GRU_RESET_AFTER, SIZES, fill=True)["bias"]
    assert [type(step) for step in way.steps] == [FillSets]
    a = drawn(fork, SIZES)
    pair = carried(way, a)
    own = int(role == "recurrent_bias")
    assert np.array_equal(pair[own], a[role, ""])
    assert not pair[1 - own].any()
    with pytest.raises(PlanError, match="by moving values"):
        found(fork, GRU_RESET_AFTER, SIZES)


def test_a_gate_without_bias_is_filled_only_if_asked() -> None:
    fork = layout(
        "gru", "zrh", tensor("w", "x (gate u)"), tensor("r", "h (gate u)"), tensor("bias", "(gate u)", "rz")
    )
    a = drawn(fork, SIZES)
    bias = carried(found(fork, GRU, SIZES, fill=True)["bias"], a)
    r, z = np.split(a["bias", ""], 2)
    assert np.array_equal(bias, np.concatenate([z, r, np.zeros(U)]))
    with pytest.raises(PlanError, match="no array holds the bias of all gates") as caught:
        found(fork, GRU, SIZES)
    assert caught.value.problems[0].found == "bias, without h"


FORKS = {
    "TF1's GRU": (TF1_GRU, GRU),
    "the cuDNN compatible GRU": (CUDNN_COMPATIBLE_GRU, GRU_RESET_AFTER),
    "Flax's GRU": (FLAX_GRU, GRU_RESET_AFTER),
    "stacked rows": (
        layout("lstm", "ofci", tensor("w", "(x + h) u", each=True), tensor("b", "u", each=True)),
        LSTM,
    ),
    "one vector": (layout("lstm", "ifco", tensor("all", "(gate u x + gate u h + gate u)")), LSTM),
    "one vector with two biases": (
        layout("lstm", "ifco", tensor("all", "(gate u x + gate u h + gate u + gate u)")),
        LSTM,
    ),
    "coupled, biased at run time": (
        layout(
            "lstm",
            "ofc",
            tensor("w", "(x + h) (gate u)"),
            tensor("bias", "(gate u)"),
            tensor("recurrent_bias", "gate u"),
            coupled="input",
            forget_bias=2.5,
        ),
        LSTM,
    ),
    "an inverted gate and one bias": (
        layout(
            "gru",
            "rzh",
            tensor("w", "(gate u) x"),
            tensor("r", "(gate u) h"),
            tensor("b", "(gate u)"),
            update_gate="renews",
        ),
        GRU_RESET_AFTER,
    ),
}


@pytest.mark.parametrize("name", FORKS)
def test_the_verifier_finds_every_element_in_its_place(name: str) -> None:
    source, target = FORKS[name]
    check = placed(found(source, target, SIZES, fill=True), drawn(source, SIZES))
    assert check.verdict == "verified", check.detail


@pytest.mark.parametrize(("coupled", "gates"), [("", "ofci"), ("input", "ofc")])
def test_a_forget_bias_of_run_time_is_the_bias_where_none_is_stored(coupled: str, gates: str) -> None:
    fork = layout("lstm", gates, tensor("w", "(x + h) (gate u)"), coupled=coupled, forget_bias=2.5)
    assert "bias" not in found(fork, LSTM, SIZES)
    way = completed(absent("bias", fork, LSTM, SIZES), "bias", fork, LSTM)
    bias = carried(way, {})
    assert np.array_equal(bias[U : 2 * U], np.full(U, 2.5))
    assert np.array_equal(bias[:U], np.full(U, -2.5 if coupled else 0))
    assert not bias[2 * U :].any()
    returned(way, bias, {})
    with pytest.raises(PlanError, match="other values have no place"):
        returned(way, bias + 1, {})


def test_the_verifier_holds_declared_forms_against_plain_stacks_and_no_others() -> None:
    keras_1 = layout(
        "lstm", "icfo", *(tensor(role, axes, each=True) for role, axes in (("w", "x u"), ("r", "h u")))
    )
    assert all(way.forms == (way.start, way.goal) for way in found(keras_1, LSTM, SIZES).values())
    assert all(way.forms is None for way in found(TF1_GRU, GRU, SIZES).values())
