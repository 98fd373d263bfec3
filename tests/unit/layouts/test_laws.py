"""The law of layouts: there and back again, every bit is where it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.derive import ways
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor
from lstm_migrate.layouts.parts import joined
from lstm_migrate.layouts.steps import Form, Rearrange
from lstm_migrate.mapping.catalogue import layouts
from lstm_migrate.mapping.layouts import resolved
from lstm_migrate.planning.context import turned
from lstm_migrate.rules.completion import completed
from tests.unit.layouts.carrying import (
    GRU,
    GRU_RESET_AFTER,
    LSTM,
    SIMPLE_RNN,
    carried,
    drawn,
    empty,
    equal,
    returned,
)


def shipped() -> dict[str, Layout]:
    declared = {name: resolved(name, layouts()) for name in layouts()}
    return {name: one.layout() for name, one in declared.items() if one.cell}


LAYOUTS = shipped()
TENSORS = [(name, role) for name, layout in LAYOUTS.items() for role in layout.tensors]


def symbols(axes: Axes) -> list[str]:
    return sorted(axes.symbols)


def bits(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Any bit pattern at all: NaNs with payloads, infinities, denormals, both zeros."""
    words = np.random.default_rng(seed).integers(0, 2**32, shape, np.uint32)
    return words.view(np.float32)


def same_bits(left: Any, right: Any) -> bool:
    return left.shape == right.shape and left.tobytes() == right.tobytes()


def test_the_catalogue_holds_layouts() -> None:
    assert len(TENSORS) >= 25
    assert {layout.cell for layout in LAYOUTS.values()} == {"lstm", "gru", "simple_rnn"}


@pytest.mark.parametrize(("name", "role"), TENSORS)
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_every_layout_survives_there_and_back(name: str, role: str, data: st.DataObject) -> None:
    layout = LAYOUTS[name]
    tensor = layout.tensors[role]
    before = drawn_form(tensor, layout, data)
    shuffled = data.draw(st.permutations(symbols(before.axes)))
    gates = layout.gates.only(tuple(data.draw(st.permutations(layout.gates_of(tensor)))))
    after = Form(Axes.parse(" ".join(shuffled)), before.sizes, gates)
    value = bits(before.shape, data.draw(st.integers(0, 2**31)))
    there = Rearrange(before, after)
    moved = there.apply(value)
    assert moved.shape == there.shape == after.shape
    assert sorted(moved.ravel().view(np.uint32)) == sorted(value.ravel().view(np.uint32))
    assert same_bits(there.inverse().apply(moved), value)
    assert same_bits(there.inverse().inverse().apply(value), moved)


def drawn_form(tensor: StoredTensor, layout: Layout, data: st.DataObject) -> Form:
    block = data.draw(st.sampled_from(tensor.axes.pieces()))
    axes = Axes(tuple(map(joined, block.axes)))
    free = {symbol: data.draw(st.integers(1, 4), symbol) for symbol in symbols(axes)}
    known = {key: size for key, size in free.items() if key not in ("gate", "set")}
    if data.draw(st.booleans(), "Theano"):
        axes = turned(axes)
    own = layout.gates.only(layout.gates_of(tensor))
    return Form(axes, layout.sizes_of(tensor, known), own, tensor.poured)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_forms_of_any_joins_flips_and_pourings_survive(cell: str, data: st.DataObject) -> None:
    gates = {"lstm": "ifco", "gru": "zrh"}[cell]
    forms = [any_form(cell, gates, data) for _ in range(2)]
    sizes = {key: data.draw(st.integers(1, 4), key) for key in "xuk"} | {"gate": len(gates)}
    before, after = (Form(form.axes, sizes, form.gates, form.poured) for form in forms)
    value = bits(before.shape, data.draw(st.integers(0, 2**31)))
    step = Rearrange(before, after)
    assert same_bits(step.inverse().apply(step.apply(value)), value)


def any_form(cell: str, gates: str, data: st.DataObject) -> Form:
    order = data.draw(st.permutations(["x", "u", "gate", data.draw(st.sampled_from(["k", "~k"]))]))
    cut = data.draw(st.integers(0, 3))
    text = " ".join([*order[:cut], f"({' '.join(order[cut:])})"])
    poured = (Symbol("u"), Symbol("x")) if data.draw(st.booleans()) else ()
    order_of_gates = GateOrder(cell, tuple(data.draw(st.permutations(gates))))
    return Form(Axes.parse(text), {}, order_of_gates, poured)


def test_a_move_through_a_third_form_is_the_direct_move() -> None:
    sizes = {"x": 3, "u": 2, "gate": 4}
    keras, torch, tf1 = (GateOrder("lstm", tuple(order)) for order in ("ifco", "ifco", "icfo"))
    first = Form(Axes.parse("x (gate u)"), sizes, keras, (Symbol("u"), Symbol("x")))
    second = Form(Axes.parse("(gate u) x"), sizes, torch)
    third = Form(Axes.parse("u x gate"), sizes, tf1)
    value = np.arange(24.0).reshape(3, 8)
    direct = Rearrange(first, third).apply(value)
    assert same_bits(Rearrange(second, third).apply(Rearrange(first, second).apply(value)), direct)


KERAS = {"lstm": LSTM, "gru": GRU, "simple_rnn": SIMPLE_RNN}
PLAIN = [
    name
    for name, one in LAYOUTS.items()
    if not any(tensor.apart or "k0" in tensor.axes.symbols for tensor in one.tensors.values())
]


@pytest.mark.parametrize("name", PLAIN)
def test_every_shipped_layout_reaches_keras_and_comes_back(name: str) -> None:
    source, sizes = LAYOUTS[name], {"x": 3, "u": 2}
    two = any("set" in one.axes.symbols or role == "recurrent_bias" for role, one in source.tensors.items())
    target = GRU_RESET_AFTER if two and source.cell == "gru" else KERAS[source.cell]
    stored = drawn(source, sizes)
    again = empty(stored)
    for role, way in ways(source, target, sizes, frozenset(source.tensors), fill=True).items():
        returned(way, carried(way, stored), again)
        full = completed(way, role, source, target)
        assert (
            carried(full, stored).shape == full.goal.shape == target.tensors[role].axes.shape(full.goal.sizes)
        )
    assert equal(again, stored)


def test_the_plain_layouts_are_of_all_cells_and_frameworks() -> None:
    assert {LAYOUTS[name].cell for name in PLAIN} == {"lstm", "gru", "simple_rnn"}
    assert {name.split(".")[0] for name in PLAIN} >= {"keras", "keras1", "torch", "tf1"}
