"""A draft is enough where nothing is ambiguous: it converts its source, and recorded outputs agree."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate import pipeline
from lstm_migrate.errors import VerificationError
from tests.corpus.expect import architecture_of, source_of

FORKS = Path(__file__).parent / "corpus" / "forks"
# Cells of their framework's own, in chains whose last recurrent layer gives its last step.
PLAIN = ["torch_lstm_cell", "torch_gru", "torch_rnn", "torch_embedding", "tf1_lstm", "tf1_gru", "tf1_rnn"]


def drafted(name: str, tmp_path: Path) -> tuple[Path, Path]:
    source = next((FORKS / name).glob("weights.*"))
    mapping = tmp_path / "drafted.yaml"
    mapping.write_text(pipeline.draft(source), encoding="utf-8")
    return source, mapping


@pytest.mark.parametrize("name", PLAIN)
def test_a_draft_of_a_frameworks_own_cells_converts_unchanged(name: str, tmp_path: Path) -> None:
    source, mapping = drafted(name, tmp_path)
    report = lstm_migrate.convert(
        source, tmp_path / "new.keras", mapping=mapping, recorded=FORKS / name / "io.npz"
    )
    assert report.verified


def test_the_line_of_a_draft_that_says_check_is_the_one_to_change(tmp_path: Path) -> None:
    source, mapping = drafted("torch_oigf", tmp_path)
    recorded = FORKS / "torch_oigf" / "io.npz"
    with pytest.raises(VerificationError, match="recorded"):
        lstm_migrate.convert(source, tmp_path / "new.keras", mapping=mapping, recorded=recorded)
    # What the draft shows of a shipped layout is changed in a layout that extends it.
    own = "layouts:\n  mine: {extends: torch.lstm_cell, gates: [o, i, g, f]}\n"
    text = mapping.read_text(encoding="utf-8").replace("[torch.lstm_cell,", "[mine,") + own
    mapping.write_text(text, encoding="utf-8")
    assert lstm_migrate.convert(source, tmp_path / "new.keras", mapping=mapping, recorded=recorded).verified


@pytest.mark.parametrize("case", ["k033-mask-through-dense", "k122tf-bidirectional-merges", "k208-seq2seq"])
def test_a_draft_for_a_file_of_keras_changes_nothing(case: str, tmp_path: Path) -> None:
    source, architecture = source_of(case), architecture_of(case)
    file = tmp_path / "draft.yaml"
    file.write_text(pipeline.draft(source, architecture=architecture), encoding="utf-8")
    plain = lstm_migrate.plan(source, architecture=architecture)
    drafted = lstm_migrate.plan(source, architecture=architecture, mapping=file)
    assert drafted.tensors == plain.tensors
    assert drafted.layers == plain.layers
