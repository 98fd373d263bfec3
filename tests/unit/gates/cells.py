"""Live layers for the tests, and their equations in NumPy, fed with nothing but what `gates` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

L = keras.layers
FEATURES, UNITS, STEPS = 5, 3, 4

LAYERS: dict[str, Callable[[], Any]] = {
    "lstm": lambda: L.LSTM(UNITS, name="enc"),
    "lstm without bias": lambda: L.LSTM(UNITS, use_bias=False, name="enc"),
    "gru": lambda: L.GRU(UNITS, name="enc"),
    "gru before": lambda: L.GRU(UNITS, reset_after=False, name="enc"),
    "simple rnn": lambda: L.SimpleRNN(UNITS, name="enc"),
    "rnn of a cell": lambda: L.RNN(L.GRUCell(UNITS), name="enc"),
    "rnn of cells": lambda: L.RNN([L.LSTMCell(UNITS), L.GRUCell(2)], name="enc"),
    "bidirectional": lambda: L.Bidirectional(L.LSTM(UNITS), name="enc"),
    "bidirectional of cells": lambda: L.Bidirectional(L.RNN([L.LSTMCell(2), L.SimpleRNNCell(2)]), name="enc"),
    "float16": lambda: L.LSTM(UNITS, dtype="float16", name="enc"),
    "bfloat16": lambda: L.LSTM(UNITS, dtype="bfloat16", recurrent_initializer="zeros", name="enc"),
}


def made(kind: str, seed: int = 0) -> Any:
    """A built layer with other numbers at every place, biases too."""
    return filled(LAYERS[kind](), seed)


def filled(layer: Any, seed: int = 0) -> Any:
    layer.build((None, STEPS, FEATURES))
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=value.shape).astype("f4") for value in layer.get_weights()])
    return layer


def inputs(seed: int = 9) -> Any:
    return np.random.default_rng(seed).normal(size=(2, STEPS, FEATURES)).astype("f4")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def forward(gates: Mapping[Any, Any], x: Any, *, reset_after: bool = True) -> Any:
    """The last output of a cell, from the equations in the papers; `gates` tells which cell it is."""
    first = next(iter(gates.values()))
    h = c = np.zeros((len(x), first.recurrent_kernel.shape[0]))
    for step in range(x.shape[1]):
        h, c = STEP[tuple(gates)](gates, x[:, step].astype("f8"), h, c, reset_after)
    return h


def _argument(gate: Any, x: Any, h: Any) -> Any:
    total = x @ gate.kernel + h @ gate.recurrent_kernel
    for bias in (gate.bias, gate.recurrent_bias):
        total = total if bias is None else total + bias
    return total


def _lstm(g: Any, x: Any, h: Any, c: Any, _: bool) -> Any:
    i, f, o = (sigmoid(_argument(g[name], x, h)) for name in ("input", "forget", "output"))
    c = f * c + i * np.tanh(_argument(g["candidate"], x, h))
    return o * np.tanh(c), c


def _gru(g: Any, x: Any, h: Any, c: Any, reset_after: bool) -> Any:
    z, r = (sigmoid(_argument(g[name], x, h)) for name in ("update", "reset"))
    new = g["candidate"]
    if reset_after:
        inside = r * (h @ new.recurrent_kernel + new.recurrent_bias)
    else:
        inside = (r * h) @ new.recurrent_kernel
    return z * h + (1 - z) * np.tanh(x @ new.kernel + new.bias + inside), c


def _simple(g: Any, x: Any, h: Any, c: Any, _: bool) -> Any:
    return np.tanh(_argument(g["candidate"], x, h)), c


STEP = {
    ("input", "forget", "candidate", "output"): _lstm,
    ("update", "reset", "candidate"): _gru,
    ("candidate",): _simple,
}
