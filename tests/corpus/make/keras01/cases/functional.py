"""Functional models of Keras 1: several inputs and outputs, shared layers, models inside models."""

from record import Made, case


@case("k101 k122tf", "full", "order of inputs and outputs")
def two_inputs_two_outputs(era):
    """LSTM(a), Embedding(b) -> LSTM; merge concat -> Dense x2; two outputs"""
    L = era.L
    a = era.Input(shape=(6, 3), name="zeta")
    b = era.Input(shape=(5,), dtype="int32", name="alpha")
    u = L.LSTM(4, name="left")(a)
    v = L.GRU(3, name="right")(L.Embedding(9, 4, name="words")(b))
    both = era.merge([u, v], mode="concat", name="both")
    first = L.Dense(3, activation="softmax", name="classes")(both)
    second = L.Dense(2, name="values")(both)
    return Made(era.Model(input=[a, b], output=[second, first]), [era.x(6, 3), era.ids(5, 9)])


@case("k101 k122tf", "weights", "one set of arrays, two calls")
def shared_layers(era):
    """one LSTM on two inputs; the same Dense twice in a row; merge mul"""
    L = era.L
    a, b = era.Input(shape=(6, 3)), era.Input(shape=(6, 3))
    shared, dense = L.LSTM(4), L.Dense(4, activation="tanh")
    again = dense(shared(a))
    if era.version != "1.0.1":  # which cannot build a layer that follows itself
        again = dense(again)
    y = era.merge([shared(b), again], mode="mul")
    return Made(era.Model(input=[a, b], output=L.Dense(2)(y)), [era.x(6, 3), era.x(6, 3)])


@case("k101 k122tf", "full", "arrays of the inner models are one group")
def nested_models(era):
    """a functional model and a Sequential inside a functional model; the functional one is called twice"""
    L = era.L
    i = era.Input(shape=(5, 3))
    inner = era.Model(input=i, output=L.Dense(3)(L.LSTM(4)(i)), name="inner")
    pile = era.Sequential(name="pile")
    pile.add(L.GRU(4, return_sequences=True, input_shape=(5, 3)))
    pile.add(L.SimpleRNN(3))
    a, b = era.Input(shape=(5, 3)), era.Input(shape=(5, 3))
    y = era.merge([inner(a), inner(b), pile(a)], mode="concat")
    return Made(era.Model(input=[a, b], output=L.Dense(2)(y)), [era.x(5, 3), era.x(5, 3)])


@case("k122tf", "weights", "two levels of models, each a layer")
def nested_twice(era):
    """model in model in model; a Sequential of a model and layers"""
    L = era.L
    i = era.Input(shape=(5, 3))
    first = era.Model(input=i, output=L.LSTM(3, return_sequences=True)(i))
    j = era.Input(shape=(5, 3))
    second = era.Model(input=j, output=L.GRU(4)(first(j)))
    pile = era.Sequential()
    pile.add(second)
    pile.add(L.Dense(3, activation="relu"))
    x = era.Input(shape=(5, 3))
    return Made(era.Model(input=x, output=L.Dense(2)(pile(x))), era.x(5, 3))


@case("k122tf", "full", "an inner model of two inputs and two outputs")
def nested_many(era):
    """inner (two in, two out) called twice with its inputs exchanged"""
    L = era.L
    p, q = era.Input(shape=(5, 3)), era.Input(shape=(5, 3))
    h = L.LSTM(4, consume_less="gpu")(p)
    g = L.GRU(4, consume_less="gpu")(q)
    inner = era.Model(input=[p, q], output=[era.merge([h, g], mode="sum"), L.Dense(4)(g)], name="inner")
    a, b = era.Input(shape=(5, 3)), era.Input(shape=(5, 3))
    one, two = inner([a, b])
    three, four = inner([b, a])
    y = era.merge([one, two, three, four], mode="concat")
    return Made(era.Model(input=[a, b], output=[L.Dense(2)(y), four]), [era.x(5, 3), era.x(5, 3)])


@case("k122tf", "yaml", "an output that is also an inner tensor")
def output_in_the_middle(era):
    """LSTM(seq) is an output, its LSTM and Dense are outputs"""
    L = era.L
    x = era.Input(shape=(6, 3))
    first = L.LSTM(4, return_sequences=True)(x)
    second = L.LSTM(3)(first)
    third = L.Dense(2)(second)
    return Made(era.Model(input=x, output=[third, first, second]), era.x(6, 3))


@case("k122th k122tf", "full", "letters that split names")
def odd_names(era):
    """layers named with slashes, spaces and dots"""
    L = era.L
    space = " " if era.backend_name == "theano" else "."  # no space in a scope of TensorFlow
    x = era.Input(shape=(5, 3), name="in%sput" % space)
    y = L.LSTM(4, name="enc/lstm%sone" % space, consume_less="gpu", return_sequences=True)(x)
    y = L.GRU(3, name="enc/gru.two", consume_less="gpu")(y)
    y = L.Dense(3, name="dense.out-1")(y)
    return Made(era.Model(input=x, output=y, name="my model"), era.x(5, 3))


@case("k122tf", "weights", "attention of that time: weights of steps by softmax, dot with the sequence")
def attention_by_dot(era):
    """LSTM(seq) -> TimeDistributed(Dense 1) -> Flatten -> softmax -> RepeatVector -> Permute -> merge mul -> GRU"""
    L = era.L
    x = era.Input(shape=(6, 3))
    h = L.LSTM(4, consume_less="gpu", return_sequences=True)(x)
    a = L.TimeDistributed(L.Dense(1, activation="tanh"))(h)
    a = L.Activation("softmax")(L.Flatten()(a))
    a = L.Permute((2, 1))(L.RepeatVector(4)(a))
    y = era.merge([h, a], mode="mul")
    return Made(era.Model(input=x, output=L.GRU(3, consume_less="gpu")(y)), era.x(6, 3))
