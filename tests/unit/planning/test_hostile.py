"""The hostile files: each is refused with the class that its table promises, and nothing is allocated."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate import LstmMigrateError

HOSTILE = Path(__file__).parents[2] / "corpus" / "hostile"
ROW = re.compile(r"^\| `(\S+)` \|.*\| (\d) \|$", re.MULTILINE)
PROMISED = {
    name: int(code) for name, code in ROW.findall((HOSTILE / "README.md").read_text(encoding="utf-8"))
}


def test_every_file_of_the_folder_is_in_its_table() -> None:
    assert set(PROMISED) == {path.name for path in HOSTILE.glob("*.h5")}
    assert set(PROMISED.values()) == {3, 5}


@pytest.mark.parametrize("name", PROMISED)
def test_a_hostile_file_is_refused_as_promised_without_allocating(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LstmMigrateError) as caught:
            lstm_migrate.plan(HOSTILE / name)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.exit_code == PROMISED[name]
    assert peak < 64 << 20
    for problem in caught.value.problems:
        assert problem.what
        assert problem.where


@pytest.mark.parametrize(
    ("name", "where", "found", "expected"),
    [
        ("negative_units.h5", "lstm_1: units", "-4", "a whole number from 1"),
        ("huge_units.h5", "lstm_1: kernel", "(5, 16)", "(x, 4000000000)"),
    ],
)
def test_units_that_make_no_sense_are_told_with_layer_found_and_expected(
    name: str, where: str, found: str, expected: str
) -> None:
    with pytest.raises(lstm_migrate.PlanError) as caught:
        lstm_migrate.plan(HOSTILE / name)
    problem = caught.value.problems[0]
    assert (problem.where, problem.found) == (where, found)
    assert problem.expected.startswith(expected)
