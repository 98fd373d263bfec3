"""Configs of real files with something in them replaced: a plan or a clear error, never another exception."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate import opening, pipeline
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError, PlanError, SourceError
from lstm_migrate.readers import open_checkpoint

VALID = Path(__file__).parents[2] / "corpus" / "valid"
MUTATIONS = 25

# Chosen so that every kind of layer that is read or rebuilt in a way of its own is among them.
CASES = sorted(
    path.parent.name
    for pattern in (
        "*bidirectional-modes", "*bidir-backwardlayer", "*initial-state-stacked", "*hard-locally-connected",
        "*ops-arithmetic", "*ops-shapes", "*nested-called-twice", "*seq-deferred-in-model", "*dict-io",
        "*cudnn-mixed", "*zoo-convolutions", "*theano-convolutions", "*batch-two-axes", "*mask-merge",
        "*policy-mixed-float16", "*mha", "*rnn-stacked", "*time-major-lstm", "*timedistributed-models",
    )
    for path in VALID.glob(f"{pattern}/model.h5")
)  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 3, 10**9, 10**30, 0.5, -0.0, float("nan"), float("inf"), "", "a", "LSTM",
    "é/ \n", "tanh", "float16", [], {}, [None], [1], [[1]], [[[]]], [["a", 0, 0]], ["a", 0, 0, {}], [3, "a"],
    [None, 3, 4], ["_CONSTANT_VALUE"], {"a": 1}, {"value": 1}, {"class_name": 3, "config": 4},
    {"class_name": "LSTM", "config": {}}, {"class_name": "Sequential", "config": []},
    {"config": {"name": []}}, {"class_name": "__tuple__", "items": 3},
]  # fmt: skip


def places(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a config, each as the keys that lead to it."""
    inner = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def at(item: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        item = item[key]
    return item


def mutated(config: Any, chance: random.Random) -> tuple[Any, str]:
    """The config with one value replaced by another, by one of its own, or left out."""
    found, everywhere = copy.deepcopy(config), list(places(config))
    *above, last = path = chance.choice(everywhere)
    parent = at(found, tuple(above))
    if chance.random() < 0.15:
        del parent[last]
        return found, f"without {path}"
    own = chance.random() < 0.2
    value = copy.deepcopy(at(config, chance.choice(everywhere)) if own else chance.choice(VALUES))
    parent[last] = value
    return found, f"{path} = {value!r}"[:300]


def planned(checkpoint: Checkpoint, architecture: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(checkpoint, architecture=architecture, close=lambda: None)
    monkeypatch.setattr(opening, "open_checkpoint", lambda path: changed)
    assert pipeline.plan(checkpoint.path).to_json()


def test_there_are_cases_to_mutate() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES)
def test_a_mutated_config_is_planned_or_refused(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(case)
    with open_checkpoint(VALID / case / "model.h5") as checkpoint:
        for _ in range(MUTATIONS):
            config, what = mutated(dict(checkpoint.architecture or {}), chance)
            try:
                planned(checkpoint, config, monkeypatch)
            except LstmMigrateError as error:
                assert isinstance(error, (PlanError, SourceError)), what
                assert all(problem.what for problem in error.problems), what
            except Exception as error:
                error.add_note(f"{case}: {what}")
                raise


def test_an_unchanged_config_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_checkpoint(VALID / CASES[0] / "model.h5") as checkpoint:
        planned(checkpoint, checkpoint.architecture, monkeypatch)
