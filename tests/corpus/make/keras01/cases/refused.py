"""What holds code or has no counterpart: to be refused by name."""

from record import Made, case


@case("k122tf", "weights", "a Lambda holds marshalled code")
def lambda_layer(era):
    """LSTM, Lambda, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(5, 3)))
    model.add(L.Lambda(lambda x: x * 2))
    model.add(L.Dense(2))
    return Made(model, era.x(5, 3))


@case("k122tf", "weights", "a merge whose mode is code")
def lambda_merge(era):
    """merge(mode=lambda) of two SimpleRNN"""
    L = era.L
    x = era.Input(shape=(5, 3))
    y = era.merge([L.SimpleRNN(3)(x), L.SimpleRNN(3)(x)], mode=lambda two: two[0] - two[1], output_shape=(3,))
    return Made(era.Model(input=x, output=y), era.x(5, 3))


@case("k033", "weights", "AutoEncoder: two containers in one layer")
def autoencoder(era):
    """AutoEncoder(LSTM seq, SimpleRNN seq)"""
    L, M, model = era.L, era.M, era.Sequential()
    encoder, decoder = era.Sequential(), era.Sequential()
    encoder.add(L.LSTM(4, return_sequences=True, input_shape=(5, 3)))
    decoder.add(L.SimpleRNN(3, return_sequences=True, input_shape=(5, 4)))
    model.add(L.AutoEncoder(encoder, decoder, output_reconstruction=True))
    return Made(model, era.x(5, 3))


@case("k033", "weights", "Siamese: one layer on two inputs")
def siamese(era):
    """Graph: a shared LSTM over two inputs, joined by concat, Dense"""
    L, model = era.L, era.Graph()
    model.add_input("a", input_shape=(5, 3))
    model.add_input("b", input_shape=(5, 3))
    model.add_shared_node(L.LSTM(4), name="shared", inputs=["a", "b"], merge_mode="concat")
    model.add_node(L.Dense(2), name="dense", input="shared")
    model.add_output("out", input="dense")
    return Made(model, [era.x(5, 3), era.x(5, 3)])


@case("k033", "weights", "the steps are summed by a layer of its own")
def timedistributed_merge(era):
    """LSTM(seq), TimeDistributedMerge(ave), Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(5, 3)))
    model.add(L.TimeDistributedMerge(mode="ave"))
    model.add(L.Dense(2))
    return Made(model, era.x(5, 3))
