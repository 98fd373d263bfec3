"""gates() of live Keras layers: the right numbers by name, and a clear word where there are none."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import lstm_migrate.gates
from lstm_migrate.errors import LstmMigrateError, UsageError
from lstm_migrate.gates import UnknownName, gates
from lstm_migrate.layers import PeepholeLSTMCell
from tests.unit.gates.cells import FEATURES, LAYERS, STEPS, UNITS, L, filled, forward, inputs, made


@pytest.mark.parametrize(
    "kind", ["lstm", "lstm without bias", "gru", "gru before", "simple rnn", "rnn of a cell"]
)
def test_a_forward_pass_from_gates_alone_is_the_layer_itself(kind):
    layer, x = made(kind), inputs()
    found = forward(gates(layer), x, reset_after=kind != "gru before")
    assert np.abs(found - layer(x).numpy()).max() < 1e-6


def test_a_bidirectional_has_a_forward_and_a_backward_part():
    layer, x = made("bidirectional"), inputs()
    found = gates(layer)
    assert list(found) == ["forward", "backward"]
    both = np.concatenate([forward(found["forward"], x), forward(found["backward"], x[:, ::-1])], axis=-1)
    assert np.abs(both - layer(x).numpy()).max() < 1e-6


def test_stacked_cells_are_numbered():
    layer, x = made("rnn of cells"), inputs()
    found = gates(layer)
    assert list(found) == [0, 1]
    first = np.stack([forward(found[0], x[:, : step + 1]) for step in range(STEPS)], axis=1)
    assert np.abs(forward(found[1], first) - layer(x).numpy()).max() < 1e-6
    nested = gates(made("bidirectional of cells"))
    assert nested["backward"][1]["candidate"].kernel.shape == (2, 2)


def test_time_distributed_and_a_bare_cell_are_what_is_inside():
    inner = L.LSTM(UNITS)
    wrapped = L.TimeDistributed(inner)
    wrapped.build((None, 2, STEPS, FEATURES))
    for other in (wrapped, inner.cell):
        assert np.array_equal(gates(other)["forget"].kernel, gates(inner)["forget"].kernel)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_convolutional_cell_has_windows_in_front(rank):
    layer = getattr(L, f"ConvLSTM{rank}D")(UNITS, 2)
    layer.build((None, STEPS, *[6] * rank, FEATURES))
    layer.set_weights([np.random.default_rng(1).normal(size=value.shape) for value in layer.get_weights()])
    output = gates(layer)["output"]
    assert output.kernel.shape == (*[2] * rank, FEATURES, UNITS)
    assert output.recurrent_kernel.shape == (*[2] * rank, UNITS, UNITS)
    kernel, recurrent, bias = layer.get_weights()
    assert np.array_equal(output.kernel, kernel[..., 3 * UNITS :])
    assert np.array_equal(output.recurrent_kernel, recurrent[..., 3 * UNITS :])
    assert np.array_equal(output.bias, bias[3 * UNITS :])
    assert "kernel_size=2, input_features=5, filters=3" in repr(output)


def test_the_shapes_are_those_of_the_docstring():
    gate = gates(made("gru"))["reset"]
    assert gate.kernel.shape == (FEATURES, UNITS)
    assert gate.recurrent_kernel.shape == (UNITS, UNITS)
    assert gate.bias.shape == gate.recurrent_bias.shape == (UNITS,)
    assert gates(made("gru before"))["reset"].recurrent_bias is None
    assert gates(made("lstm"))["forget"].recurrent_bias is None
    assert gates(made("lstm without bias"))["forget"].bias is None


@pytest.mark.parametrize(
    ("kind", "letters", "names"),
    [
        ("lstm", "ifco", ["input", "forget", "candidate", "output"]),
        ("gru", "zrh", ["update", "reset", "candidate"]),
        ("simple rnn", "h", ["candidate"]),
    ],
)
def test_the_letters_of_the_papers_are_keys_too(kind, letters, names):
    found = gates(made(kind))
    assert list(found) == names
    assert len(found) == len(names)
    for letter, name in zip(letters, names, strict=True):
        assert np.array_equal(found[letter].kernel, found[name].kernel)


def test_get_weights_1_is_the_recurrent_kernel_and_gates_know_it():
    layer = made("lstm")
    weights = layer.get_weights()
    found = gates(layer)
    assert np.array_equal(
        np.concatenate([gate.recurrent_kernel for gate in found.values()], axis=1), weights[1]
    )
    assert np.array_equal(np.concatenate([gate.bias for gate in found.values()]), weights[2])


def test_arrays_cannot_be_written_to_and_hold_what_was():
    layer = made("lstm")
    found = gates(layer)
    before = found["forget"].bias.tolist()
    for role in ("kernel", "recurrent_kernel", "bias"):
        view = getattr(found["forget"], role)
        assert view.base is not None
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 0
    layer.set_weights([value * 0 for value in layer.get_weights()])
    assert found["forget"].bias.tolist() == before
    assert gates(layer)["forget"].bias.tolist() == [0, 0, 0]


def test_a_name_that_is_no_gate_is_a_key_error_that_lists_the_names():
    found = gates(made("lstm"))
    with pytest.raises(KeyError) as error:
        found["g"]
    assert isinstance(error.value, LstmMigrateError)
    assert str(error.value) == (
        "enc: no gate is called 'g' (expected input (i), forget (f), candidate (c), output (o): LSTM)"
    )
    assert "g" not in found
    assert found.get("g") is None


def test_a_gate_asked_of_a_bidirectional_is_answered_with_its_parts():
    with pytest.raises(UnknownName) as error:
        gates(made("bidirectional"))["forget"]
    assert str(error.value) == (
        "enc: it holds several cells, and none is called 'forget' (expected 'forward' or 'backward'). "
        "First the cell, then the gate: gates(layer)['forward'][...]."
    )


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_that_is_not_built_has_no_arrays_yet(kind):
    with pytest.raises(
        UsageError, match=r"^enc.*: the layer is not built, so it has no arrays yet\. Call it once"
    ):
        gates(LAYERS[kind]())


WITH_GATES = (
    r"expected an LSTM, GRU, SimpleRNN or ConvLSTM layer, one of their cells, or RNN, Bidirectional or "
    r"TimeDistributed around one"
)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (L.Dense(2, name="head"), rf"^head: Dense has no gates \(found Dense, {WITH_GATES}\)$"),
        (
            L.TimeDistributed(L.Dense(2), name="td"),
            rf"^td: TimeDistributed has no gates \(found.*{WITH_GATES}\)$",
        ),
        ("old.h5", r"^str has no gates .*A file is opened with open_layers\(path\)"),
        (
            [np.zeros(3)],
            r"^list has no gates .*Give the layer itself: arrays do not tell which gate they hold\.$",
        ),
        (None, r"^NoneType has no gates"),
    ],
)
def test_what_has_no_gates_is_named_with_what_has(thing, said):
    with pytest.raises(UsageError, match=said):
        gates(thing)


def test_a_model_is_answered_with_its_layers_that_have_gates():
    model = keras.Sequential(
        [L.Input((STEPS, FEATURES)), L.LSTM(2, name="a"), L.Dense(2, name="b")], name="m"
    )
    with pytest.raises(UsageError, match=r"^m: Sequential has no gates .*Layers of it that have gates: a\.$"):
        gates(model)


def test_a_class_that_only_is_called_so_is_none_of_keras():
    rnn = type("RNN", (), {"name": "torch's"})
    with pytest.raises(UsageError, match=r"^torch's: RNN has no gates"):
        gates(rnn())


def test_arrays_that_lie_in_another_way_are_refused():
    class Odd(L.LSTMCell):
        def build(self, input_shape):
            super().build(input_shape)
            self.recurrent_kernel = self.add_weight(shape=(7, 12), name="other")

    cell = Odd(UNITS, name="odd")
    cell.build((None, FEATURES))
    with pytest.raises(
        UsageError, match=r"^odd: its recurrent_kernel does not lie as that of a stock lstm layer"
    ):
        gates(cell)


def test_a_cell_that_derives_from_a_stock_one_has_its_gates():
    layer = filled(L.RNN(PeepholeLSTMCell(UNITS)))
    assert np.array_equal(gates(layer)["output"].kernel, layer.get_weights()[0][:, 3 * UNITS :])


def test_importing_imports_no_framework():
    code = "import json, sys, lstm_migrate.gates; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "torch", "jax"} & set(json.loads(done.stdout))


def test_the_examples_of_the_docstring_run():
    flags = doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(lstm_migrate.gates, optionflags=flags)
    assert result.attempted > 5
    assert result.failed == 0
