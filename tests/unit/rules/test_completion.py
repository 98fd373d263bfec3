"""The steps that change a meaning follow those that move values, in the one order that is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.derive import ways
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor
from lstm_migrate.layouts.steps import Step
from lstm_migrate.rules.completion import completed

SIZES = {"x": 2, "u": 1}


def layout(cell: str, gates: str, tensors: dict[str, str], coupled: str = "", **facts: object) -> Layout:
    held = {role: StoredTensor(role, Axes.parse(axes), role) for role, axes in tensors.items()}
    order = GateOrder.coupled(cell, tuple(gates), coupled)
    return Layout("made_up", cell, order, held, coupled=coupled, **facts)  # type: ignore[arg-type]


SINGLE = {"kernel": "x (gate u)", "recurrent_kernel": "h (gate u)", "bias": "(gate u)"}
DOUBLE = {**SINGLE, "recurrent_bias": "(gate u)"}
LSTM, GRU = layout("lstm", "ifco", SINGLE), layout("gru", "zrh", SINGLE)


def steps(source: Layout, target: Layout, role: str) -> tuple[Step, ...]:
    way = ways(source, target, SIZES, frozenset(source.tensors))[role]
    done = completed(way, role, source, target)
    assert done.form == done.goal
    return done.steps


def kinds(source: Layout, target: Layout, role: str) -> list[str]:
    return [type(step).__name__ for step in steps(source, target, role)]


def test_layouts_without_such_facts_need_nothing_more() -> None:
    assert kinds(LSTM, LSTM, "bias") == []
    assert kinds(layout("lstm", "icfo", SINGLE), LSTM, "kernel") == ["Rearrange"]


def test_the_forget_bias_is_added_before_the_gates_are_coupled() -> None:
    source = layout("lstm", "ofc", DOUBLE, "input", forget_bias=2.5)
    assert kinds(source, LSTM, "bias") == ["Join", "SumBiases", "AddForgetBias", "CoupleGates", "Rearrange"]
    assert kinds(source, LSTM, "kernel") == ["CoupleGates", "Rearrange"]
    value = np.array([[1.0, 2.0, 3.0], [0.5, 0.25, 0.125]])
    for step in steps(source, LSTM, "bias"):
        value = step.apply(value)
    assert value.tolist() == [-4.75, 4.75, 3.125, 1.5]  # i = −f, f = 2 + 0.25 + 2.5, c, o


@pytest.mark.parametrize("role", ["kernel", "recurrent_kernel", "bias"])
def test_an_update_gate_that_renews_is_inverted_everywhere(role: str) -> None:
    source = layout("gru", "zrh", SINGLE, update_gate="renews")
    assert kinds(source, GRU, role) == ["InvertGate"]
    assert kinds(source, source, role) == []


def test_an_array_apart_keeps_its_values() -> None:
    def with_scale(update_gate: str) -> Layout:
        plain = layout("gru", "zrh", SINGLE, update_gate=update_gate)
        scale = StoredTensor("scale", Axes.parse("u"), "scale", apart=True)
        return Layout(
            "scaled", "gru", plain.gates, {**plain.tensors, "scale": scale}, update_gate=update_gate
        )

    assert kinds(with_scale("renews"), with_scale("keeps"), "scale") == []


def test_an_array_apart_of_a_coupled_cell_has_no_gate_to_copy() -> None:
    def peeping(gates: str, coupled: str) -> Layout:
        plain = layout("lstm", gates, SINGLE, coupled)
        peephole = StoredTensor("peephole", Axes.parse("u"), "peephole", apart=True)
        return Layout(
            "peeping", "lstm", plain.gates, {**plain.tensors, "peephole": peephole}, coupled=coupled
        )

    source, target = peeping("ico", "forget"), peeping("ifco", "")
    assert kinds(source, target, "peephole") == []
    assert kinds(replace(target, forget_bias=1.0), target, "peephole") == []
    assert kinds(replace(target, forget_bias=1.0), target, "bias") == ["AddForgetBias"]
    assert kinds(source, target, "kernel") == ["CoupleGates", "Rearrange"]
