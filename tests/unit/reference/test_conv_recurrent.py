"""ConvLSTM layers beside Keras 3's."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from tests.unit.reference.chains import assert_like_keras, numbers

SHAPES = {"ConvLSTM1D": (6,), "ConvLSTM2D": (5, 6), "ConvLSTM3D": (4, 3, 5)}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True, "return_state": True, "go_backwards": True},
        {"padding": "same", "strides": 2, "recurrent_activation": "hard_sigmoid"},
        {"dilation_rate": 2, "use_bias": False, "padding": "same"},
    ],
)
def test_a_conv_lstm_computes_what_keras_computes(kind: str, options: dict[str, Any]) -> None:
    layer = getattr(keras.layers, kind)(3, 2, **options)
    assert_like_keras([layer], numbers(2, 4, *SHAPES[kind], 2))


def test_channels_may_come_first() -> None:
    layer = keras.layers.ConvLSTM2D(
        3, (2, 3), padding="same", data_format="channels_first", return_sequences=True, return_state=True
    )
    states = [numbers(2, 3, 5, 6, seed=index) for index in (1, 2)]
    assert_like_keras([layer], numbers(2, 4, 2, 5, 6), states)


@pytest.mark.parametrize("sequences", [False, True])
def test_masked_steps_are_left_out(sequences: bool) -> None:
    x = numbers(2, 4, 5, 6, 2)
    x[0, 1] = 0
    x[1, 3, 2] = 0
    layer = keras.layers.ConvLSTM2D(3, 3, padding="same", return_sequences=sequences)
    assert_like_keras([keras.layers.Masking(), layer], x)


def test_bidirectional_runs_around_a_conv_lstm() -> None:
    layer = keras.layers.Bidirectional(keras.layers.ConvLSTM1D(3, 2, return_sequences=True))
    assert_like_keras([layer], numbers(2, 4, 6, 2))
