"""What goes wrong becomes one message on stderr and the exit code of its kind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lstm_migrate import errors, pipeline
from lstm_migrate.cli import noise, output


@pytest.fixture
def inspect_raises(monkeypatch):
    def arrange(error):
        def inspect(source, **options):
            raise error

        monkeypatch.setattr(pipeline, "inspect", inspect)

    return arrange


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.SourceError, 3),
        (errors.MappingError, 4),
        (errors.PlanError, 5),
        (errors.TargetError, 6),
        (errors.VerificationError, 7),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(kind, code, run, inspect_raises, capsys):
    inspect_raises(kind("this is no HDF5 file", where="old.h5", hint="Pass the .h5 file."))
    assert run("inspect", "old.h5") == code
    assert tuple(capsys.readouterr()) == ("", "error: old.h5: this is no HDF5 file. Pass the .h5 file.\n")


def test_all_problems_are_shown_one_a_line(run, inspect_raises, capsys):
    inspect_raises(errors.PlanError([errors.Problem("one"), errors.Problem("two", where="lstm_1")]))
    run("inspect", "old.h5")
    assert capsys.readouterr().err.splitlines() == ["error: one", "error: lstm_1: two"]


def test_a_million_problems_are_cut_off_and_counted(run, inspect_raises, capsys):
    many = [errors.Problem(f"number {number}") for number in range(output.MOST_PROBLEMS + 3)]
    inspect_raises(errors.SourceError(many))
    run("inspect", "old.h5")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == output.MOST_PROBLEMS + 1
    assert lines[-1] == "error: … and 3 more"


def test_a_message_cannot_steer_the_terminal(run, inspect_raises, capsys):
    inspect_raises(errors.PlanError("no such layer", where="lstm\x1b[2J\r\n"))
    run("inspect", "old.h5")
    assert capsys.readouterr().err == "error: lstm\\x1b[2J\\r\\n: no such layer\n"


def test_ctrl_c_ends_with_130_and_one_line(run, inspect_raises, capsys):
    inspect_raises(KeyboardInterrupt())
    assert run("inspect", "old.h5") == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_is_called_a_bug(run, inspect_raises, capsys, monkeypatch):
    monkeypatch.delenv(noise.TRACEBACK, raising=False)
    inspect_raises(KeyError("gate"))
    assert run("inspect", "old.h5") == 1
    message = capsys.readouterr().err
    assert "this is a bug in lstm-migrate: KeyError: 'gate'" in message
    assert noise.TRACEBACK in message
    assert "Traceback" not in message


def test_the_traceback_of_a_bug_can_be_had(run, inspect_raises, capsys, monkeypatch):
    monkeypatch.setenv(noise.TRACEBACK, "1")
    inspect_raises(KeyError("gate"))
    assert run("inspect", "old.h5") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "old.h5"),
        ("convert", "--to", "new.keras"),
        ("convert", "old.h5", "--to", "new.keras", "--allow-everything"),
        ("verify", "old.h5"),
        ("translate", "old.h5"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments, run, capsys):
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Error: " in printed.err


def test_the_report_must_not_replace_the_source(run, tmp_path, capsys):
    source = tmp_path / "old.h5"
    source.write_bytes(b"model")
    other_name = tmp_path / "link.h5"
    other_name.symlink_to(source)
    assert run("convert", source, "--to", tmp_path / "new.keras", "--report", other_name) == 2
    assert source.read_bytes() == b"model"


def test_a_report_in_no_folder_is_refused_before_the_work(run, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "convert", lambda *_, **__: pytest.fail("started"))
    assert run("convert", "a.h5", "--to", "b.keras", "--report", tmp_path / "none" / "r.json") == 2


def test_a_report_that_cannot_be_written_ends_with_6(run, tmp_path, monkeypatch, report, capsys):
    def full(self, *arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipeline, "convert", lambda *_, **__: report)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    assert run("convert", "a.h5", "--to", "b.keras", "--quiet", "--report", tmp_path / "r.json") == 6
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_early_is_no_error():
    code = (
        "import os, sys, time\n"
        "from lstm_migrate.cli.output import _write\n"
        "sys.stdin.readline()\n"
        "_write(sys.stdout, 'x' * 1_000_000)\n"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=os.environ, **pipes) as process:
        process.stdout.close()
        process.stdin.write(b"go\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_table_stands_below_its_problem_and_names_in_it_break_no_line(run, inspect_raises, capsys):
    problem = errors.Problem("does not fit", rows=("source | target", "a\nb | c"))
    inspect_raises(errors.PlanError(problem))
    run("inspect", "x.h5")
    assert capsys.readouterr().err.splitlines() == ["error: does not fit", "source | target", "a\\nb | c"]
