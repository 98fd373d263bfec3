"""gates() of other frameworks' tensors and of forks, which a mapping file explains."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.errors import UsageError
from lstm_migrate.gates import UnknownName, gates, open_layers, set_gates
from tests.corpus.expect import CORPUS, gap, numbered, opened, outputs
from tests.unit.gates.test_stored import emptied, has_gates

FORKS = CORPUS / "forks"


def weights(fork: str):
    return next(path for path in sorted((FORKS / fork).glob("weights.*")))


def given(fork: str):
    return {
        "architecture": FORKS / fork / "architecture_keras3.json",
        "mapping": FORKS / fork / "mapping.yaml",
    }


def array(fork: str, name: str):
    with np.load(FORKS / fork / "weights.npz") as file:
        return file[name]


def wrong(model, fork: str) -> str:
    """How the model differs from what the fork's own code computed; "" if it does not."""
    with np.load(FORKS / fork / "io.npz") as file:
        recorded = dict(file)
    found = outputs(model, numbered(recorded, "input_"))
    return gap(found, numbered(recorded, "output_"), 1e-5)


def emptied_model(fork: str, folder):
    """The converted model with all gates zero: only its other layers know anything."""
    lstm_migrate.convert(weights(fork), folder / "new.keras", **given(fork))
    model = opened(folder / "new.keras")
    for layer in filter(has_gates, model.layers):
        set_gates(layer, emptied(gates(layer)))
    assert wrong(model, fork)
    return model


@pytest.mark.parametrize(
    "fork",
    [
        "torch_lstm",
        "torch_gru",
        "torch_oigf",
        "torch_rnn",
        "tf1_gru",
        "tf1_rnn",
        "numpy_gates_apart",
        "numpy_gru_one_bias",
        "numpy_interleaved",
        "numpy_recurrent_first",
    ],
)
def test_gates_of_a_fork_make_live_layers_compute_what_it_computed(fork, tmp_path):
    model = emptied_model(fork, tmp_path)
    with open_layers(weights(fork), **given(fork)) as layers:
        for layer in filter(has_gates, model.layers):
            set_gates(layer, gates(layers[layer.name]))
    assert wrong(model, fork) == ""


@pytest.mark.parametrize(
    ("fork", "said"),
    [
        ("tf1_forget25", "2.5 is added to its forget bias at run time"),
        ("numpy_gru_inverted", "its update gate is 1 minus Keras's"),
        ("numpy_coupled_input", "its forget gate is not stored, but 1 minus its input gate"),
        ("numpy_coupled_forget", "its input gate is not stored, but 1 minus its forget gate"),
    ],
)
def test_arrays_that_mean_something_else_there_are_not_set_as_a_whole(fork, said, tmp_path):
    model = emptied_model(fork, tmp_path)
    layer = next(filter(has_gates, model.layers))
    with open_layers(weights(fork), **given(fork)) as layers, pytest.raises(UsageError) as error:
        set_gates(layer, gates(layers[layer.name]))
    assert str(error.value) == (
        f"{layer.name}: {layer.name} means something else by its arrays: {said}. "
        "Convert the file with lstm-migrate, which carries it over."
    )


def test_a_forget_bias_of_run_time_can_be_added_by_name(tmp_path):
    fork = "tf1_forget25"
    model = emptied_model(fork, tmp_path)
    with open_layers(weights(fork), **given(fork)) as layers:
        for layer in filter(has_gates, model.layers):
            found = gates(layers[layer.name])
            set_gates(layer, {**found, "forget": {**by_role(found["forget"]), "bias": found["f"].bias + 2.5}})
    assert wrong(model, fork) == ""


def by_role(gate):
    return {role: getattr(gate, role) for role in ("kernel", "recurrent_kernel", "bias")}


def test_a_gate_that_is_not_stored_has_no_arrays():
    fork = "numpy_coupled_input"
    with open_layers(weights(fork), **given(fork)) as layers:
        found = gates(layers["lstm"])
        assert list(found) == ["input", "candidate", "output"]
        with pytest.raises(UnknownName, match="no gate is called 'forget'"):
            found["forget"]


def test_rows_of_pytorch_are_turned_and_both_biases_stay():
    with open_layers(weights("torch_lstm"), **given("torch_lstm")) as layers:
        forget = gates(layers["both_2"])["backward"]["forget"]
        assert np.array_equal(forget.kernel, array("torch_lstm", "rnn.weight_ih_l1_reverse")[5:10].T)
        assert np.array_equal(forget.bias, array("torch_lstm", "rnn.bias_ih_l1_reverse")[5:10])
        assert np.array_equal(forget.recurrent_bias, array("torch_lstm", "rnn.bias_hh_l1_reverse")[5:10])
