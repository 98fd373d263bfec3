"""Gate orders are checked at birth; a layout knows the sizes that it fixes."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor


@pytest.mark.parametrize(
    ("cell", "gates"),
    [
        ("lstm", "ifc"),
        ("lstm", "ifcoo"),
        ("lstm", "iffo"),
        ("lstm", "ifgo"),
        ("lstm", ""),
        ("gru", "zrc"),
        ("gru", "ifco"),
        ("simple_rnn", "hh"),
    ],
)
def test_wrong_gates_are_refused_with_what_was_found(cell: str, gates: str) -> None:
    with pytest.raises(MappingError, match="not a gate order") as caught:
        GateOrder(cell, tuple(gates))
    assert caught.value.problems[0].found == ", ".join(gates)
    assert "once" in caught.value.problems[0].expected


def test_an_unknown_cell_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MappingError, match="gru, lstm, simple_rnn"):
        GateOrder("qrnn", ("z", "f", "o"))


def test_positions_say_where_each_gate_of_another_order_stands() -> None:
    keras, onnx = GateOrder("lstm", tuple("ifco")), GateOrder("lstm", tuple("iofc"))
    assert onnx.positions(keras) == (0, 2, 3, 1)
    assert [onnx.gates[place] for place in onnx.positions(keras)] == list(keras.gates)
    assert keras.positions(keras) == (0, 1, 2, 3)


def test_a_layout_adds_the_sizes_that_it_fixes() -> None:
    layout = Layout("made_up", "gru", GateOrder("gru", tuple("zrh")), {})
    assert layout.sizes({"u": 5}) == {"gate": 3, "set": 2, "u": 5, "h": 5}
    assert layout.sizes({}) == {"gate": 3, "set": 2}
    assert layout.sizes({"u": 5, "h": 2})["h"] == 2  # a projection makes the state smaller


@pytest.mark.parametrize(("coupled", "gates"), [("forget", "oci"), ("input", "fco"), ("", "ifco")])
def test_a_coupled_gate_is_not_in_the_order(coupled: str, gates: str) -> None:
    order = GateOrder.coupled("lstm", tuple(gates), coupled)
    assert Layout("made_up", "lstm", order, {}, coupled=coupled).sizes({})["gate"] == len(gates)
    with pytest.raises(MappingError, match="not a gate order") as caught:
        GateOrder.coupled("lstm", tuple("ifo"), coupled)
    assert caught.value.problems[0].found == "i, f, o"
    assert {"forget": "c, i, o", "input": "c, f, o"}.get(coupled, "c, f, i, o") in caught.value.problems[
        0
    ].expected


@pytest.mark.parametrize(("cell", "coupled"), [("gru", "input"), ("lstm", "output"), ("lstm", "f")])
def test_other_gates_cannot_be_coupled(cell: str, coupled: str) -> None:
    with pytest.raises(MappingError, match="no such gate to couple") as caught:
        GateOrder.coupled(cell, ("i",), coupled)
    assert caught.value.problems[0].found == coupled


def test_an_array_may_hold_some_gates_each_once() -> None:
    gru = GateOrder("gru", tuple("rzh"))
    assert gru.only(("z", "r")) == GateOrder("gru", ("z", "r"), partial=True)
    assert gru.only(("h", "z", "r")) == GateOrder("gru", ("h", "z", "r"))
    for wrong in ("zz", "zq"):
        with pytest.raises(MappingError, match="not a gate order") as caught:
            gru.only(tuple(wrong))
        assert caught.value.problems[0].expected == "some of h, r, z once"


def one_tensor(axes: str, gates: str) -> Layout:
    held = StoredTensor("k", Axes.parse(axes), "k", gates=tuple(gates))
    return Layout("made_up", "gru", GateOrder("gru", tuple("rzh")), {"k": held})


def test_a_tensor_knows_its_own_gates_and_sizes() -> None:
    layout = one_tensor("(x + h) (gate u)", "zr")
    (tensor,) = layout.tensors.values()
    assert layout.gates_of(tensor) == ("z", "r")
    assert layout.sizes_of(tensor, {"u": 2})["gate"] == 2
    assert layout.gates_of(StoredTensor("b", Axes.parse("(gate u)"), "b")) == ("r", "z", "h")


@pytest.mark.parametrize(
    ("axes", "gates", "said", "expected"),
    [
        ("x (gate u)", "zo", "k: not gates of the layout", "some of r, z, h, each once"),
        ("x (gate u)", "rr", "k: not gates of the layout", "some of r, z, h, each once"),
        ("x u", "zr", "k: an array of several gates has a gate axis", "one gate"),
    ],
)
def test_wrong_gates_of_a_tensor_are_refused(axes: str, gates: str, said: str, expected: str) -> None:
    with pytest.raises(MappingError, match=said) as caught:
        one_tensor(axes, gates)
    (problem,) = caught.value.problems
    assert (problem.where, problem.expected) == ("layout made_up", expected)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"update_gate": "forgets"}, "unknown update_gate"),
        ({"coupled": "forget"}, "not a gate order"),
        ({"cell": "gru"}, "not a gate order"),
    ],
)
def test_facts_that_contradict_are_refused(facts: dict[str, Any], said: str) -> None:
    lstm: dict[str, Any] = {"cell": "lstm", "gates": GateOrder("lstm", tuple("ifco")), "tensors": {}}
    with pytest.raises(MappingError, match=said):
        Layout("made_up", **{**lstm, **facts})


def test_a_forget_bias_needs_a_forget_gate_of_its_own() -> None:
    order = GateOrder.coupled("lstm", tuple("ico"), "forget")
    with pytest.raises(MappingError, match="forget_bias needs a stored forget gate"):
        Layout("l", "lstm", order, {}, coupled="forget", forget_bias=1.0)
