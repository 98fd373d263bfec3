"""What names and shapes alone say of a file: which layers, of which layout, and what is not needed."""

from __future__ import annotations

import pytest

from lstm_migrate.drafting.found import Found, hinted, suits
from lstm_migrate.drafting.layers import layers_of
from lstm_migrate.drafting.sizes import sizes_of
from lstm_migrate.layouts.axes import Axes

Shapes = dict[str, tuple[int, ...]]


def told(shapes: Shapes) -> list[tuple[str, str, str, int, int]]:
    found = layers_of(shapes)
    assert not found.unknown
    return [(one.prefix, one.kind, one.layout, one.units, one.inputs) for one in found.found]


NAMED: dict[str, tuple[Shapes, list[tuple[str, str, str, int, int]]]] = {
    "keras": (
        {"a/kernel": (4, 20), "a/recurrent_kernel": (5, 20), "a/bias": (20,)},
        [("a", "LSTM", "keras.lstm", 5, 4)],
    ),
    "keras without a bias": (
        {"a/kernel": (4, 15), "a/recurrent_kernel": (5, 15)},
        [("a", "GRU", "keras.gru", 5, 4)],
    ),
    "reset_after": (
        {"a/kernel": (4, 15), "a/recurrent_kernel": (5, 15), "a/bias": (2, 15)},
        [("a", "GRU", "keras.gru_reset_after", 5, 4)],
    ),
    "simple": (
        {"a/kernel": (4, 5), "a/recurrent_kernel": (5, 5), "a/bias": (5,)},
        [("a", "SimpleRNN", "keras.simple_rnn", 5, 4)],
    ),
    "a cell of PyTorch's": (
        {"a.b.weight_ih": (20, 4), "a.b.weight_hh": (20, 5), "a.b.bias_ih": (20,), "a.b.bias_hh": (20,)},
        [("a.b", "LSTM", "torch.lstm_cell", 5, 4)],
    ),
    "TensorFlow 1, by the word in its path": (
        {"rnn/basic_lstm_cell/kernel": (9, 20), "rnn/basic_lstm_cell/bias": (20,)},
        [("rnn/basic_lstm_cell", "LSTM", "tf1.lstm", 5, 4)],
    ),
    "the same without such a word": (
        {"a/kernel": (9, 20), "a/bias": (20,)},
        [("a", "Dense", "", 20, 9)],
    ),
    "an embedding": ({"emb.weight": (12, 4)}, [("emb", "Embedding", "torch.embedding", 4, 0)]),
    "a linear layer": ({"out.weight": (2, 5)}, [("out", "Dense", "torch.linear", 2, 5)]),
    "no path at all": (
        {"weight_ih_l0": (20, 4), "weight_hh_l0": (20, 5), "bias_ih_l0": (20,), "bias_hh_l0": (20,)},
        [("", "LSTM", "torch.lstm", 5, 4)],
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_arrays_that_are_called_as_a_layout_says_are_found_by_their_shapes(name: str) -> None:
    shapes, expected = NAMED[name]
    assert told(shapes) == expected


def only(shapes: Shapes) -> Found:
    (found,) = layers_of(shapes).found
    return found


def test_layers_and_directions_of_one_prefix_are_told_apart() -> None:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    shapes = {
        f"rnn.{name}_l{layer}{end}": (20, {"weight_ih": 4 if layer == 0 else 10}.get(name, 5))[
            : 1 + (name[0] == "w")
        ]
        for layer in (0, 1)
        for end in ("", "_reverse")
        for name in names
    }
    found = layers_of(shapes).found
    assert [(one.layer, one.dir, one.inputs) for one in found] == [
        (0, "forward", 4),
        (0, "backward", 4),
        (1, "forward", 10),
        (1, "backward", 10),
    ]


def test_directions_in_the_path_are_told_apart() -> None:
    shapes: Shapes = {}
    for way in ("fw", "bw"):
        shapes |= {f"bi/{way}/lstm_cell/kernel": (9, 20), f"bi/{way}/lstm_cell/bias": (20,)}
    assert [one.dir for one in layers_of(shapes).found] == ["forward", "backward"]


UNNAMED: dict[str, tuple[Shapes, dict[str, object]]] = {
    "names of its own": (
        {"a/W": (4, 20), "a/U": (5, 20), "a/b": (20,)},
        {"extends": "keras.lstm", "names": {"kernel": "W", "recurrent_kernel": "U", "bias": "b"}},
    ),
    "square, so that only names tell": (
        {"a/hh": (5, 20), "a/xh": (5, 20)},
        {"names": {"kernel": "xh", "recurrent_kernel": "hh"}, "bias": "none"},
    ),
    "rows are units": (
        {"a/w_x": (20, 4), "a/w_h": (20, 5), "a/b_x": (20,), "a/b_h": (20,)},
        {"orientation": "units_first", "bias": "double"},
    ),
    "a GRU with two biases": (
        {"gru/kernel": (4, 15), "gru/recurrent": (5, 15), "gru/bias_x": (15,), "gru/bias_h": (15,)},
        {"extends": "keras.gru", "reset_after": True, "update_gate": "keeps"},
    ),
    "one array a gate, without the coupled one": (
        {
            f"a/{kind}_{gate}": shape
            for kind, shape in (("W", (4, 5)), ("U", (5, 5)), ("b", (5,)))
            for gate in "ico"
        },
        {"cell": "lstm", "coupled": "forget", "gates": ["c", "i", "o"]},
    ),
    "one array a gate and no path": (
        {f"lstm_{kind}{gate}": shape for kind, shape in (("x", (4, 5)), ("h", (5, 5))) for gate in "ifgo"},
        {"cell": "lstm", "gates": ["f", "g", "i", "o"]},
    ),
    "turned stack": (
        {"my_lstm/matrix": (20, 9), "my_lstm/offset": (20,)},
        {"cell": "lstm"},
    ),
}


@pytest.mark.parametrize("name", UNNAMED)
def test_arrays_that_nobody_knows_get_a_layout_of_their_own(name: str) -> None:
    shapes, expected = UNNAMED[name]
    found = only(shapes)
    assert (found.units, found.layout) == (5, "")
    assert expected.items() <= dict(found.facts).items()


def test_what_training_left_is_ignored_with_a_reason() -> None:
    kernel = "rnn/lstm_cell/kernel"
    shapes: Shapes = {kernel: (9, 20), "rnn/lstm_cell/bias": (20,), "global_step": (), "beta1_power": ()}
    shapes |= {f"{kernel}/Adam": (9, 20), f"{kernel}/Adam_1": (9, 20)}
    layers = layers_of(shapes)
    assert len(layers.found) == 1
    assert list(layers.ignored) == ["global_step", "beta1_power", f"{kernel}/Adam", f"{kernel}/Adam_1"]
    assert all(layers.ignored.values())


def test_what_nobody_understands_is_said_to_be_unknown() -> None:
    assert layers_of({"a.W": (2, 20, 4), "a.R": (2, 20, 5)}).unknown == ["a.W", "a.R"]
    assert layers_of({"a/kernel": (4, 7), "a/bias": (5,)}).unknown == ["a/kernel", "a/bias"]


def test_one_array_more_makes_it_another_layer() -> None:
    # kernel and bias alone would be a Dense.
    assert only({"a/kernel": (4, 20), "a/rec": (5, 20), "a/bias": (20,)}).kind == "LSTM"


def test_sizes_follow_from_shapes_or_contradict() -> None:
    arrays = [(Axes.parse("(x + h) (gate u)"), (9, 20))]
    assert sizes_of(arrays, {"gate": 4}) == {"gate": 4, "x": 4, "h": 5, "u": 5}
    assert sizes_of(arrays, {"gate": 3}) is None
    assert sizes_of([(Axes.parse("x u"), (4,))], {}) is None
    assert sizes_of([(Axes.parse("(x y)"), (4,))], {}) is None


def test_words_in_names_hint_at_kinds() -> None:
    assert hinted("rnn/multi_rnn_cell/cell_0/basic_lstm_cell") == "LSTM"
    assert hinted("decoder") == "Dense"
    assert (suits("gru_1", "GRU"), suits("a", "GRU"), suits("gru_1", "LSTM")) == (1, 0, -1)
