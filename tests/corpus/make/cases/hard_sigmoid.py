"""Wherever hard_sigmoid = clip(0.2 x + 0.5) can stand. The kernels are large, so that both corners are
reached."""

from record import Made, case

HARD = "hard_sigmoid"


@case("k202 k224 tf113", "hard_sigmoid in recurrent layers as gate and as activation")
def hard_recurrent(k):
    """LSTM, GRU, GRU without bias, SimpleRNN with hard_sigmoid gates; LSTM(activation=hard_sigmoid)"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, recurrent_activation=HARD, return_sequences=True)(x)
    y = L.GRU(3, recurrent_activation=HARD, return_sequences=True)(y)
    y = L.GRU(3, recurrent_activation=HARD, use_bias=False, return_sequences=True)(y)
    y = L.LSTM(3, recurrent_activation=HARD, use_bias=False, return_sequences=True)(y)
    return Made(k.Model(x, y), k.x(6, 3), scale=1.5)


@case("k208 tf212", "hard_sigmoid as the candidate's activation: used twice, on gates' product too")
def hard_candidate(k):
    """LSTM(activation=hard_sigmoid) is not folded by scaling: it also squashes the cell state; GRU,
    SimpleRNN can be"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, activation=HARD, recurrent_activation="sigmoid", return_sequences=True)(x)
    return Made(k.Model(x, y), k.x(6, 3), scale=1.5)


@case("k224 tf215", "hard_sigmoid as the candidate's activation of GRU, SimpleRNN and cells")
def hard_candidate_gru(k):
    """GRU(activation=hard_sigmoid) with reset_after on and off, SimpleRNN(hard_sigmoid),
    RNN(GRUCell(hard_sigmoid))"""
    L = k.L
    x = k.Input((6, 3))
    y = L.SimpleRNN(3, activation=HARD, return_sequences=True)(x)
    y = L.GRU(3, activation=HARD, recurrent_activation=HARD, reset_after=True, return_sequences=True)(y)
    y = L.GRU(3, activation=HARD, recurrent_activation="sigmoid", reset_after=False, return_sequences=True)(y)
    y = L.RNN(L.GRUCell(2, activation=HARD), return_sequences=True)(y)
    return Made(k.Model(x, y), k.x(6, 3), scale=1.5)


@case("k216 tf28", "hard_sigmoid with reset_after=True: two biases")
def hard_gru_reset_after(k):
    """GRU(reset_after, hard_sigmoid), the same without bias, implementation 1 and 2; Bidirectional of one"""
    L = k.L
    x = k.Input((6, 3))
    y = L.GRU(3, reset_after=True, recurrent_activation=HARD, return_sequences=True, implementation=1)(x)
    y = L.GRU(3, reset_after=True, recurrent_activation=HARD, use_bias=False, return_sequences=True)(y)
    y = L.Bidirectional(L.GRU(2, reset_after=True, recurrent_activation=HARD, implementation=2))(y)
    return Made(k.Model(x, y), k.x(6, 3), scale=1.5)


@case("k214 tf24", "hard_sigmoid inside cells, stacks, wrappers")
def hard_cells(k):
    """RNN([LSTMCell, GRUCell] hard), Bidirectional(RNN(LSTMCell)), Bidirectional(LSTM hard),
    TimeDistributed(LSTM hard)"""
    L = k.L
    x = k.Input((6, 3))
    y = L.RNN(
        [L.LSTMCell(3, recurrent_activation=HARD), L.GRUCell(2, recurrent_activation=HARD)],
        return_sequences=True,
    )(x)
    y = L.Bidirectional(L.RNN(L.LSTMCell(2, recurrent_activation=HARD), return_sequences=True))(y)
    y = L.Bidirectional(L.LSTM(2, recurrent_activation=HARD, return_sequences=True), merge_mode="mul")(y)
    z = L.TimeDistributed(L.LSTM(2, recurrent_activation=HARD))(L.Reshape((6, 2, 1))(y))
    return Made(k.Model(x, z), k.x(6, 3), scale=1.5)


@case("k202 tf24", "hard_sigmoid in Dense and Activation layers, nested, shared, inside TimeDistributed")
def hard_dense(k):
    """Dense(hard), Dense(hard, no bias), Activation(hard) in a nested Sequential,
    TimeDistributed(Dense(hard)),
    TimeDistributed(Activation(hard)), Dense(hard) shared by two calls"""
    L = k.L
    x = k.Input((5, 3))
    shared = L.Dense(3, activation=HARD)
    inner = k.Sequential(
        [
            L.Dense(3, input_shape=(5, 3), use_bias=False, activation=HARD),
            L.Activation(HARD),
            L.Dense(3),
            L.Activation(HARD),
        ]
    )
    y = L.TimeDistributed(L.Dense(3, activation=HARD, use_bias=False))(shared(x))
    y = L.TimeDistributed(L.Activation(HARD))(L.Dense(4)(shared(y)))
    return Made(k.Model(x, [inner(x), y, L.Activation(HARD)(x)]), k.x(5, 3), scale=2.0)


@case("k208 tf28", "hard_sigmoid in every convolution")
def hard_convolutions(k):
    """Conv1D, Conv2D, Conv2DTranspose, SeparableConv2D, DepthwiseConv2D, Conv3D with hard_sigmoid;
    some without bias"""
    L = k.L
    s, i = k.Input((6, 3)), k.Input((6, 6, 2))
    outputs = [
        L.Conv1D(2, 3, activation=HARD)(s),
        L.Conv2D(2, 3, activation=HARD)(i),
        L.Conv2D(2, 3, activation=HARD, use_bias=False, padding="same")(i),
        L.Conv2DTranspose(2, 2, strides=2, activation=HARD)(i),
        L.SeparableConv2D(2, 2, activation=HARD)(i),
    ]
    if hasattr(L, "DepthwiseConv2D"):
        outputs.append(L.DepthwiseConv2D(2, activation=HARD)(i))
    if hasattr(L, "SeparableConv1D"):
        outputs.append(L.SeparableConv1D(2, 2, activation=HARD, use_bias=False)(s))
    return Made(k.Model([s, i], outputs), [k.x(6, 3), k.x(6, 6, 2)], scale=1.5)


@case("k231 tf215", "hard_sigmoid in LocallyConnected layers, which Keras 3 lacks")
def hard_locally_connected(k):
    """LocallyConnected1D(hard_sigmoid), LocallyConnected2D(hard_sigmoid)"""
    L = k.L
    s, i = k.Input((6, 3)), k.Input((5, 5, 2))
    m = k.Model(
        [s, i],
        [L.LocallyConnected1D(2, 3, activation=HARD)(s), L.LocallyConnected2D(2, 2, activation=HARD)(i)],
    )
    return Made(m, [k.x(6, 3), k.x(5, 5, 2)], scale=1.5)


@case("k208 tf28", "hard_sigmoid by default in ConvLSTM2D, and as its activation")
def hard_convlstm(k):
    """ConvLSTM2D default gates; ConvLSTM2D(no bias); then Activation(hard_sigmoid)"""
    L = k.L
    x = k.Input((3, 5, 5, 2))
    y = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(x)
    y = L.ConvLSTM2D(2, 2, use_bias=False)(y)
    return Made(k.Model(x, L.Activation(HARD)(y)), k.x(3, 5, 5, 2), scale=1.2)


@case("tf24", "hard_sigmoid in EinsumDense, ConvLSTM1D's neighbours, MultiHeadAttention's surroundings")
def hard_einsum(k):
    """EinsumDense(hard_sigmoid) with and without bias, or as tf.keras.activations.hard_sigmoid in an
    Activation layer"""
    L = k.tf.keras.layers.experimental if not hasattr(k.L, "EinsumDense") else k.L
    x = k.Input((5, 3))
    y = L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d", activation=HARD)(x)
    z = L.EinsumDense("abc,cd->abd", (None, 2), activation=HARD)(y)
    return Made(k.Model(x, [y, k.L.Activation(k.tf.keras.activations.hard_sigmoid)(z)]), k.x(5, 3), scale=2.0)


@case("k216 tf24", "a hard_sigmoid layer whose weights are shared between a nested model and the outer one")
def hard_shared(k):
    """LSTM(hard gates) called twice; a nested Model with a hard Dense called twice; frozen"""
    L = k.L
    lstm = L.LSTM(3, recurrent_activation=HARD, return_sequences=True, trainable=False)
    a = k.Input((5, 3))
    inner = k.Model(a, L.Dense(3, activation=HARD)(L.BatchNormalization()(a)))
    p, q = k.Input((5, 3)), k.Input((5, 3))
    y = L.concatenate([inner(lstm(p)), inner(lstm(q))])
    return Made(k.Model([p, q], y), [k.x(5, 3), k.x(5, 3)], scale=1.5)
