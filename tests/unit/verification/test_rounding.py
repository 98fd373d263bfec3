"""What was rounded on its way there and back is no difference; anything more is one."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Array, Form, Step
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.rules.add_forget_bias import AddForgetBias
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from lstm_migrate.verification.rounding import agree

UNITS = 500
FORM = Form(Axes.parse("(gate u)"), {"gate": 4, "u": UNITS}, GateOrder("lstm", tuple("ifco")))
STEPS: dict[str, Step] = {
    "a forget bias": AddForgetBias(FORM, 2.5),
    "a factor": FoldHardSigmoid(FORM, ("i", "f", "o"), 1.2),
    "a factor and a shift": FoldHardSigmoid(FORM, ("i", "f", "o"), 0.7, -1.3),
}


def recipe(*steps: Step) -> Assignment:
    return Assignment(WeightKey(("lstm",), "bias"), ("b",), "bias", steps, (4 * UNITS,), "float32")


def there_and_back(step: Step, stored: Array) -> Array:
    return step.back(stored).astype(np.float32)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_what_comes_back_rounded_twice_agrees(name: str, scale: float) -> None:
    stored = np.random.default_rng(1).normal(size=4 * UNITS, scale=scale).astype(np.float32)
    source = there_and_back(STEPS[name], stored)
    assert agree(recipe(STEPS[name]), lambda _: source, stored)


@pytest.mark.parametrize("name", STEPS)
def test_a_few_last_places_more_are_seen(name: str) -> None:
    stored = np.random.default_rng(1).normal(size=4 * UNITS).astype(np.float32)
    source = there_and_back(STEPS[name], stored)
    wrong = stored.copy()
    wrong[3] += np.float32(3e-6)
    assert not agree(recipe(STEPS[name]), lambda _: source, wrong)


def test_what_is_only_moved_must_agree_in_every_bit() -> None:
    stored = np.zeros(4 * UNITS, np.float32)
    assert agree(recipe(), lambda _: stored, stored)
    assert not agree(recipe(), lambda _: -stored, stored)
    assert not agree(recipe(), lambda _: stored, stored.astype(np.float64))
