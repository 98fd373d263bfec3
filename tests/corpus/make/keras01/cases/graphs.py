"""Graph models of Keras 0.3: named inputs, nodes and outputs; one flat group of arrays."""

from record import Made, case


@case("k033 k101", "weights", "arrays in the order of the nodes, one group; inputs and outputs have names")
def graph_two_inputs(era):
    """Graph: LSTM(zeta), Embedding(alpha) -> GRU, concat -> Dense x2, two outputs"""
    L, model = era.L, era.Graph()
    model.add_input("zeta", input_shape=(6, 3))
    model.add_input("alpha", input_shape=(5,), dtype="int")
    model.add_node(L.LSTM(4), name="left", input="zeta")
    model.add_node(L.Embedding(9, 4, input_length=5), name="words", input="alpha")
    model.add_node(L.GRU(3), name="right", input="words")
    model.add_node(L.Dense(3, activation="tanh"), name="both", inputs=["left", "right"], merge_mode="concat")
    model.add_node(L.Dense(2), name="last", input="both")
    model.add_output("values", input="last")
    model.add_output("hidden", input="both")
    return Made(model, [era.x(6, 3), era.ids(5, 9)])


@case("k033 k101", "weights", "merge_mode of a node with several inputs")
def graph_modes(era):
    """Graph: nodes and outputs that merge by sum, mul, ave, concat over steps"""
    L, model = era.L, era.Graph()
    model.add_input("x", input_shape=(6, 3))
    model.add_node(L.SimpleRNN(4, return_sequences=True), name="a", input="x")
    model.add_node(L.GRU(4, return_sequences=True), name="b", input="x")
    model.add_node(L.LSTM(3), name="c", inputs=["a", "b"], merge_mode="sum")
    model.add_node(L.SimpleRNN(3), name="d", inputs=["a", "b"], merge_mode="mul")
    model.add_node(L.SimpleRNN(3), name="e", inputs=["a", "b"], merge_mode="concat", concat_axis=1)
    model.add_output("out", inputs=["c", "d", "e"], merge_mode="ave")
    return Made(model, era.x(6, 3))


@case("k033", "weights", "a Sequential is a node; a node is also an output")
def graph_of_sequential(era):
    """Graph: a Sequential (LSTM seq, TimeDistributedDense) as a node, SimpleRNN node with create_output"""
    L, model = era.L, era.Graph()
    inner = era.Sequential()
    inner.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    inner.add(L.TimeDistributedDense(3))
    model.add_input("x", input_shape=(6, 3))
    model.add_node(inner, name="inner", input="x")
    model.add_node(L.SimpleRNN(3), name="rnn", input="inner", create_output=True)
    return Made(model, era.x(6, 3))


@case("k033", "weights", "a Graph is a layer of a Sequential")
def sequential_of_graph(era):
    """Sequential: LSTM(seq), Graph (GRU and SimpleRNN, sum), Dense"""
    L, model = era.L, era.Sequential()
    from keras.layers.containers import Graph

    graph = Graph()
    graph.add_input("x", input_shape=(6, 4))
    graph.add_node(L.GRU(3), name="a", input="x")
    graph.add_node(L.SimpleRNN(3), name="b", input="x")
    graph.add_output("y", inputs=["a", "b"], merge_mode="sum")
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(graph)
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k033", "weights", "masks along the nodes of a Graph; a merge of nodes drops them")
def graph_masks(era):
    """Graph: Embedding(mask_zero) -> LSTM(seq) -> GRU; the same two merged by sum -> SimpleRNN"""
    L, model = era.L, era.Graph()
    model.add_input("x", input_shape=(7,), dtype="int")
    model.add_node(L.Embedding(9, 4, mask_zero=True, input_length=7), name="words", input="x")
    model.add_node(L.LSTM(4, return_sequences=True), name="lstm", input="words")
    model.add_node(L.GRU(3), name="gru", input="lstm")
    model.add_node(L.SimpleRNN(3), name="both", inputs=["words", "lstm"], merge_mode="sum")
    model.add_output("first", input="gru")
    model.add_output("second", input="both")
    return Made(model, era.padded_ids(7, 9))


@case("k033", "weights", "a Sequential inside a Sequential is one layer_k")
def sequential_of_sequential(era):
    """Sequential: Sequential(LSTM seq, Dropout, GRU), Dense"""
    L, model, inner = era.L, era.Sequential(), era.Sequential()
    inner.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    inner.add(L.Dropout(0.3))
    inner.add(L.GRU(3))
    model.add(inner)
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k033", "weights", "Dense after a mask: it is no masked layer")
def mask_repeated_and_dense(era):
    """Embedding(mask_zero), LSTM, RepeatVector, GRU(seq), TimeDistributedDense"""
    L, model = era.L, era.Sequential()
    model.add(L.Embedding(9, 4, mask_zero=True, input_length=7))
    model.add(L.LSTM(4))
    model.add(L.RepeatVector(5))
    model.add(L.GRU(3, return_sequences=True))
    model.add(L.TimeDistributedDense(2))
    return Made(model, era.padded_ids(7, 9))
