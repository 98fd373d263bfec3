"""A moving standard deviation becomes the variance by which a later layer divides alike."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.rules.square_deviation import SquareDeviation


@pytest.mark.parametrize("epsilon", [1e-6, 1e-3, 0.1])
def test_both_layers_divide_by_the_same(epsilon: float) -> None:
    deviation = np.abs(np.random.default_rng(0).normal(size=16)).astype(np.float32)
    variance = SquareDeviation((16,), epsilon).apply(deviation)
    np.testing.assert_allclose(np.sqrt(variance + epsilon), deviation.astype(float) + epsilon, rtol=1e-12)


def test_by_hand() -> None:
    assert SquareDeviation((1,), 0.5).apply(np.array([1.5])).tolist() == [3.5]  # (1.5 + 0.5)² − 0.5


def test_the_deviation_comes_back() -> None:
    step, deviation = SquareDeviation((3,), 0.1), np.array([0.2, 1.0, 7.0])
    np.testing.assert_allclose(step.back(step.apply(deviation)), deviation, rtol=1e-12)


def test_forgetting_it_leaves_the_deviation() -> None:
    step, deviation = SquareDeviation((2,), 0.1), np.array([0.2, 1.0])
    assert step.omitted(deviation) is deviation
    assert step.effect == "exact"
