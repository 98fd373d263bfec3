"""A threshold that is subtracted becomes a bias, which is added."""

from __future__ import annotations

import numpy as np

from lstm_migrate.rules.negate import Negate

VALUES = np.array([[1.5, -2.0], [0.0, 3.0]], np.float32)


def test_a_bias_is_the_negated_threshold() -> None:
    assert Negate((2, 2)).apply(VALUES).tolist() == [[-1.5, 2.0], [0.0, -3.0]]


def test_a_magnitude_loses_its_sign_first() -> None:
    assert Negate((2, 2), magnitude=True).apply(VALUES).tolist() == [[-1.5, -2.0], [0.0, -3.0]]


def test_what_it_gives_back_does_the_same_again() -> None:
    for step in (Negate((2, 2)), Negate((2, 2), magnitude=True)):
        once = step.apply(VALUES)
        np.testing.assert_array_equal(step.apply(step.inverse().apply(once)), once)


def test_the_way_back_is_exact_and_tells_that_a_magnitude_was_chosen() -> None:
    plain, magnitude = Negate((2, 2)), Negate((2, 2), magnitude=True)
    assert plain.back(plain.apply(VALUES)).tobytes() == VALUES.tobytes()
    assert magnitude.apply(magnitude.back(magnitude.apply(VALUES))).tolist() == [[-1.5, -2.0], [0.0, -3.0]]
    assert not plain.choice
    assert magnitude.choice == "the threshold is stored as a positive number"


def test_positions_stay_where_they_are() -> None:
    positions = np.arange(1, 5).reshape(2, 2)
    np.testing.assert_array_equal(Negate((2, 2), magnitude=True).trace(positions), positions)
