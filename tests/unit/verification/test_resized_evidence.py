"""Both halves of a resized file's proof, and what a recording of the old model says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.report import Check, CheckName
from lstm_migrate.restriction import Restriction
from lstm_migrate.verification.evidence import CONVERTED, RESIZED, gather, verdict
from lstm_migrate.verification.recorded import Recording, check_recorded
from lstm_migrate.verification.resizing import Computed, Resizing, check_resized_recorded, of_full
from lstm_migrate.verification.subject import Recipe, Subject
from tests.unit.verification.resized_models import (
    CUT,
    UNITS,
    Pair,
    Steps,
    cut_steps,
    grown_steps,
    one_lstm,
)

NAMES: tuple[CheckName, ...] = (*CONVERTED, *RESIZED, "recorded")
RIGHT = "verified verified verified"


@pytest.mark.parametrize(
    ("said", "together"),
    [
        (f"{RIGHT} {RIGHT}", "verified"),
        (f"{RIGHT} {RIGHT} verified", "verified"),
        (f"{RIGHT} verified failed", "failed"),
        (RIGHT + " verified unproven verified", "unproven"),
        # What was recorded of the full model says nothing of what was made of it.
        (RIGHT + " verified unproven verified verified", "unproven"),
        (RIGHT + " verified verified inconclusive verified", "inconclusive"),
        (f"verified unproven inconclusive {RIGHT} verified", "verified"),
        (f"verified unproven verified {RIGHT}", "unproven"),
        (f"{RIGHT} unproven verified verified", "verified"),
        (f"{RIGHT} verified", "inconclusive"),
    ],
)
def test_what_both_halves_show_together(said: str, together: str) -> None:
    words: list[Any] = said.split()
    assert verdict([Check(*pair, "", {}) for pair in zip(NAMES, words, strict=False)]) == together


def test_a_file_that_computes_the_recording_itself_needs_no_other_proof_of_what_it_computes() -> None:
    words: list[Any] = ["verified", "unproven", "unproven", "verified", "unproven", "unproven", "verified"]
    checks = [Check(*pair, "", {"resized_error": 0.0}) for pair in zip(NAMES, words, strict=True)]
    assert verdict(checks) == "verified"
    assert verdict([*checks, Check("assumptions", "unproven", "", {})]) == "unproven"


def first_half(resizing: Resizing) -> Subject:
    """A conversion that copies every array of a source that is the full model."""
    full = replace(resizing.subject.source, silences={}, side=type(resizing.subject.source.side)())
    keys = {str(key): key for key in full.weights}
    copies: list[Recipe] = []
    for recipe in resizing.subject.recipes:
        value = full.weights[recipe.target]
        copies.append(replace(recipe, steps=(), shape=value.shape, dtype=str(value.dtype)))  # type: ignore[type-var]
    return of_full(
        Subject(
            full,
            full,
            Computed(full),
            copies,
            {},
            lambda name: full.weights[keys[name]],
            {name: full.weights[key].shape for name, key in keys.items()},
        )
    )


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(one_lstm(UNITS), one_lstm(UNITS + 2), tmp_path)


def recorded(pair: Pair) -> Recording:
    x = np.random.default_rng(7).normal(size=(6, 7, 3)).astype("float32")
    return Recording((x,), (np.asarray(pair.full(x)),))


def twins(pair: Pair, outgoing: str = "share") -> Steps:
    return grown_steps(pair, (1, 3), "copy", outgoing)


def test_every_check_of_both_halves_is_made_and_named(pair: Pair) -> None:
    resized = pair.resized(twins(pair), Restriction(), exact=True)
    heard: list[str] = []
    checks = gather(first_half(resized), recorded(pair), heard.append, resized)
    assert [check.name for check in checks] == list(NAMES)
    assert sorted(heard) == sorted(NAMES)
    assert verdict(checks) == "verified"
    by_name = {check.name: check for check in checks}
    assert "NumPy" in by_name["behaviour"].detail and "Keras" not in by_name["behaviour"].detail
    assert "the full model's equations" in by_name["resized behaviour"].detail
    measured = by_name["recorded"].measured
    assert measured["resized_error"] <= measured["resized_tolerance"]


def test_twins_that_say_more_than_the_old_one_did_fail_in_the_second_half(pair: Pair) -> None:
    resized = pair.resized(twins(pair, "unequal share"), Restriction(), exact=True)
    checks = gather(first_half(resized), None, lambda stage: None, resized)
    assert {check.name: check.verdict for check in checks}["resized behaviour"] == "failed"
    assert checks[-1].name == "resized behaviour"
    assert verdict(checks) == "failed"


def test_an_exact_file_must_give_the_recorded_outputs_itself(pair: Pair) -> None:
    right = pair.resized(twins(pair), Restriction(), exact=True)
    first, recording = first_half(right), recorded(pair)
    wrong = pair.resized(twins(pair, "unequal share"), Restriction(), exact=True)
    broken = replace(right, subject=replace(right.subject, live=wrong.subject.live))
    checks = gather(first, recording, lambda stage: None, broken)
    assert checks[-1].name == "resized behaviour"
    assert checks[-1].verdict == "failed"
    # With nothing to go by but the recording.
    full = check_recorded(first, recording)
    assert full.verdict == "verified"
    assert check_resized_recorded(full, first, recording, right).verdict == "verified"
    assert check_resized_recorded(full, first, recording, broken).verdict == "failed"


def test_a_recording_of_another_model_fails_whatever_the_second_half_says(pair: Pair) -> None:
    resized = pair.resized(twins(pair), Restriction(), exact=True)
    recording = recorded(pair)
    other = replace(recording, outputs=(recording.outputs[0] + 0.01,))
    checks = gather(first_half(resized), other, lambda stage: None, resized)
    assert (checks[-1].name, checks[-1].verdict) == ("recorded", "failed")


def test_of_a_cut_model_only_the_full_one_is_held_against_the_recording(tmp_path: Path) -> None:
    pair = Pair(one_lstm(UNITS), one_lstm(3), tmp_path)
    resized = pair.resized(cut_steps(pair), CUT, exact=False)
    checks = gather(first_half(resized), recorded(pair), lambda stage: None, resized)
    assert verdict(checks) == "verified"
    assert "resized_error" not in checks[-1].measured


def test_a_full_model_of_other_arrays_than_the_sources_fails_in_the_first_half(pair: Pair) -> None:
    resized = pair.resized(twins(pair), Restriction(), exact=True)
    first = first_half(resized)
    key = WeightKey(("dense",), "bias")
    other = replace(first.target, weights={**first.target.weights, key: first.target.weights[key] + 1})
    checks = gather(replace(first, target=other, live=Computed(other)), None, lambda stage: None, resized)
    assert verdict(checks) == "failed"
    assert checks[-1].name == "placement"
