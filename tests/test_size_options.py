"""Sizes said in a call or on the command line: --set, --inputs and --compensate, and where they end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.errors import MappingError, PlanError, UsageError
from tests.corpus.expect import source_of

SOURCE = source_of("k208-optimizer-adam-amsgrad")  # an LSTM of 4 units on 5 features, read by a Dense layer


def shapes(report: lstm_migrate.PlanReport) -> dict[str, tuple[int, ...]]:
    return {line.variable: line.shape for line in report.tensors}


def run(*said: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(said))
    return done.exit_code, done.output + done.stderr


@pytest.mark.parametrize("resize", [{"lstm_1.units": 6}, ["lstm_1.units=6"], "lstm_1.units=6"], ids=repr)
def test_a_call_says_a_size_without_any_file(resize: object) -> None:
    found = shapes(lstm_migrate.plan(SOURCE, resize=resize))  # type: ignore[arg-type]
    assert (found["lstm_1.kernel"], found["dense_1.kernel"]) == ((5, 24), (6, 2))


def test_a_rule_of_a_file_and_an_option_join(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("version: 1\nlayers:\n  lstm_1: {to: first, fill: incoming}\n", encoding="utf-8")
    found = shapes(lstm_migrate.plan(SOURCE, mapping=file, resize={"lstm_1.units": 6}))
    assert found["first.kernel"] == (5, 24)
    with pytest.raises(MappingError, match="`fill` without a size that is changed"):
        lstm_migrate.plan(SOURCE, mapping=file)
    with pytest.raises(MappingError, match=r"m\.yaml:3:29: `fill` without a size that is changed"):
        lstm_migrate.plan(SOURCE, mapping=file, resize={"dense_1.inputs": 4})


def test_the_command_line_takes_the_same_and_ends_as_the_problem_is() -> None:
    code, said = run("plan", str(SOURCE), "--set", "lstm_1.units=6", "--set", "lstm_1.seed=3")
    assert code == 0
    assert "4 → 6" in said
    code, said = run("plan", str(SOURCE), "--set", "lstm_1.units=0")
    assert (code, "--set lstm_1.units=0: too small a number" in said) == (4, True)
    code, said = run("plan", str(SOURCE), "--set", "lstm_1.units=2")
    assert (code, "--allow-lossy" in said) == (5, True)
    assert run("plan", str(SOURCE), "--set", "lstm_1.units=2", "--allow-lossy")[0] == 0


def test_what_is_said_of_an_option_names_it() -> None:
    with pytest.raises(PlanError, match=r"resize dense_1\.input_dim=3: dense_1 has no rows"):
        lstm_migrate.plan(SOURCE, resize={"dense_1.input_dim": 3})


def test_given_inputs_are_read_before_anything_else(tmp_path: Path) -> None:
    inputs = tmp_path / "x.npz"
    with pytest.raises(UsageError, match="the inputs cannot be read"):
        lstm_migrate.plan(SOURCE, resize={"lstm_1.units": 6}, inputs=inputs)
    np.savez(inputs, output_0=np.zeros(3))
    with pytest.raises(UsageError, match="no inputs"):
        lstm_migrate.plan(SOURCE, resize={"lstm_1.units": 6}, inputs=inputs)


def test_only_a_keras_file_gets_other_sizes(tmp_path: Path) -> None:
    target = tmp_path / "old.npz"
    with pytest.raises(UsageError, match=r"on the way to a \.keras file \(found a target old\.npz\)"):
        lstm_migrate.convert(SOURCE, target, resize={"lstm_1.units": 6})
    assert not target.exists()
