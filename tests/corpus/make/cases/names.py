"""Names and types: layer names that Keras 3 or HDF5 dislike, dtypes per model and per layer."""

from record import Made, case, why


@case("k202 tf28", "slash, dot, space, unicode, very long names, and two names that mend to the same one")
def names_odd(k):
    """layers named 'rnn/block.1', 'rnn_block_1', '_hidden', 'größe', a name of 200 letters, '1x1', 'a b'"""
    L = k.L
    names = [
        "rnn/block.1",
        "rnn_block_1",
        "rnn.block/1",
        "_hidden",
        "gr\u00f6\u00dfe",
        "z" * 200,
        "1x1",
        "a b",
        "kernel",
        "bias:0",
    ]
    x = k.Input((5, 3), name="in/put")
    y = L.LSTM(3, return_sequences=True, name="lstm/kernel")(x)
    for name in names:
        try:
            y = L.Dense(3, activation="tanh", name=name)(y)
        except Exception as error:
            k.skips["name " + name[:20].encode("ascii", "replace").decode()] = why(error)
    return Made(k.Model(x, L.GRU(2, name="gru")(y), name="my/model"), k.x(5, 3))


@case("k231 tf212", "a nested model with the name of an outer layer; inner layers named like outer ones")
def names_nested_same(k):
    """outer Dense 'dense', inner model 'core' with a Dense 'dense' and LSTM 'lstm', a Sequential with
    'lstm' too"""
    L = k.L
    a = k.Input((5, 3), name="in")
    core = k.Model(a, L.Dense(3, name="dense")(L.LSTM(3, return_sequences=True, name="lstm")(a)), name="core")
    seq = k.Sequential(
        [L.LSTM(3, name="lstm", return_sequences=True, input_shape=(5, 3)), L.Dense(3, name="core")],
        name="seq",
    )
    x = k.Input((5, 3), name="x")
    y = L.Dense(3, name="dense")(seq(core(x)))
    return Made(k.Model(x, L.LSTM(2, name="lstm")(y), name="core"), k.x(5, 3))


@case("k224 tf24", "floatx float64: every array in the file is float64")
def floatx_float64(k):
    """LSTM, GRU, BatchNormalization, Conv1D, Dense under floatx('float64')"""
    L = k.L
    k.K.set_floatx("float64")
    try:
        x = k.Input((6, 3))
        y = L.LSTM(3, return_sequences=True)(L.Conv1D(3, 2, activation="hard_sigmoid")(x))
        made = Made(k.Model(x, L.Dense(2)(L.GRU(3)(L.BatchNormalization()(y)))), k.x(6, 3))
        made.model.predict(made.inputs[0])
    finally:
        k.K.set_floatx("float32")
    return made


@case("tf20 tf215", "a dtype per layer: float64 in the middle of a float32 model")
def dtype_per_layer(k):
    """LSTM float32 -> GRU(dtype float64) -> BatchNormalization float64 -> Dense float32"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, return_sequences=True)(x)
    y = L.BatchNormalization(dtype="float64")(L.GRU(3, return_sequences=True, dtype="float64")(y))
    return Made(k.Model(x, [y, L.Dense(2, dtype="float32")(y)]), k.x(6, 3))


def policy(k, name):
    mixed = k.keras.mixed_precision
    (getattr(mixed, "set_global_policy", None) or mixed.experimental.set_policy)(name)


@case("tf24 tf215", "mixed_bfloat16 policy: weights float32, computed in bfloat16")
def policy_mixed_bfloat16(k):
    """LSTM, BatchNormalization, GRU, Dense(float32) under mixed_bfloat16"""
    return under_policy(k, "mixed_bfloat16")


@case("tf212 tf24", "mixed_float16 policy with wrappers, nested model and float32 output")
def policy_mixed_float16(k):
    """LSTM, BatchNormalization, GRU, Dense(float32) under mixed_float16"""
    return under_policy(k, "mixed_float16")


def under_policy(k, name):
    L = k.L
    policy(k, name)
    try:
        x = k.Input((6, 3))
        y = L.Bidirectional(L.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid"))(x)
        y = L.GRU(3)(L.TimeDistributed(L.Dense(3))(L.BatchNormalization()(y)))
        return Made(k.Model(x, L.Dense(2, dtype="float32")(y)), k.x(6, 3))
    finally:
        policy(k, "float32")


@case("k202", "the Embedding config's dtype int32; an integer Input")
def embedding_int32(k):
    """Input(int32) -> Embedding (dtype int32 in the config in 2.0.2) -> Dropout -> LSTM -> Dense;
    input as floats too"""
    L = k.L
    a, b = k.Input((6,), dtype="int32"), k.Input((6,))
    e = L.Embedding(9, 3)
    y = L.concatenate([e(a), L.Dropout(0.2)(L.Embedding(5, 2, embeddings_regularizer="l2")(b))])
    return Made(k.Model([a, b], L.Dense(2)(L.LSTM(3)(y))), [k.ids(6, 9), k.ids(6, 5).astype("float32")])
