"""The `mappings` commands: what they print, what they refuse, and with which exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.schema import text as schema_text

Run = Callable[..., int]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A TensorFlow 1 cell and a dense layer."""
    file = tmp_path / "weights.npz"
    cell = {"rnn/lstm_cell/kernel": np.zeros((9, 20)), "rnn/lstm_cell/bias": np.zeros(20)}
    np.savez(file, **cell, **{"head/kernel": np.zeros((5, 2)), "head/bias": np.zeros(2)})
    return file


def test_list_names_every_file_and_layout(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mappings", "list") == 0
    told = capsys.readouterr().out
    assert all(name in told for name in (*catalogue.names(), *catalogue.layouts()))


def test_list_is_json_if_asked(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mappings", "list", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "MappingList"
    torch = next(one for one in found["mappings"] if one["name"] == "torch")
    assert {"name": "torch.lstm_cell", "of": "lstm", "summary": "nn.LSTMCell"} in torch["layouts"]


def test_show_prints_a_layout_or_exits_with_2(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mappings", "show", "torch.lstm") == 0
    assert "gates: [i, f, g, o]" in capsys.readouterr().out
    assert run("mappings", "show", "torch.lstn") == 2
    assert "nearest: torch.lstm" in capsys.readouterr().err


def test_schema_prints_what_is_committed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mappings", "schema") == 0
    assert capsys.readouterr().out == schema_text()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_file_passes_check(name: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    file = catalogue.folder() / f"{name}.yaml"
    assert run("mappings", "check", file) == 0
    assert capsys.readouterr().out.startswith(f"{file}: fine: ")


def test_check_tells_every_problem_and_exits_with_4(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("version: 1\nsource: {layout: mine}\nmodl: []\n", encoding="utf-8")
    assert run("mappings", "check", file, "--json") == 4
    out, err = capsys.readouterr()
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["error"] * 2
    found = json.loads(out)
    assert found["fine"] is False
    assert [problem["where"] for problem in found["problems"]] == [f"{file}:2:18", f"{file}:3:1"]


def test_check_against_a_source_tells_what_becomes_of_it(
    run: Run, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    assert run("mappings", "draft", weights, "--to", file) == 0
    assert run("mappings", "check", file, weights) == 0
    told = capsys.readouterr().out
    assert f"{file}: fine: 2 rules, 3 layers of a model" in told
    assert "5 tensors are set" in told
    assert run("mappings", "check", file, weights, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["plan"]["tensors"]) == 5


def test_a_rule_that_matches_nothing_exits_with_4_and_a_model_that_does_not_fit_with_5(
    run: Run, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    assert run("mappings", "draft", weights, "--to", file) == 0
    drafted = file.read_text(encoding="utf-8")
    file.write_text(drafted.replace("rnn/lstm_cell:", "rnn/gru_cell:"), encoding="utf-8")
    assert run("mappings", "check", file, weights) == 4
    file.write_text(drafted.replace("units: 5", "units: 6"), encoding="utf-8")
    assert run("mappings", "check", file, weights) == 5
    assert "lstm" in capsys.readouterr().err


def test_an_architecture_without_a_source_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("mappings", "check", tmp_path / "m.yaml", "--architecture", "infer") == 2


def test_draft_prints_or_writes_and_replaces_nothing_unasked(
    run: Run, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("mappings", "draft", weights) == 0
    printed = capsys.readouterr().out
    assert "rnn/lstm_cell: {to: lstm}" in printed
    file = tmp_path / "m.yaml"
    assert run("mappings", "draft", weights, "--to", file) == 0
    assert file.read_text(encoding="utf-8") == printed
    assert capsys.readouterr().out == ""
    assert run("mappings", "draft", weights, "--to", file) == 2
    assert run("mappings", "draft", weights, "--to", file, "--overwrite") == 0
    assert run("mappings", "draft", weights, "--to", weights, "--overwrite") == 2
    assert run("mappings", "draft", tmp_path / "none.npz") == 3
