"""Where masks come from, beside Keras 3's."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Layer, WeightKey
from lstm_migrate.reference.scope import NoReference, Precision, Scope, Tensor
from tests.unit.reference.chains import KERAS_3, assert_like_keras, numbers, with_holes


def test_masking_zeroes_what_it_masks() -> None:
    x = with_holes(6) + 2.0
    assert_like_keras([keras.layers.Masking(2.0), keras.layers.LSTM(4, return_sequences=True)], x)
    assert_like_keras([keras.layers.Masking(2.0)], x)


def test_embedding_masks_the_token_zero_if_asked() -> None:
    tokens = np.array([[0, 3, 1, 0, 2, 0], [5, 0, 0, 0, 0, 0]])
    for mask_zero in (False, True):
        layers = [keras.layers.Embedding(6, 3, mask_zero=mask_zero), keras.layers.GRU(4)]
        assert_like_keras(layers, tokens)


def test_a_token_outside_the_vocabulary_is_no_reference() -> None:
    weights = {WeightKey(("words",), "embeddings"): numbers(4, 2)}
    scope = Scope(Layer("words", "Embedding"), ("words",), weights, KERAS_3, Precision(), {}, lambda *_: None)
    for token in (-1, 4):
        with pytest.raises(NoReference, match="a token outside the vocabulary of 4"):
            scope.call(Tensor(np.array([[token]])))
