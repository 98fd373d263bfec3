"""The law of the inverse: from any layout to Keras's and back, every array is what it was, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.derive import Way, ways
from lstm_migrate.layouts.inversion import choices, put_back
from lstm_migrate.layouts.layout import COUPLED, Layout, StoredTensor
from lstm_migrate.layouts.steps import Array, Gather, Take
from lstm_migrate.reference.axis_digits import axes_of, digits, number
from tests.unit.layouts.carrying import (
    GRU,
    GRU_RESET_AFTER,
    LSTM,
    SIMPLE_RNN,
    carried,
    drawn,
    empty,
    equal,
    found,
    layout,
    returned,
    tensor,
)

CELLS = {"lstm": LSTM, "gru": GRU, "gru_reset_after": GRU_RESET_AFTER, "simple_rnn": SIMPLE_RNN}
GATES = {"lstm": "ifco", "gru": "zrh", "simple_rnn": "h"}
KERNELS = (tensor("w", "x (gate u)"), tensor("r", "h (gate u)"))


class Fork(NamedTuple):
    """A layout drawn out of the grammar, the axes of which each Keras layer gets one position, and sizes."""

    source: Layout
    target: Layout
    picked: tuple[str, ...]
    sizes: dict[str, int]


@st.composite
def forks(draw: st.DrawFn) -> Fork:
    target = CELLS[draw(st.sampled_from(sorted(CELLS)))]
    coupled = draw(st.sampled_from(["", "", *COUPLED])) if target.cell == "lstm" else ""
    stored = [gate for gate in GATES[target.cell] if gate != COUPLED.get(coupled)]
    gates = draw(st.permutations(stored))
    picked = tuple(draw(st.permutations(["dir", "layer"]))[: draw(st.sampled_from([0, 0, 0, 1, 2]))])
    sizes = {symbol: draw(st.sampled_from([2, 3, 1]), symbol) for symbol in ("x", "u", *picked)}
    contents = draw(st.sampled_from([["x", "h"], ["x", "h"], ["(x + h)"], ["(h + x)"]]))
    biases = draw(st.sampled_from([[], ["bias"], ["bias", "recurrent_bias"], ["set"]]))
    if biases == ["set"] and target.cell != "gru":
        biases = ["bias"]
    tensors: list[StoredTensor] = []
    for place, held in enumerate(contents):
        tensors += arrays(draw, f"kernel_{place}", held, gates, picked)
    for role in biases:
        both = role == "set"
        tensors += arrays(draw, "bias" if both else role, "set" if both else "", gates, picked, whole=both)
    return Fork(layout(target.cell, "".join(gates), *tensors, coupled=coupled), target, picked, sizes)


def arrays(
    draw: st.DrawFn, role: str, held: str, gates: Sequence[str], picked: Sequence[str], *, whole: bool = False
) -> list[StoredTensor]:
    """The arrays of one content: one for all gates, one for each, or any partition of them."""
    how = "joined" if whole else draw(st.sampled_from(["joined", "each", "partial"]), "split")
    if how == "each":
        own = "".join(draw(st.permutations(gates)))
        return [tensor(role, axes(draw, [held, "u"], picked), own, each=True, poured=poured(draw, held))]
    if how == "joined":
        return [tensor(role, axes(draw, [held, "gate", "u"], picked), poured=poured(draw, held))]
    order = draw(st.permutations(gates))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(order) - 1))), "cuts")) if len(order) > 1 else []
    groups = [order[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    made = []
    for place, group in enumerate(groups):
        gated = ["gate"] if len(group) > 1 or draw(st.booleans(), "axis of one gate") else []
        text = axes(draw, [held, *gated, "u"], picked)
        made.append(tensor(f"{role}_{place}", text, "".join(group), poured=poured(draw, held)))
    return made


def axes(draw: st.DrawFn, symbols: list[str], picked: Sequence[str]) -> str:
    """The symbols in any order, joined at will; what is stacked or picked is an axis of its own."""
    loose = draw(st.permutations([symbol for symbol in symbols if symbol]))
    found: list[list[str]] = []
    for symbol in loose:
        alone = "(" in symbol or (found and "(" in found[-1][0])
        if found and not alone and draw(st.booleans(), "joined"):
            found[-1].append(symbol)
        else:
            found.append([symbol])
    texts = [f"({' '.join(axis)})" if len(axis) > 1 else axis[0] for axis in found]
    for name in picked:
        texts.insert(draw(st.integers(0, len(texts)), name), name)
    return " ".join(texts)


def poured(draw: st.DrawFn, held: str) -> str:
    return f"u {held}" if held in ("x", "h") and draw(st.booleans(), "poured") else ""


def each_place(fork: Fork) -> list[dict[str, int]]:
    """Every Keras layer that the arrays hold: all directions of all layers."""
    places = product(*(range(fork.sizes[name]) for name in fork.picked))
    return [dict(zip(fork.picked, place, strict=True)) for place in places]


def derived(fork: Fork, at: dict[str, int]) -> dict[str, Way]:
    present = frozenset(fork.source.tensors)
    return ways(fork.source, fork.target, fork.sizes, present, at, fill=True)


@settings(deadline=None, max_examples=250)
@given(fork=forks(), seed=st.integers(0, 99))
def test_every_layout_survives_there_and_back(fork: Fork, seed: int) -> None:
    stored = drawn(fork.source, fork.sizes, seed)
    again = empty(stored)
    for at in each_place(fork):
        for way in derived(fork, at).values():
            value = carried(way, stored)
            assert value.shape == way.form.shape
            returned(way, value, again)
            assert carried(way, stored).tobytes() == value.tobytes()
    assert equal(again, stored)


@settings(deadline=None, max_examples=250)
@given(fork=forks(), seed=st.integers(0, 99), inverted=st.booleans())
def test_what_keras_holds_survives_where_a_layout_can_hold_it(fork: Fork, seed: int, inverted: bool) -> None:
    """Summed biases, coupled and inverted gates: forth, back and forth again is forth, bit for bit."""
    facts = {"update_gate": "renews"} if inverted and fork.target.cell == "gru" else {}
    source = layout(
        fork.source.cell,
        "".join(fork.source.gates.gates),
        *fork.source.tensors.values(),
        coupled=fork.source.coupled,
        **facts,
    )
    stored = drawn(source, fork.sizes, seed)
    again = empty(stored)
    places = [(at, found(source, fork.target, fork.sizes, at, fill=True)) for at in each_place(fork)]
    for _, there in places:
        for way in there.values():
            assert way.form == way.goal
            returned(way, carried(way, stored), again)
    assert not any(np.isnan(value).any() for value in again.values())
    for _, there in places:
        for way in there.values():
            assert carried(way, again).tobytes() == carried(way, stored).tobytes()


def test_labels_are_what_one_reads_off_a_declaration() -> None:
    stacked = tensor("w", "(h + x) (gate u)")
    assert labels(stacked, "ab", {"h": 1, "x": 1, "u": 2, "gate": 2}).tolist() == [
        ["gate=a h=0 u=0", "gate=a h=0 u=1", "gate=b h=0 u=0", "gate=b h=0 u=1"],
        ["gate=a u=0 x=0", "gate=a u=1 x=0", "gate=b u=0 x=0", "gate=b u=1 x=0"],
    ]
    cudnn = tensor("w", "x u", poured="u x")
    assert labels(cudnn, "a", {"x": 3, "u": 2}).tolist() == [
        ["gate=a u=0 x=0", "gate=a u=0 x=1"],
        ["gate=a u=0 x=2", "gate=a u=1 x=0"],
        ["gate=a u=1 x=1", "gate=a u=1 x=2"],
    ]


@settings(deadline=None, max_examples=250)
@given(fork=forks())
def test_every_element_goes_where_its_gate_unit_and_feature_are(fork: Fork) -> None:
    known = fork.source.sizes(fork.sizes)
    numbers: dict[str, int] = {}
    stored = {}
    for role, one in fork.source.tensors.items():
        for gate in fork.source.gates_of(one) if one.each_gate else ("",):
            held = gate or "".join(fork.source.gates_of(one))
            said = labels(one, held, fork.source.sizes_of(one, fork.sizes), int("recurrent" in role))
            stored[role, gate] = numbered(said, numbers)
    names = {value: label for label, value in numbers.items()}
    for at in each_place(fork):
        for way in derived(fork, at).values():
            assert way.form.gates is not None
            order = "".join(way.form.gates.gates)
            goal = tensor("", str(way.form.axes), poured=" ".join(map(str, way.form.poured)))
            expected = labels(goal, order, {**known, "gate": len(order)}).ravel()
            came = [names.get(int(value), "") for value in carried(way, stored).ravel()]
            assert came.count("") == sum(step.blank for step in way.steps)
            place = [f"{name}={at[name]}" for name in at]
            wanted = [" ".join(sorted([*label.split(), *place])) for label in expected]
            assert [label if label else want for label, want in zip(came, wanted, strict=True)] == wanted


def numbered(said: Array, numbers: dict[str, int]) -> Array:
    """The labels as numbers, from 1."""
    return np.array(
        [numbers.setdefault(label, len(numbers) + 1) for label in said.ravel()], np.float32
    ).reshape(said.shape)


def labels(one: StoredTensor, gates: str, sizes: Mapping[str, int], bias_set: int = 0) -> Array:
    """For each element of an array what it is, read off the declaration one index at a time."""
    axes = axes_of(str(one.axes))
    lengths = [sum(prod(sizes[name] for name, _ in part) for part in stack) for stack in axes]
    found = np.empty(lengths, object)
    for index in np.ndindex(*lengths):
        here: dict[str, int] = {}
        for stack, place in zip(axes, index, strict=True):
            for part in stack:
                size = prod(sizes[name] for name, _ in part)
                if place < size:
                    here |= digits(place, [name for name, _ in part], sizes)
                    break
                place -= size
        if one.poured:
            inner = [str(symbol) for symbol in one.poured]
            plain = [name for stack in axes for part in stack for name, _ in part if name in inner]
            here |= digits(number(here, plain, sizes), inner, sizes)
        gate = gates[here.get("gate", 0)]
        bias = {} if {"x", "h"} & here.keys() else {"set": bias_set}
        words: dict[str, object] = {**bias, **here, "gate": gate}
        found[index] = " ".join(sorted(f"{name}={value}" for name, value in words.items()))
    return found


def test_what_no_step_read_is_left_alone() -> None:
    into = np.full((5, 2), np.nan)
    put_back([Take((slice(0, 3), slice(0, 2)), (3, 2), "the x rows")], np.ones((3, 2)), [into])
    assert np.array_equal(into[:3], np.ones((3, 2)))
    assert np.isnan(into[3:]).all()


def test_a_plain_copy_goes_back_as_it_is_and_only_into_its_own_shape() -> None:
    into = np.zeros((2, 3))
    put_back([], np.arange(6.0).reshape(2, 3), [into])
    assert into.ravel().tolist() == list(range(6))
    with pytest.raises(PlanError, match="not the array's shape"):
        put_back([], np.arange(6.0), [into])


def test_a_step_without_an_inverse_says_so() -> None:
    step = Gather("a corner", (1,), 4, lambda: np.array([0]))
    with pytest.raises(PlanError, match="gather a corner: has no inverse"):
        put_back([step], np.ones(1), [np.zeros(4)])


def test_values_that_a_layout_has_no_place_for_are_not_dropped_silently() -> None:
    for biases in ([tensor("bias", "(gate u)")], [tensor("bias", "(gate u)", "zh")]):
        fork = layout("gru", "zrh", *KERNELS, *biases)
        way = found(fork, GRU_RESET_AFTER, {"x": 1, "u": 2}, fill=True)["bias"]
        arrays = drawn(fork, {"x": 1, "u": 2})
        value = carried(way, arrays)
        value[1, 3] = 1
        with pytest.raises(PlanError, match="would lose values") as caught:
            returned(way, value, arrays)
        assert caught.value.problems[0].found == "1 that are not zero"


def test_the_choice_of_two_biases_is_told() -> None:
    fork = layout(
        "lstm", "ifco", *(tensor(role, "(gate u)") for role in ("bias", "recurrent_bias")), *KERNELS
    )
    ways = found(fork, LSTM, {"x": 1, "u": 2})
    assert choices(ways["bias"].steps) == (
        "the whole bias goes into the input bias, the recurrent one is zero",
    )
    assert choices(ways["kernel"].steps) == ()
    arrays = drawn(fork, {"x": 1, "u": 2})
    returned(ways["bias"], np.arange(8.0), arrays)
    assert arrays["bias", ""].tolist() == list(range(8))
    assert not arrays["recurrent_bias", ""].any()
