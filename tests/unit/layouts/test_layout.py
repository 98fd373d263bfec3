"""Gate orders are checked at birth; a layout knows the sizes that it fixes."""

from __future__ import annotations

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.layout import GateOrder, Layout


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
