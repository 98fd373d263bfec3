"""Pooling against the installed Keras, with masks and by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.reference.scope import ShapeTooSmall, Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import (
    assert_close,
    assert_like_keras,
    numbers,
    reference,
    scope_of,
)

SHAPES = {1: (2, 9, 3), 2: (2, 8, 7, 3), 3: (2, 5, 6, 7, 3)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["MaxPooling", "AveragePooling"])
@pytest.mark.parametrize(
    "config",
    [
        {"pool_size": 2},
        {"pool_size": 3, "strides": 2, "padding": "same"},
        {"pool_size": 2, "strides": 3, "padding": "same"},
        {"pool_size": 3, "strides": 1},
    ],
)
def test_pooling_is_that_of_keras(rank: int, kind: str, config: dict[str, object]) -> None:
    assert_like_keras(f"{kind}{rank}D", numbers(*SHAPES[rank]), config)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["GlobalMaxPooling", "GlobalAveragePooling"])
@pytest.mark.parametrize("config", [{}, {"keepdims": True}, {"data_format": "channels_first"}])
def test_global_pooling_is_that_of_keras(rank: int, kind: str, config: dict[str, object]) -> None:
    assert_like_keras(f"{kind}{rank}D", numbers(*SHAPES[rank]), config)


def test_pooling_with_channels_first_is_channels_last_turned() -> None:
    x = numbers(2, 3, 8, 7)
    config = {"pool_size": (2, 3), "padding": "same", "strides": 2}
    first = reference(scope_of("AveragePooling2D", {**config, "data_format": "channels_first"}), x)
    last = reference(scope_of("AveragePooling2D", config), np.moveaxis(x, 1, -1))
    np.testing.assert_array_equal(first.value, np.moveaxis(last.value, -1, 1))


def test_padding_counts_for_nothing_in_an_average() -> None:
    x = np.array([2.0, 4.0, 6.0], np.float32)[None, :, None]
    config = {"pool_size": 2, "strides": 2, "padding": "same"}
    np.testing.assert_array_equal(reference(scope_of("AveragePooling1D", config), x).value[0, :, 0], [3, 6])


def test_theano_pads_a_window_on_both_sides() -> None:
    x = np.array([2.0, 4.0, 6.0], np.float32)[None, :, None]
    config = {"pool_size": 2, "strides": 2, "padding": "same"}
    scope = scope_of("AveragePooling1D", config, semantics=Semantics(theano_convolutions=True))
    np.testing.assert_array_equal(reference(scope, x).value[0, :, 0], [2, 5])


@pytest.mark.parametrize("config", [{}, {"keepdims": True}])
def test_the_global_average_of_a_masked_sequence_is_that_of_its_steps(config: dict[str, object]) -> None:
    x = numbers(3, 5, 2)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 1]], bool)
    expected = keras.layers.GlobalAveragePooling1D(**config)(x, mask=mask)
    ours = scope_of("GlobalAveragePooling1D", config).call(Tensor(x.astype(np.float64), mask))
    assert_close(ours, expected)
    assert ours.mask is None


def test_an_empty_sequence_averages_to_nan_without_a_warning() -> None:
    ours = scope_of("GlobalAveragePooling1D", {}).call(Tensor(np.ones((1, 2, 1)), np.zeros((1, 2), bool)))
    assert np.isnan(ours.value).all()


def test_an_input_shorter_than_the_window_asks_for_a_longer_probe() -> None:
    with pytest.raises(ShapeTooSmall):
        reference(scope_of("MaxPooling1D", {"pool_size": 3}), numbers(1, 2, 1))
    with pytest.raises(ShapeTooSmall):
        reference(scope_of("GlobalMaxPooling1D", {}), numbers(1, 0, 1))
