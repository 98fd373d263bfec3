"""IntegerLookup against the installed Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.reference.scope import NoReference
from tests.unit.reference.against_keras import reference, scope_of

WORDS = [12, 36, 1138, 42]
VALUES = np.array([[12, 42, 7, 0, 99], [1138, 36, 36, 8, 7]], np.int64)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"num_oov_indices": 3},
        {"mask_token": 7},
        {"mask_token": 7, "num_oov_indices": 2},
        {"vocabulary": [-1, *WORDS]},
        {"vocabulary": [7, -1, *WORDS], "mask_token": 7},
        {"output_mode": "multi_hot"},
        {"output_mode": "count", "mask_token": 7},
        {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True, "num_oov_indices": 2},
    ],
)
def test_it_numbers_values_as_keras_does(config: dict[str, Any]) -> None:
    config = {"vocabulary": WORDS, **config}
    expected = np.asarray(keras.layers.IntegerLookup(**config)(VALUES))
    full = {"output_mode": "int", "num_oov_indices": 1, "oov_token": -1, **config}
    np.testing.assert_array_equal(reference(scope_of("IntegerLookup", full), VALUES).value, expected)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"num_oov_indices": 0}, "outside of the vocabulary"),
        ({"vocabulary": None}, "not in the config"),
        ({"invert": True}, "inverted"),
        ({"output_mode": "tf_idf"}, "weighs its tokens"),
    ],
)
def test_what_it_does_not_know_has_no_reference(config: dict[str, Any], message: str) -> None:
    full = {"vocabulary": WORDS, "output_mode": "int", **config}
    with pytest.raises(NoReference, match=message):
        reference(scope_of("IntegerLookup", full), VALUES)
