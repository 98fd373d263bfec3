"""Categories and bins against the installed Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.unit.reference.against_keras import assert_like_keras, reference, scope_of


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization_is_that_of_keras(mode: str) -> None:
    x = np.array([[-1.5], [0.0], [0.2], [1.0], [7.0]], np.float32)
    config = {"bin_boundaries": [-1.0, 0.0, 1.0], "output_mode": mode}
    assert_like_keras("Discretization", x, config)


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(4, 1), (4, 3), (4,)])
def test_category_encoding_is_that_of_keras(mode: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 5, shape)
    assert_like_keras("CategoryEncoding", x, {"num_tokens": 5, "output_mode": mode})


def test_counts_may_be_weighted() -> None:
    config = {"num_tokens": 3, "output_mode": "count"}
    x, weights = np.array([[0, 1, 1]]), np.array([[0.5, 1.0, 2.0]], np.float32)
    expected = keras.layers.CategoryEncoding(**config)(x, count_weights=weights)
    ours = reference(scope_of("CategoryEncoding", config), x, count_weights=weights)
    np.testing.assert_array_equal(ours.value, np.asarray(expected))
