"""What following finds is true: moved by nothing else, a model still computes what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.layers import PeepholeLSTMCell
from lstm_migrate.verification.probes import probe
from tests.unit.resizing.doubling import MAKINGS, Moved, difference, movable
from tests.unit.resizing.keras_models import Opened, opened

L = keras.layers
EXACT = 1e-9


def stacked() -> Any:
    x = keras.Input((6, 3))
    h = L.Bidirectional(L.LSTM(4, return_sequences=True))(x)
    h = L.RNN([L.GRUCell(3), PeepholeLSTMCell(4)], return_sequences=True)(h)
    h = L.BatchNormalization()(L.TimeDistributed(L.Dense(5, activation="relu"))(h))
    return keras.Model(x, L.Dense(3)(L.Flatten()(L.PReLU()(h))))


def residual() -> Any:
    x = keras.Input((6, 3))
    h = L.Conv1D(4, 2, padding="same")(x)
    for _ in range(2):
        h = L.Add()([h, L.GRU(4, return_sequences=True)(L.Dropout(0.2)(h))])
    h = L.Concatenate()([h, L.SeparableConv1D(3, 1)(h), L.DepthwiseConv1D(1, depth_multiplier=2)(h)])
    return keras.Model(x, [L.Dense(2)(L.GlobalMaxPooling1D()(h)), L.Dense(4, activation="softmax")(h)])


def encoder_decoder() -> Any:
    x, y = keras.Input((5, 3)), keras.Input((4,), dtype="int32")
    sequence, *states = L.Bidirectional(L.LSTM(3, return_sequences=True, return_state=True))(x)
    first = [L.Concatenate()(states[0::2]), L.Concatenate()(states[1::2])]
    decoded = L.LSTM(6, return_sequences=True)(L.Embedding(9, 5)(y), initial_state=first)
    attended = L.Attention()([decoded, sequence])
    return keras.Model([x, y], L.Dense(7)(L.Concatenate()([decoded, attended])))


def attentive() -> Any:
    x = keras.Input((5, 4))
    h = L.LSTM(4, return_sequences=True)(x)
    h = L.MultiHeadAttention(2, 3)(h, L.Dense(5)(h))
    h = L.AdditiveAttention()([h, h])
    h = L.MultiHeadAttention(2, 3, output_shape=6)(h, h)
    return keras.Model(x, L.Dense(2)(L.UnitNormalization()(L.LayerNormalization(axis=1)(h))))


def pictures() -> Any:
    x = keras.Input((3, 6, 6, 2))
    h = L.ConvLSTM2D(3, 2, return_sequences=True)(x)
    h = L.TimeDistributed(L.Conv2DTranspose(4, 2, activation="elu"))(h)
    h = L.TimeDistributed(L.MaxPooling2D(2))(h)
    return keras.Model(x, L.Dense(3)(L.GRU(3)(L.TimeDistributed(L.Flatten())(h))))


def shared() -> Any:
    door = keras.Input((6, 4))
    inner = keras.Model(
        door, L.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d")(L.GRU(3, return_sequences=True)(door))
    )
    x, y = keras.Input((6, 2)), keras.Input((6, 3))
    a, b = (L.SimpleRNN(4, return_sequences=True)(one) for one in (x, y))
    return keras.Model([x, y], L.Dot(2)([inner(a), inner(b)]))


def operations() -> Any:
    x = keras.Input((6, 3))
    h = L.LSTM(4, return_sequences=True)(L.Masking()(x))
    last = keras.ops.relu(h[:, -1]) * 0.5
    h = keras.ops.concatenate([keras.ops.flip(h, axis=1), -h], axis=-1)
    scores = keras.ops.matmul(h, keras.ops.transpose(h, (0, 2, 1)))
    summed = keras.ops.sum(keras.ops.matmul(scores, h), axis=1)
    return keras.Model(x, L.Dense(2)(keras.ops.concatenate([summed, last], axis=-1)))


MODELS: dict[str, tuple[Callable[[], Any], int]] = {
    "stacked": (stacked, 6),
    "residual": (residual, 6),
    "encoder_decoder": (encoder_decoder, 3),
    "attentive": (attentive, 3),
    "pictures": (pictures, 3),
    "shared": (shared, 3),
    "operations": (operations, 1),
}
"""Models, with how many of their layers can at least be doubled or moved in every way but one."""


def taken_apart(name: str) -> tuple[Opened, list[np.ndarray[Any, Any]]]:
    found = opened(MODELS[name][0]())
    return found, probe(found.graph, 3, 6)


@pytest.mark.parametrize("move", MAKINGS)
@pytest.mark.parametrize("name", MODELS)
def test_a_moved_model_computes_the_same(name: str, move: str) -> None:
    found, inputs = taken_apart(name)
    random = np.random.default_rng(1)
    layers = 0
    for path, roots in movable(found.followed, move):
        moved = MAKINGS[move][0](found.followed, roots, random)
        assert difference(found.graph, found.weights, inputs, moved) < EXACT, path
        layers += 1
    assert layers >= MODELS[name][1] or move in ("copy", "loud", "order")
    assert layers


def test_a_forgotten_array_shows() -> None:
    found, inputs = taken_apart("stacked")
    path, roots = next(movable(found.followed, "order"))
    moved = Moved(found.followed, dict(zip(roots.tolist(), np.roll(roots, 1).tolist(), strict=True)))
    assert difference(found.graph, found.weights, inputs, moved) < EXACT
    for key in [key for key, one in found.followed.arrays.items() if key.path == path]:
        arrays = {other: one for other, one in found.followed.arrays.items() if other != key}
        forgetful = replace(moved, followed=replace(found.followed, arrays=arrays))
        assert difference(found.graph, found.weights, inputs, forgetful) > 1e-4, key


def test_a_forgotten_pin_shows() -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    found = opened(keras.Model(x, L.Dense(2)(L.LayerNormalization()(h))))
    inputs = probe(found.graph, 3, 6)
    free = replace(found.followed, pins=[])
    (roots,) = (roots for path, roots in movable(free, "silent") if path == ("a",))
    moved = MAKINGS["silent"][0](free, roots, np.random.default_rng(1))
    assert difference(found.graph, found.weights, inputs, moved) > 1e-3


def test_every_array_of_these_models_has_its_elements() -> None:
    for name in MODELS:
        found, _ = taken_apart(name)
        heads = {key for key in found.weights if key.role in ("query/bias", "key/bias", "value/bias")}
        assert found.followed.arrays.keys() == found.weights.keys() - heads
        for key, placed in found.followed.arrays.items():
            assert placed.form.shape == found.weights[WeightKey(*key)].shape
            assert {
                symbol: len(ids) for symbol, ids in placed.ids.items()
            }.items() <= placed.form.sizes.items()
