"""set_gates(): what was got can be set, and what does not fit changes nothing and is named in full."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.errors import UsageError
from lstm_migrate.gates import gates, set_gates
from tests.unit.gates.cells import LAYERS, UNITS, L, filled, forward, inputs, made


def same(one, other) -> bool:
    """Bit for bit."""
    pairs = list(zip(one.get_weights(), other.get_weights(), strict=True))
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def refused(layer, values) -> list[str]:
    """The lines of the error; the layer is as it was."""
    before = [value.tobytes() for value in layer.get_weights()]
    with pytest.raises(UsageError) as error:
        set_gates(layer, values)
    assert [value.tobytes() for value in layer.get_weights()] == before
    return str(error.value).splitlines()


@pytest.mark.parametrize("kind", LAYERS)
def test_all_gates_of_one_layer_make_another_the_same_bit_for_bit(kind):
    one, other = made(kind, 1), made(kind, 2)
    assert not same(one, other)
    set_gates(other, gates(one))
    assert same(one, other)


@pytest.mark.parametrize("kind", LAYERS)
def test_what_get_weights_gives_can_be_set_as_a_list(kind):
    one, other = made(kind, 1), made(kind, 2)
    set_gates(other, one.get_weights())
    assert same(one, other)


def test_gates_that_are_not_given_stay():
    layer, was = made("gru", 1), gates(made("gru", 1))
    new = np.arange(9.0).reshape(3, 3)
    set_gates(layer, {"r": {"recurrent_kernel": new, "recurrent_bias": [7, 8, 9]}})
    now = gates(layer)
    assert np.array_equal(now["reset"].recurrent_kernel, new)
    assert now["reset"].recurrent_bias.tolist() == [7, 8, 9]
    for name in now:
        for role in ("kernel", "recurrent_kernel", "bias", "recurrent_bias"):
            if (name, role) not in {("reset", "recurrent_kernel"), ("reset", "recurrent_bias")}:
                assert np.array_equal(getattr(now[name], role), getattr(was[name], role))


def test_one_gate_of_another_layer_can_be_set():
    layer, other = made("lstm", 1), made("lstm", 2)
    set_gates(layer, {"output": gates(other)["output"]})
    assert np.array_equal(gates(layer)["o"].kernel, gates(other)["o"].kernel)
    assert np.array_equal(gates(layer)["i"].kernel, gates(made("lstm", 1))["i"].kernel)


def test_parts_of_wrappers_are_set_by_their_names():
    layer = made("bidirectional of cells")
    set_gates(layer, {"backward": {1: {"candidate": {"bias": np.ones(2)}}}})
    assert gates(layer)["backward"][1]["h"].bias.tolist() == [1, 1]
    assert gates(layer)["forward"][1]["h"].bias.tolist() != [1, 1]


def test_tensors_and_variables_are_arrays_too():
    layer, other = made("lstm", 1), made("simple rnn", 2)
    set_gates(layer, {"forget": {"kernel": other.cell.kernel, "bias": other.cell.bias.value}})
    assert np.array_equal(gates(layer)["forget"].kernel, other.get_weights()[0])
    assert np.array_equal(gates(layer)["forget"].bias, other.get_weights()[2])


def test_nan_and_infinity_are_set_as_given():
    layer = made("lstm")
    set_gates(layer, {"forget": {"bias": [np.nan, np.inf, 1]}})
    assert np.array_equal(gates(layer)["forget"].bias, [np.nan, np.inf, 1], equal_nan=True)


def test_every_problem_is_named_at_once_and_nothing_is_changed():
    layer = made("lstm")
    weights = layer.get_weights()
    given = {
        "forget": {"bias": weights[1], "kernel": weights[0]},
        "i": {"kernel": np.zeros((3, 5)), "weights": 1, "bias": None, "recurrent_bias": np.zeros(3)},
        "input": {},
        "o": np.zeros(3),
        "peephole": {},
        "c": {"kernel": [["a"]], "bias": [1, [2]], "recurrent_kernel": np.full((3, 3), 1e200)},
    }
    lines = refused(layer, given)
    ragged = lines.pop(10)
    assert ragged.startswith("enc['candidate'].bias: no array can be made of it: ")
    assert lines == [
        "enc['forget'].bias: the shape is wrong (found (3, 12), expected (units=3,)). This is the shape of "
        "the recurrent kernel: get_weights() is [kernel, recurrent_kernel, bias], so weights[1] is no bias.",
        "enc['forget'].kernel: the shape is wrong (found (5, 12), expected (input_features=5, units=3)). "
        "That is the array of all 4 gates: give the columns of this one.",
        "enc['input'].kernel: the shape is wrong (found (3, 5), expected (input_features=5, units=3)). It is "
        "transposed, as PyTorch has it: give its .T.",
        "enc['input'].weights: no array is called 'weights' (expected kernel, recurrent_kernel, bias)",
        "enc['input'].bias: nothing is given for it (found None, expected an array, or zeros of (3,))",
        "enc['input'].recurrent_bias: LSTM has one bias a gate (found recurrent_bias, expected kernel, "
        "recurrent_kernel, bias). Give 'bias' with it: the layer holds the sum of both.",
        "enc: given twice (found 'i' and 'input', expected one of them)",
        "enc['output']: no mapping of roles to arrays (found a ndarray, expected "
        "{'kernel': ..., 'bias': ...})",
        "enc: no gate is called 'peephole' (expected input (i), forget (f), candidate (c), output (o): LSTM)",
        "enc['candidate'].kernel: these are no real numbers (found an array of <U1, expected an array of "
        "numbers)",
        "enc['candidate'].recurrent_kernel: 9 numbers are too large for the layer's float32 (found 1e+200)",
    ]


@pytest.mark.parametrize(
    ("role", "shape", "hint"),
    [
        ("kernel", (12, 5), "That is PyTorch's array of all 4 gates: give the rows of this one, transposed."),
        ("kernel", (3, 3), "This is the shape of the recurrent kernel."),
        ("kernel", (8, 3), "The first 5 rows are the kernel, the others the recurrent kernel."),
        ("recurrent_kernel", (3, 12), "That is the array of all 4 gates: give the columns of this one."),
        ("recurrent_kernel", (5, 3), "This is the shape of the kernel."),
        ("bias", (3, 3), "so weights[1] is no bias."),
        ("bias", (6,), "Twice as long are two biases: give them as 'bias' and 'recurrent_bias'."),
        ("bias", (12,), "That is the bias of all 4 gates: give the part of this one."),
        ("bias", (24,), "Twice as long are cuDNN's two biases of all gates: give the parts of this one."),
    ],
)
def test_a_wrong_shape_that_is_well_known_is_recognised(role, shape, hint):
    (line,) = refused(made("lstm"), {"output": {role: np.zeros(shape)}})
    assert line.startswith(f"enc['output'].{role}: the shape is wrong (found {shape}, expected (")
    assert line.endswith(hint)


@pytest.mark.parametrize("shape", [(), (4,), (2, 2, 2)])
def test_any_other_wrong_shape_is_told_without_a_guess(shape):
    assert refused(made("lstm"), {"output": {"bias": np.zeros(shape)}}) == [
        f"enc['output'].bias: the shape is wrong (found {shape}, expected (units=3,))"
    ]


@pytest.mark.parametrize("value", [np.zeros(3, complex), np.zeros(3, bool), np.array([None, 1, 2])])
def test_what_is_no_real_number_is_refused(value):
    (line,) = refused(made("lstm"), {"output": {"bias": value}})
    assert "these are no real numbers" in line


def test_numbers_that_a_narrow_dtype_cannot_hold_are_refused():
    assert refused(made("float16"), {"f": {"bias": [1e5, 0, 2e5]}}) == [
        "enc['forget'].bias: 2 numbers are too large for the layer's float16 (found 200000)"
    ]


def test_problems_of_a_bidirectional_say_which_of_its_layers():
    layer = made("bidirectional")
    given = {"forward": {"f": {"bias": np.zeros(6)}}, "backward": {"x": {}}, "forget": {}}
    assert refused(layer, given) == [
        "enc/forward['forget'].bias: the shape is wrong (found (6,), expected (units=3,)). Twice as long "
        "are two biases: give them as 'bias' and 'recurrent_bias'.",
        "enc/backward: no gate is called 'x' (expected input (i), forget (f), candidate (c), output (o): "
        "LSTM)",
        "enc: it holds several cells, and none is called 'forget' (expected 'forward' or 'backward'). First "
        "the cell, then the gate: gates(layer)['forward'][...].",
    ]


def test_a_cell_that_computes_something_else_is_refused():
    assert refused(made("gru"), gates(filled(L.GRU(UNITS, reset_after=False, name="old")))) == [
        "enc: old is another cell (found GRU with reset_after=False, expected GRU with reset_after=True). "
        "The two compute different functions: build the layer as the other one is."
    ]
    assert refused(made("simple rnn"), gates(filled(L.LSTM(UNITS, name="old")))) == [
        "enc: old is another cell (found LSTM, expected SimpleRNN)"
    ]


def test_a_bias_that_only_one_of_two_layers_has_is_not_passed_over():
    lines = refused(made("lstm"), gates(made("lstm without bias")))
    assert (
        lines[0]
        == "enc['input'].bias: nothing is given for it (found None, expected an array, or zeros of (3,))"
    )
    assert len(lines) == 4
    lines = refused(made("lstm without bias"), gates(made("lstm")))
    assert lines[3] == (
        "enc['output'].bias: the layer was built with use_bias=False and has no bias "
        "(expected kernel, recurrent_kernel)"
    )


def test_two_biases_become_the_sum_where_the_layer_keeps_one():
    layer, x = made("lstm"), inputs()
    before = layer(x).numpy()
    halves = {
        name: {"bias": gate.bias - 1, "recurrent_bias": np.ones(3)} for name, gate in gates(layer).items()
    }
    set_gates(layer, halves)
    assert np.abs(layer(x).numpy() - before).max() < 1e-6
    assert np.abs(forward(gates(layer), x) - before).max() < 1e-6


def test_two_biases_of_a_gru_without_reset_after_are_not_added():
    given = {"reset": {"bias": np.zeros(3), "recurrent_bias": np.zeros(3)}}
    assert refused(made("gru before"), given) == [
        "enc['reset'].recurrent_bias: GRU with reset_after=False has one bias a gate (found recurrent_bias, "
        "expected kernel, recurrent_kernel, bias)"
    ]


@pytest.mark.parametrize("value", [3, "kernel", np.zeros(3), None])
def test_what_is_no_mapping_is_answered_with_an_example(value):
    (line,) = refused(made("lstm"), value)
    assert line.startswith("enc: no mapping of names to arrays (found ")
    assert line.endswith("expected {'input': {...}})")
