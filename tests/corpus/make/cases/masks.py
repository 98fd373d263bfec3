"""What each era does with masked steps: which layers carry a mask on, and what a masked step puts out."""

from record import Made, case, why


@case("k202 k224 tf212", "leading, inner and trailing masked steps")
def mask_lstm_lstm(k):
    """Masking(0.5 as the value) -> LSTM(seq) -> LSTM(seq) and GRU -> Dense"""
    L = k.L
    x = k.Input((8, 3))
    y = L.Masking(mask_value=0.5)(x)
    y = L.LSTM(4, return_sequences=True)(y)
    m = k.Model(x, [L.LSTM(3, return_sequences=True)(y), L.Dense(2)(L.GRU(3)(y))])
    padded = k.padded(8, 3, "mixed")
    padded[padded == 0] = 0.5
    return Made(m, padded)


@case("k214 tf20", "Embedding(mask_zero) with inner holes; one sequence begins with a hole")
def mask_embedding(k):
    """Embedding(mask_zero) -> GRU(seq) -> SimpleRNN(seq) -> LSTM; time None"""
    L = k.L
    x = k.Input((None,), dtype="int32")
    y = L.Embedding(9, 3, mask_zero=True)(x)
    y = L.GRU(3, return_sequences=True)(y)
    y = L.SimpleRNN(3, return_sequences=True)(y)
    return Made(k.Model(x, [y, L.LSTM(2)(y)]), k.padded_ids(7, 9, "mixed"))


@case("tf20 tf215", "zero_output_for_mask")
def mask_zero_output(k):
    """Masking -> GRU(zero_output_for_mask, seq), RNN(LSTMCell, zero_output_for_mask)"""
    L = k.L
    x = k.Input((7, 3))
    y = L.Masking()(x)
    m = k.Model(
        x,
        [
            L.GRU(3, return_sequences=True, zero_output_for_mask=True)(y),
            L.RNN(L.LSTMCell(2), return_sequences=True, zero_output_for_mask=True)(y),
            L.SimpleRNN(2, zero_output_for_mask=True)(y),
        ],
    )
    return Made(m, k.padded(7, 3, "mixed"))


@case(
    "k208 k224 k231 tf113 tf20 tf24 tf212",
    "a masked Bidirectional with sequences: held outputs are turned round, or zero",
)
def mask_bidirectional_seq(k):
    """Masking -> Bidirectional(LSTM(3, seq), concat); trailing padding"""
    L = k.L
    x = k.Input((7, 3))
    return Made(
        k.Model(x, L.Bidirectional(L.LSTM(3, return_sequences=True))(L.Masking()(x))),
        k.padded(7, 3, "trailing"),
    )


@case("k224 tf215", "a masked Bidirectional with sequences, inner holes, two of them")
def mask_bidirectional_stack(k):
    """Embedding(mask_zero) -> Bidirectional(GRU, seq, sum) -> Bidirectional(LSTM) -> Dense; mixed holes"""
    L = k.L
    x = k.Input((7,))
    y = L.Embedding(9, 3, mask_zero=True)(x)
    y = L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum")(y)
    return Made(k.Model(x, L.Dense(2)(L.Bidirectional(L.LSTM(3))(y))), k.padded_ids(7, 9, "mixed"))


@case("k202 k231 tf28", "a masked Bidirectional that returns the last step only")
def mask_bidirectional_last(k):
    """Masking -> Bidirectional(LSTM(3)) concat -> Dense, and Bidirectional(GRU(2)) ave"""
    L = k.L
    x = k.Input((7, 3))
    y = L.Masking()(x)
    m = k.Model(
        x, [L.Dense(2)(L.Bidirectional(L.LSTM(3))(y)), L.Bidirectional(L.GRU(2), merge_mode="ave")(y)]
    )
    return Made(m, k.padded(7, 3, "mixed"))


@case("k208 tf113", "a mask through TimeDistributed, Dense, BN, Dropout, Activation, noise")
def mask_between(k):
    """Masking -> TimeDistributed(Dense) -> BatchNormalization -> Dropout -> Activation ->
    GaussianNoise -> LSTM"""
    L = k.L
    x = k.Input((7, 3))
    y = L.TimeDistributed(L.Dense(3))(L.Masking()(x))
    y = L.Activation("tanh")(L.Dropout(0.4)(L.BatchNormalization()(y)))
    y = L.GaussianNoise(0.1)(L.LeakyReLU(0.2)(y))
    return Made(k.Model(x, L.LSTM(3)(y)), k.padded(7, 3, "mixed"))


@case("k231 tf215", "SpatialDropout1D and Embedding; a Dense between two masked layers")
def mask_dense_between(k):
    """Embedding(mask_zero) -> SpatialDropout1D -> LSTM(seq) -> Dense -> GRU"""
    L = k.L
    x = k.Input((7,))
    y = L.SpatialDropout1D(0.3)(L.Embedding(9, 3, mask_zero=True)(x))
    y = L.Dense(3)(L.LSTM(3, return_sequences=True)(y))
    return Made(k.Model(x, L.GRU(3)(y)), k.padded_ids(7, 9, "mixed"))


@case("k208 tf215", "Concatenate of two masked branches, and of a masked and an unmasked one")
def mask_concatenate(k):
    """two Masking branches -> Concatenate(features) -> LSTM; masked + unmasked -> Concatenate -> GRU;
    along time too"""
    L = k.L
    a, b = k.Input((6, 3)), k.Input((6, 3))
    p, q = L.Masking()(a), L.Masking()(b)
    m = k.Model(
        [a, b],
        [
            L.LSTM(3, return_sequences=True)(L.concatenate([p, q])),
            L.GRU(3)(L.concatenate([p, b])),
            L.SimpleRNN(2)(L.concatenate([p, q], axis=1)),
        ],
    )
    return Made(m, [k.padded(6, 3, "mixed"), k.padded(6, 3, "trailing")])


@case("k231 tf20", "Add, Multiply, Average, Maximum of masked branches")
def mask_merge(k):
    """two Masking branches -> add / multiply / average / maximum, then recurrent layers"""
    L = k.L
    a, b = k.Input((6, 3)), k.Input((6, 3))
    p, q = L.Masking()(a), L.Masking()(b)
    merged = [L.add([p, q]), L.multiply([p, q]), L.average([p, q]), L.maximum([p, b])]
    outputs = [L.LSTM(2)(merged[0]), L.GRU(2)(merged[1]), L.SimpleRNN(2)(merged[2]), L.LSTM(2)(merged[3])]
    return Made(k.Model([a, b], outputs), [k.padded(6, 3, "mixed"), k.padded(6, 3, "trailing")])


@case("k231 tf20", "GlobalAveragePooling1D with a mask averages over the unmasked steps only")
def mask_global_average(k):
    """Embedding(mask_zero) -> LSTM(seq) -> GlobalAveragePooling1D -> Dense; Masking ->
    GlobalAveragePooling1D"""
    L = k.L
    x, v = k.Input((7,)), k.Input((7, 3))
    y = L.LSTM(3, return_sequences=True)(L.Embedding(9, 3, mask_zero=True)(x))
    m = k.Model(
        [x, v], [L.Dense(2)(L.GlobalAveragePooling1D()(y)), L.GlobalAveragePooling1D()(L.Masking()(v))]
    )
    return Made(m, [k.padded_ids(7, 9, "mixed"), k.padded(7, 3, "trailing")])


@case("tf24 tf28", "Attention and AdditiveAttention with masks of query and value")
def mask_attention(k):
    """Embedding(mask_zero) twice -> LSTM -> Attention, AdditiveAttention(use_scale) -> GRU"""
    L = k.L
    a, b = k.Input((5,)), k.Input((7,))
    e = L.Embedding(9, 3, mask_zero=True)
    q, v = L.LSTM(3, return_sequences=True)(e(a)), L.LSTM(3, return_sequences=True)(e(b))
    m = k.Model(
        [a, b],
        [
            L.Attention()([q, v]),
            L.GRU(2)(L.AdditiveAttention()([q, v])),
            L.Attention(use_scale=True)([q, v, v]),
        ],
    )
    return Made(m, [k.padded_ids(5, 9, "trailing"), k.padded_ids(7, 9, "mixed")])


# Keras 2.0.8 cannot pass a mask into a functional model ("Layer input_1 does not support masking").
@case("k224 tf212", "masks through nested models, RNN of cells, TimeDistributed models")
def mask_nested(k):
    """Masking inside a nested Sequential; the mask leaves it and reaches an outer LSTM (or not)"""
    L = k.L
    inner = k.Sequential([L.Masking(input_shape=(7, 3)), L.Dense(3)])
    a = k.Input((7, 3))
    other = k.Model(a, L.LSTM(3, return_sequences=True)(a))
    x = k.Input((7, 3))
    y = inner(x)
    return Made(k.Model(x, [L.LSTM(3)(y), L.GRU(2)(other(y))]), k.padded(7, 3, "mixed"))


@case("k214 tf113", "masks and RNN of cells; return_state under a mask")
def mask_cells(k):
    """Masking -> RNN([LSTMCell, GRUCell], seq, return_state) -> RNN(SimpleRNNCell)"""
    L = k.L
    x = k.Input((7, 3))
    gru = (
        3 if k.name == "k214" else 2
    )  # Keras 2.1 masks states of unequal size in a stack not at all: it fails
    got = L.RNN([L.LSTMCell(3), L.GRUCell(gru)], return_sequences=True, return_state=True)(L.Masking()(x))
    last = L.RNN(L.SimpleRNNCell(2))(got[0])
    return Made(k.Model(x, [last] + list(got)), k.padded(7, 3, "mixed"))


@case("k208 tf113", "go_backwards, return_state and initial_state under a mask")
def mask_backwards(k):
    """Masking -> LSTM(go_backwards, seq) and GRU(go_backwards, return_state)"""
    L = k.L
    x = k.Input((7, 3))
    y = L.Masking()(x)
    z, s = L.GRU(3, go_backwards=True, return_state=True)(y)
    m = k.Model(x, [L.LSTM(3, go_backwards=True, return_sequences=True)(y), z, s])
    return Made(m, k.padded(7, 3, "mixed"))


@case("k224 tf20", "layers that stop a mask: RepeatVector, Flatten, Reshape, Conv1D")
def mask_stopped(k):
    """masked LSTM -> RepeatVector -> LSTM; Masking -> Reshape -> LSTM; Embedding(mask_zero) -> Permute
    -> LSTM"""
    L = k.L
    x, e = k.Input((6, 4)), k.Input((6,))
    y = L.LSTM(3, return_sequences=True)(L.RepeatVector(4)(L.LSTM(3)(L.Masking()(x))))
    z = L.Embedding(9, 4, mask_zero=True)(e)
    outputs = [y]
    for stop in (L.Reshape((3, 8)), L.Permute((2, 1))):
        try:
            outputs.append(L.GRU(2)(stop(z)))
        except Exception as error:
            k.skips["mask into " + type(stop).__name__] = why(error)
    inputs, data = [x, e], [k.padded(6, 4, "trailing"), k.padded_ids(6, 9, "mixed")]
    return Made(k.Model(inputs, outputs), data) if len(outputs) > 1 else Made(k.Model(x, outputs), data[0])


@case("tf24", "MultiHeadAttention after a masked layer (masks reach it by themselves from 2.10 on)")
def mask_mha(k):
    """Embedding(mask_zero) -> MultiHeadAttention -> LSTM"""
    L = k.L
    x = k.Input((6,))
    y = L.Embedding(9, 4, mask_zero=True)(x)
    return Made(k.Model(x, L.LSTM(3)(L.MultiHeadAttention(2, 3)(y, y))), k.padded_ids(6, 9, "trailing"))


@case("tf212 tf215", "MultiHeadAttention takes the mask of its inputs by itself")
def mask_mha_implicit(k):
    """Embedding(mask_zero) -> MultiHeadAttention -> Add -> LayerNormalization -> GlobalAveragePooling1D"""
    L = k.L
    x = k.Input((6,))
    y = L.Embedding(9, 4, mask_zero=True)(x)
    z = L.LayerNormalization()(L.add([y, L.MultiHeadAttention(2, 3)(y, y)]))
    return Made(k.Model(x, [z, L.GlobalAveragePooling1D()(z)]), k.padded_ids(6, 9, "trailing"))


@case("k231 tf24", "a hierarchical network: the mask lives inside the time-distributed model")
def mask_timedistributed_model(k):
    """TimeDistributed(Model(Embedding(mask_zero) -> Bidirectional(LSTM))) -> GRU; words padded at the end"""
    L = k.L
    a = k.Input((6,))
    words = k.Model(a, L.Bidirectional(L.LSTM(2))(L.Embedding(9, 3, mask_zero=True)(a)))
    x = k.Input((4, 6))
    ids = k.random.randint(1, 9, size=(3, 4, 6)).astype("float32")
    for row, column, words_there in ((0, 1, 3), (0, 3, 2), (1, 0, 5), (2, 2, 1)):
        ids[row, column, words_there:] = 0
    return Made(k.Model(x, L.GRU(3)(L.TimeDistributed(words)(x))), ids)


@case("k231 tf215", "TimeDistributed(Embedding(mask_zero)): does its mask reach TimeDistributed(LSTM)?")
def mask_timedistributed_embedding(k):
    """TimeDistributed(Embedding(mask_zero)) -> TimeDistributed(LSTM) -> LSTM"""
    L = k.L
    x = k.Input((4, 6))
    y = L.TimeDistributed(L.LSTM(3))(L.TimeDistributed(L.Embedding(9, 3, mask_zero=True))(x))
    ids = k.random.randint(1, 9, size=(3, 4, 6)).astype("float32")
    for row, column, words_there in ((0, 1, 3), (0, 3, 2), (1, 0, 5), (2, 2, 1)):
        ids[row, column, words_there:] = 0
    return Made(k.Model(x, [y, L.LSTM(2)(y)]), ids)
