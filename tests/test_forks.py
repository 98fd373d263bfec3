"""Forks of cells, and layers of other frameworks: a mapping file each, against what their code computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.errors import MappingError, PlanError, VerificationError

FORKS = Path(__file__).parent / "corpus" / "forks"
SOURCES = sorted(FORKS.glob("*/weights.*"))
TOLERANCE = 1e-5

# What a mapping file may say wrongly of a fork, and what is to be seen of it: text → text.
WRONG = {
    "torch_oigf": ("gates: [o, i, g, f]", "gates: [i, f, g, o]"),
    "tf1_forget25": ("forget_bias: 2.5", "forget_bias: 1.0"),
    "keras1_fused_gru": ("update_gate: renews", "update_gate: keeps"),
    "numpy_coupled_input": ("coupled: forget", "coupled: forget\n    activations: {activation: relu}"),
    "numpy_interleaved": ("(u gate)", "(gate u)"),
    "numpy_directions": ("gates: [i, o, f, c]", "gates: [i, f, o, c]"),
    "numpy_gru_inverted": ("gates: [r, z, h]", "gates: [z, r, h]"),
    "numpy_recurrent_first": ("gates: [i, f, c, o]", "gates: [i, c, f, o]"),
}


def architecture(folder: Path) -> Path:
    """The model as its own framework wrote it, else the stock one to become."""
    own = folder / "architecture.json"
    return own if own.exists() else folder / "architecture_keras3.json"


def outputs(model: Path, inputs: np.ndarray) -> np.ndarray:
    import keras

    return np.asarray(keras.models.load_model(model)(inputs, training=False))


def test_there_are_forks_of_every_maker():
    assert {source.parent.name.split("_")[0] for source in SOURCES} == {"keras1", "numpy", "tf1", "torch"}
    assert len(SOURCES) > 20


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}{path.suffix}")
def test_a_fork_converts_with_its_mapping_file_and_computes_what_it_did(source, tmp_path):
    folder, target = source.parent, tmp_path / "new.keras"
    report = lstm_migrate.convert(
        source, target, architecture=architecture(folder), mapping=folder / "mapping.yaml"
    )
    assert report.verified
    recorded = np.load(folder / "io.npz")
    gap = np.abs(outputs(target, recorded["input_0"]) - recorded["output_0"]).max()
    assert gap < TOLERANCE


@pytest.mark.parametrize("name", WRONG)
def test_what_is_declared_wrongly_shows_against_the_recorded_outputs(name, tmp_path):
    folder = FORKS / name
    right, wrong = WRONG[name]
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    assert right in text
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text.replace(right, wrong), encoding="utf-8")
    source = next(folder.glob("weights.*"))
    target = tmp_path / "new.keras"
    with pytest.raises(VerificationError, match="recorded"):
        lstm_migrate.convert(
            source, target, architecture=architecture(folder), mapping=mapping, recorded=folder / "io.npz"
        )
    assert not target.exists()


def test_the_recording_that_a_mapping_file_names_lies_beside_it(tmp_path):
    folder = FORKS / "torch_oigf"
    mapping = tmp_path / "mapping.yaml"
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    mapping.write_text(f"{text}verify: {{recorded: io.npz}}\n", encoding="utf-8")
    (tmp_path / "io.npz").write_bytes((folder / "io.npz").read_bytes())
    report = lstm_migrate.convert(
        folder / "weights.safetensors",
        tmp_path / "new.keras",
        architecture=architecture(folder),
        mapping=mapping,
    )
    assert [check.name for check in report.checks][-1] == "recorded"


def test_a_full_model_of_a_forks_class_needs_no_architecture(tmp_path):
    folder, target = FORKS / "keras1_fused_gru", tmp_path / "new.keras"
    report = lstm_migrate.convert(folder / "model.h5", target, mapping=folder / "mapping.yaml")
    assert report.verified
    assert [layer.becomes for layer in report.layers] == ["GRU gru_1", "GRU gru_2", "Dense head"]


def test_a_mapping_file_may_list_the_model(tmp_path):
    folder = FORKS / "tf1_forget25"
    mapping = tmp_path / "mapping.yaml"
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    mapping.write_text(text + MODEL, encoding="utf-8")
    target = tmp_path / "new.keras"
    report = lstm_migrate.convert(folder / "weights.npz", target, mapping=mapping, recorded=folder / "io.npz")
    assert report.verified


MODEL = """
model:
  - {class: Input, config: {shape: [null, 4]}}
  - {class: LSTM, name: lstm_1, config: {units: 5, return_sequences: true}}
  - {class: LSTM, name: lstm_2, config: {units: 3}}
  - {class: Dense, name: head, config: {units: 2}}
"""

# What is wrong with a mapping file for torch_oigf, and what the error says of it.
MISFITS = {
    "a rule that matches nothing": (
        '"rnn.cells.{k}"',
        '"rnn.cell.{k}"',
        ["the rule for 'rnn.cell.{k}' matches no tensor", "rnn.cells.0.weight_ih", "mapping.yaml:11"],
    ),
    "a layer that is not there": ("lstm_{k+1}", "lstm_{k}", ["the model has no layer 'lstm_0' with arrays"]),
    "another format": ("format: safetensors", "format: npz", ["weights.safetensors is safetensors"]),
    "a layout of another cell": (
        "torch.lstm_cell",
        "torch.gru_cell",
        ["not the gates of a gru cell", "found o, i, g, f"],
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_mapping_file_that_does_not_fit_is_answered_by_what_is_there(name, tmp_path):
    folder = FORKS / "torch_oigf"
    right, wrong, said = MISFITS[name]
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises((MappingError, PlanError)) as caught:
        lstm_migrate.plan(folder / "weights.safetensors", architecture=architecture(folder), mapping=mapping)
    for part in said:
        assert part in str(caught.value)
