"""Configs of `.keras` files with something replaced: a plan or a clear error, never another exception."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lstm_migrate.errors import LstmMigrateError, PlanError, SourceError
from lstm_migrate.readers import open_checkpoint
from tests.unit.architecture.test_mutations import VALID, mutated, planned

MUTATIONS = 40
CASES = sorted(path.parent.name for path in VALID.glob("k*/model.keras")) + sorted(
    path.parent.name for path in VALID.glob("tfk21[245]-*/model.keras") if path.read_bytes()[:2] == b"PK"
)


def test_there_are_archives_to_mutate() -> None:
    assert len(CASES) >= 20
    assert {case.split("-")[0] for case in CASES} >= {"kr30", "kr315", "tfk212", "tfk214", "tfk215"}


@pytest.mark.parametrize("case", CASES)
def test_a_mutated_config_is_planned_or_refused(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(case)
    with open_checkpoint(VALID / case / "model.keras") as checkpoint:
        config: Any = dict(checkpoint.architecture or {})
        planned(checkpoint, config, monkeypatch)
        for _ in range(MUTATIONS):
            changed, what = mutated(config, chance)
            try:
                planned(checkpoint, changed, monkeypatch)
            except LstmMigrateError as error:
                assert isinstance(error, (PlanError, SourceError)), what
                assert all(problem.what for problem in error.problems), what
            except Exception as error:
                error.add_note(f"{case}: {what}")
                raise
