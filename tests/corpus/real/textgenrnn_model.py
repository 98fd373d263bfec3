"""The model that the weights of textgenrnn 2.0.0 belong to, in stock layers of Keras 3.

The package ships weights without an architecture. Its own attention layer scores each step by one
learned vector, makes weights of the scores over time and adds up the steps; a Dense of one unit, a
softmax over time and a product do the same. (It divides by the sum of the weights + 1e-7, and that sum
is at least 1: a difference below float32's rounding.)
"""

from __future__ import annotations

import keras
from keras import layers

STEPS, SYMBOLS, WIDTH, UNITS = 40, 465, 100, 128


def build() -> keras.Model:
    """The model, named as the arrays are in the file."""
    symbols = keras.Input((STEPS,), name="input", dtype="int32")
    embedded = layers.Embedding(SYMBOLS, WIDTH, name="embedding")(symbols)
    # The weights are cuDNN's, which knows no gates but the sigmoid.
    first = layers.LSTM(UNITS, recurrent_activation="sigmoid", return_sequences=True, name="rnn_1")(embedded)
    second = layers.LSTM(UNITS, recurrent_activation="sigmoid", return_sequences=True, name="rnn_2")(first)
    steps = layers.Concatenate(name="rnn_concat")([embedded, first, second])
    scores = layers.Dense(1, use_bias=False, name="attention")(steps)
    weights = layers.Softmax(axis=1, name="attention_weights")(scores)
    average = layers.Dot(axes=1, name="attention_average")([weights, steps])
    flat = layers.Flatten(name="attention_flat")(average)
    return keras.Model(symbols, layers.Dense(SYMBOLS, activation="softmax", name="output")(flat))
