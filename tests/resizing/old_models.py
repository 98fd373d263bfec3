"""The models of corpus/resizing, built anew in Keras 3: the same layers by the same names, in any sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.resizing.models import Build, Draft, Flow, fixed

OLD = Path(__file__).parents[1] / "corpus" / "resizing"


def source(case: str) -> Path:
    """The file that the old framework wrote."""
    return OLD / case / "model.h5"


def recording(case: str) -> Path:
    """What the old framework computed."""
    return OLD / case / "io.npz"


def recorded(case: str) -> tuple[list[Any], list[Any]]:
    """The inputs and outputs of a recording."""
    with np.load(recording(case)) as io:
        fed, got = (
            sorted(name for name in io.files if name.startswith(stem)) for stem in ("input", "output")
        )
        return [io[name] for name in fed], [io[name] for name in got]


def _model(inputs: Flow | list[Flow], outputs: Flow | list[Flow]) -> Any:
    import keras

    into, out = (
        [one.tensor for one in (flows if isinstance(flows, list) else [flows])] for flows in (inputs, outputs)
    )
    return keras.Model(into if len(into) > 1 else into[0], out if len(out) > 1 else out[0])


PLAIN: dict[str, Any] = {"return_sequences": True}


def lstm_128(d: Draft) -> Any:
    x = d.input((6, 3))
    return _model(x, d.dense(d.rnn("LSTM", x, "a", 128, name="lstm_1"), "out", 3, name="dense_1"))


def gru_stacked(d: Draft) -> Any:
    x = d.input((7, 3))
    y = d.rnn("GRU", x, "a", 10, name="gru_1", reset_after=False, **PLAIN)
    y = d.rnn("GRU", y, "b", 8, name="gru_2", reset_after=False)
    y = d.dense(y, "c", 4, name="dense_1", activation="elu")
    return _model(x, d.dense(y, "out", 2, name="dense_2"))


def bidirectional(d: Draft) -> Any:
    import keras

    x = d.input((5, 3))
    y = d.vectors("BatchNormalization", d.both("LSTM", x, "a", 7, name="both_1", **PLAIN), "norm")
    y = d.both("GRU", y, "b", 6, name="both_2", merge="sum", **PLAIN)
    y = d.dense(y, "c", 3, name="each", each=True, activation="tanh")
    y = d.plain(keras.layers.Flatten(name="flat"), y, labels=y.labels * 5)
    return _model(x, d.dense(y, "out", 2, name="head"))


def stacked(d: Draft) -> Any:
    import keras

    x = d.input((6, 4))
    y = d.plain(keras.layers.Dropout(0.3, name="drop"), d.rnn("LSTM", x, "a", 9, name="lstm", **PLAIN))
    y = d.rnn("GRU", y, "b", 8, name="gru", reset_after=False, **PLAIN)
    return _model(
        x, d.dense(d.rnn("SimpleRNN", y, "c", 7, name="rnn"), "out", 3, name="head", activation="softmax")
    )


def encoder_decoder(d: Draft) -> Any:
    source, target = d.ids(6, "source"), d.ids(5, "target")
    words = d.embedding(source, "n", 12, "e", 5, name="words_in")
    _, h, c = d.rnn_with_states("LSTM", words, "a", 8, name="encoder")
    y = d.embedding(target, "m", 9, "f", 4, name="words_out")
    y = d.rnn("LSTM", y, "a", 8, name="decoder", states=[h, c], **PLAIN)
    return _model([source, target], d.dense(y, "m", 9, name="head", activation="softmax"))


def residual(d: Draft) -> Any:
    import keras

    x = d.input((6, 3))
    wide = d.dense(x, "a", 8, name="wide", activation="tanh")
    summed = d.plain(keras.layers.Add(name="add"), wide, d.rnn("LSTM", wide, "a", 8, name="lstm_1", **PLAIN))
    gated = d.rnn("GRU", summed, "a", 8, name="gru_1", **PLAIN)
    gated = d.plain(keras.layers.Multiply(name="multiply"), summed, gated)
    beside = d.rnn("LSTM", x, "b", 5, name="lstm_2", **PLAIN)
    joined = d.plain(
        keras.layers.Concatenate(name="joined"), gated, beside, labels=gated.labels + beside.labels
    )
    return _model(x, d.dense(d.rnn("LSTM", joined, "c", 6, name="lstm_3"), "out", 2, name="head"))


def cells(d: Draft) -> Any:
    import keras

    x, film = d.input((5, 3), name="input_1"), d.input((3, 5, 5, 2), name="film")
    stack = _stack(d, x)
    conv = d.rnn("ConvLSTM2D", film, "f", 4, name="conv", kernel_size=3, recurrent_activation="hard_sigmoid")
    flat = d.plain(keras.layers.Flatten(name="flat"), conv, labels=conv.labels * 9)
    return _model([x, film], [d.dense(stack, "y", 2, name="head"), d.dense(flat, "z", 2, name="film_head")])


def _stack(d: Draft, x: Flow) -> Flow:
    """The stack's cells as the old file names them."""
    import keras

    a, b = d.labels("a", 6), d.labels("b", 5)
    d.owners.update(a=["stack/cell/0"], b=["stack/cell/1"])
    d.arrays["stack"] = d.axes("LSTMCell", x.labels, a) + d.axes("GRUCell", a, b)
    cells = [d.layer("LSTMCell", a, name="lstm_cell"), d.layer("GRUCell", b, name="gru_cell")]
    return Flow(keras.layers.RNN(cells, name="stack")(x.tensor), b)


def siamese(d: Draft) -> Any:
    import keras

    left, right, own = (
        d.input((5, 3), name="left"),
        d.input((5, 3), name="right"),
        d.input((5, 3), name="own"),
    )
    a, b, c = d.labels("a", 7), d.labels("b", 6), d.labels("c", 4)
    shared = d.layer("LSTM", a, name="shared")
    gru = d.layer("GRU", b, reset_after=False, name="inner_gru")
    inner = keras.layers.Dense(len(c), name="inner_dense")(gru(own.tensor))
    inner = keras.Model(own.tensor, inner, name="inner")
    d.owners.update(a=["shared"], b=["inner/inner_gru"], c=["inner/inner_dense"])
    d.arrays["shared"] = d.axes("LSTM", fixed(3), a)
    d.arrays["inner"] = [*d.axes("GRU", fixed(3), b, reset_after=False), (b, c), (c,)]
    parts = [layer(one.tensor) for layer in (shared, inner) for one in (left, right)]
    joined = Flow(keras.layers.Concatenate(name="joined")(parts), a * 2 + c * 2)
    return _model([left, right], d.dense(joined, "out", 2, name="head"))


def vocabulary(d: Draft) -> Any:
    x = d.ids(6, "tokens")
    y = d.rnn("LSTM", d.embedding(x, "n", 10, "e", 5, name="words"), "a", 6, name="lstm")
    return _model(x, d.dense(y, "n", 10, name="next_word", activation="softmax"))


def stateful(d: Draft) -> Any:
    import keras

    x = Flow(keras.Input(batch_shape=(4, 5, 3)), fixed(3))
    y = d.rnn("LSTM", x, "a", 6, name="lstm", stateful=True, **PLAIN)
    y = d.rnn("GRU", y, "b", 5, name="gru", stateful=True, reset_after=False)
    return _model(x, d.dense(y, "out", 2, name="head"))


def trained_adding(d: Draft) -> Any:
    x = d.input((12, 2))
    return _model(x, d.dense(d.rnn("LSTM", x, "a", 48, name="lstm_1"), "out", 1, name="dense_1"))


SIGMOID = frozenset({"encoder-decoder", "residual", "cells", "bidirectional", "vocabulary"})
"""What Keras 2.3 and TensorFlow 2 saved; before, gates were hard sigmoids, as those of ConvLSTM2D stayed."""


def gates(case: str) -> str:
    return "sigmoid" if case in SIGMOID else "hard_sigmoid"


BUILDS: dict[str, Build] = {
    "lstm-128": lstm_128,
    "gru-stacked": gru_stacked,
    "bidirectional": bidirectional,
    "stacked": stacked,
    "encoder-decoder": encoder_decoder,
    "residual": residual,
    "cells": cells,
    "siamese": siamese,
    "vocabulary": vocabulary,
    "stateful": stateful,
    "trained-adding": trained_adding,
}
