"""CuDNNLSTM and CuDNNGRU. Each builder is run twice: once with the cuDNN layers (saved), once with
their plain twins."""

from record import Made, case


def families(k):
    """The cuDNN pair and its plain twins; standalone Keras calls the twins with sigmoid gates."""
    L = k.L if hasattr(k.L, "CuDNNLSTM") else k.tf.compat.v1.keras.layers

    def plain_lstm(*a, **o):
        return k.L.LSTM(*a, recurrent_activation="sigmoid", **o)

    def plain_gru(*a, **o):
        return k.L.GRU(*a, recurrent_activation="sigmoid", reset_after=True, **o)

    return (L.CuDNNLSTM, L.CuDNNGRU), (plain_lstm, plain_gru)


def twins(k, build, inputs, **options):
    """`build(lstm, gru)` gives the model; equal layer names let load_weights pair the arrays."""
    fast, plain = families(k)
    made = []
    for pair in (fast, plain):
        k.K.reset_uids()
        made.append(build(*pair))
    return Made(made[0], inputs, twin=made[1], **options)


@case("k216 k231 tf20 tf215", "cuDNN layout; go_backwards, stacked")
def cudnn_layers(k):
    """CuDNNLSTM(4, seq) -> CuDNNGRU(3, seq, go_backwards) -> CuDNNLSTM(2) -> Dense(2)"""

    def build(lstm, gru):
        x = k.Input((6, 3))
        y = gru(3, return_sequences=True, go_backwards=True, name="b")(
            lstm(4, return_sequences=True, name="a")(x)
        )
        return k.Model(x, k.L.Dense(2, name="d")(lstm(2, name="c")(y)))

    return twins(k, build, k.x(6, 3))


@case("tf113 tf215", "cuDNN with return_state and initial_state")
def cudnn_states(k):
    """CuDNNLSTM(return_state) -> CuDNNLSTM(initial_state), CuDNNGRU(initial_state from a Dense)"""

    def build(lstm, gru):
        x, d = k.Input((6, 3)), k.Input((4, 2))
        _, h, c = lstm(3, return_state=True, name="a")(x)
        y = lstm(3, return_sequences=True, name="b")(d, initial_state=[h, c])
        z, s = gru(3, return_sequences=True, return_state=True, name="c")(
            y, initial_state=k.L.Dense(3, name="e")(h)
        )
        return k.Model([x, d], [z, s])

    return twins(k, build, [k.x(6, 3), k.x(4, 2)])


@case("k224 tf113", "cuDNN within Bidirectional")
def cudnn_bidirectional(k):
    """Bidirectional(CuDNNLSTM, seq, sum) -> Bidirectional(CuDNNGRU, concat) -> Dense"""

    def build(lstm, gru):
        x = k.Input((6, 3))
        y = k.L.Bidirectional(lstm(3, return_sequences=True, name="l"), merge_mode="sum", name="a")(x)
        y = k.L.Bidirectional(gru(2, name="g"), name="b")(y)
        return k.Model(x, k.L.Dense(2, name="d")(y))

    return twins(k, build, k.x(6, 3))


@case("k231 tf215", "stateful cuDNN")
def cudnn_stateful(k):
    """stateful CuDNNLSTM -> stateful CuDNNGRU; batch_input_shape=(3, 5, 3)"""

    def build(lstm, gru):
        return k.Sequential(
            [
                lstm(3, stateful=True, return_sequences=True, batch_input_shape=(3, 5, 3), name="a"),
                gru(2, stateful=True, name="b"),
            ]
        )

    return twins(k, build, k.x(5, 3), stateful=True)


# TF 2.4 does not convert cuDNN arrays inside nested models (the layouts stay different): no outputs there.
@case("k224 tf215", "cuDNN inside nested models and TimeDistributed(Model)")
def cudnn_nested(k):
    """TimeDistributed(Model(CuDNNLSTM)) -> Sequential[CuDNNGRU frozen, BatchNormalization] -> Dense"""

    def build(lstm, gru):
        L = k.L
        a = k.Input((4, 3), name="i")
        inner = k.Model(a, L.Dense(2, name="d")(lstm(3, name="l")(a)), name="inner")
        seq = k.Sequential(
            [
                gru(3, return_sequences=True, trainable=False, input_shape=(5, 2), name="g"),
                L.BatchNormalization(name="n"),
            ],
            name="seq",
        )
        x = k.Input((5, 4, 3), name="x")
        return k.Model(x, L.Dense(2, name="o")(seq(L.TimeDistributed(inner, name="t")(x))))

    return twins(k, build, k.x(5, 4, 3))
