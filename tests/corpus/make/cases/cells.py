"""RNN over cells, and the convolutional LSTMs with their options."""

from record import Made, case


@case("k224 tf215", "RNN over one cell")
def rnn_one_cell(k):
    """RNN(LSTMCell(3, seq)), RNN(GRUCell), RNN(SimpleRNNCell, go_backwards, unroll)"""
    L = k.L
    x = k.Input((6, 3))
    y = L.RNN(L.LSTMCell(3), return_sequences=True)(x)
    m = k.Model(x, [L.RNN(L.GRUCell(2))(y), L.RNN(L.SimpleRNNCell(2), go_backwards=True, unroll=True)(x)])
    return Made(m, k.x(6, 3))


@case("k224 tf212", "StackedRNNCells of mixed cells, as a list and as an object; equal cells; nested stacks")
def rnn_stacked(k):
    """RNN([SimpleRNNCell, LSTMCell, GRUCell]), RNN(StackedRNNCells of two LSTMCell), both with sequences"""
    L = k.L
    x = k.Input((None, 3))
    y = L.RNN([L.SimpleRNNCell(2), L.LSTMCell(3), L.GRUCell(2)], return_sequences=True)(x)
    z = L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(2)]), return_sequences=True)(y)
    return Made(k.Model(x, [y, z]), k.x(6, 3))


@case("k216 tf20", "cells with options: no bias, implementation, reset_after, activations, unit_forget_bias")
def rnn_cell_options(k):
    """RNN of LSTMCell(no bias, implementation 2, relu), GRUCell(reset_after, sigmoid), GRUCell(no
    bias), SimpleRNNCell"""
    L = k.L
    x = k.Input((6, 3))
    cells = [
        L.LSTMCell(3, use_bias=False, implementation=2, activation="relu", unit_forget_bias=False),
        L.GRUCell(2, reset_after=True, recurrent_activation="sigmoid"),
        L.GRUCell(3, use_bias=False, reset_after=False, implementation=1),
        L.SimpleRNNCell(2, use_bias=False, activation="linear"),
    ]
    return Made(k.Model(x, [L.RNN(c, return_sequences=True)(x) for c in cells]), k.x(6, 3), scale=0.4)


@case("k202 k214", "GRU before reset_after existed (no such key up to 2.1.4); implementation 0, 1, 2")
def gru_early(k):
    """GRU(implementation=0, seq), GRU(implementation=2, no bias), GRU(implementation=1, relu)"""
    L = k.L
    x = k.Input((6, 3))
    y = (
        L.GRU(3, implementation=0, return_sequences=True)(x)
        if k.name != "k214"
        else L.GRU(3, return_sequences=True)(x)
    )
    z = L.GRU(3, implementation=2, use_bias=False, return_sequences=True)(y)
    return Made(k.Model(x, L.GRU(2, implementation=1, activation="relu")(z)), k.x(6, 3))


@case("k216 k231 tf20", "GRU with and without reset_after, every bias and activation")
def gru_reset_after(k):
    """GRU(reset_after=True), GRU(reset_after=False), GRU(reset_after=True, no bias), each with the
    era's activations"""
    L = k.L
    x = k.Input((6, 3))
    y = L.GRU(3, reset_after=True, return_sequences=True)(x)
    y = L.GRU(3, reset_after=False, return_sequences=True)(y)
    y = L.GRU(3, reset_after=True, use_bias=False, return_sequences=True, implementation=2)(y)
    return Made(k.Model(x, L.GRU(2, reset_after=False, recurrent_activation="tanh")(y)), k.x(6, 3))


@case("k202 tf215", "LSTM with unusual options")
def lstm_options(k):
    """LSTM(no bias), LSTM(softsign, softplus gates), LSTM(unit_forget_bias=False, implementation=2),
    LSTM(elu, linear gates)"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, use_bias=False, return_sequences=True)(x)
    y = L.LSTM(3, activation="softsign", recurrent_activation="softplus", return_sequences=True)(y)
    y = L.LSTM(3, unit_forget_bias=False, implementation=2, return_sequences=True)(y)
    return Made(
        k.Model(x, L.LSTM(2, activation="elu", recurrent_activation="linear")(y)), k.x(6, 3), scale=0.4
    )


@case("k202 tf24", "ConvLSTM2D: same and valid, strides, dilation, go_backwards, no bias")
def convlstm2d_options(k):
    """ConvLSTM2D(same, seq) -> ConvLSTM2D(valid, strides 2); dilation 2; go_backwards without bias;
    sigmoid, relu"""
    L = k.L
    x = k.Input((3, 7, 6, 2))
    y = L.ConvLSTM2D(2, (3, 2), padding="same", return_sequences=True)(x)
    outputs = [
        L.ConvLSTM2D(2, 3, strides=2, padding="valid")(y),
        L.ConvLSTM2D(2, 2, dilation_rate=2, activation="relu", recurrent_activation="sigmoid")(y),
        L.ConvLSTM2D(
            2,
            3,
            padding="same",
            strides=(2, 1),
            go_backwards=True,
            use_bias=False,
            return_sequences=True,
            unit_forget_bias=False,
        )(x),
    ]
    return Made(k.Model(x, outputs), k.x(3, 7, 6, 2), scale=0.4)


# Standalone Keras (2.2.4, 2.3.1) fails an assertion when ConvLSTM2D is given initial_state.
@case("tf24 tf28", "ConvLSTM2D with return_state, initial_state, BatchNormalization, masks of whole steps")
def convlstm2d_states(k):
    """ConvLSTM2D(return_state) -> ConvLSTM2D(initial_state) -> Conv3D"""
    L = k.L
    x = k.Input((None, 5, 5, 2))
    y, h, c = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True, return_state=True)(x)
    z = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(
        L.BatchNormalization()(y), initial_state=[h, c]
    )
    return Made(
        k.Model(x, [L.Conv3D(1, 3, padding="same", activation="sigmoid")(z), h, c]),
        k.x(4, 5, 5, 2),
        scale=0.4,
    )


@case("tf28 tf215", "ConvLSTM1D and ConvLSTM3D")
def convlstm1d_3d(k):
    """ConvLSTM1D(same, seq) -> ConvLSTM1D(dilation); ConvLSTM3D(valid, return_state)"""
    L = k.L
    x, v = k.Input((4, 6, 2)), k.Input((3, 4, 4, 3, 1))
    y = L.ConvLSTM1D(2, 3, dilation_rate=2)(L.ConvLSTM1D(2, 3, padding="same", return_sequences=True)(x))
    return Made(
        k.Model([x, v], [y] + list(L.ConvLSTM3D(2, 2, return_state=True)(v))),
        [k.x(4, 6, 2), k.x(3, 4, 4, 3, 1)],
        scale=0.4,
    )


@case("tf24", "an inner RNN layer with dropout and recurrent_dropout, which is not active at inference")
def dropouts(k):
    """LSTM, GRU, SimpleRNN, RNN(cells), ConvLSTM2D with dropout and recurrent_dropout"""
    L = k.L
    x = k.Input((5, 3))
    y = L.LSTM(3, dropout=0.2, recurrent_dropout=0.3, return_sequences=True)(x)
    y = L.GRU(3, dropout=0.2, recurrent_dropout=0.3, return_sequences=True)(y)
    y = L.RNN([L.LSTMCell(2, dropout=0.5), L.GRUCell(2, recurrent_dropout=0.5)], return_sequences=True)(y)
    return Made(k.Model(x, L.SimpleRNN(2, dropout=0.1)(y)), k.x(5, 3))


@case("tf20 tf212", "TF1's layers in TF2: the class names are the same, the defaults in the config are TF1's")
def compat_v1_layers(k):
    """tf.compat.v1.keras.layers.LSTM, GRU, Bidirectional(GRU), BatchNormalization"""
    V = k.tf.compat.v1.keras.layers
    x = k.Input((6, 3))
    y = V.BatchNormalization()(V.LSTM(3, return_sequences=True)(x))
    y = V.Bidirectional(V.GRU(2, return_sequences=True))(y)
    return Made(k.Model(x, V.GRU(3)(y)), k.x(6, 3))
