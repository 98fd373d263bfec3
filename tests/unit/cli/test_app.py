"""The commands hand the pipeline what the user said, and give back what it returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lstm_migrate import pipeline
from lstm_migrate.errors import VerificationError


@pytest.fixture
def calls(monkeypatch, report, inspection, plan_report):
    """The pipeline's four functions replaced: what they were called with, by name."""
    seen = {}
    results = {"convert": report, "verify": report, "inspect": inspection, "plan": plan_report}

    def stand_in(name):
        def function(*arguments, **options):
            seen[name] = (arguments, options)
            if progress := options.get("progress"):
                progress("reading", 1, 2)
                progress("reading", 2, 2)
            return results[name]

        return function

    for name in results:
        monkeypatch.setattr(pipeline, name, stand_in(name))
    return seen


def test_convert_passes_every_option_on(run, calls):
    options = ["--allow-unproven", "--allow-lossy", "--allow-nonfinite", "--overwrite"]
    options += ["--architecture", "infer", "--assume", "a.kind=Dropout", "--assume", "b.activation=tanh"]
    options += ["--as", "torch.lstm", "--as", "torch.linear"]
    options += ["--set", "a.units=3", "--set", "b/c.keep=[0, 2]", "--inputs", "x.npz", "--compensate"]
    assert run("convert", "old.h5", "--to", "new.keras", "--recorded", "io.npz", *options) == 0
    arguments, named = calls["convert"]
    assert arguments == (Path("old.h5"), Path("new.keras"))
    assert named.pop("progress")
    assert named == {
        "architecture": "infer",
        "assume": {"a.kind": "Dropout", "b.activation": "tanh"},
        "mapping": None,
        "layout": ["torch.lstm", "torch.linear"],
        "custom_objects": {},
        "recorded": Path("io.npz"),
        "resize": ["a.units=3", "b/c.keep=[0, 2]"],
        "inputs": Path("x.npz"),
        "compensate": True,
        "allow_unproven": True,
        "allow_lossy": True,
        "allow_nonfinite": True,
        "overwrite": True,
    }


def test_convert_allows_nothing_unless_told(run, calls):
    run("convert", "old.h5", "--to", "new.keras")
    assert not any(value for name, value in calls["convert"][1].items() if name != "progress")


def test_verify_passes_every_option_on(run, calls):
    sizes = ["--set", "a.units=3", "--inputs", "x.npz", "--compensate"]
    assert run("verify", "old.h5", "new.keras", "--allow-unproven", *sizes) == 0
    arguments, named = calls["verify"]
    assert arguments == (Path("old.h5"), Path("new.keras"))
    assert named["allow_unproven"] is True
    assert named["recorded"] is None
    assert (named["resize"], named["inputs"], named["compensate"]) == (["a.units=3"], Path("x.npz"), True)


def test_plan_passes_its_options_on(run, calls):
    sizes = ["--set", "a.units=3", "--set", "a.keep=norm", "--inputs", "x.npz", "--compensate"]
    assert run("plan", "old.h5", "--allow-lossy", "--trace", "lstm.bias[5]", *sizes) == 0
    arguments, named = calls["plan"]
    assert arguments == (Path("old.h5"),)
    told = {"allow_lossy", "trace", "resize", "inputs", "compensate"}
    assert {name for name, value in named.items() if value} == told
    assert named["resize"] == ["a.units=3", "a.keep=norm"]
    assert named["trace"] == ["lstm.bias[5]"]


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (("convert", "old.h5", "--to", "new.keras"), "report"),
        (("verify", "old.h5", "new.keras"), "report"),
        (("inspect", "old.h5"), "inspection"),
        (("plan", "old.h5"), "plan_report"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_json_prints_the_result_and_nothing_else(command, result, run, calls, capsys, request):
    assert run(*command, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(request.getfixturevalue(result).to_json())


def test_results_go_to_stdout_and_progress_to_stderr(run, calls, capsys):
    run("convert", "old.h5", "--to", "new.keras")
    printed = capsys.readouterr()
    assert printed.out.startswith("verified: new.keras computes what old.h5 computed\n")
    assert printed.err == "reading …\n"


def test_quiet_prints_nothing(run, calls, capsys):
    assert run("convert", "old.h5", "--to", "new.keras", "--quiet") == 0
    assert tuple(capsys.readouterr()) == ("", "")


def test_quiet_keeps_the_json_that_was_asked_for(run, calls, capsys):
    run("convert", "old.h5", "--to", "new.keras", "--quiet", "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verified"] is True
    assert printed.err == ""


def test_the_report_file_holds_the_json_form(run, calls, tmp_path, report):
    run("convert", "old.h5", "--to", "new.keras", "--report", tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(report.to_json())


def test_a_failed_verification_shows_its_evidence(run, monkeypatch, tmp_path, capsys, failed_report):
    def fail(*arguments, **options):
        error = VerificationError("the outputs differ", where="encoder")
        error.report = failed_report
        raise error

    monkeypatch.setattr(pipeline, "verify", fail)
    assert run("verify", "old.h5", "new.keras", "--report", tmp_path / "report.json") == 7
    printed = capsys.readouterr()
    assert printed.out.startswith("failed: ")
    assert printed.err.endswith("error: encoder: the outputs differ\n")
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "failed"


@pytest.mark.parametrize("verdict", ["failed", "inconclusive"])
def test_a_report_without_proof_never_ends_with_0(verdict, run, monkeypatch, report):
    from dataclasses import replace

    monkeypatch.setattr(pipeline, "verify", lambda *_, **__: replace(report, verdict=verdict))
    assert run("verify", "old.h5", "new.keras", "--quiet") == 7
