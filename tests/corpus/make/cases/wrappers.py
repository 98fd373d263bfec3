"""TimeDistributed, Bidirectional, and the options of time: stateful, backwards, unrolled, time-major."""

from record import Made, case


@case("k202 tf212", "TimeDistributed around every kind of layer")
def timedistributed(k):
    """TimeDistributed of Conv2D, BatchNormalization, MaxPooling2D, Flatten, Dense, Dropout,
    TimeDistributed(Dense)"""
    L, td = k.L, k.L.TimeDistributed
    x = k.Input((5, 6, 6, 2))
    y = td(L.Conv2D(3, 3, activation="relu"))(x)
    y = y if k.name == "k202" else td(L.BatchNormalization())(y)  # 2.0.2 forgets the learning phase inside
    y = td(L.MaxPooling2D(2))(y)
    z = td(td(td(L.Dense(2))))(y)
    y = td(L.Flatten())(y)
    y = y if k.name == "k202" else td(L.Dropout(0.5))(y)
    y = L.LSTM(3)(td(L.Dense(4, activation="tanh"))(y))
    return Made(k.Model(x, [y, z]), k.x(5, 6, 6, 2))


@case("k216 tf28", "TimeDistributed around recurrent layers, Bidirectional and models")
def timedistributed_models(k):
    """TimeDistributed(LSTM), TimeDistributed(Bidirectional(GRU)), TimeDistributed(Model),
    TimeDistributed(Sequential)"""
    L, td = k.L, k.L.TimeDistributed
    a = k.Input((4, 3))
    g = L.GRU(3)(a)
    inner = k.Model(a, L.Dense(2)(g if k.name == "k202" else L.BatchNormalization()(g)))
    seq = k.Sequential([L.Dense(3, input_shape=(4, 3)), L.Flatten(), L.Dense(2)])
    x = k.Input((5, 4, 3))
    parts = [td(L.LSTM(2))(x), td(L.Bidirectional(L.GRU(2)))(x), td(inner)(x), td(seq)(x)]
    return Made(k.Model(x, L.SimpleRNN(2)(L.concatenate(parts))), k.x(5, 4, 3))


@case("k208 tf20", "every merge mode with and without sequences")
def bidirectional_modes(k):
    """Bidirectional of LSTM, GRU, SimpleRNN with concat, sum, mul, ave, None; return_sequences on and off"""
    L = k.L
    x = k.Input((6, 3))
    outputs = []
    for mode, seq, layer in (
        ("concat", True, L.GRU),
        ("sum", False, L.LSTM),
        ("mul", True, L.SimpleRNN),
        ("ave", False, L.GRU),
        (None, True, L.LSTM),
        (None, False, L.SimpleRNN),
    ):
        got = L.Bidirectional(layer(2, return_sequences=seq), merge_mode=mode)(x)
        outputs += got if isinstance(got, (list, tuple)) else [got]
    return Made(k.Model(x, outputs), k.x(6, 3))


# tf20 cannot save a stack of cells, nor two directions of one cell (equal weight names).
@case("k231 tf28", "Bidirectional around RNN with cells")
def bidirectional_cells(k):
    """Bidirectional(RNN(LSTMCell)), Bidirectional(RNN([GRUCell, LSTMCell])), sum and concat, then
    SimpleRNNCell"""
    L = k.L
    x = k.Input((None, 3))
    y = L.Bidirectional(L.RNN(L.LSTMCell(3), return_sequences=True))(x)
    y = L.Bidirectional(L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_sequences=True), merge_mode="sum")(y)
    y = L.Bidirectional(L.RNN(L.SimpleRNNCell(2)), merge_mode="mul")(y)
    return Made(k.Model(x, y), k.x(6, 3))


@case("k216 tf215", "Bidirectional with return_state: outputs and states forward first")
def bidirectional_state(k):
    """Bidirectional(LSTM/GRU, return_state) in concat, sum and None"""
    L = k.L
    x = k.Input((6, 3))
    outputs = []
    for layer, mode in ((L.LSTM, "concat"), (L.GRU, "sum"), (L.LSTM, None)):
        outputs += list(
            L.Bidirectional(layer(2, return_sequences=True, return_state=True), merge_mode=mode)(x)
        )
    return Made(k.Model(x, outputs), k.x(6, 3))


@case("tf24 tf28", "a separate backward layer of another class")
def bidirectional_backward_layer(k):
    """Bidirectional(LSTM(3), backward_layer=LSTM(3, hard_sigmoid, go_backwards)) sum; GRU with
    RNN(cell) backwards"""
    L = k.L
    x = k.Input((6, 3))
    y = L.Bidirectional(
        L.LSTM(3, return_sequences=True),
        merge_mode="ave",
        backward_layer=L.LSTM(
            3, return_sequences=True, go_backwards=True, recurrent_activation="hard_sigmoid"
        ),
    )(x)
    y = L.Bidirectional(L.GRU(2), backward_layer=L.RNN(L.SimpleRNNCell(3), go_backwards=True))(y)
    return Made(k.Model(x, y), k.x(6, 3))


@case("k216", "Bidirectional around a layer that itself goes backwards, and around ConvLSTM2D")
def bidirectional_odd(k):
    """Bidirectional(GRU(go_backwards)), Bidirectional(ConvLSTM2D)"""
    L = k.L
    x, v = k.Input((6, 3)), k.Input((3, 4, 4, 2))
    y = L.Bidirectional(L.GRU(2, go_backwards=True, return_sequences=True))(x)
    z = L.Bidirectional(L.ConvLSTM2D(2, 3, padding="same"), merge_mode="concat")(v)
    return Made(k.Model([x, v], [y, z]), [k.x(6, 3), k.x(3, 4, 4, 2)])


@case("k216 tf28", "stateful: two successive predictions differ")
def stateful(k):
    """stateful LSTM, Bidirectional(GRU), LSTM go_backwards; batch_input_shape=(3, 5, 3)"""
    L = k.L
    m = k.Sequential(
        [
            L.LSTM(3, stateful=True, return_sequences=True, batch_input_shape=(3, 5, 3)),
            L.Bidirectional(L.GRU(2, stateful=True, return_sequences=True)),
            L.LSTM(3, stateful=True, go_backwards=True),
            L.Dense(2),
        ]
    )
    return Made(m, k.x(5, 3), stateful=True)


@case("k231 tf215", "stateful ConvLSTM2D, and RNN of cells where the era has them")
def stateful_other(k):
    """stateful ConvLSTM2D, RNN([LSTMCell, GRUCell], stateful), SimpleRNN(stateful)"""
    L = k.L
    v, x = k.Input(batch_shape=(3, 3, 4, 4, 2)), k.Input(batch_shape=(3, 5, 3))
    y = L.ConvLSTM2D(2, 3, padding="same", stateful=True)(v)
    outputs = [y, L.SimpleRNN(2, stateful=True)(x)]
    if hasattr(L, "RNN") and k.name != "tf20":  # TF 2.0 cannot save a stack
        outputs.append(L.RNN([L.LSTMCell(2), L.GRUCell(2)], stateful=True)(x))
    return Made(k.Model([v, x], outputs), [k.x(3, 4, 4, 2), k.x(5, 3)], stateful=True)


# Standalone Keras cannot predict with a stateful layer inside a nested model.
@case("tf20 tf28", "a stateful layer inside a nested model")
def stateful_nested(k):
    """Model(Sequential[stateful LSTM] -> stateful GRU)"""
    L = k.L
    inner = k.Sequential([L.LSTM(3, stateful=True, return_sequences=True, batch_input_shape=(3, 5, 3))])
    x = k.Input(batch_shape=(3, 5, 3))
    return Made(k.Model(x, L.GRU(2, stateful=True)(inner(x))), k.x(5, 3), stateful=True)


@case("k202 tf212", "go_backwards and unroll; outputs of a backwards layer are not turned round again")
def backwards_unrolled(k):
    """GRU(unroll, seq), LSTM(go_backwards, seq), SimpleRNN(go_backwards, unroll), LSTM(go_backwards)"""
    L = k.L
    x = k.Input((6, 3))
    y = L.GRU(3, unroll=True, return_sequences=True)(x)
    y = L.LSTM(3, go_backwards=True, return_sequences=True)(y)
    z = L.SimpleRNN(2, go_backwards=True, unroll=True)(x)
    return Made(k.Model(x, [z, L.LSTM(2, go_backwards=True)(y)]), k.x(6, 3))


@case("tf20 tf215", "time_major: the batch is the second axis")
def time_major_lstm(k):
    """LSTM(time_major), GRU(time_major, seq, go_backwards)"""
    L = k.L
    x = k.Input(batch_shape=(6, 3, 4))
    y = L.LSTM(3, time_major=True, return_sequences=True)(x)
    z = L.GRU(2, time_major=True, go_backwards=True, return_sequences=True)(y)
    return Made(k.Model(x, [y, z]), k.random.normal(size=(6, 3, 4)).astype("float32"))


@case("tf113 tf28", "time_major on RNN and on LSTM within Bidirectional")
def time_major_rnn(k):
    """RNN([LSTMCell, GRUCell], time_major), Bidirectional(RNN(LSTMCell, time_major))"""
    L = k.L
    x = k.Input(batch_shape=(6, 3, 4))
    y = L.RNN([L.LSTMCell(3), L.GRUCell(2)], time_major=True, return_sequences=True)(x)
    z = L.Bidirectional(L.RNN(L.LSTMCell(2), time_major=True, return_sequences=True))(y)
    return Made(k.Model(x, [y, z]), k.random.normal(size=(6, 3, 4)).astype("float32"))
