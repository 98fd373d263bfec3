"""The README's commands run, and the two that a newcomer sees first are the ones that CI runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_RUN_HERE = ("python3 -m venv ", ".venv/bin/pip install ", ".venv/bin/pytest")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every command shown, without those that install (this environment stands) or start this test."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part and not part.startswith(NOT_RUN_HERE)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout in which `lstm-migrate` and `.venv/bin/lstm-migrate` start this Python."""
    copy = tmp_path_factory.mktemp("readme") / "checkout"
    ignored = shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__", "*.keras")
    shutil.copytree(ROOT, copy, ignore=ignored)
    command = copy / ".venv" / "bin" / "lstm-migrate"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lstm_migrate "$@"\n')
    command.chmod(0o755)
    return copy


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(checkout / ".venv" / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(checkout)}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_the_first_two_blocks_are_one_command_each():
    first, second = (block.strip() for block in blocks("sh")[:2])
    assert "\n" not in first
    assert "\n" not in second
    assert ".venv/bin/lstm-migrate convert tests/corpus/valid/" in first
    assert second.endswith("&& .venv/bin/pytest")


def test_ci_runs_the_first_two_blocks_word_for_word():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    first, second = (block.strip() for block in blocks("sh")[:2])
    assert first in lines
    assert lines[-1] == second


def test_every_command_shown_runs(checkout):
    shown = commands()
    assert {"convert", "inspect", "plan", "verify"} <= {word for line in shown for word in line.split()}
    for command in shown:
        done = run(checkout, "bash", "-c", command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), f"{command} shows nothing"


def test_the_python_shown_runs(checkout):
    shown = blocks("python")
    assert shown
    for code in shown:
        done = run(checkout, sys.executable, "-c", code)
        assert done.returncode == 0, f"{code}\n{done.stderr}"


def test_the_mapping_files_shown_are_those_that_the_commands_take():
    files = ("forks/torch_oigf/mapping.yaml", "replace_lambda.yaml")
    for shown, file in zip(blocks("yaml"), files, strict=True):
        lines = (ROOT / "tests" / "corpus" / file).read_text(encoding="utf-8").splitlines(True)
        assert "".join(line for line in lines if not line.startswith("#")) == shown


def test_the_files_and_folders_of_the_map_are_there():
    places = re.findall(r"^\| `([\w./]+)` \|", README, flags=re.MULTILINE)
    assert len(places) > 10
    assert [place for place in places if not (ROOT / place).exists()] == []
