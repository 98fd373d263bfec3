"""A layer cut to fewer units: what the smaller model computes, how it is judged, what is said of the loss."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.errors import PlanError, VerificationError
from lstm_migrate.pipeline import diagnose
from lstm_migrate.report import Report
from lstm_migrate.resizing.change import Change, Changes
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.rules.cut import Cut
from tests.corpus.expect import VALID, architecture_of, source_of

CASE = "k208-optimizer-adam-amsgrad"  # an LSTM of 4 units, read by a Dense layer
RULES = "lstm_1: {units: 3, keep: [3, 0, 2]}, dense_1: {inputs: 3}"
KEPT = [3, 0, 2]
FORKS = Path(__file__).parent / "corpus" / "forks"

# What else is cut, with the rules for it: two biases that are summed, masks, states that stay, both ways …
CUTS = {
    "k216-cudnn-layers": "a: {units: 2}, b: {units: 2, inputs: 2}, c: {units: 2, inputs: 2}, d: {inputs: 2}",
    "k216-stateful": "lstm_1: {units: 2, keep: last}, bidirectional_1: {inputs: 2}",
    "k224-mask-bidirectional-stack": "bidirectional_1: {units: 2}, bidirectional_2: {inputs: 2}",
    "k122tf-bidirectional-none": "bidirectional_1: {units: 2}",
    "k122tf-mask-embedding": "lstm_1: {units: 2}, gru_1: {units: 2, inputs: 2}, simplernn_1: {inputs: 2}",
    "k231-mask-global-average": "lstm_1: {units: 2}, dense_1: {inputs: 2}",
    "k224-rnn-one-cell": "rnn_1: {units: 2}, rnn_2: {units: 2, inputs: 2}",
    "tfk20-time-major-lstm": "lstm: {units: 2}, gru: {units: 2, inputs: 2}",
}


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras  # noqa: F401  warns while it is imported

        yield


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new.keras"


def mapping(folder: Path, rules: str) -> Path:
    file = folder / "m.yaml"
    file.write_text(f"version: 1\nlayers: {{{rules}}}\n", encoding="utf-8")
    return file


def converted(case: str, rules: str, target: Path, **options: Any) -> Report:
    options = {"allow_lossy": True, "architecture": architecture_of(case), **options}
    return lstm_migrate.convert(source_of(case), target, mapping=mapping(target.parent, rules), **options)


def outputs(target: Path, *inputs: Any) -> Any:
    import keras

    model = keras.models.load_model(target)
    return np.asarray(model.predict(inputs[0], verbose=0))


def cut_by_hand(x: Any) -> Any:
    """The old model without unit 1, in NumPy, on the arrays that h5py reads."""
    with h5py.File(source_of(CASE)) as file:
        weights = file["model_weights"]
        kernel, recurrent, bias = (
            np.array(weights[f"lstm_1/lstm_1/{name}:0"], np.float64)
            for name in ("kernel", "recurrent_kernel", "bias")
        )
        dense, last = (np.array(weights[f"dense_1/dense_1/{name}:0"]) for name in ("kernel", "bias"))
    kernel, recurrent, bias = (
        np.concatenate([gate[..., KEPT] for gate in np.split(value, 4, axis=-1)], axis=-1)
        for value in (kernel, recurrent[KEPT], bias)
    )
    h = c = np.zeros((len(x), 3))
    for step in range(x.shape[1]):
        i, f, g, o = np.split(x[:, step] @ kernel + h @ recurrent + bias, 4, axis=-1)
        i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    return h @ dense[KEPT] + last


def test_the_smaller_model_computes_what_one_cut_by_hand_does(target: Path) -> None:
    report = converted(CASE, RULES, target)
    assert report.verified
    x = np.load(VALID / CASE / "io.npz")["input_0"]
    assert np.abs(outputs(target, x) - cut_by_hand(x)).max() < 1e-5


def test_the_report_says_what_was_lost_and_what_the_proof_is_about(target: Path) -> None:
    report = converted(CASE, RULES, target)
    (said,) = (note for note in report.notes if note.kind == "resized")
    assert said.where == "lstm_1"
    assert "units of lstm_1: 4 → 3; left are numbers 3, 0, 2; in another order; " in said.text
    assert {line.effect for line in report.tensors} == {"approximate", "bitwise"}
    assert [(one.layer, one.unit) for one in report.lost] == [("lstm_1", 1)]
    (behaviour,) = (check for check in report.checks if check.name == "resized behaviour")
    assert "without what is left out" in behaviour.detail


def test_a_recording_proves_the_whole_model_and_measures_the_loss(target: Path) -> None:
    recorded = VALID / CASE / "io.npz"
    report = converted(CASE, RULES, target, recorded=recorded)
    assert report.verified
    assert "verified" in [check.verdict for check in report.checks if check.name == "recorded"]
    (cost,) = (cost for cost in report.costs if cost.inputs == "recorded")
    io = np.load(recorded)
    gap = np.abs(outputs(target, io["input_0"]) - io["output_0"])
    assert cost.max == pytest.approx(gap.max(), rel=1e-3)
    assert cost.mean == pytest.approx(gap.mean(), rel=1e-3)


def test_nothing_is_lost_that_is_not_allowed(target: Path) -> None:
    with pytest.raises(PlanError, match=r"1 of the 4 units of lstm_1 would be lost.*--allow-lossy"):
        converted(CASE, RULES, target, allow_lossy=False)
    assert not target.exists()


def test_the_command_line_allows_it(target: Path) -> None:
    said = ["convert", str(source_of(CASE)), "--to", str(target)]
    said += ["--mapping", str(mapping(target.parent, RULES))]
    assert CliRunner().invoke(app, said).exit_code == 5
    assert CliRunner().invoke(app, [*said, "--allow-lossy"]).exit_code == 0
    assert target.exists()


@pytest.mark.parametrize("case", CUTS)
def test_cells_of_all_kinds_are_cut_and_proven(case: str, target: Path) -> None:
    assert converted(case, CUTS[case], target).verified


def test_an_architecture_beside_may_have_the_smaller_sizes_already(target: Path) -> None:
    case = "k122tf-lstm-gpu-weights"
    config = json.loads(Path(str(architecture_of(case))).read_text(encoding="utf-8"))
    units = "units" if "units" in config["config"][0]["config"] else "output_dim"
    config["config"][0]["config"][units] = 2
    smaller = target.parent / "smaller.json"
    smaller.write_text(json.dumps(config), encoding="utf-8")
    report = converted(case, "lstm_2: {units: 2}, dense_2: {inputs: 2}", target, architecture=smaller)
    assert report.verified
    assert {line.variable: line.shape[0] for line in report.tensors}["dense_2.kernel"] == 2


def test_coupled_gates_and_named_tensors_are_cut_alike(target: Path) -> None:
    folder = FORKS / "numpy_coupled_forget"
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    file = target.parent / "m.yaml"
    file.write_text(
        text.replace("{to: lstm}", "{to: lstm, units: 2, keep: last}\n  head: {inputs: 2}"), encoding="utf-8"
    )
    report = lstm_migrate.convert(
        folder / "weights.npz",
        target,
        architecture=folder / "architecture_keras3.json",
        mapping=file,
        allow_lossy=True,
    )
    assert report.verified


def test_a_diagnosis_against_the_smaller_model_writes_the_mapping_that_cuts(target: Path) -> None:
    with h5py.File(source_of(CASE)) as file:
        config = json.loads(file.attrs["model_config"])
    config["config"][0]["config"]["units"] = 2
    smaller = target.parent / "smaller.json"
    smaller.write_text(json.dumps({**config, "keras_version": "2.0.8"}), encoding="utf-8")
    found = diagnose(source_of(CASE), smaller)
    file = target.parent / "mends.yaml"
    file.write_text(found.mapping, encoding="utf-8")
    report = lstm_migrate.convert(source_of(CASE), target, mapping=file, allow_lossy=True)
    assert report.verified
    shapes = {line.variable: line.shape for line in report.tensors}
    assert (shapes["lstm_1.kernel"][1], shapes["dense_1.kernel"]) == (8, (2, 2))


def at_the_end(step: Cut, value: Any, kept: Any) -> Any:
    """The classic mistake: the first columns of all, which are gates and not units."""
    return value.reshape(step.before.shape)[tuple(slice(0, size) for size in step.shape)]


def test_an_array_cut_at_the_end_of_its_gates_is_seen(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cut, "_taken", at_the_end)
    with pytest.raises(VerificationError, match=r"resized placement: .*lstm_1.*stand in its place"):
        converted(CASE, RULES, target)
    assert not target.exists()


def test_a_reader_that_keeps_other_rows_is_seen(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Changes.of

    def other_end(changes: Changes, ids: Ids, where: str) -> Change | None:
        change = right(changes, ids, where)
        wrong = Change(4, (1, 2, 3), (False,) * 3, (0,) * 3)
        return wrong if change is not None and where.startswith("dense") else change

    monkeypatch.setattr(Changes, "of", other_end)
    with pytest.raises(
        VerificationError, match=r"resized behaviour: .*differs from the full model's equations"
    ):
        converted(CASE, RULES, target)
    assert not target.exists()
