"""Placement: lost, doubled and misplaced elements are seen; coordinates agree with examples made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form, Rearrange, Step
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.reference.scope import Array
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.report import Check
from lstm_migrate.verification.coordinates import coordinates
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.subject import Model, Subject

EMPTY = Graph("m", {}, (), (), [])
KERNEL = WeightKey(("lstm",), "kernel")


def form(axes: str, *, gates: str = "", poured: str = "", **sizes: int) -> Form:
    return Form(
        Axes.parse(axes),
        sizes,
        GateOrder("lstm", tuple(gates)) if gates else None,
        tuple(Symbol(name) for name in poured.split()),
    )


def checked(
    *assignments: Assignment, stored: dict[str, Array], held: dict[WeightKey, Array] | None = None
) -> Check:
    """Placement of what these assignments make of `stored`; the target holds what they make, or `held`."""
    made = {item.target: item.run(stored.__getitem__) for item in assignments} | (held or {})
    model = Model(EMPTY, made, Semantics())
    shapes = {name: value.shape for name, value in stored.items()}
    return check_placement(Subject(model, model, None, assignments, {}, stored.__getitem__, shapes))  # type: ignore[arg-type]


def assignment(
    *steps: Step, shape: tuple[int, ...], forms: Any = None, names: Sequence[str] = ("k",)
) -> Assignment:
    return Assignment(KERNEL, tuple(names), "kernel", steps, shape, "float32", forms)


def numbers(*shape: int) -> Array:
    return np.random.default_rng(0).normal(size=shape).astype("f4")


@dataclass(frozen=True)
class Taking(Step):
    """Takes the elements at these flat positions, whatever it claims."""

    positions: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.positions),)

    def apply(self, value: Array) -> Array:
        return value.ravel()[list(self.positions)]


class Blank(Step):
    """Writes zeros in the place of the first two elements."""

    shape = (4,)

    def apply(self, value: Array) -> Array:
        return np.concatenate([np.zeros(2, value.dtype), value[2:]])


@pytest.mark.parametrize(
    ("positions", "verdict", "said"),
    [
        ((0, 1, 2, 3), "verified", ""),
        ((3, 1, 2, 0), "verified", ""),
        ((0, 1, 2), "failed", "1 elements lost, 0 doubled"),
        ((0, 1, 2, 2), "failed", "1 elements lost, 1 doubled"),
        ((0, 0, 0, 0), "failed", "3 elements lost, 1 doubled"),
    ],
)
def test_lost_and_doubled_elements_are_counted(positions: tuple[int, ...], verdict: str, said: str) -> None:
    check = checked(assignment(Taking(positions), shape=(len(positions),)), stored={"k": numbers(4)})
    assert check.verdict == verdict
    assert said in check.detail


def test_what_no_source_element_explains_is_seen() -> None:
    check = checked(assignment(Blank(), shape=(4,)), stored={"k": numbers(4)})
    assert check.verdict == "failed"
    assert "no source element explains" in check.detail


def test_an_array_that_no_variable_uses_is_seen() -> None:
    check = checked(assignment(shape=(4,)), stored={"k": numbers(4), "lost": numbers(2)})
    assert check.verdict == "failed"
    assert "lost: used by no variable" in check.detail


def test_an_array_that_two_variables_use_is_seen() -> None:
    one = assignment(shape=(4,))
    check = checked(one, replace(one, target=WeightKey(("gru",), "kernel")), stored={"k": numbers(4)})
    assert "copied 2 times" in check.detail


@pytest.mark.parametrize(
    "wrong", [numbers(4) + 1e-6, numbers(4)[::-1], np.zeros(4, "f4"), np.full(4, np.nan, "f4")]
)
def test_a_file_that_does_not_hold_what_was_planned_is_seen(wrong: Array) -> None:
    check = checked(assignment(shape=(4,)), stored={"k": numbers(4)}, held={KERNEL: wrong})
    assert check.verdict == "failed"


def test_another_shape_in_the_file_is_seen() -> None:
    check = checked(assignment(shape=(2, 2)), stored={"k": numbers(2, 2)}, held={KERNEL: numbers(4)})
    assert "has shape (4,), planned (2, 2)" in check.detail


def test_nan_that_was_stored_and_is_held_is_in_its_place() -> None:
    stored = {"k": np.array([np.nan, 1, 2, 3], "f4")}
    assert checked(assignment(shape=(4,)), stored=stored).verdict == "verified"


LAST, FIRST = (
    form("x (gate u)", gates="ifco", x=2, gate=4, u=3),
    form("(gate u) x", gates="icfo", x=2, gate=4, u=3),
)


def test_a_rearrangement_that_obeys_its_declaration_passes() -> None:
    item = assignment(Rearrange(LAST, FIRST), shape=(12, 2), forms=(LAST, FIRST))
    assert checked(item, stored={"k": numbers(2, 12)}).verdict == "verified"


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (form("(gate u) x", gates="ifco", x=2, gate=4, u=3), "gate"),
        (form("(gate ~u) x", gates="icfo", x=2, gate=4, u=3), "u"),
        (form("(u gate) x", gates="icfo", x=2, gate=4, u=3), "gate"),
    ],
)
def test_elements_that_stand_elsewhere_than_declared_are_seen(made: Form, name: str) -> None:
    item = assignment(Rearrange(LAST, made), shape=(12, 2), forms=(LAST, FIRST))
    check = checked(item, stored={"k": numbers(2, 12)})
    assert check.verdict == "failed"
    assert f"elements of another {name}" in check.detail


def where(positions: list[int], declared: Form) -> dict[str, list[int]]:
    return {name: value.tolist() for name, value in coordinates(np.array(positions), declared).items()}


def test_coordinates_of_a_plain_matrix() -> None:
    # 0 1 2
    # 3 4 5
    assert where([0, 2, 4], form("x u", x=2, u=3)) == {"x": [0, 0, 1], "u": [0, 2, 1]}


def test_coordinates_of_joined_axes() -> None:
    # Row 0: gate 0 unit 0, gate 0 unit 1, gate 1 unit 0, gate 1 unit 1.
    assert where([0, 1, 2, 3, 6], form("x (gate u)", x=2, gate=2, u=2)) == {
        "x": [0, 0, 0, 0, 1],
        "gate": [0, 0, 1, 1, 1],
        "u": [0, 1, 0, 1, 0],
    }


def test_coordinates_of_a_flipped_axis_count_from_its_end() -> None:
    assert where([0, 1, 2], form("~k0", k0=3)) == {"k0": [2, 1, 0]}


def test_gates_are_numbered_by_name_whatever_their_order() -> None:
    ifco, icfo = (form("gate", gates=order, gate=4) for order in ("ifco", "icfo"))
    assert where([0, 1, 2, 3], ifco)["gate"] == [ord(gate) for gate in "ifco"]
    assert where([0, 1, 2, 3], icfo)["gate"] == [ord(gate) for gate in "icfo"]


def test_coordinates_of_a_poured_block() -> None:
    # One gate, two features, three units. Declared "x (gate u)", yet the memory of the block, read row
    # by row, runs over units first and features within: element 1 is unit 0, feature 1.
    poured = form("x (gate u)", poured="u x", x=2, gate=1, u=3)
    found = where([0, 1, 2, 3, 4, 5], poured)
    assert list(zip(found["u"], found["x"], strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize("case", ["k216-cudnn-layers", "k224th-theano-convlstm", "k208-seq2seq"])
def test_real_conversions_are_in_place(case: str, subject_for: Callable[[str], Subject]) -> None:
    subject = subject_for(case)
    assert any(recipe.forms for recipe in subject.recipes)
    assert check_placement(subject).verdict == "verified"
