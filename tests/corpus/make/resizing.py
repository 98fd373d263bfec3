"""Writes ../../corpus/resizing: models of old frameworks, to be resized, with what they computed.

    python resizing.py k224                # every case of the era; the interpreter is that era's own
    python resizing.py tf20 --only 'enc*'  # some of them

The pins of the eras are in make.py, what a folder holds is in record.py. Weights are drawn anew (biases too), but
for `trained_adding`, whose weights are what 40 epochs made of them.
"""

import argparse
import fnmatch
import os
import shutil
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RESIZING = os.path.join(os.path.dirname(HERE), "resizing")
sys.path.insert(0, HERE)

from era import Era
from record import CASES, Made, case, fill

BATCH = 8


def sequences(era, steps, features, batch=BATCH):
    return era.random.normal(size=(batch, steps, features)).astype("float32")


def tokens(era, steps, high, batch=BATCH):
    return era.random.randint(1, high, size=(batch, steps)).astype("int32")


@case("k224")
def lstm_128(era):
    """Sequential: LSTM(128) -> Dense(3); 3 features, 6 steps"""
    model = era.Sequential()
    model.add(era.L.LSTM(128, input_shape=(6, 3), name="lstm_1"))
    model.add(era.L.Dense(3, name="dense_1"))
    return Made(model, sequences(era, 6, 3), scale=0.12)


@case("k202")
def gru_stacked(era):
    """Sequential: GRU(10) -> GRU(8) -> Dense(4, elu) -> Dense(2)"""
    model = era.Sequential()
    model.add(era.L.GRU(10, return_sequences=True, input_shape=(7, 3), name="gru_1"))
    model.add(era.L.GRU(8, name="gru_2"))
    model.add(era.L.Dense(4, activation="elu", name="dense_1"))
    model.add(era.L.Dense(2, name="dense_2"))
    return Made(model, sequences(era, 7, 3), scale=0.4)


@case("k231")
def bidirectional(era):
    """functional: Bidirectional(LSTM(7), concat) -> BatchNormalization -> Bidirectional(GRU(6, reset_after), sum) ->
    TimeDistributed(Dense(3)) -> Flatten -> Dense(2)"""
    L, inputs = era.L, era.Input(shape=(5, 3), name="input_1")
    x = L.Bidirectional(L.LSTM(7, return_sequences=True), name="both_1")(inputs)
    x = L.BatchNormalization(name="norm")(x)
    gru = L.GRU(6, return_sequences=True, reset_after=True)
    x = L.Bidirectional(gru, merge_mode="sum", name="both_2")(x)
    x = L.TimeDistributed(L.Dense(3, activation="tanh"), name="each")(x)
    x = L.Dense(2, name="head")(L.Flatten(name="flat")(x))
    return Made(era.Model(inputs, x), sequences(era, 5, 3), scale=0.4)


@case("tf113")
def stacked(era):
    """functional: LSTM(9) -> Dropout -> GRU(8) -> SimpleRNN(7) -> Dense(3, softmax)"""
    L, inputs = era.L, era.Input(shape=(6, 4), name="input_1")
    x = L.LSTM(9, return_sequences=True, name="lstm")(inputs)
    x = L.GRU(8, return_sequences=True, name="gru")(L.Dropout(0.3, name="drop")(x))
    x = L.SimpleRNN(7, name="rnn")(x)
    return Made(era.Model(inputs, L.Dense(3, activation="softmax", name="head")(x)), sequences(era, 6, 4), scale=0.4)


@case("tf20")
def encoder_decoder(era):
    """functional: Embedding(12, 5) -> LSTM(8, return_state); Embedding(9, 4) -> LSTM(8, initial_state of the
    encoder) -> Dense(9, softmax)"""
    L = era.L
    source, target = era.Input(shape=(6,), name="source"), era.Input(shape=(5,), name="target")
    _, h, c = L.LSTM(8, return_state=True, name="encoder")(L.Embedding(12, 5, name="words_in")(source))
    x = L.Embedding(9, 4, name="words_out")(target)
    x = L.LSTM(8, return_sequences=True, name="decoder")(x, initial_state=[h, c])
    x = L.Dense(9, activation="softmax", name="head")(x)
    return Made(era.Model([source, target], x), [tokens(era, 6, 12), tokens(era, 5, 9)], scale=0.5)


@case("tf212")
def residual(era):
    """functional: Dense(8) -> LSTM(8) + itself -> GRU(8) * that sum -> concatenated with an LSTM(5) -> LSTM(6) ->
    Dense(2)"""
    L, inputs = era.L, era.Input(shape=(6, 3), name="input_1")
    wide = L.Dense(8, activation="tanh", name="wide")(inputs)
    summed = L.Add(name="add")([wide, L.LSTM(8, return_sequences=True, name="lstm_1")(wide)])
    gated = L.Multiply(name="multiply")([summed, L.GRU(8, return_sequences=True, name="gru_1")(summed)])
    beside = L.LSTM(5, return_sequences=True, name="lstm_2")(inputs)
    x = L.LSTM(6, name="lstm_3")(L.Concatenate(name="joined")([gated, beside]))
    return Made(era.Model(inputs, L.Dense(2, name="head")(x)), sequences(era, 6, 3), scale=0.4)


@case("tf24")
def cells(era):
    """functional: RNN([LSTMCell(6), GRUCell(5)]) -> Dense(2), and ConvLSTM2D(4) -> Flatten -> Dense(2)"""
    L = era.L
    inputs, film = era.Input(shape=(5, 3), name="input_1"), era.Input(shape=(3, 5, 5, 2), name="film")
    both = L.RNN([L.LSTMCell(6), L.GRUCell(5)], name="stack")
    y = L.Dense(2, name="head")(both(inputs))
    z = L.ConvLSTM2D(4, 3, name="conv")(film)
    z = L.Dense(2, name="film_head")(L.Flatten(name="flat")(z))
    pictures = era.random.normal(size=(BATCH, 3, 5, 5, 2)).astype("float32")
    return Made(era.Model([inputs, film], [y, z]), [sequences(era, 5, 3), pictures], scale=0.3)


@case("k231")
def vocabulary(era):
    """Sequential: Embedding(10, 5) -> LSTM(6) -> Dense(10, softmax), the next word of ten"""
    model = era.Sequential()
    model.add(era.L.Embedding(10, 5, input_length=6, name="words"))
    model.add(era.L.LSTM(6, name="lstm"))
    model.add(era.L.Dense(10, activation="softmax", name="next_word"))
    return Made(model, tokens(era, 6, 10), scale=0.7)


@case("k224")
def stateful(era):
    """Sequential, stateful, batch of 4: LSTM(6) -> GRU(5) -> Dense(2)"""
    model = era.Sequential()
    options = {"stateful": True, "batch_input_shape": (4, 5, 3)}
    model.add(era.L.LSTM(6, return_sequences=True, name="lstm", **options))
    model.add(era.L.GRU(5, stateful=True, name="gru"))
    model.add(era.L.Dense(2, name="head"))
    return Made(model, sequences(era, 5, 3, batch=4), stateful=True, scale=0.5)


@case("k224")
def siamese(era):
    """functional: one LSTM(7), called with two inputs, and a nested model of a GRU(6) and a Dense(4), called with
    both inputs; concatenated -> Dense(2)"""
    L = era.L
    left, right = era.Input(shape=(5, 3), name="left"), era.Input(shape=(5, 3), name="right")
    shared = L.LSTM(7, name="shared")
    own = era.Input(shape=(5, 3), name="own")
    inner = era.Model(own, L.Dense(4, name="inner_dense")(L.GRU(6, name="inner_gru")(own)), name="inner")
    x = L.Concatenate(name="joined")([shared(left), shared(right), inner(left), inner(right)])
    model = era.Model([left, right], L.Dense(2, name="head")(x))
    return Made(model, [sequences(era, 5, 3), sequences(era, 5, 3)], scale=0.4)


@case("k224")
def trained_adding(era):
    """Sequential: LSTM(48) -> Dense(1), trained to add up the numbers that are marked: x[..., 0] @ x[..., 1]"""

    def marked(count):
        x = np.zeros((count, 12, 2), "float32")
        x[..., 0] = era.random.uniform(-1, 1, size=(count, 12))
        x[..., 1] = era.random.uniform(size=(count, 12)) < 0.3
        return x

    model = era.Sequential()
    model.add(era.L.LSTM(48, input_shape=(12, 2), name="lstm_1"))
    model.add(era.L.Dense(1, name="dense_1"))
    model.compile("adam", "mse")
    x = marked(8000)
    model.fit(x, wanted(x), batch_size=64, epochs=40, verbose=0)
    model.compile("sgd", "mse")  # leaves Adam's slots out of the file
    kept = marked(400)
    loss = model.evaluate(kept, wanted(kept), verbose=0)
    return Made(model, kept, weights=False, note="mean square error on the recorded inputs: %.2g" % loss)


def wanted(x):
    """What the trained model was to learn."""
    return np.einsum("nt,nt->n", x[..., 0], x[..., 1])[:, None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("era")
    parser.add_argument("--only", default="*", help="glob over case names")
    arguments = parser.parse_args()
    era = Era(arguments.era)
    for each in CASES:
        if arguments.era not in each.eras or not fnmatch.fnmatch(each.name, arguments.only):
            continue
        era.fresh(each.name)
        folder = os.path.join(RESIZING, each.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        began = time.time()
        print("%-20s %s %5.1fs" % (each.name, fill(era, each, each.build(era), each.name, folder), time.time() - began))


if __name__ == "__main__":
    main()
