"""Dense layers of that time: without bias, Highway, MaxoutDense."""

from record import Made, case


@case("k122tf", "full", "no b")
def dense_no_bias(era):
    """Dense(no bias), TimeDistributedDense(no bias), LSTM, Dense(no bias, sigmoid)"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributedDense(4, bias=False, input_shape=(6, 3)))
    model.add(L.LSTM(4, consume_less="gpu" if era.version > "1.0.5" else "cpu"))
    model.add(L.Dense(3, bias=False))
    model.add(L.Dense(4, activation="sigmoid"))
    return Made(model, era.x(6, 3))


@case("k122tf", "full", "Dense on a sequence")
def dense_on_sequence(era):
    """LSTM(seq), Dense, Dense(relu), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.Dense(5))
    model.add(L.Dense(3, activation="relu", bias=False))
    model.add(L.GRU(3))
    return Made(model, era.x(6, 3))


@case("k033 k122tf", "weights", "1.0 and before: W, b, W_carry, b_carry; 1.2.2: W, W_carry, b, b_carry")
def highway(era):
    """LSTM, Highway(tanh), Highway(relu), Highway linear, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(5, input_shape=(6, 3)))
    model.add(L.Highway(activation="tanh"))
    model.add(L.Highway(activation="relu"))
    model.add(L.Highway())
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "no biases")
def highway_no_bias(era):
    """GRU, Highway(no bias, tanh)"""
    L, model = era.L, era.Sequential()
    model.add(L.GRU(5, input_shape=(6, 3)))
    model.add(L.Highway(bias=False, activation="tanh"))
    return Made(model, era.x(6, 3))


@case("k033 k122tf", "weights", "W of three axes, the maximum over the first")
def maxout(era):
    """GRU, MaxoutDense(4, nb_feature 3), MaxoutDense(3, nb_feature 2)"""
    L, model = era.L, era.Sequential()
    model.add(L.GRU(5, input_shape=(6, 3)))
    model.add(L.MaxoutDense(4, nb_feature=3))
    model.add(L.MaxoutDense(3, nb_feature=2))
    return Made(model, era.x(6, 3))


@case("k122tf", "full", "no bias; in a functional model")
def maxout_no_bias(era):
    """functional: LSTM -> MaxoutDense(no bias), Highway; merge sum"""
    L = era.L
    x = era.Input(shape=(6, 3))
    h = L.LSTM(4)(x)
    y = era.merge([L.MaxoutDense(4, nb_feature=3, bias=False)(h), L.Highway(activation="tanh")(h)], mode="sum")
    return Made(era.Model(input=x, output=y), era.x(6, 3))


@case("k122tf", "weights", "a layer of no Keras 3 at every step")
def highway_per_step(era):
    """TimeDistributed(Highway tanh), TimeDistributed(MaxoutDense), LSTM"""
    L, model = era.L, era.Sequential()
    model.add(L.TimeDistributed(L.Highway(activation="tanh"), input_shape=(6, 4)))
    model.add(L.TimeDistributed(L.MaxoutDense(3, nb_feature=2)))
    model.add(L.LSTM(4))
    return Made(model, era.x(6, 4))


@case("k122tf", "weights", "activations of every name")
def dense_activations(era):
    """functional: LSTM -> seven Dense, one of each activation -> concat; one more through Activation(softmax)"""
    L = era.L
    x = era.Input(shape=(6, 3))
    h = L.LSTM(4, consume_less="gpu")(x)
    names = "tanh softsign sigmoid softplus hard_sigmoid linear relu".split()
    y = era.merge([L.Dense(3, activation=name)(h) for name in names], mode="concat")
    return Made(era.Model(input=x, output=[y, L.Activation("softmax")(L.Dense(3)(h))]), era.x(6, 3))
