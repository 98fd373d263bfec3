"""Mapping files that put stock layers in the place of ones that nobody can read."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate.errors import MappingError, VerificationError
from tests.corpus.expect import VALID, architecture_of, source_of

CASE = "k122tf-lambda-layer"  # LSTM, Lambda that doubles, Dense
RECORDED = VALID / CASE / "io.npz"


def mapping(path: Path, rules: str) -> Path:
    path.write_text(f"version: 1\nreplace:\n{rules}")
    return path


DOUBLED = "  lambda_*: [{class: Rescaling, config: {scale: 2.0}}]\n"
TRIPLED = "  lambda_*: [{class: Rescaling, config: {scale: 3.0}}]\n"
IN_TWO_STEPS = """  lambda_1:
    - {class: Rescaling, config: {scale: 8.0}}
    - {class: Rescaling, config: {scale: 0.25}}
"""


@pytest.mark.parametrize("rules", [DOUBLED, IN_TWO_STEPS])
def test_recorded_outputs_prove_what_stands_in_its_place(rules: str, tmp_path: Path) -> None:
    report = lstm_migrate.convert(
        source_of(CASE),
        tmp_path / "new.keras",
        architecture=architecture_of(CASE),
        mapping=mapping(tmp_path / "mine.yaml", rules),
        recorded=RECORDED,
    )
    assert report.verified
    assert any(note.kind == "assumed" and "mine.yaml" in note.text for note in report.notes)


def test_without_them_it_is_unproven(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=r"mine\.yaml says"):
        lstm_migrate.convert(
            source_of(CASE),
            tmp_path / "new.keras",
            architecture=architecture_of(CASE),
            mapping=mapping(tmp_path / "mine.yaml", DOUBLED),
        )
    assert not (tmp_path / "new.keras").exists()


def test_a_wrong_replacement_does_not_pass(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="recorded"):
        lstm_migrate.convert(
            source_of(CASE),
            tmp_path / "new.keras",
            architecture=architecture_of(CASE),
            mapping=mapping(tmp_path / "mine.yaml", TRIPLED),
            recorded=RECORDED,
            allow_unproven=True,
        )
    assert not (tmp_path / "new.keras").exists()


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (DOUBLED + "  nothing_*: [{class: Identity}]\n", "matches no layer"),
        ("  lambda_1: []\n", "an empty list"),
        ("  lambda_1: [{clas: Rescaling}]\n", r"mine\.yaml:3"),
        ("  lambda_1: [{class: Rescaling, config: {}, more: 1}]\n", r"mine\.yaml:3"),
        ("  lambda_1: !!python/object:os.system []\n", "python/object"),
    ],
)
def test_a_wrong_rule_is_a_mapping_error(rules: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=said):
        lstm_migrate.plan(
            source_of(CASE),
            architecture=architecture_of(CASE),
            mapping=mapping(tmp_path / "mine.yaml", rules),
        )


def test_a_replacement_that_is_no_stock_layer_is_refused(tmp_path: Path) -> None:
    rules = mapping(tmp_path / "mine.yaml", "  lambda_1: [{class: Doubling}]\n")
    with pytest.raises(MappingError, match="Doubling"):
        lstm_migrate.plan(source_of(CASE), architecture=architecture_of(CASE), mapping=rules)


def test_of_two_files_the_later_one_counts(tmp_path: Path) -> None:
    first = mapping(tmp_path / "first.yaml", TRIPLED)
    second = mapping(tmp_path / "second.yaml", DOUBLED)
    found = lstm_migrate.plan(source_of(CASE), architecture=architecture_of(CASE), mapping=[first, second])
    (line,) = [line for line in found.layers if line.kind == "Rescaling"]
    assert line.becomes == "Rescaling lambda_1"
