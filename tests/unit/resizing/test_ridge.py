"""Least squares that neither explodes where the data say little nor shrinks where they say much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_migrate.resizing.ridge import ridge


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


@pytest.mark.parametrize("rows", [200, 8])
def test_a_linear_law_is_found_where_there_are_data_for_it(rows: int) -> None:
    given, law = drawn(rows, 5), drawn(5, 3, seed=1)
    onto, constant = ridge(given, given @ law + [1, 2, 3], np.ones(3), centred=True)
    assert np.allclose(onto, law, atol=1e-5) and np.allclose(constant, [1, 2, 3], atol=1e-5)


def test_without_a_place_for_a_constant_there_is_none() -> None:
    given = drawn(50, 4) + 3
    onto, constant = ridge(given, np.ones((50, 2)), np.ones(2), centred=False)
    assert not constant.any()
    assert np.mean((given @ onto - 1) ** 2) < 0.2


def test_noise_is_shrunk_away_more_than_a_law() -> None:
    given = drawn(30, 20)
    noise, law = drawn(30, 4, seed=2), given[:, :4]
    assert np.abs(ridge(given, noise, np.ones(4), centred=True)[0]).max() < 0.3
    assert np.allclose(ridge(given, law, np.ones(4), centred=True)[0], np.eye(20)[:, :4], atol=1e-4)


def test_with_fewer_rows_than_columns_it_foretells_better_than_nothing() -> None:
    hidden = drawn(400, 6)
    given, wanted = hidden @ drawn(6, 40, seed=3), hidden @ drawn(6, 3, seed=4)
    onto, constant = ridge(given[:20], wanted[:20], np.ones(3), centred=True)
    missed = wanted[20:] - given[20:] @ onto - constant
    assert np.mean(missed**2) < 1e-3 * np.var(wanted)


def test_what_it_misses_of_each_row_is_what_leaving_the_row_out_shows() -> None:
    given, wanted = drawn(12, 3), drawn(12, 2, seed=1)
    strength = 0.5
    scale = float(np.sum((given - given.mean(axis=0)) ** 2)) / 3
    whole = given - given.mean(axis=0)
    inverse = np.linalg.inv(whole.T @ whole + strength * scale * np.eye(3))
    onto, constant = ridge(given, wanted, np.ones(2), centred=True, strengths=np.array([strength]))
    assert np.allclose(onto, inverse @ whole.T @ (wanted - wanted.mean(axis=0)))
    assert np.allclose(constant, wanted.mean(axis=0) - given.mean(axis=0) @ onto)


def test_of_several_strengths_the_columns_with_weight_decide() -> None:
    given = drawn(25, 15)
    wanted = np.column_stack([given @ drawn(15, seed=1), drawn(25, seed=2)])
    law, _ = ridge(given, wanted, np.array([1.0, 0.0]), centred=True)
    noise, _ = ridge(given, wanted, np.array([0.0, 1.0]), centred=True)
    assert np.linalg.norm(noise[:, 1]) < np.linalg.norm(law[:, 1]) / 2


def test_columns_that_say_nothing_give_the_mean() -> None:
    onto, constant = ridge(np.full((6, 2), 7.0), np.arange(6.0)[:, None], np.ones(1), centred=True)
    assert not onto.any() and constant == pytest.approx([2.5])
