"""What Keras 3 lacks and stock layers can be put together to compute."""

import numpy as np
from record import Made, case


@case("tf24 tf28 tf215", "activations that are layers, with parameters that no activation's name stands for")
def activation_layers(k):
    """Dense and Conv2D with LeakyReLU, ELU(.5), ReLU(6), ThresholdedReLU, Softmax(axis=1); inside TimeDistributed;
    Activation(LeakyReLU()); LSTM(activation=ReLU())"""
    L = k.L
    x = k.Input((5, 3))
    y = L.Dense(4, activation=L.LeakyReLU(), activity_regularizer="l2")(x)
    y = L.TimeDistributed(L.Dense(4, activation=L.ELU(0.5)))(L.Masking()(y))
    z = L.Activation(L.LeakyReLU(0.1))(L.LSTM(4, activation=L.ReLU(), return_sequences=True)(y))
    image = L.Reshape((5, 4, 1))(z)
    outputs = [
        L.Conv2D(2, 2, activation=L.ReLU(6.0, 0.1, 0.2))(image),
        L.Conv2D(2, 2, activation=L.Softmax(axis=1))(image),
        L.Dense(3, activation=L.ThresholdedReLU(0.3))(z),
        L.Dense(3, activation=L.Softmax())(y),
        L.Dense(3, activation=L.LeakyReLU(0.2))(y),
    ]
    return Made(k.Model(x, outputs), k.x(5, 3))


# TF 1.13 and 2.0 turn the batch around in Bidirectional, later ones time. They predict only outputs of as
# many rows as the input, so there are as many steps as sequences.
@case("tf113 tf20 tf24 tf215", "time_major within Bidirectional, every merge; states in and out")
def time_major_bidirectional(k):
    """Bidirectional(GRU or LSTM, time_major) of every merge mode, with and without sequences, with return_state;
    LSTM(time_major) with initial states"""
    L = k.L
    x = k.Input(batch_shape=(5, 5, 4))
    outputs = []
    for mode in ("concat", "sum", "mul", "ave", None):
        got = L.Bidirectional(
            L.GRU(2, time_major=True, return_sequences=True, reset_after=True), merge_mode=mode
        )(x)
        outputs += got if isinstance(got, list) else [got]
    outputs += L.Bidirectional(L.LSTM(2, time_major=True, return_sequences=True, return_state=True))(x)
    outputs.append(L.Bidirectional(L.LSTM(2, time_major=True))(x))
    sequence, h, c = L.LSTM(3, time_major=True, return_sequences=True, return_state=True)(x)
    outputs.append(L.LSTM(3, time_major=True)(sequence, initial_state=[h, c]))
    return Made(k.Model(x, outputs), k.random.normal(size=(5, 5, 4)).astype("float32"))


@case("tf24 tf215", "time_major in a Sequential model of no fixed size, stateful")
def time_major_stateful(k):
    """Sequential: LSTM(time_major, seq, stateful) -> SimpleRNN(time_major, seq)"""
    L = k.L
    first = L.LSTM(3, time_major=True, return_sequences=True, stateful=True, batch_input_shape=(6, 3, 4))
    m = k.Sequential([first, L.SimpleRNN(2, time_major=True, return_sequences=True)])
    return Made(m, k.random.normal(size=(6, 3, 4)).astype("float32"), stateful=True)


# Not TF 2.0: what it computes before it saves differs from what it reads back, with any masked Bidirectional.
@case("tf28 tf215", "a mask whose first axis is time")
def time_major_masked(k):
    """Masking -> LSTM(time_major, seq) -> Bidirectional(LSTM(time_major, seq)) -> GRU(time_major)"""
    L = k.L
    x = k.Input(batch_shape=(5, 5, 4))
    y = L.LSTM(3, time_major=True, return_sequences=True)(L.Masking()(x))
    z = L.Bidirectional(L.LSTM(2, time_major=True, return_sequences=True))(y)
    data = k.random.normal(size=(5, 5, 4)).astype("float32")
    data[[3, 4, 4, 0, 2], [0, 0, 1, 2, 3]] = 0.0
    return Made(k.Model(x, [y, z, L.GRU(2, time_major=True)(y)]), data)


@case("tf24 tf215", "LocallyConnected: every implementation, padding, stride and order of channels")
def local_implementations(k):
    """LocallyConnected1D and 2D, implementations 1 to 3, valid or same, strides, channels_first, with and without
    bias, hard_sigmoid, LeakyReLU"""
    L = k.L
    s, i = k.Input((8, 3)), k.Input((6, 5, 2))
    first = [L.Permute((2, 1))(s), L.Permute((3, 1, 2))(i)]
    outputs = []
    for stored in (1, 2, 3):
        same = {"padding": "same" if stored > 1 else "valid", "implementation": stored}
        turned = dict(same, data_format="channels_first")
        outputs += [
            L.LocallyConnected1D(2, 3, activation="hard_sigmoid", **same)(s),
            L.LocallyConnected2D(2, (3, 2), activation="tanh", **same)(i),
            L.LocallyConnected1D(2, 2, **turned)(first[0]),
            L.LocallyConnected2D(3, (2, 3), activation=L.LeakyReLU(), **turned)(first[1]),
            L.LocallyConnected2D(2, (3, 2), strides=(2, 1), implementation=stored)(i),
        ]
    outputs += [
        L.LocallyConnected1D(2, 3, strides=2, padding="same", implementation=2)(s),
        L.LocallyConnected2D(2, 2, strides=(3, 2), padding="same", implementation=2, use_bias=False)(i),
    ]
    return Made(k.Model([s, i], outputs), [k.x(8, 3), k.x(6, 5, 2)])


@case("k224 k231", "bilinear upsampling that aligns corners, where Keras 3 aligns centres")
def upsampling_bilinear(k):
    """UpSampling2D(bilinear), factors alike and unlike, of an image of no fixed size, channels_first"""
    L = k.L
    x = k.Input((None, None, 2))
    up = [
        L.UpSampling2D(2, interpolation="bilinear")(x),
        L.UpSampling2D((3, 1), interpolation="bilinear")(x),
        L.UpSampling2D((2, 4), interpolation="bilinear", data_format="channels_first")(L.Permute((3, 1, 2))(x)),
        L.Conv2D(2, 2)(L.UpSampling2D((2, 3), interpolation="bilinear")(x)),
    ]
    return Made(k.Model(x, up), k.x(4, 5, 2))


@case("tf28 tf215", "IntegerLookup in every mode, its vocabulary in the config")
def integer_lookup_modes(k):
    """IntegerLookup of every output mode, with several numbers for unknown values, with a mask, without unknown ones"""
    L = k.L
    x = k.Input((5,), dtype="int64")
    words = [12, 36, 1138, 42]
    ids = L.IntegerLookup(vocabulary=words, num_oov_indices=3, mask_token=0)(x)
    listed = [-1, 12, 36, 5]
    outputs = [L.LSTM(2)(L.Embedding(8, 3, mask_zero=True)(ids))]
    for mode in ("multi_hot", "count"):
        outputs.append(L.Dense(2)(L.IntegerLookup(vocabulary=words, output_mode=mode, num_oov_indices=2)(x)))
    masked = L.IntegerLookup(vocabulary=words, output_mode="count", mask_token=7, max_tokens=9, pad_to_max_tokens=True)
    outputs += [L.Dense(2)(masked(x)), L.LSTM(2)(L.Embedding(4, 3)(L.IntegerLookup(vocabulary=listed)(x)))]
    return Made(k.Model(x, outputs), k.random.choice([0, 7, 8, 9] + words, size=(3, 5)).astype("int64"))


@case("tf215", "a lookup that takes no unknown value, and one that gives vectors")
def integer_lookup_closed(k):
    """IntegerLookup(num_oov_indices=0) -> Embedding -> GRU; IntegerLookup(one_hot)"""
    L = k.L
    x = k.Input((6,), dtype="int64")
    words = [3, 5, 8, 13]
    y = L.GRU(3)(L.Embedding(4, 3)(L.IntegerLookup(vocabulary=words, num_oov_indices=0)(x)))
    one = L.IntegerLookup(vocabulary=words, output_mode="one_hot")(k.Input((1,), dtype="int64", name="one"))
    m = k.Model([x, one._keras_history.layer.input], [y, L.Dense(2)(one)])
    return Made(m, [k.random.choice(words, size=(3, 6)).astype("int64"), np.array([[3], [4], [13]], "int64")])


@case("tf24 tf215", "BatchNormalization over several axes together, which Keras 3's does not take")
def batch_several_axes(k):
    """BatchNormalization over axes (1, 2), (2, 3), (1, 3), (-1, -2) and all; without scale; TF1's class"""
    L = k.L
    x, s = k.Input((3, 4, 2)), k.Input((5, 3))
    old = k.tf.compat.v1.keras.layers.BatchNormalization(axis=[1, 2])
    outputs = [
        L.BatchNormalization(axis=[1, 2])(x),
        L.BatchNormalization(axis=[2, 3], scale=False)(x),
        L.BatchNormalization(axis=[1, 3], center=False, epsilon=0.1)(x),
        L.BatchNormalization(axis=[1, 2, 3])(x),
        L.LSTM(2)(L.BatchNormalization(axis=[-1, -2])(s)),
        old(x),
    ]
    return Made(k.Model([x, s], outputs), [k.x(3, 4, 2), k.x(5, 3)])


@case("k224th", 'Theano pads "same" by half a window on both sides')
def theano_padding(k):
    """Conv1D, Conv2D, Conv3D, SeparableConv2D, DepthwiseConv2D, padding same, even kernels, strides, dilation,
    channels_first"""
    L = k.L
    s, i, v = k.Input((8, 3)), k.Input((6, 7, 2)), k.Input((4, 5, 4, 2))
    first = L.Permute((3, 1, 2))(i)
    outputs = [
        L.Conv1D(2, 4, padding="same")(s),
        L.Conv1D(2, 2, padding="same", strides=2, activation="hard_sigmoid")(s),
        L.Conv2D(2, (4, 3), padding="same", strides=(2, 3))(i),
        L.Conv2D(2, (3, 2), padding="same", dilation_rate=2)(i),
        L.Conv2D(2, (2, 3), padding="same", strides=2, data_format="channels_first")(first),
        L.Conv3D(2, (2, 3, 2), padding="same", strides=2)(v),
        L.TimeDistributed(L.Conv1D(2, 2, padding="same"))(i),
        L.SeparableConv2D(3, (2, 3), padding="same", depth_multiplier=2)(i),
        L.DepthwiseConv2D((3, 4), padding="same")(i),
    ]
    return Made(k.Model([s, i, v], outputs), [k.x(8, 3), k.x(6, 7, 2), k.x(4, 5, 4, 2)])


# The recorded outputs are one draw of many.
@case("k231 tf24 tf215", "dropout that stays on: outputs are random, and Keras 3's predict switches it off")
def training_true(k):
    """GRU(dropout)(training=True) -> Dropout(training=True) -> Dense"""
    L = k.L
    x = k.Input((5, 3))
    y = L.GRU(3, dropout=0.5)(x, training=True)
    return Made(k.Model(x, L.Dense(2)(L.Dropout(0.5)(y, training=True))), k.x(5, 3))
