"""Cells that Keras 3 lacks: tf.keras.experimental's peepholes, and those of TensorFlow Addons."""

from record import Made, case

NEEDS = ["lstm_migrate.layers"]


def addons():
    import tensorflow_addons

    return tensorflow_addons.rnn


def made(k, outputs, x, value, **options):
    return Made(k.Model(x, outputs), value, needs=NEEDS, **options)


@case("tf20 tf28", "hard_sigmoid gates with peepholes, and a mask")
def peephole_masked(k):
    """Masking -> RNN(PeepholeLSTMCell(4), seq) -> RNN(PeepholeLSTMCell(3), go_backwards) -> Dense"""
    L, cell = k.L, k.keras.experimental.PeepholeLSTMCell
    x = k.Input((7, 3))
    y = L.RNN(cell(4), return_sequences=True)(L.Masking()(x))
    return made(k, L.Dense(2)(L.RNN(cell(3), go_backwards=True)(y)), x, k.padded(7, 3, "mixed"))


@case("tf24", "peephole cells in Bidirectional and in a stack with other cells")
def peephole_wrapped(k):
    """Bidirectional(RNN(PeepholeLSTMCell(3), seq)) -> RNN([PeepholeLSTMCell(3), GRUCell(2), PeepholeLSTMCell(4)],
    return_state)"""
    L, cell = k.L, k.keras.experimental.PeepholeLSTMCell
    x = k.Input((None, 3))
    y = L.Bidirectional(L.RNN(cell(3), return_sequences=True))(x)
    outputs = L.RNN([cell(3), L.GRUCell(2), cell(4)], return_state=True)(y)
    return made(k, outputs, x, k.x(6, 3))


@case("tf24 tf28", "peephole cells with options")
def peephole_options(k):
    """RNN of PeepholeLSTMCell(no bias, sigmoid), (relu, tanh gates), (implementation 2, dropout)"""
    L, cell = k.L, k.keras.experimental.PeepholeLSTMCell
    x = k.Input((6, 3))
    cells = [
        cell(3, use_bias=False, recurrent_activation="sigmoid"),
        cell(3, activation="relu", recurrent_activation="tanh", unit_forget_bias=False),
        cell(2, implementation=2, dropout=0.2, recurrent_dropout=0.3),
    ]
    outputs = [L.RNN(c, return_sequences=True)(x) for c in cells]
    return made(k, outputs, x, k.x(6, 3), scale=0.4)


@case("tf28", "stateful, with an initial state")
def peephole_stateful(k):
    """RNN(PeepholeLSTMCell(4), seq, return_state) -> RNN(PeepholeLSTMCell(4), initial_state), RNN(stateful)"""
    L, cell = k.L, k.keras.experimental.PeepholeLSTMCell
    x = k.Input(batch_shape=(3, 5, 2))
    y, h, c = L.RNN(cell(4), return_sequences=True, return_state=True)(x)
    z = L.RNN(cell(4))(y, initial_state=[h, c])
    return made(k, [z, L.RNN(cell(3), stateful=True)(x)], x, k.x(5, 2), stateful=True)


@case("tf24a tf212a", "Addons' peepholes: sigmoid unless told otherwise")
def peephole(k):
    """Bidirectional(RNN(PeepholeLSTMCell(3), seq)) -> RNN(PeepholeLSTMCell(4, hard_sigmoid)) -> Dense"""
    L, cell = k.L, addons().PeepholeLSTMCell
    x = k.Input((6, 3))
    y = L.Bidirectional(L.RNN(cell(3), return_sequences=True), merge_mode="sum")(x)
    return made(k, L.Dense(2)(L.RNN(cell(4, recurrent_activation="hard_sigmoid"))(y)), x, k.x(6, 3))


@case("tf24a tf28a tf212a", "three layer normalisations in a cell, with masks")
def layer_norm_lstm(k):
    """Masking -> Bidirectional(RNN(LayerNormLSTMCell(3), seq)) -> RNN(LayerNormLSTMCell(4), return_state)"""
    L, cell = k.L, addons().LayerNormLSTMCell
    x = k.Input((6, 3))
    y = L.Bidirectional(L.RNN(cell(3), return_sequences=True))(L.Masking()(x))
    return made(k, L.RNN(cell(4), return_state=True)(y), x, k.padded(6, 3, "inner"))


@case("tf28a", "layer-normalised cells with options, in a stack")
def layer_norm_lstm_options(k):
    """RNN of LayerNormLSTMCell(hard_sigmoid), (no bias, hard_sigmoid, epsilon 0.1), RNN([LayerNormLSTMCell,
    LSTMCell, LayerNormLSTMCell])"""
    L, cell = k.L, addons().LayerNormLSTMCell
    x = k.Input((6, 3))
    outputs = [
        L.RNN(cell(3, recurrent_activation="hard_sigmoid"), return_sequences=True)(x),
        L.RNN(cell(4, use_bias=False, recurrent_activation="hard_sigmoid", norm_epsilon=0.1))(x),
        L.RNN([cell(2), L.LSTMCell(3), cell(3, dropout=0.1, activation="softsign")])(x),
    ]
    return made(k, outputs, x, k.x(6, 3))


@case("tf24a tf28a tf212a", "a cell whose config has no name; hard_sigmoid behind a normalisation")
def layer_norm_simple_rnn(k):
    """Bidirectional(RNN(LayerNormSimpleRNNCell(3), seq)) -> RNN([LayerNormSimpleRNNCell(4, hard_sigmoid),
    LayerNormSimpleRNNCell(3, no bias, epsilon 0.01)])"""
    L, cell = k.L, addons().LayerNormSimpleRNNCell
    x = k.Input((6, 3))
    y = L.Bidirectional(L.RNN(cell(3), return_sequences=True))(x)
    cells = [cell(4, activation="hard_sigmoid"), cell(3, use_bias=False, layernorm_epsilon=0.01)]
    return made(k, L.RNN(cells)(y), x, k.x(6, 3))


@case("tf28a", "NASCell, to be refused: its states are c, h")
def nas(k):
    """RNN(NASCell(3), seq) -> RNN(NASCell(4, projection 2, bias), return_state)"""
    L, cell = k.L, addons().NASCell
    x = k.Input((6, 3))
    y = L.RNN(cell(3), return_sequences=True)(x)
    return Made(k.Model(x, L.RNN(cell(4, projection=2, use_bias=True), return_state=True)(y)), k.x(6, 3))


@case("tf24a tf212a", "ESNCell: arrays that nobody trains, a leaky state")
def echo_state(k):
    """RNN(ESNCell(5, leaky 0.3), seq) -> RNN(ESNCell(4, hard_sigmoid)) -> Dense"""
    L, cell = k.L, addons().ESNCell
    x = k.Input((6, 3))
    y = L.RNN(cell(5, leaky=0.3, connectivity=0.9), return_sequences=True)(x)
    return made(k, L.Dense(2)(L.RNN(cell(4, activation="hard_sigmoid"))(y)), x, k.x(6, 3))


@case("tf28a", "the layer around ESNCell, to be refused")
def echo_state_layer(k):
    """ESN(4)"""
    import tensorflow_addons

    x = k.Input((6, 3))
    return Made(k.Model(x, tensorflow_addons.layers.ESN(4, leaky=0.5)(x)), k.x(6, 3))
