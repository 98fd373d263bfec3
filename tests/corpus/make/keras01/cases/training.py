"""Training leaves: optimiser state, frozen layers; arrays without names; options of embeddings."""

from record import Made, case


def small(era):
    L, model = era.L, era.Sequential()
    model.add(L.Embedding(7, 3, input_length=5))
    model.add(L.LSTM(3, consume_less="gpu"))
    model.add(L.Dense(2))
    return model


@case("k122tf k108", "full", "slots of the optimiser beside the weights")
def trained_adam(era):
    """Embedding, LSTM(gpu), Dense; one step of adam"""
    return Made(small(era), era.ids(5, 7), trained="adam")


@case("k122tf", "full", "slots of the optimiser beside the weights")
def trained_rmsprop(era):
    """functional: LSTM(gpu), BatchNormalization, two outputs; one step of rmsprop"""
    L = era.L
    x = era.Input(shape=(5, 3))
    h = L.LSTM(3, consume_less="gpu")(x)
    y, z = L.Dense(2, name="one")(h), L.Dense(3, name="two")(L.BatchNormalization()(h))
    return Made(era.Model(input=x, output=[y, z]), era.x(5, 3), trained="rmsprop")


@case("k122th", "full", "slots of the optimiser beside the weights, Theano's names")
def trained_sgd(era):
    """LSTM(gpu), Dense; one step of adadelta"""
    return Made(small(era), era.ids(5, 7), trained="adadelta")


@case("k122tf", "full", "trainable is a key of the config; nothing moves in the file")
def frozen(era):
    """LSTM(seq) frozen, BatchNormalization frozen, GRU, Dense frozen"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3), trainable=False))
    model.add(L.BatchNormalization(trainable=False))
    model.add(L.SimpleRNN(3))
    model.add(L.Dense(2, trainable=False))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "embedding without a mask; constraint, regulariser and dropout of embeddings")
def embedding_options(era):
    """Embedding(dropout, W_constraint, W_regularizer), SimpleRNN"""
    L, model = era.L, era.Sequential()
    model.add(L.Embedding(8, 4, input_length=6, dropout=0.3, W_constraint="unitnorm", W_regularizer="l2"))
    model.add(L.SimpleRNN(3))
    return Made(model, era.ids(6, 8))


@case("k122tf k033", "yaml", "the architecture in YAML")
def architecture_yaml(era):
    """GRU(seq), TimeDistributedDense, SimpleRNN with regularisers"""
    L, model = era.L, era.Sequential()
    model.add(L.GRU(3, return_sequences=True, input_shape=(5, 3), W_regularizer="l2"))
    model.add(L.TimeDistributedDense(4, activation="relu", b_constraint="nonneg"))
    model.add(L.SimpleRNN(3))
    return Made(model, era.x(5, 3))


@case("k101", "weights", "variables without a name: param_0, param_1 ...")
def nameless(era):
    """LSTM, Dense; the names of all variables taken away before saving (a user's own layer would have none)"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(3, input_shape=(5, 3)))
    model.add(L.Dense(2))
    for layer in model.layers:
        for variable in layer.trainable_weights:
            variable.name = None
    return Made(model, era.x(5, 3), note="no layer of the framework makes nameless variables; the script unnamed them")
