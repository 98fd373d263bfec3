"""mappings/README.md: its tables are current, its files load, and its commands run in the order shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.page import RENEW, TABLES, path, renewed

PAGE = path().read_text(encoding="utf-8")
PACKAGE = Path(lstm_migrate.__file__).parent
BLOCK = re.compile(r"(?:<!-- (file|exit): ([\w.]+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
SIZES = {"x": 4, "h": 5, "u": 5, "gate": 4, "set": 2, "dir": 2, "layer": 3}


def blocks(language: str) -> list[tuple[str, str]]:
    """(what the comment above says, text) of every block in a language."""
    return [(said, text) for _, said, found, text in BLOCK.findall(PAGE) if found == language]


def test_the_tables_are_current_and_all_there() -> None:
    assert renewed(PAGE) == PAGE, f"run `{RENEW}`"
    assert set(re.findall(r"<!-- table: ([\w ]+) -->", PAGE)) == set(TABLES)


def test_every_section_has_its_anchor() -> None:
    titles = re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) == anchors


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_every_mapping_file_that_is_shown_passes_check(number: int, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(blocks("yaml")[number][1], encoding="utf-8")
    assert load_user_mapping(file).document.version == 1


def test_the_axes_that_are_shown_have_the_shapes_that_are_shown() -> None:
    table = PAGE.partition("<!-- table of axes -->")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| \((.+?)\) \|", table, flags=re.MULTILINE)
    assert len(rows) >= 12
    for expression, shape in rows:
        assert Axes.parse(expression).shape(SIZES) == tuple(map(int, shape.split(", "))), expression


def test_the_messages_that_are_explained_are_those_of_the_program() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)
    table = PAGE.partition("| message | what it means |")[2].partition("\n\n")[0]
    messages = re.findall(r"^\| `(.+?)` \|", table, flags=re.MULTILINE)
    assert len(messages) > 12
    for message in messages:
        words = re.split(r"…|'\w+'|\{\w\}|\bx\b|^n |are ", message)
        assert any(len(part.strip()) > 6 and part.strip() in source for part in words), message


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything on the page has been run."""
    folder = tmp_path_factory.mktemp("page")
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": beside, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for kind, said, language, text in BLOCK.findall(PAGE):
        if kind == "file":
            (folder / said).write_text(text, encoding="utf-8")
        if language == "python":
            subprocess.run([sys.executable, said], cwd=folder, check=True)
        for command in text.splitlines() if language == "sh" else ():
            drafted = folder / "fork.yaml"
            if "draft" in command:
                drafted.unlink(missing_ok=True)
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == (int(said) if kind == "exit" else 0), f"{command}\n{done.stderr}"
            if "draft" in command:
                shutil.copy(drafted, folder / "drafted.yaml")
    return folder


def test_every_command_runs_and_ends_as_the_page_says(ran: Path) -> None:
    assert len(blocks("sh")) > 8
    assert {"new.keras", "again.keras", "proven.keras", "old.npz", "keras1.npz"} <= {
        file.name for file in ran.iterdir()
    }
    assert not (ran / "wrong.keras").exists()


def test_the_draft_of_the_page_is_its_file_but_for_the_two_lines(ran: Path) -> None:
    drafted = (ran / "drafted.yaml").read_text(encoding="utf-8")
    changed = ran / "changed.yaml"
    assert drafted.count("gates: [i, f, c, o]") == drafted.count("forget_bias: 0.0") == 1
    changed.write_text(
        drafted.replace("gates: [i, f, c, o]", "gates: [f, i, o, g]").replace(
            "forget_bias: 0.0", "forget_bias: 1.0"
        ),
        encoding="utf-8",
    )
    assert load_user_mapping(changed).document == load_user_mapping(ran / "fork.yaml").document
