"""Merge in every mode: the first layer of a Sequential over branches, and the function `merge`."""

from record import Made, case


def branch(era, cell, units, seq=False, steps=6, name=None):
    model = era.Sequential()
    model.add(getattr(era.L, cell)(units, return_sequences=seq, input_shape=(steps, 3)))
    return model


@case("k033", "full", "order of the flattened layers")
def merge_first_concat(era):
    """Sequential: Merge(concat) of [LSTM, Dense] and [GRU]; Dense"""
    L, model = era.L, era.Sequential()
    left = branch(era, "LSTM", 4)
    left.add(L.Dense(3, activation="tanh"))
    model.add(L.Merge([left, branch(era, "GRU", 3)], mode="concat"))
    model.add(L.Dense(2))
    return Made(model, [era.x(6, 3), era.x(6, 3)])


def simple_merge(mode, seq=False, three=False, **options):
    def build(era):
        model = era.Sequential()
        parts = [branch(era, "GRU" if seq else "SimpleRNN", 4, seq), branch(era, "SimpleRNN", 4, seq)]
        parts += [branch(era, "SimpleRNN", 4, seq)] if three else []
        model.add(era.L.Merge(parts, mode=mode, **options))
        if mode not in ("dot", "cos") or seq:
            model.add(era.L.SimpleRNN(3) if seq else era.L.Dense(3))
        return Made(model, [era.x(6, 3) for _ in parts])

    return build


def named(name, words, build):
    build.__name__, build.__doc__ = name, words
    return build


SIMPLE = (
    ("sum", "k033 k122tf", {"three": True}),
    ("ave", "k033", {"three": True}),
    ("max", "k122tf", {"three": True}),
    ("dot", "k033", {"dot_axes": 1}),
    ("cos", "k033 k101 k122tf", {"dot_axes": 1}),
)
for _mode, _eras, _options in SIMPLE:
    _words = "Sequential: Merge(%s) of %s SimpleRNN" % (_mode, "three" if "three" in _options else "two")
    case(_eras, hard="mode " + _mode)(named("merge_first_" + _mode, _words, simple_merge(_mode, **_options)))
case("k122tf", hard="dot over features: steps by steps")(
    named("merge_first_dot_steps", "Sequential: Merge(dot, axes 2 2) of two sequences, SimpleRNN",
          simple_merge("dot", seq=True, dot_axes=[2, 2]))
)  # fmt: skip
case("k122th", hard="dot over steps: features by features")(
    named("merge_first_dot_features", "Sequential: Merge(dot, axes 1 1) of two sequences, SimpleRNN",
          simple_merge("dot", seq=True, dot_axes=[1, 1]))
)  # fmt: skip
case("k122tf", hard="concat over steps")(
    named("merge_first_concat_steps", "Sequential: Merge(concat over axis 1) of two sequences, SimpleRNN",
          simple_merge("concat", seq=True, concat_axis=1))
)  # fmt: skip


@case("k033 k101 k122tf", "weights", "branches of branches: which arrays come first")
def merge_first_nested(era):
    """Sequential: Merge(concat) of [Merge(sum) of [LSTM], [GRU]; Dense] and [SimpleRNN]; Dense"""
    L = era.L
    inner = era.Sequential()
    inner.add(L.Merge([branch(era, "LSTM", 4), branch(era, "GRU", 4)], mode="sum"))
    inner.add(L.Dense(3, activation="tanh"))
    model = era.Sequential()
    model.add(L.Merge([inner, branch(era, "SimpleRNN", 3)], mode="concat"))
    model.add(L.Dense(2))
    return Made(model, [era.x(6, 3), era.x(6, 3), era.x(6, 3)])


@case("k122tf", "weights", "one branch feeds two merged parts: its input counts once")
def merge_first_same_branch(era):
    """Sequential: Merge(concat) of [shared LSTM; Dense] and [the same shared LSTM; Dense]; Dense"""
    L = era.L
    shared = branch(era, "LSTM", 4)
    one, two = era.Sequential(), era.Sequential()
    one.add(shared)
    one.add(L.Dense(3, activation="tanh"))
    two.add(shared)
    two.add(L.Dense(4))
    model = era.Sequential()
    model.add(L.Merge([one, two], mode="concat"))
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "every mode of merge()")
def merge_function(era):
    """merge sum, mul, ave, concat of sequences over axes 1 and 2, cos and dot of vectors, nine outputs"""
    L = era.L
    a, b = era.Input(shape=(6, 3)), era.Input(shape=(6, 3))
    u, v = L.SimpleRNN(3, return_sequences=True)(a), L.SimpleRNN(3, return_sequences=True)(b)
    p, q = L.SimpleRNN(4)(u), L.SimpleRNN(4)(v)
    outs = [era.merge([u, v, a], mode=mode) for mode in ("sum", "mul", "ave")]
    outs += [era.merge([u, v], mode="concat", concat_axis=1), era.merge([u, v], mode="concat")]
    outs += [era.merge([p, q], mode="dot", dot_axes=1), era.merge([p, q], mode="cos", dot_axes=1)]
    outs += [era.merge([u, v], mode="dot", dot_axes=[2, 2]), era.merge([u, v], mode="dot", dot_axes=[1, 1])]
    if era.version == "1.2.2":
        outs += [era.merge([u, v], mode="max")]
    return Made(era.Model(input=[a, b], output=outs), [era.x(6, 3), era.x(6, 3)])


@case("k122th", "weights", "dot of a matrix with a vector; dot_axes 2 1")
def merge_function_ranks(era):
    """dot of a sequence and a vector (2 1; Theano alone), dot (2 1) of sequences after Permute"""
    L = era.L
    a, b = era.Input(shape=(6, 3)), era.Input(shape=(6, 3))
    u, v = L.SimpleRNN(4, return_sequences=True)(a), L.GRU(4, return_sequences=True)(b)
    p = L.SimpleRNN(4)(v)
    outs = [u]
    if era.backend_name == "theano":
        outs += [era.merge([u, p], mode="dot", dot_axes=[2, 1])]
    outs += [era.merge([u, L.Permute((2, 1))(v)], mode="dot", dot_axes=[2, 1])]
    return Made(era.Model(input=[a, b], output=outs), [era.x(6, 3), era.x(6, 3)])


@case("k122tf", "full", "Merge as a layer called on tensors, and a Sequential with a Merge inside a functional model")
def merge_layer_called(era):
    """Merge(mode=concat)([a, b]); a Sequential of Merge over branches called as a layer"""
    L = era.L
    inner = era.Sequential()
    inner.add(L.Merge([branch(era, "SimpleRNN", 4), branch(era, "SimpleRNN", 4)], mode="mul"))
    inner.add(L.Dense(3))
    a, b = era.Input(shape=(6, 3)), era.Input(shape=(6, 3))
    y = L.Merge(mode="concat")([inner([a, b]), L.SimpleRNN(3)(b)])
    return Made(era.Model(input=[a, b], output=L.Dense(2)(y)), [era.x(6, 3), era.x(6, 3)])
