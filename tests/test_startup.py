"""Who only asks does not wait: --help, inspect and plan import no framework."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).parent / "corpus" / "valid" / "k208-seq2seq" / "model.h5"
FRAMEWORKS = {"tensorflow", "keras", "jax", "torch"}
HEAVY = FRAMEWORKS | {"numpy", "h5py", "yaml", "pydantic", "rich"}
RUN = """
import json, sys
from lstm_migrate.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh Python has imported after `code`."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stderr.splitlines()[-1])
    return {name.split(".")[0] for name in modules}


def test_importing_the_package_imports_nothing_heavy():
    code = "import json, sys, lstm_migrate; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    modules = imported_by(code)
    assert "lstm_migrate" in modules
    assert modules & HEAVY == set()


def test_help_imports_nothing_heavy():
    assert imported_by(RUN, "--help") & HEAVY == set()


@pytest.mark.parametrize("command", ["inspect", "plan"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["lines", "json"])
def test_inspect_and_plan_import_no_framework(command, form):
    modules = imported_by(RUN, command, str(MODEL), *form)
    assert "h5py" in modules
    assert modules & FRAMEWORKS == set()


def test_the_module_runs_as_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "lstm_migrate", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: lstm-migrate ")
