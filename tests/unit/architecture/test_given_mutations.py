"""Architectures beside weights with something in them replaced: a plan or an error that says where."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate.errors import LstmMigrateError, PlanError, SourceError
from lstm_migrate.readers.architecture_text import read_architecture
from tests.corpus.expect import VALID, architecture_of, source_of
from tests.unit.architecture.test_mutations import mutated

MUTATIONS = 25

# Every kind of model and of layer that Keras 0 and 1 write in a way of their own.
CASES = sorted(
    path.name
    for pattern in (
        "k033-graph-*", "k033-norm-*", "k033-timedistributed-merge", "k033-maxout", "k033-autoencoder",
        "k033-merge-first-nested", "k101-norm-mode0", "k101-shared-layers", "k122tf-lambda-layer",
        "k122tf-highway*", "k122tf-nested-models", "k122th-seq-merge", "k122thord-conv2d-odd",
        "k122tf-bidirectional-merges", "k122tf-srelu", "k231-*weights",
    )
    for path in VALID.glob(pattern)
    if architecture_of(path.name)
)  # fmt: skip


def test_there_are_architectures_to_mutate() -> None:
    assert len(CASES) >= 12
    assert {case.split("-")[0] for case in CASES} >= {"k033", "k101", "k122tf", "k122thord"}


@pytest.mark.parametrize("case", CASES)
def test_a_mutated_architecture_is_planned_or_refused(case: str, tmp_path: Path) -> None:
    chance, beside = random.Random(case), architecture_of(case)
    assert beside is not None
    config = json.loads(json.dumps(read_architecture(beside)))
    for _ in range(MUTATIONS):
        changed, what = mutated(config, chance)
        path = tmp_path / "architecture.json"
        path.write_text(json.dumps(changed))
        try:
            assert lstm_migrate.plan(source_of(case), architecture=path).to_json(), what
        except LstmMigrateError as error:
            assert isinstance(error, (PlanError, SourceError)), what
            assert all(problem.what and problem.where for problem in error.problems), (what, str(error))
        except Exception as error:
            error.add_note(f"{case}: {what}")
            raise
