"""Cells and how they are run: implementations, directions, states, stacks, wrappers."""

from record import Made, case


@case("k122tf", hard="the same arrays in three implementations; gpu packs three arrays")
def cells_cpu_mem(era):
    """LSTM(cpu, seq), LSTM(mem, seq), GRU(cpu, seq), GRU(mem, seq), SimpleRNN(cpu, seq), SimpleRNN(mem)"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, consume_less="cpu", return_sequences=True, input_shape=(6, 3)))
    model.add(L.LSTM(3, consume_less="mem", return_sequences=True))
    model.add(L.GRU(4, consume_less="cpu", return_sequences=True))
    model.add(L.GRU(3, consume_less="mem", return_sequences=True))
    model.add(L.SimpleRNN(4, consume_less="cpu", return_sequences=True))
    model.add(L.SimpleRNN(3, consume_less="mem"))
    return Made(model, era.x(6, 3))


@case("k122tf k108", "full", "W, U, b with gate order i f c o and z r h")
def cells_gpu(era):
    """LSTM(gpu, seq), GRU(gpu, seq), LSTM(gpu), Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, consume_less="gpu", return_sequences=True, input_shape=(6, 3)))
    model.add(L.GRU(3, consume_less="gpu", return_sequences=True))
    model.add(L.LSTM(4, consume_less="gpu"))
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k033 k101", "full", "twelve, nine and three arrays with one name each")
def cells_stacked(era):
    """LSTM(seq), GRU(seq), SimpleRNN(seq), LSTM, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.GRU(3, return_sequences=True))
    model.add(L.SimpleRNN(4, return_sequences=True))
    model.add(L.LSTM(3))
    model.add(L.Dense(2, activation="softmax"))
    return Made(model, era.x(6, 3))


@case("k122tf", hard="inner_activation and activation in every pair")
def cells_activations(era):
    """LSTM(sigmoid/relu), LSTM(tanh/softplus), LSTM(relu/linear), GRU(sigmoid/tanh), GRU(tanh/relu),
    GRU(relu/tanh), SimpleRNN(sigmoid), all seq"""
    L, model = era.L, era.Sequential()
    model.add(
        L.LSTM(4, inner_activation="sigmoid", activation="relu", consume_less="gpu", return_sequences=True,
               input_shape=(5, 3))
    )  # fmt: skip
    model.add(L.LSTM(3, inner_activation="tanh", activation="softplus", consume_less="gpu", return_sequences=True))
    model.add(L.LSTM(3, inner_activation="relu", activation="linear", consume_less="gpu", return_sequences=True))
    model.add(L.GRU(4, inner_activation="sigmoid", activation="tanh", consume_less="gpu", return_sequences=True))
    model.add(L.GRU(3, inner_activation="tanh", activation="relu", consume_less="gpu", return_sequences=True))
    model.add(L.GRU(4, inner_activation="relu", activation="tanh", consume_less="gpu", return_sequences=True))
    model.add(L.SimpleRNN(3, activation="sigmoid", return_sequences=True))
    return Made(model, era.x(5, 3), scale=0.6)


@case("k033", "yaml", "outputs of a backwards layer are not turned round again")
def cells_backwards(era):
    """LSTM(go_backwards, seq), GRU(go_backwards, seq), SimpleRNN(go_backwards, seq), LSTM(go_backwards)"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, go_backwards=True, return_sequences=True, input_shape=(6, 3)))
    model.add(L.GRU(3, go_backwards=True, return_sequences=True))
    model.add(L.SimpleRNN(4, go_backwards=True, return_sequences=True))
    model.add(L.LSTM(3, go_backwards=True))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "unroll changes nothing stored")
def cells_unrolled(era):
    """LSTM(unroll, seq), GRU(unroll, gpu, go_backwards, seq), SimpleRNN(unroll)"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, unroll=True, return_sequences=True, input_shape=(5, 3)))
    model.add(L.GRU(3, unroll=True, consume_less="gpu", go_backwards=True, return_sequences=True))
    model.add(L.SimpleRNN(4, unroll=True))
    return Made(model, era.x(5, 3))


@case("k033", "weights", "states are not saved; the batch size is in the config")
def cells_stateful(era):
    """stateful LSTM(seq), stateful GRU(seq), stateful SimpleRNN, batch 3"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, stateful=True, return_sequences=True, batch_input_shape=(3, 5, 2)))
    model.add(L.GRU(3, stateful=True, return_sequences=True))
    model.add(L.SimpleRNN(3, stateful=True))
    return Made(model, era.x(5, 2), stateful=True)


@case("k122tf", "full", "regularisers, constraints, dropout and inits in the config")
def cells_options(era):
    """LSTM with W_, U_, b_regularizer, dropout_W, dropout_U; GRU likewise; Dense with constraints"""
    L, model = era.L, era.Sequential()
    from keras.regularizers import l1l2, l2

    model.add(
        L.LSTM(
            4, init="uniform", inner_init="normal", forget_bias_init="zero", W_regularizer=l2(0.01),
            U_regularizer=l1l2(0.01, 0.02), b_regularizer=l2(0.03), dropout_W=0.2, dropout_U=0.3,
            return_sequences=True, input_shape=(6, 3),
        )
    )  # fmt: skip
    model.add(L.GRU(3, dropout_W=0.1, dropout_U=0.2, W_regularizer=l2(0.1), consume_less="gpu"))
    model.add(
        L.Dense(4, W_constraint="nonneg", b_constraint="maxnorm", W_regularizer="l2", activity_regularizer="l1")
    )
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "forward_ and backward_ names; merged after the backward half is turned")
def bidirectional_merges(era):
    """Bidirectional of LSTM (concat), LSTM gpu (sum), GRU (mul), SimpleRNN (ave), all seq"""
    L, model = era.L, era.Sequential()
    model.add(L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="concat", input_shape=(6, 3)))
    model.add(L.Bidirectional(L.LSTM(4, return_sequences=True, consume_less="gpu"), merge_mode="sum"))
    model.add(L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="mul"))
    model.add(L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode="ave"))
    return Made(model, era.x(6, 3), scale=0.9)


@case("k122tf", "yaml", "gpu packing in both directions; a SimpleRNN; a layer that goes backwards itself")
def bidirectional_gpu_last(era):
    """Bidirectional(LSTM gpu, seq), Bidirectional(SimpleRNN, seq, ave), Bidirectional(LSTM go_backwards, concat)"""
    L, model = era.L, era.Sequential()
    model.add(L.Bidirectional(L.LSTM(3, return_sequences=True, consume_less="gpu"), input_shape=(5, 3)))
    model.add(L.Bidirectional(L.SimpleRNN(4, return_sequences=True), merge_mode="ave"))
    model.add(L.Bidirectional(L.LSTM(3, go_backwards=True)))
    return Made(model, era.x(5, 3))


@case("k122tf", "full", "no merge: two outputs, forward first")
def bidirectional_none(era):
    """Bidirectional(LSTM seq, merge_mode None), two outputs"""
    L = era.L
    x = era.Input(shape=(5, 3))
    y = L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=None)(x)
    return Made(era.Model(input=x, output=y), era.x(5, 3))


@case("k122tf", "weights", "stateful halves")
def bidirectional_stateful(era):
    """Bidirectional(stateful LSTM, seq), Dense per step"""
    L, model = era.L, era.Sequential()
    model.add(L.Bidirectional(L.LSTM(3, return_sequences=True, stateful=True), batch_input_shape=(3, 5, 2)))
    model.add(L.TimeDistributed(L.Dense(2)))
    return Made(model, era.x(5, 2), stateful=True)


@case("k033", "weights", "old name of a Dense at every step")
def timedistributed_dense(era):
    """LSTM(seq), TimeDistributedDense(relu), GRU(seq), TimeDistributedDense, LSTM"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.TimeDistributedDense(5, activation="relu"))
    model.add(L.GRU(3, return_sequences=True))
    model.add(L.TimeDistributedDense(4))
    model.add(L.LSTM(3))
    return Made(model, era.x(6, 3))


@case("k101", "full", "a layer at every step")
def timedistributed_layers(era):
    """TimeDistributed(Dense tanh), LSTM(seq), TimeDistributed(Dense softmax)"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributed(L.Dense(4, activation="tanh"), input_shape=(6, 3)))
    model.add(L.LSTM(4, return_sequences=True))
    model.add(L.TimeDistributed(L.Dense(3, activation="softmax")))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "the batch size makes TimeDistributed step through time itself")
def timedistributed_fixed_batch(era):
    """batch 3: TimeDistributed(Dense), LSTM(seq), TimeDistributed(Dense)"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributed(L.Dense(4, activation="tanh"), batch_input_shape=(3, 6, 3)))
    model.add(L.LSTM(4, return_sequences=True))
    model.add(L.TimeDistributed(L.Dense(3)))
    return Made(model, era.x(6, 3))


@case("k122tf", "full", "layers that carry their own windows at every step")
def timedistributed_conv(era):
    """TimeDistributed(Convolution1D), TimeDistributed(Flatten), TimeDistributed(LSTM of a sequence inside)"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributed(L.Convolution1D(3, 2, activation="relu"), input_shape=(5, 4, 3)))
    model.add(L.TimeDistributed(L.MaxPooling1D(2, stride=1)))
    model.add(L.TimeDistributed(L.Flatten()))
    model.add(L.LSTM(4))
    return Made(model, era.x(5, 4, 3))


@case("k122tf", "full", "a recurrent layer at every step of a longer sequence")
def timedistributed_lstm(era):
    """TimeDistributed(LSTM(3)), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributed(L.LSTM(3), input_shape=(5, 4, 3)))
    model.add(L.GRU(4))
    return Made(model, era.x(5, 4, 3))


@case("k033", "weights", "encoder and decoder of the first sequence papers")
def repeat_and_permute(era):
    """LSTM, RepeatVector, LSTM(seq), Permute, LSTM(seq), Reshape, SimpleRNN(seq), Flatten, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(5, 3)))
    model.add(L.RepeatVector(6))
    model.add(L.LSTM(3, return_sequences=True))
    model.add(L.Permute((2, 1)))
    model.add(L.GRU(4, return_sequences=True))
    model.add(L.Reshape((6, 2)))
    model.add(L.SimpleRNN(3, return_sequences=True))
    model.add(L.Flatten())
    model.add(L.Dense(4))
    return Made(model, era.x(5, 3))


@case("k122tf", "weights", "no length: any number of steps")
def input_dim_only(era):
    """LSTM(input_dim=3, seq), TimeDistributed(Dense) over unknown steps, GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(output_dim=4, input_dim=3, return_sequences=True))
    model.add(L.GRU(output_dim=3))
    return Made(model, era.x(7, 3))
