"""Masks: who makes them, who passes them on, who drops them, and what a cell does at a masked step.

`padded` has zero steps first, in the middle and last.
"""

from record import Made, case


@case("k033 k122tf", "full", "last output is that of the last step that is not masked")
def mask_embedding(era):
    """Embedding(mask_zero), LSTM(seq), GRU(seq), SimpleRNN, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.Embedding(9, 4, mask_zero=True, input_length=7))
    model.add(L.LSTM(4, return_sequences=True))
    model.add(L.GRU(3, return_sequences=True))
    model.add(L.SimpleRNN(4))
    model.add(L.Dense(3))
    return Made(model, era.padded_ids(7, 9))


@case("k033 k101 k122tf k122th", hard="a masked step repeats the output before it; zeros at the start")
def mask_sequence_out(era):
    """Masking, LSTM(seq) is the output"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, input_shape=(7, 3)))
    model.add(L.LSTM(4, return_sequences=True))
    return Made(model, era.padded(7, 3))


@case("k122tf k122th", hard="gpu packing and unrolled cells under masks; mask_value that is not zero")
def mask_value_unrolled(era):
    """Masking(1.5), LSTM(gpu, unroll, seq), GRU(gpu, seq), LSTM(go_backwards)"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(1.5, input_shape=(6, 3)))
    model.add(L.LSTM(4, consume_less="gpu", unroll=True, return_sequences=True))
    model.add(L.GRU(3, consume_less="gpu", return_sequences=True))
    x = era.padded(6, 3)
    x[x == 0] = 1.5
    return Made(model, x)


@case("k033 k122tf k122th", hard="backwards and masked")
def mask_backwards(era):
    """Masking, GRU(go_backwards, seq) is the output"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, input_shape=(7, 3)))
    model.add(L.GRU(4, go_backwards=True, return_sequences=True))
    return Made(model, era.padded(7, 3))


@case("k108 k122tf k122th", hard="both halves see the mask; the merged sequence keeps it")
def mask_bidirectional(era):
    """Embedding(mask_zero), Bidirectional(LSTM gpu, seq, concat), Bidirectional(GRU, ave)"""
    L, model = era.L, era.Sequential()
    model.add(L.Embedding(9, 4, mask_zero=True, input_length=7))
    model.add(L.Bidirectional(L.LSTM(3, return_sequences=True, consume_less="gpu")))
    model.add(L.Bidirectional(L.GRU(3, consume_less="gpu"), merge_mode="ave"))
    return Made(model, era.padded_ids(7, 9))


@case("k033 k101 k122tf", hard="values at masked steps change at Dense and Activation, the mask goes on")
def mask_through_dense(era):
    """Masking, TimeDistributedDense(tanh), Activation, LSTM"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, input_shape=(7, 3)))
    model.add(L.TimeDistributedDense(4, activation="tanh"))
    model.add(L.Activation("softmax"))
    model.add(L.Dropout(0.4))
    model.add(L.LSTM(3))
    return Made(model, era.padded(7, 3), scale=0.9)


@case("k101 k108 k122tf", hard="TimeDistributed: does it pass the mask on?")
def mask_through_timedistributed(era):
    """Masking, TimeDistributed(Dense tanh), LSTM"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, input_shape=(7, 3)))
    model.add(L.TimeDistributed(L.Dense(4, activation="tanh")))
    model.add(L.LSTM(3))
    return Made(model, era.padded(7, 3), scale=0.9)


@case("k101 k122tf", hard="noise, normalisation and activation layers pass the mask on or stop it")
def mask_through_others(era):
    """functional: Masking -> GaussianNoise, BatchNormalization, LeakyReLU, PReLU -> GRU"""
    L = era.L
    x = era.Input(shape=(7, 3))
    y = L.GaussianDropout(0.2)(L.GaussianNoise(0.3)(L.Masking(0.0)(x)))
    y = L.LeakyReLU(0.2)(L.ELU()(y))
    y = L.GRU(4)(y)
    return Made(era.Model(input=x, output=y), era.padded(7, 3), scale=0.9)


@case("k122tf", hard="a Merge of masked branches: a step counts where every branch has it (AND)")
def mask_merge_sum(era):
    """two Masking + LSTM(seq) branches, merge sum, GRU"""
    L = era.L
    a, b = era.Input(shape=(7, 3)), era.Input(shape=(7, 3))
    u = L.LSTM(4, consume_less="gpu", return_sequences=True)(L.Masking(0.0)(a))
    v = L.SimpleRNN(4, return_sequences=True)(L.Masking(0.0)(b))
    y = L.GRU(3, consume_less="gpu")(era.merge([u, v], mode="sum"))
    other = era.padded(7, 3)
    return Made(era.Model(input=[a, b], output=y), [era.padded(7, 3), other[::-1].copy()], scale=0.9)


@case("k122tf k122th", hard="one branch is masked, the other not")
def mask_merge_concat(era):
    """one masked and one plain branch, merge concat on the last axis, GRU"""
    L = era.L
    a, b = era.Input(shape=(7, 3)), era.Input(shape=(7, 3))
    u = L.LSTM(4, consume_less="gpu", return_sequences=True)(L.Masking(0.0)(a))
    v = L.SimpleRNN(3, return_sequences=True)(b)
    y = L.GRU(3, consume_less="gpu")(era.merge([u, v], mode="concat"))
    return Made(era.Model(input=[a, b], output=y), [era.padded(7, 3), era.x(7, 3)], scale=0.9)


@case("k122tf", hard="mul and ave combine masks as sum does; dot makes none")
def mask_merge_mul(era):
    """masked + masked branches, merge mul -> GRU; merge ave of masked and plain -> LSTM; merge dot"""
    L = era.L
    a, b = era.Input(shape=(7, 3)), era.Input(shape=(7, 3))
    u = L.SimpleRNN(4, return_sequences=True)(L.Masking(0.0)(a))
    v = L.SimpleRNN(4, return_sequences=True)(L.Masking(0.0)(b))
    w = L.SimpleRNN(4, return_sequences=True)(b)
    one = L.GRU(3, consume_less="gpu")(era.merge([u, v], mode="mul"))
    two = L.LSTM(3, consume_less="gpu")(era.merge([u, w], mode="ave"))
    three = L.SimpleRNN(3)(era.merge([u, v], mode="dot", dot_axes=[2, 2]))
    other = era.padded(7, 3)
    return Made(era.Model(input=[a, b], output=[one, two, three]), [era.padded(7, 3), other[::-1].copy()])


@case("k122tf", hard="masks in a Sequential whose first layer is a Merge of branches")
def mask_merge_sequential(era):
    """Sequential: Merge(sum) of [Embedding(mask_zero), LSTM(seq)] and [Embedding(mask_zero), GRU(seq)]; SimpleRNN"""
    L = era.L
    branches = []
    for cell in (L.LSTM, L.GRU):
        branch = era.Sequential()
        branch.add(L.Embedding(9, 4, mask_zero=True, input_length=6))
        branch.add(cell(3, return_sequences=True))
        branches.append(branch)
    model = era.Sequential()
    model.add(L.Merge(branches, mode="sum"))
    model.add(L.SimpleRNN(3))
    other = era.padded_ids(6, 9)
    return Made(model, [era.padded_ids(6, 9), other[::-1].copy()], scale=0.9)


@case("k122tf", hard="a mask is made inside a nested model and outside of it")
def mask_nested(era):
    """Masking -> inner model (LSTM seq) -> GRU"""
    L = era.L
    i = era.Input(shape=(7, 3))
    inner = era.Model(input=i, output=L.LSTM(4, consume_less="gpu", return_sequences=True)(i))
    x = era.Input(shape=(7, 3))
    y = L.GRU(3, consume_less="gpu")(inner(L.Masking(0.0)(x)))
    return Made(era.Model(input=x, output=y), era.padded(7, 3), scale=0.9)


@case("k122tf", hard="Masking and Embedding inside the nested model; its mask goes on outside")
def mask_from_nested(era):
    """inner Sequential (Embedding mask_zero, LSTM seq) -> GRU outside"""
    L = era.L
    inner = era.Sequential()
    inner.add(L.Embedding(9, 4, mask_zero=True, input_length=7))
    inner.add(L.LSTM(4, consume_less="gpu", return_sequences=True))
    x = era.Input(shape=(7,), dtype="int32")
    return Made(era.Model(input=x, output=L.GRU(3, consume_less="gpu")(inner(x))), era.padded_ids(7, 9), scale=0.9)


@case("k033 k122tf k122th", hard="stateful and masked from the first step")
def mask_stateful(era):
    """batch 3: Masking, stateful LSTM(seq)"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, batch_input_shape=(3, 6, 3)))
    model.add(L.LSTM(4, stateful=True, return_sequences=True))
    return Made(model, era.padded(6, 3), stateful=True)


@case("k122tf", hard="RepeatVector and a decoder after a masked encoder: no mask there")
def mask_encoder_decoder(era):
    """Masking, LSTM, RepeatVector, GRU(seq), TimeDistributed(Dense)"""
    L, model = era.L, era.Sequential()
    model.add(L.Masking(0.0, input_shape=(7, 3)))
    model.add(L.LSTM(4))
    model.add(L.RepeatVector(5))
    model.add(L.GRU(3, return_sequences=True))
    model.add(L.TimeDistributed(L.Dense(2)))
    return Made(model, era.padded(7, 3))
