"""The shipped mapping files are found from a checkout, an editable install and a wheel alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
SHIPPED = sorted(path.stem for path in (ROOT / "mappings").glob("*.yaml"))
ASK = (
    "import json; from lstm_migrate.mapping import catalogue; "
    "print(json.dumps([str(catalogue.folder()), catalogue.names()]))"
)


def ask_catalogue(place: Path, **variables: str) -> tuple[Path, list[str]]:
    """Where a Python started in `place` finds the mapping files, and which ones."""
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", ASK]
    answer = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=True)
    folder, names = json.loads(answer.stdout)
    return Path(folder), names


def install(folder: Path, kind: str) -> Path:
    """Builds a wheel of this kind and unpacks it, which is all that an installer does with it."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder / "dist"), versions=[kind])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    return install(tmp_path_factory.mktemp("wheel"), "standard")


def test_there_are_mapping_files():
    assert SHIPPED


def test_a_checkout_finds_them_beside_the_package():
    assert ask_catalogue(ROOT) == (ROOT / "mappings", SHIPPED)


def test_a_wheel_finds_them_inside_the_package(installed, tmp_path):
    expected = (installed.resolve() / "lstm_migrate" / "_mappings", SHIPPED)
    assert ask_catalogue(tmp_path, PYTHONPATH=str(installed)) == expected


def test_an_editable_install_finds_those_of_the_checkout(tmp_path):
    site = install(tmp_path, "editable")
    assert not (site / "lstm_migrate").exists()  # a copy there would grow stale
    added = [line for path in site.glob("*.pth") for line in path.read_text().splitlines()]
    path = os.pathsep.join([str(site), *added])
    assert ask_catalogue(tmp_path, PYTHONPATH=path) == (ROOT / "mappings", SHIPPED)


def test_a_wheel_holds_the_command_the_types_and_the_licence(installed):
    assert (installed / "lstm_migrate" / "py.typed").is_file()
    (information,) = installed.glob("*.dist-info")
    assert "lstm-migrate = lstm_migrate.cli:main" in (information / "entry_points.txt").read_text()
    assert (information / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_a_wheel_holds_nothing_but_the_package(installed):
    assert {path.name.split("-")[0] for path in installed.iterdir()} == {"lstm_migrate"}
