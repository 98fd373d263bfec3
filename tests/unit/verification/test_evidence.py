"""What checks add up to; checks that cannot fail; parts that nothing can compute; recorded outputs."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import UsageError
from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.report import Check
from lstm_migrate.verification import power
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.evidence import gather, verdict
from lstm_migrate.verification.power import check_power
from lstm_migrate.verification.recorded import Recording, check_recorded, load_recording
from lstm_migrate.verification.subject import Subject
from tests.corpus.expect import VALID
from tests.unit.verification.spoiling import holding, otherwise

Subjects = Callable[[str], Subject]
NAMES: tuple[Any, ...] = ("placement", "behaviour", "power", "recorded")


@pytest.mark.parametrize(
    ("said", "together"),
    [
        ("verified verified verified", "verified"),
        ("verified verified verified verified", "verified"),
        ("failed", "failed"),
        ("verified failed", "failed"),
        ("verified verified verified failed", "failed"),
        ("failed verified verified verified", "failed"),
        ("verified unproven unproven", "unproven"),
        ("verified unproven unproven verified", "verified"),
        ("verified verified inconclusive", "inconclusive"),
        ("verified unproven inconclusive", "inconclusive"),
        ("verified inconclusive verified", "inconclusive"),
        ("verified verified inconclusive verified", "verified"),
        ("unproven verified verified", "verified"),
        ("unproven unproven verified", "unproven"),
        ("unproven verified inconclusive", "inconclusive"),
        ("unproven failed", "failed"),
        ("", "inconclusive"),
        ("verified", "inconclusive"),
    ],
)
def test_what_the_checks_show_together(said: str, together: Any) -> None:
    checks = [Check(name, each, "", {}) for name, each in zip(NAMES, said.split(), strict=False)]  # type: ignore[arg-type]
    assert verdict(checks) == together


def test_after_a_failure_no_more_is_checked(subject_for: Subjects) -> None:
    subject, heard = subject_for("tfk215-lstm-options"), []
    key = subject.recipes[0].target
    with holding(subject, {key: np.zeros_like(subject.target.weights[key])}) as spoilt:
        checks = gather(spoilt, None, heard.append)
    assert [check.name for check in checks] == heard == ["placement"]
    assert verdict(checks) == "failed"


# ---- power


def silenced(subject: Subject, key: WeightKey) -> Subject:
    """Source and target alike multiply by zero at `key`: right, and a check that cannot fail."""
    models = {
        side: replace(model, weights={**model.weights, key: np.zeros_like(model.weights[key])})
        for side, model in (("source", subject.source), ("target", subject.target))
    }
    return replace(subject, **models)  # type: ignore[arg-type]


def test_a_last_layer_that_multiplies_by_zero_hides_what_comes_before(subject_for: Subjects) -> None:
    subject = subject_for("tfk215-lstm-options")
    last = [recipe.target for recipe in subject.recipes if recipe.target.role == "kernel"][-1]
    check = check_power(silenced(subject, last))
    assert check.verdict == "inconclusive"
    assert f"what comes before {'/'.join(last.path)}" in check.detail


def test_steps_whose_absence_nobody_would_see_are_named(
    subject_for: Subjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "WELL_ABOVE", 1e9)
    subject = subject_for("k208-seq2seq")
    check = check_power(subject)
    assert check.verdict == "inconclusive"
    assert all(str(recipe.target) in str(check.measured["unseen"]) for recipe in subject.recipes)


def test_power_counts_what_it_saw(subject_for: Subjects) -> None:
    check = check_power(subject_for("k208-seq2seq"))
    assert check.verdict == "verified"
    assert check.measured["steps_seen"] >= len(subject_for("k208-seq2seq").recipes)
    assert check.measured["smallest_jump"] > 1e-4


# ---- parts without a reference


def strange(path: LayerPath, layer: Layer) -> Layer:
    return replace(layer, kind="Warp") if layer.kind == "Dense" else layer


def test_a_kind_without_a_reference_is_unproven_and_named(subject_for: Subjects) -> None:
    subject = otherwise(subject_for("k208-seq2seq"), strange)
    check = check_behaviour(subject)
    assert check.verdict == "unproven"
    assert check.unproven == ("dec_dense: no reference for a Warp layer",)
    assert verdict(gather(subject, None, lambda stage: None)) == "unproven"


def test_recorded_outputs_prove_what_has_no_reference(subject_for: Subjects) -> None:
    subject = otherwise(subject_for("k208-seq2seq"), strange)
    checks = gather(subject, load_recording(VALID / "k208-seq2seq" / "io.npz"), lambda stage: None)
    assert [check.name for check in checks] == list(NAMES)
    assert verdict(checks) == "verified"


# ---- recorded outputs


@pytest.fixture
def recording() -> Recording:
    return load_recording(VALID / "k208-seq2seq" / "io.npz")


def test_what_the_old_system_computed_is_recognised(recording: Recording, subject_for: Subjects) -> None:
    check = check_recorded(subject_for("k208-seq2seq"), recording)
    assert check.verdict == "verified"
    assert check.measured["error"] < check.measured["tolerance"] < 1e-4


@pytest.mark.parametrize("wrong", [1e-3, np.nan, np.inf])
def test_other_outputs_fail(wrong: float, recording: Recording, subject_for: Subjects) -> None:
    output = recording.outputs[0].copy()
    output.flat[0] += wrong
    check = check_recorded(subject_for("k208-seq2seq"), replace(recording, outputs=(output,)))
    assert check.verdict == "failed"


def test_outputs_of_another_shape_or_number_fail(recording: Recording, subject_for: Subjects) -> None:
    for outputs in ((recording.outputs[0][..., :-1],), recording.outputs * 2):
        check = check_recorded(subject_for("k208-seq2seq"), replace(recording, outputs=outputs))
        assert check.verdict == "failed"
        assert "shapes" in check.detail


def test_inputs_that_do_not_fit_the_model_are_wrong_usage(
    recording: Recording, subject_for: Subjects
) -> None:
    for inputs in (recording.inputs[:1], (recording.inputs[0], recording.inputs[1][..., :-1])):
        with pytest.raises(UsageError, match="the recording does not fit the model"):
            check_recorded(subject_for("k208-seq2seq"), replace(recording, inputs=inputs))


class Bait:
    """A pickle that would leave a file behind if it were ever opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_pickled_objects_are_refused_and_not_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    np.savez(tmp_path / "io.npz", input_0=np.array([Bait(marker)], object), output_0=np.zeros(1))
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Bait(marker)))
    for name in ("io.npz", "bare.npz"):
        with pytest.raises(UsageError, match="the recorded outputs cannot be read"):
            load_recording(tmp_path / name)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut off"])
def test_what_is_no_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "io.npz").write_bytes(content)
    with pytest.raises(UsageError, match="the recorded outputs cannot be read"):
        load_recording(tmp_path / "io.npz")


def test_a_missing_recording_and_missing_keys_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the recorded outputs cannot be read"):
        load_recording(tmp_path / "none.npz")
    np.savez(tmp_path / "io.npz", input_0=np.zeros(1), result=np.zeros(1))
    with pytest.raises(UsageError, match=r"found input_0, result"):
        load_recording(tmp_path / "io.npz")
    np.save(tmp_path / "io.npy", np.zeros(3))
    with pytest.raises(UsageError):
        load_recording(tmp_path / "io.npy")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("output_0", np.full((2, 3), np.nan), "NaN or infinity in every row"),
        ("output_0", np.array([[np.inf, 1.0], [0.0, np.nan]]), "NaN or infinity in every row"),
        ("input_0", np.full((2, 3), np.nan), "NaN or infinity in every row"),
        ("output_0", np.zeros((0, 3)), r"an array of the shape \(0, 3\)"),
        ("input_0", np.float32(1), r"an array of the shape \(\)"),
        ("output_0", np.zeros((2, 3), complex), "an array of complex128"),
        ("output_0", np.array([["1.0"]]), "an array of <U3"),
        ("output_0", np.zeros((2, 3), "datetime64[s]"), "an array of datetime64"),
    ],
)
def test_a_recording_that_could_prove_nothing_is_refused(
    name: str, value: Any, found: str, tmp_path: Path
) -> None:
    arrays = {"input_0": np.zeros((2, 3)), "output_0": np.zeros((2, 3)), name: value}
    np.savez(tmp_path / "io.npz", **arrays)
    with pytest.raises(UsageError, match=f"{name} proves nothing .found {found}"):
        load_recording(tmp_path / "io.npz")


def test_a_row_without_numbers_does_not_spoil_a_recording(tmp_path: Path) -> None:
    outputs = np.array([[np.nan, np.nan], [1.0, 2.0]])  # as the mean of a wholly masked example is
    np.savez(tmp_path / "io.npz", input_0=np.zeros((2, 3)), output_0=outputs)
    assert load_recording(tmp_path / "io.npz").outputs[0].shape == (2, 2)
