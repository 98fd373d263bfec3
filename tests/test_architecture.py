"""The import contracts of pyproject.toml hold, and each of them can be broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = "import sys; from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_the_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("graph", "import lstm_migrate.pipeline", "Imports point downwards"),
        ("reference/scope", "import lstm_migrate.layouts", "The judge shares no code"),
        ("verification/__init__", "import lstm_migrate.rules", "The judge shares no code"),
        ("planning/__init__", "import keras", "Keras and TensorFlow live"),
        ("pipeline", "import tensorflow", "Keras and TensorFlow live"),
        ("architecture/__init__", "import h5py", "HDF5 is read in one place"),
        ("readers/__init__", "import yaml", "YAML is read in one place, pydantic lives"),
        ("report", "import rich", "Typer and rich live"),
    ],
)
def test_a_broken_contract_is_noticed(module, line, contract, tmp_path):
    shutil.copytree(
        ROOT / "lstm_migrate", tmp_path / "lstm_migrate", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "lstm_migrate" / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    broken = [row for row in done.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(contract) for row in broken), done.stdout
