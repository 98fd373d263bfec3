"""Recurrent states as tensors: initial_state, return_state, and how calls carry them."""

from record import Made, case


# Keras 2.0.2 takes no initial_state for GRU and SimpleRNN, and cannot save an LSTM that has one (KeyError).
@case("k208 tf20", "initial_state as extra inbound entries; LSTM, GRU, SimpleRNN")
def initial_state(k):
    """states made by Dense layers and by inputs go into LSTM, GRU and SimpleRNN"""
    L = k.L
    x, h, c = k.Input((None, 3)), k.Input((4,)), k.Input((4,))
    y = L.LSTM(4, return_sequences=True)(x, initial_state=[h, c])
    z = L.GRU(3, return_sequences=True)(y, initial_state=L.Dense(3, activation="tanh")(h))
    w = L.SimpleRNN(3)(z, initial_state=[L.Dense(3)(c)])
    return Made(k.Model([x, h, c], [y, w]), [k.x(7, 3), k.x(4), k.x(4)])


@case("k214 tf113", "the states as further positional inputs")
def initial_state_positional(k):
    """LSTM([x, h, c]), GRU([x, h]) with return_state"""
    L = k.L
    x, h, c = k.Input((6, 3)), k.Input((4,)), k.Input((4,))
    y, h2, c2 = L.LSTM(4, return_sequences=True, return_state=True)([x, h, c])
    z, h3 = L.GRU(4, return_state=True)([y, h2])
    return Made(k.Model([h, x, c], [z, h3, c2]), [k.x(4), k.x(6, 3), k.x(4)])


# Keras 2.0.8's Bidirectional takes no initial_state.
@case("k216 tf20", "Bidirectional: first half of the states is the forward layer's")
def initial_state_bidirectional(k):
    """encoder Bidirectional(LSTM) with return_state -> decoder Bidirectional(LSTM) with its four
    states, also a GRU pair"""
    L = k.L
    x, d = k.Input((6, 3)), k.Input((4, 2))
    got = L.Bidirectional(L.LSTM(3, return_state=True))(x)
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(d, initial_state=got[1:])
    z = L.Bidirectional(L.GRU(3), merge_mode="sum")(d, initial_state=[got[4], got[1]])
    return Made(k.Model([x, d], [y, z]), [k.x(6, 3), k.x(4, 2)])


# TF 2.0 gives all cells of a stack the same weight names, which HDF5 cannot hold: no stacks in tf20.
# TF 1.13 refuses, as initial_state, the states that its own stack returned.
@case("k214 k231 tf24", "RNN(StackedRNNCells): the order of states")
def initial_state_stacked(k):
    """RNN([LSTMCell(3), GRUCell(2)]) with initial_state and return_state (Keras 2.1.4 counts states from
    the last cell)"""
    L = k.L
    x = k.Input((6, 3))
    first = L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True, return_state=True)(x)
    second = L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True)(x, initial_state=first[1:])
    return Made(
        k.Model(x, first + second if isinstance(first, list) else list(first) + list(second)), k.x(6, 3)
    )


@case("k231 tf28", "return_state everywhere")
def return_state(k):
    """return_state of SimpleRNN, GRU, LSTM, Bidirectional(GRU), RNN(LSTMCell), RNN(StackedRNNCells of
    two LSTMCell)"""
    L = k.L
    x = k.Input((None, 3))
    parts = [
        L.SimpleRNN(2, return_state=True),
        L.GRU(2, return_state=True, return_sequences=True),
        L.LSTM(2, return_state=True, go_backwards=True),
        L.Bidirectional(L.GRU(2, return_state=True)),
        L.RNN(L.LSTMCell(2), return_state=True),
        L.RNN(L.StackedRNNCells([L.LSTMCell(2), L.LSTMCell(3)]), return_state=True),
    ]
    return Made(k.Model(x, [t for part in parts for t in part(x)]), k.x(7, 3))


# Keras 2.0.2 has no return_state.
@case("k208", "return_state of the era's LSTM and GRU; unused states")
def return_state_early(k):
    """return_state of LSTM (only the cell state used) and GRU"""
    L = k.L
    x = k.Input((6, 3))
    y, h, c = L.LSTM(4, return_state=True, return_sequences=True)(x)
    z, s = L.GRU(4, return_state=True)(y)
    return Made(k.Model(x, [z, L.Dense(2)(c), s]), k.x(6, 3))


@case("tf24", "states as a nested structure of tensors")
def initial_state_nested_structure(k):
    """RNN(StackedRNNCells([LSTMCell, GRUCell])) called with initial_state=[[h, c], g]"""
    L = k.L
    x, h, c, g = k.Input((6, 3)), k.Input((3,)), k.Input((3,)), k.Input((2,))
    y = L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(2)]), return_sequences=True)(
        x, initial_state=[[h, c], g]
    )
    return Made(k.Model([x, h, c, g], L.Dense(2)(y)), [k.x(6, 3), k.x(3), k.x(3), k.x(2)])


# Standalone Keras saves the file without the keyword (it warns): such a file no longer holds what was
# computed.
@case("tf20 tf215", "a mask given as a keyword tensor in the call")
def mask_keyword(k):
    """LSTM(x, mask=input): the mask is a boolean input"""
    L = k.L
    x, m = k.Input((6, 3)), k.Input((6,), dtype="bool")
    y = L.LSTM(3, return_sequences=True)(x, mask=m)
    z = L.GRU(3)(y, mask=m)
    model = k.Model([x, m], L.Dense(2)(z))
    mask = k.random.uniform(size=(3, 6)) > 0.4
    mask[:, 0] = True
    return Made(model, [k.x(6, 3), mask])


@case(
    "k224 tf28",
    "the states of one layer go on to another class; constant initial states inside a nested model",
)
def state_through_models(k):
    """encoder Model -> [y, h, c]; decoder Model([x, h, c]); outer Model joins them, decoder called twice"""
    L = k.L
    a = k.Input((None, 3))
    encoder = k.Model(a, L.LSTM(4, return_state=True)(a))
    d, h, c = k.Input((None, 2)), k.Input((4,)), k.Input((4,))
    y, h2, c2 = L.LSTM(4, return_sequences=True, return_state=True)(d, initial_state=[h, c])
    decoder = k.Model([d, h, c], [L.Dense(2)(y), h2, c2])
    p, q = k.Input((6, 3)), k.Input((5, 2))
    _, eh, ec = encoder(p)
    y1, h1, c1 = decoder([q, eh, ec])
    y2, _, _ = decoder([y1, h1, c1])
    return Made(k.Model([p, q], [y1, y2]), [k.x(6, 3), k.x(5, 2)])
