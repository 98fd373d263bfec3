"""gates() of layers in old files: the file's own numbers by name, which live layers can be given."""

from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.errors import LstmMigrateError, SourceError, UsageError
from lstm_migrate.gates import Gate, UnknownName, gates, open_layers, set_gates
from lstm_migrate.gates.cell import NAMES, cells_of
from tests.corpus.expect import architecture_of, opened, recording, source_of
from tests.unit.gates.cells import L

LETTERS = {name: letter for letter, name in NAMES["lstm"].items()}


def layers_of(case: str):
    return open_layers(source_of(case), architecture=architecture_of(case))


def array(case: str, name: str):
    with h5py.File(source_of(case)) as file:
        return file[name][()]


def old_hard_sigmoid(x):
    """Keras's until version 2, which Keras 3 computes otherwise."""
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def test_keras_1_twelve_arrays_are_gates_by_name():
    case = "k122tf-lstm-sigmoid-fb0"
    with layers_of(case) as layers:
        assert list(layers) == ["lstm_4"]
        found = gates(layers["lstm_4"])
        for name, gate in found.items():
            for role, letter in (("kernel", "W"), ("recurrent_kernel", "U"), ("bias", "b")):
                stored = array(case, f"model_weights/lstm_4/lstm_4_{letter}_{LETTERS[name]}:0")
                assert np.array_equal(getattr(gate, role), stored)


def test_gates_of_a_keras_1_file_make_a_live_layer_compute_what_was_recorded():
    case = "k122tf-lstm-sigmoid-fb0"
    live, io = L.LSTM(4, activation="relu"), recording(case, "io.npz")
    live.build(io["input_0"].shape)
    with layers_of(case) as layers:
        set_gates(live, gates(layers["lstm_4"]))
    assert np.abs(live(io["input_0"]).numpy() - io["output_0"]).max() < 1e-5


def test_gates_of_a_keras_0_file_make_a_stack_compute_what_was_recorded():
    case = "k033-cells-stacked"
    io = recording(case, "io.npz")
    hard = {"recurrent_activation": old_hard_sigmoid}
    live = {
        "lstm_1": L.LSTM(4, return_sequences=True, **hard),
        "gru_1": L.GRU(3, return_sequences=True, reset_after=False, **hard),
        "simplernn_1": L.SimpleRNN(4, return_sequences=True),
        "lstm_2": L.LSTM(3, **hard),
    }
    x = io["input_0"]
    with layers_of(case) as layers:
        for name, layer in live.items():
            layer.build(x.shape)
            set_gates(layer, gates(layers[name]))
            x = layer(x).numpy()
    logits = x @ array(case, "layer_4/param_0") + array(case, "layer_4/param_1")
    found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(found - io["output_0"]).max() < 1e-5


def test_the_values_are_the_files_where_convert_folds_an_activation_into_them(tmp_path):
    case = "k122tf-cells-gpu"
    lstm_migrate.convert(source_of(case), tmp_path / "new.keras")
    converted = gates(opened(tmp_path / "new.keras").get_layer("lstm_1"))
    with layers_of(case) as layers:
        found = gates(layers["lstm_1"])
        kernels = [gate.kernel for gate in found.values()]
        stored = array(case, "model_weights/lstm_1/lstm_1_W:0")
        assert np.array_equal(np.concatenate(kernels, axis=1), stored)
        assert np.allclose(converted["forget"].kernel, 1.2 * found["forget"].kernel)


def test_poured_cudnn_blocks_are_turned_and_both_biases_stay(tmp_path):
    case = "k216-cudnn-layers"
    with layers_of(case) as layers:
        found = gates(layers["a"])
        block = array(case, "model_weights/a/a/kernel:0")[:, 4:8]
        assert np.array_equal(found["forget"].kernel, block.reshape(4, 3).T)
        biases = array(case, "model_weights/a/a/bias:0")
        assert np.array_equal(found["candidate"].bias, biases[8:12])
        assert np.array_equal(found["candidate"].recurrent_bias, biases[24:28])
        reset = gates(layers["b"])["reset"]
        assert np.array_equal(reset.recurrent_bias, array(case, "model_weights/b/b/bias:0")[12:15])


def emptied(tree):
    """The same gates, all zero, as a user would write them."""
    if isinstance(tree, Gate):
        roles = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
        held = {role: getattr(tree, role) for role in roles}
        return {role: np.zeros(value.shape) for role, value in held.items() if value is not None}
    return {key: emptied(part) for key, part in tree.items()}


@pytest.mark.parametrize(
    "case",
    [
        "k216-cudnn-layers",
        "k122tf-lstm-sigmoid-fb0",
        "kr30-bidirectional-keras",
        "kr315-cells-keras",
        "kr315-cells-shards",
    ],
)
def test_gates_of_the_file_set_in_the_converted_model_change_no_bit_of_it(case, tmp_path):
    # Two ways to the same numbers, the sum of cuDNN's biases among them.
    lstm_migrate.convert(source_of(case), tmp_path / "new.keras", architecture=architecture_of(case))
    model = opened(tmp_path / "new.keras")
    before = model.get_weights()
    changed = 0
    with layers_of(case) as layers:
        for live in model.layers:
            if live.name in layers and has_gates(live):
                set_gates(live, emptied(gates(live)))
                assert not any(gate.kernel.any() for cell in cells_of(gates(live)) for gate in cell.values())
                set_gates(live, gates(layers[live.name]))
                changed += 1
    assert changed
    assert all(a.tobytes() == b.tobytes() for a, b in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize(
    "case",
    [
        "k033-cells-stacked",
        "k122th-convlstm",
        "k122thord-convlstm",
        "k208-bidir-concat",
        "k216-gru-reset-after",
        "tfk24-peephole-wrapped",
        "tfk28-convlstm1d-3d",
    ],
)
def test_a_candidate_into_which_nothing_is_folded_is_the_converted_one(case, tmp_path):
    lstm_migrate.convert(source_of(case), tmp_path / "new.keras", architecture=architecture_of(case))
    compared = 0
    with layers_of(case) as layers:
        for live in opened(tmp_path / "new.keras").layers:
            if live.name in layers and has_gates(live):
                pairs = zip(cells_of(gates(live)), cells_of(gates(layers[live.name])), strict=True)
                for made, stored in pairs:
                    for role in ("kernel", "recurrent_kernel", "bias"):
                        one, other = (getattr(cell["candidate"], role) for cell in (made, stored))
                        assert np.array_equal(one, other)
                    compared += 1
    assert compared


def has_gates(layer) -> bool:
    try:
        return bool(gates(layer))
    except UsageError:
        return False


def test_layers_inside_layers_have_paths_of_their_own():
    case = "k208-bidir-concat"
    with layers_of(case) as layers:
        assert list(layers)[:3] == [
            f"bidirectional_1{end}" for end in ("", "/forward_layer", "/backward_layer")
        ]
        whole = gates(layers["bidirectional_1"])
        assert list(whole) == ["forward", "backward"]
        for part in whole:
            alone = gates(layers[f"bidirectional_1/{part}_layer"])
            assert np.array_equal(whole[part]["output"].kernel, alone["output"].kernel)
        stored = array(case, "model_weights/bidirectional_1/bidirectional_1/backward_lstm_1/bias:0")
        assert np.array_equal(whole["backward"]["input"].bias, stored[: len(stored) // 4])
        assert layers["bidirectional_1"].kind == "Bidirectional"


def test_stacked_cells_of_a_file_are_numbered():
    with layers_of("tfk215-rnn-stackedcells-weights") as layers:
        path = next(path for path, layer in layers.items() if layer.kind == "RNN")
        found = gates(layers[path])
        assert list(found) == [0, 1, 2]
        for number in found:
            alone = gates(layers[f"{path}/cell/{number}"])
            assert np.array_equal(found[number]["candidate"].kernel, alone["candidate"].kernel)


def test_arrays_of_a_file_cannot_be_written_to():
    with layers_of("k122tf-lstm-sigmoid-fb0") as layers:
        view = gates(layers["lstm_4"])["forget"].kernel
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0] = 1


def test_a_layer_without_gates_is_answered_with_those_that_have():
    with layers_of("k208-bidir-concat") as layers, pytest.raises(UsageError) as error:
        gates(layers["dense_1"])
    assert str(error.value) == (
        "dense_1: Dense has no gates (found Dense, expected a layer that has: bidirectional_1, "
        "bidirectional_1/forward_layer, bidirectional_1/backward_layer)"
    )


def test_a_file_without_any_gates_says_so():
    with layers_of("k208-hard-convolutions") as layers:
        path = next(iter(layers))
        with pytest.raises(
            UsageError, match=rf"^{path}: .* has no gates .*No layer of this file has gates\.$"
        ):
            gates(layers[path])


def test_a_layer_that_is_not_there_is_a_key_error_that_lists_the_layers():
    with layers_of("k208-bidir-concat") as layers:
        with pytest.raises(UnknownName) as error:
            layers["lstm_1"]
        assert "lstm_1" not in layers
        assert len(layers) == 4
    assert isinstance(error.value, KeyError)
    assert isinstance(error.value, LstmMigrateError)
    assert "no layer is called 'lstm_1' (expected bidirectional_1, bidirectional_1/forward_layer," in str(
        error.value
    )


def test_a_layer_of_a_file_cannot_be_set():
    with layers_of("k122tf-lstm-sigmoid-fb0") as layers, pytest.raises(UsageError) as error:
        set_gates(layers["lstm_4"], {})
    assert str(error.value) == (
        "lstm_4: a layer of a file cannot be set (found a file, opened to be read, expected a live Keras "
        "layer). Convert the file, load the new one and set the gates of its layer."
    )


def test_values_are_read_while_the_file_is_open():
    with layers_of("k122tf-lstm-sigmoid-fb0") as layers:
        found = gates(layers["lstm_4"])
        kept = found["forget"].kernel
    assert kept.shape == (5, 4)
    with pytest.raises(UsageError) as error:
        found["forget"].bias  # noqa: B018
    assert str(error.value) == (
        "lstm_4: the file is closed. Read gates inside the `with open_layers(...)` block, or copy them there."
    )


def test_opening_reads_headers_alone(monkeypatch):
    """A file whose values cannot be read opens, and fails only where they are asked for."""
    from lstm_migrate.checkpoint import Checkpoint

    def unreadable(self, name):
        raise SourceError(f"{name} was read")

    monkeypatch.setattr(Checkpoint, "read", unreadable)
    with layers_of("k122tf-lstm-sigmoid-fb0") as layers:
        gate = gates(layers["lstm_4"])["forget"]
        assert "input_features=5, units=4" in repr(gate)
        with pytest.raises(SourceError, match=r"W_.* was read"):
            gate.kernel  # noqa: B018


def test_gates_of_two_sizes_do_not_fit_and_say_where():
    live = L.LSTM(3, name="live")
    live.build((None, None, 5))
    with layers_of("k122tf-lstm-sigmoid-fb0") as layers, pytest.raises(UsageError) as error:
        set_gates(live, gates(layers["lstm_4"]))
    lines = str(error.value).splitlines()
    assert lines[0] == (
        "live['input'].kernel: the shape is wrong (found (5, 4), expected (input_features=5, units=3))"
    )
    assert len(lines) == 12
