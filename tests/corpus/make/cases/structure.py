"""How layers and models are put together: Sequential with and without inputs, nesting, sharing, freezing."""

from record import Made, case


@case("k224 tf20", "no InputLayer, no batch_input_shape: sizes only from the arrays")
def seq_built_by_predict(k):
    """Sequential without any input shape: LSTM(4, seq), Dropout, GRU(3), Dense(2); built by calling
    predict"""
    L, x = k.L, k.x(6, 5)
    m = k.Sequential([L.LSTM(4, return_sequences=True), L.Dropout(0.3), L.GRU(3), L.Dense(2)])
    m.compile("sgd", "mse")  # k231 cannot predict uncompiled
    m.predict(x)
    return Made(m, x)


@case("tf113 tf212", "no InputLayer, no batch_input_shape; training_config present")
def seq_built_by_fit(k):
    """Sequential without any input shape: Masking, Bidirectional(LSTM(3)), BatchNormalization,
    Dense(2); built by fit"""
    L, x = k.L, k.x(6, 4)
    m = k.Sequential([L.Masking(0.0), L.Bidirectional(L.LSTM(3)), L.BatchNormalization(), L.Dense(2)])
    m.compile("rmsprop", "mse")
    m.fit(x, k.random.normal(size=(3, 2)).astype("float32"), epochs=1, verbose=0)
    return Made(m, x)


@case("k216 tf113", "Sequential config as a list up to 2.2.2; input_length and batch_input_shape in layers")
def seq_embedding_input_length(k):
    """Sequential: Embedding(12, 4, input_length=7), LSTM(3, hard_sigmoid by default), Dense(2)"""
    L = k.L
    m = k.Sequential(
        [L.Embedding(12, 4, input_length=7), L.LSTM(3, return_sequences=True), L.GRU(2), L.Dense(2)]
    )
    return Made(m, k.ids(7, 12))


@case("k208 tf24", "a Sequential within a Sequential within a Sequential; the batch size is fixed")
def seq_in_seq(k):
    """Sequential[Sequential[LSTM, Sequential[Dense, Activation]], GRU, Dense]"""
    L = k.L
    deep = k.Sequential([L.Dense(3, input_shape=(6, 4)), L.Activation("relu")])
    inner = k.Sequential([L.LSTM(4, return_sequences=True, batch_input_shape=(3, 6, 5)), deep])
    m = k.Sequential([inner, L.GRU(2), L.Dense(2, activation="softmax")])
    return Made(m, k.x(6, 5))


@case("k202 tf113", "functional model as first and as middle layer of a Sequential")
def model_in_seq(k):
    """Sequential[Model(LSTM -> Dense), Model(Conv1D -> Add), GRU]"""
    L = k.L
    a = k.Input((8, 4))
    first = k.Model(a, L.Dense(3)(L.LSTM(4, return_sequences=True)(a)))
    b = k.Input((8, 3))
    c = L.Conv1D(3, 3, padding="same", activation="tanh")(b)
    middle = k.Model(b, L.add([b, c]) if hasattr(L, "add") else L.Add()([b, c]))
    return Made(k.Sequential([first, middle, L.GRU(2)]), k.x(8, 4))


@case("k202 tf215", "Sequential called as a layer inside a functional model")
def seq_in_model(k):
    """Input -> Sequential[LSTM, BN, Dense] -> Dropout -> GRU, and the same Sequential's output
    concatenated"""
    L = k.L
    inner = k.Sequential(
        [L.LSTM(4, return_sequences=True, input_shape=(None, 3)), L.BatchNormalization(), L.Dense(3)]
    )
    x = k.Input((None, 3))
    y = inner(x)
    z = L.GRU(2, return_sequences=True)(L.Dropout(0.2)(y))
    return Made(k.Model(x, L.concatenate([y, z])), k.x(7, 3))


@case("k208 k231 tf24", "three deep, frozen at the innermost; BN statistics at two depths")
def nested_three_deep(k):
    """Model(Model(Sequential(LSTM, BN frozen), BN) -> Dense) in the time axis None"""
    L = k.L
    core = k.Sequential(
        [L.LSTM(3, return_sequences=True, input_shape=(None, 4)), L.BatchNormalization(), L.Dense(3)]
    )
    core.layers[-2].trainable = False
    a = k.Input((None, 4))
    mid = k.Model(a, L.BatchNormalization()(core(a)))
    b = k.Input((None, 4))
    outer = k.Model(b, L.GRU(3)(mid(b)))
    c = k.Input((None, 4))
    return Made(k.Model(c, L.Dense(2)(outer(c))), k.x(6, 4))


@case("k202 tf20", "one nested model, two calls, different inputs")
def nested_called_twice(k):
    """encoder = Model(BiLSTM -> Dense); Dense(concat(encoder(a), encoder(b)))"""
    L = k.L
    a = k.Input((None, 4))
    encoder = k.Model(a, L.Dense(3, activation="tanh")(L.Bidirectional(L.LSTM(2))(a)))
    p, q = k.Input((6, 4)), k.Input((8, 4))
    y = L.Dense(2)(L.concatenate([encoder(p), encoder(q)]))
    return Made(k.Model([p, q], y), [k.x(6, 4), k.x(8, 4)])


# Keras 2.1 loses initial_state tensors inside nested models ("You must feed a value for placeholder").
@case(
    "k224 tf113",
    "nested model with two inputs and two outputs; its outputs used at different places, one unused",
)
def nested_many_io(k):
    """inner([x, s]) -> [seq, state, last]; outer uses seq and last, outputs [Dense(seq), last]"""
    L = k.L
    x, s = k.Input((5, 3)), k.Input((4,))
    seq, h = L.GRU(4, return_sequences=True, return_state=True)(x, initial_state=s)
    inner = k.Model([x, s], [seq, h, L.Dense(2)(h)])
    u, v = k.Input((5, 3)), k.Input((4,))
    seq, _, last = inner([u, v])
    return Made(k.Model([v, u], [L.Dense(2)(seq), last]), [k.x(4), k.x(5, 3)])


@case(
    "k231 tf24",
    "several inputs and outputs; an output that feeds another; outputs in another order than made",
)
def many_io(k):
    """three inputs, four outputs, an intermediate and its consumer both outputs, one tensor twice"""
    L = k.L
    a, b, c = (
        k.Input((6, 3), name="zulu"),
        k.Input((4,), name="alpha"),
        k.Input((6,), dtype="int32", name="mike"),
    )
    e = L.Embedding(9, 3)(c)
    s = L.LSTM(4, return_sequences=True)(L.add([a, e]))
    last = L.GRU(3)(s)
    d = L.Dense(2, name="late")(L.concatenate([last, b]))
    f = L.Dense(2, name="early", activation="sigmoid")(b)
    return Made(k.Model([b, a, c], [d, s, f, last]), [k.x(4), k.x(6, 3), k.ids(6, 9)])


@case("k208 tf20", "shared LSTM, shared Dense, shared BN: several inbound nodes each")
def siamese(k):
    """LSTM, BatchNormalization and Dense shared by two branches; |a-b| by multiply of the difference"""
    L = k.L
    lstm, bn, dense = L.LSTM(4), L.BatchNormalization(), L.Dense(3, activation="relu")
    a, b = k.Input((6, 3)), k.Input((6, 3))
    u, v = [dense(bn(lstm(t))) for t in (a, b)]
    return Made(
        k.Model([a, b], [L.multiply([u, v]), L.Dense(1)(L.concatenate([u, v]))]), [k.x(6, 3), k.x(6, 3)]
    )


@case("k231 tf215", "a layer called on its own output: the second call depends on the first")
def shared_in_series(k):
    """y = gru(gru(gru(x))); dense(dense(y)); a layer was also called outside the model (node index shift)"""
    L = k.L
    gru, dense = L.GRU(3, return_sequences=True), L.Dense(3, activation="tanh")
    x = k.Input((6, 3))
    dense(gru(k.Input((6, 3))))
    y = gru(gru(gru(x)))
    return Made(k.Model(x, dense(dense(y))), k.x(6, 3))


@case("k202 k224 tf113 tf20 tf215", "frozen parts: arrays of nested models stand in another order")
def frozen_parts(k):
    """inner Model[frozen LSTM, BN, frozen BN, Dense], Bidirectional frozen, TimeDistributed of a
    frozen Dense, inner shared"""
    L = k.L
    a = k.Input((6, 3))
    y = L.LSTM(3, return_sequences=True, trainable=False)(a)
    y = L.BatchNormalization()(y)
    y = L.BatchNormalization(trainable=False)(y)
    inner = k.Model(a, L.Dense(3)(y))
    p, q = k.Input((6, 3)), k.Input((6, 3))
    both = L.concatenate([inner(p), inner(q)])
    both = L.Bidirectional(L.GRU(2, return_sequences=True), trainable=False)(both)
    both = L.TimeDistributed(L.Dense(3, trainable=False))(both)
    m = k.Model([p, q], L.LSTM(2)(both))
    return Made(m, [k.x(6, 3), k.x(6, 3)])


@case("k208 k216 tf20", "a whole nested model frozen; half a Bidirectional frozen")
def frozen_models(k):
    """Sequential frozen inside Model inside Model; Bidirectional with only its forward layer frozen
    inside the nested model"""
    L = k.L
    seq = k.Sequential(
        [L.Conv1D(3, 2, input_shape=(6, 3)), L.BatchNormalization(), L.LSTM(3, return_sequences=True)]
    )
    seq.trainable = False
    a = k.Input((6, 3))
    bidirectional = L.Bidirectional(L.LSTM(2))
    inner = k.Model(a, L.Dense(2)(bidirectional(L.BatchNormalization()(seq(a)))))
    bidirectional.forward_layer.trainable = False
    b = k.Input((6, 3))
    return Made(k.Model(b, L.Dense(2)(inner(b))), k.x(6, 3))


@case("k224 tf20", "a Sequential without input shape as a layer: its sizes come from the outer model")
def seq_deferred_in_model(k):
    """Input -> Sequential[LSTM, Dropout, Dense] that was never told its input -> GRU; called twice"""
    L = k.L
    inner = k.Sequential([L.LSTM(4, return_sequences=True), L.Dropout(0.2), L.Dense(3)])
    x, y = k.Input((6, 3)), k.Input((6, 3))
    return Made(k.Model([x, y], L.GRU(2)(L.add([inner(x), inner(y)]))), [k.x(6, 3), k.x(6, 3)])


@case("k208 tf215", "an explicit InputLayer in a Sequential, batch size and name given")
def seq_with_input_layer(k):
    """Sequential[InputLayer, Conv1D, MaxPooling1D, Bidirectional(LSTM), Dense]"""
    L = k.L
    m = k.Sequential(
        [
            L.InputLayer((8, 3), name="entrance"),
            L.Conv1D(3, 3, activation="relu"),
            L.MaxPooling1D(2),
            L.Bidirectional(L.LSTM(2), merge_mode="ave"),
            L.Dense(2, activation="sigmoid"),
        ]
    )
    return Made(m, k.x(8, 3))


@case("k216 tf24", "one layer in two models: its arrays stand twice in the file")
def layer_in_two_models(k):
    """an Embedding and an LSTM used by a nested model and by the outer model itself"""
    L = k.L
    embedding, lstm = L.Embedding(9, 3), L.LSTM(3, return_sequences=True)
    a = k.Input((6,))
    inner = k.Model(a, L.Dense(2)(lstm(embedding(a))))
    x = k.Input((6,))
    return Made(k.Model(x, L.concatenate([inner(x), lstm(embedding(x))])), k.ids(6, 9).astype("float32"))


@case("tf24 tf215", "inputs and outputs as dicts")
def dict_io(k):
    """Model({'left': .., 'right': ..}) with outputs {'last': .., 'all': ..}"""
    L = k.L
    a, b = k.Input((6, 3), name="left"), k.Input((4,), name="right")
    y = L.LSTM(4, return_sequences=True)(a, initial_state=[b, b])
    m = k.Model({"left": a, "right": b}, {"last": L.Dense(2, name="last")(L.GRU(2)(y)), "all": y})
    return Made(m, [k.x(6, 3), k.x(4)])


# Theano: convolution kernels are stored turned by 180 degrees; even kernels of ConvLSTM2D have no
# TensorFlow image.
@case("k224th", "Theano's convolutions are true convolutions: kernels turned by 180 degrees")
def theano_convolutions(k):
    """Conv1D(3, causal) -> LSTM; Conv2D(odd), Conv2D(even), Conv2DTranspose, SeparableConv2D where
    they work"""
    L = k.L
    x, i = k.Input((8, 3)), k.Input((6, 6, 2))
    outputs = [
        L.LSTM(3)(L.Conv1D(3, 3, activation="relu")(x)),
        L.LSTM(2)(L.Conv1D(3, 2, strides=2, padding="same")(x)),
        L.Conv2D(2, 3, padding="same")(i),
        L.Conv2D(2, 2, strides=2)(i),
    ]
    return Made(k.Model([x, i], outputs), [k.x(8, 3), k.x(6, 6, 2)])


@case("k224th", "Theano's transposed convolution")
def theano_transposed(k):
    """Conv2DTranspose(2, 3, same) and (valid, strides 2)"""
    L = k.L
    i = k.Input((5, 5, 2))
    return Made(
        k.Model(i, [L.Conv2DTranspose(2, 3, padding="same")(i), L.Conv2DTranspose(2, 3, strides=2)(i)]),
        k.x(5, 5, 2),
    )


@case("k224th", "Theano ConvLSTM2D with an odd kernel: both kernels turned")
def theano_convlstm(k):
    """ConvLSTM2D(2, 3, same, seq) -> ConvLSTM2D(2, 3, same)"""
    L = k.L
    x = k.Input((3, 5, 5, 2))
    y = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(x)
    return Made(k.Model(x, L.ConvLSTM2D(2, 3, padding="same")(y)), k.x(3, 5, 5, 2), scale=0.4)


@case(
    "k224th",
    "Theano: a convolution inside TimeDistributed and inside a nested model (Keras's own loader "
    "forgets to turn it)",
)
def theano_nested_convolutions(k):
    """TimeDistributed(Conv2D) -> TimeDistributed(Flatten) -> GRU; nested Model(Conv1D) -> LSTM"""
    L = k.L
    x, s = k.Input((3, 5, 5, 2)), k.Input((8, 3))
    y = L.GRU(3)(L.TimeDistributed(L.Flatten())(L.TimeDistributed(L.Conv2D(2, 3))(x)))
    a = k.Input((8, 3))
    inner = k.Model(a, L.Conv1D(2, 3)(a))
    return Made(k.Model([x, s], [y, L.LSTM(2)(inner(s))]), [k.x(3, 5, 5, 2), k.x(8, 3)])


@case("k224th", "Theano writes weight names without ':0'")
def theano_recurrent(k):
    """Masking -> LSTM(hard_sigmoid default, seq) -> Bidirectional(GRU) -> Dense(hard_sigmoid),
    BatchNormalization"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, return_sequences=True)(L.Masking()(x))
    y = L.BatchNormalization()(L.Bidirectional(L.GRU(3))(y))
    return Made(k.Model(x, L.Dense(2, activation="hard_sigmoid")(y)), k.padded(6, 3, "trailing"), scale=1.2)


@case("k224th", "channels_first, which Theano computes on a CPU")
def theano_channels_first(k):
    """Conv2D, BatchNormalization(axis=1), MaxPooling2D, ConvLSTM2D, all channels_first"""
    L, first = k.L, {"data_format": "channels_first"}
    i, v = k.Input((2, 6, 6)), k.Input((3, 2, 5, 5))
    y = L.MaxPooling2D(2, **first)(L.BatchNormalization(axis=1)(L.Conv2D(3, 3, padding="same", **first)(i)))
    z = L.ConvLSTM2D(2, 3, padding="same", **first)(v)
    return Made(k.Model([i, v], [L.Dense(2)(L.Flatten()(y)), z]), [k.x(2, 6, 6), k.x(3, 2, 5, 5)], scale=0.4)
