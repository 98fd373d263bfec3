"""Each step: its shape before any value is read, what it does, and what forgetting it would give."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.layouts.assembly import Assemble, FillSets
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.parts import Part
from lstm_migrate.layouts.steps import Array, Constant, Form, Gather, Join, Rearrange, Step, Take, fit
from lstm_migrate.rules.add_forget_bias import AddForgetBias
from lstm_migrate.rules.couple_gates import CoupleGates
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from lstm_migrate.rules.invert_gate import InvertGate
from lstm_migrate.rules.negate import Negate
from lstm_migrate.rules.square_deviation import SquareDeviation
from lstm_migrate.rules.sum_biases import SumBiases

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))
TF1 = GateOrder("lstm", ("i", "c", "f", "o"))
GRU = GateOrder("gru", ("z", "r", "h"))
SIZES = {"x": 3, "h": 2, "u": 2, "gate": 4, "set": 2, "dir": 2}


def form(text: str, gates: GateOrder | None = LSTM, poured: str = "") -> Form:
    sizes = {**SIZES, "gate": len(gates) if gates else 4}
    return Form(Axes.parse(text), sizes, gates, tuple(map(Symbol, poured.split())))


def counted(shape: tuple[int, ...]) -> Array:
    return np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(shape)


def part(axes: str, gates: str, bias: int = 0) -> Part:
    order = GRU.only(tuple(gates))
    lies = Form(Axes.parse(axes), {**SIZES, "gate": len(gates)}, order)
    return Part("b", "", tuple(gates), lies, tuple(slice(0, size) for size in lies.shape), lies, "", bias)


GRID = Assemble.of([part("(gate u)", "rz"), part("u", "h"), part("u", "h", 1)], GRU, ("set", "gate"))
REDUCED = Form(
    Axes.parse("(gate u)"), {**SIZES, "gate": 3}, GateOrder.coupled("lstm", tuple("ico"), "forget")
)

# What each step is given; every one of them must pass every test below.
STEPS: list[tuple[Step, Array]] = [
    (Take((slice(0, 3), slice(0, 8)), (3, 8), "the x rows"), counted((5, 8))),
    (Take((slice(3, 5), slice(0, 8)), (2, 8), "the h rows"), counted((5, 8))),
    (Take((slice(1, 2), slice(0, 8), slice(0, 3)), (8, 3), "dir 1"), counted((2, 8, 3))),
    (Rearrange(form("(gate u) x"), form("x (gate u)")), counted((8, 3))),
    (Rearrange(form("x (gate u)", TF1), form("x (gate u)")), counted((3, 8))),
    (Rearrange(form("x (gate u)", poured="u x"), form("x (gate u)")), counted((3, 8))),
    (Rearrange(form("~x u"), form("x u")), counted((3, 2))),
    (Join("set", 2, (8,)), counted((2, 8))),
    (Constant("an identity", np.eye(3)), np.zeros(0)),
    (Gather("what is used", (2, 2), 9, lambda: np.array([[0, 4], [8, -1]])), counted((9,))),
    (GRID, GRID.join([counted((4,)), counted((2,)) + 4, counted((2,)) + 6])),
    (FillSets(form("(gate u)"), 1), counted((8,))),
    (Negate((3,)), counted((3,))),
    (SquareDeviation((3,), 0.1), counted((3,))),
    (InvertGate(form("x (gate u)", GRU)), counted((3, 6))),
    (InvertGate(form("x (gate u)", GRU, "u x"), "r"), counted((3, 6))),
    (AddForgetBias(form("set (gate u)"), 2.5), counted((2, 8))),
    (CoupleGates(REDUCED, "forget"), counted((6,))),
    (SumBiases(form("set (gate u)")), counted((2, 8))),
    (FoldHardSigmoid(form("x (gate u)"), ("i", "f", "o"), 1.2), counted((3, 8))),
    (FoldHardSigmoid(form("(gate u)"), ("i",), 1.2, 0.6), counted((8,))),
]
NAMES = [f"{type(step).__name__}-{number}" for number, (step, _) in enumerate(STEPS)]


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_the_shape_is_known_before_any_value(step: Step, value: Array) -> None:
    assert step.apply(value).shape == step.shape


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_forgetting_the_step_gives_the_right_shape_and_wrong_values(step: Step, value: Array) -> None:
    forgotten = step.omitted(value)
    assert forgotten.shape == step.shape
    assert not np.array_equal(forgotten, step.apply(value))


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_the_value_that_goes_in_is_left_alone(step: Step, value: Array) -> None:
    before = value.copy()
    step.apply(value), step.omitted(value), step.trace(value)
    assert np.array_equal(value, before)


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_a_bitwise_step_moves_values_and_makes_none(step: Step, value: Array) -> None:
    if step.effect == "bitwise" and not isinstance(step, Constant):
        assert set(step.apply(value).ravel()) <= {*value.ravel(), *([0.0] if step.blank else [])}
        assert np.array_equal(step.trace(value), step.apply(value))


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_every_step_prints_in_one_line(step: Step, value: Array) -> None:
    assert str(step)
    assert "\n" not in str(step)
    assert "object at" not in str(step)


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_the_way_back_and_forth_again_gives_the_same(step: Step, value: Array) -> None:
    if isinstance(step, Take | Gather):
        return
    after = step.apply(value)
    before = step.back(after)
    assert before.shape == value.shape
    assert np.allclose(step.apply(before), after, rtol=1e-15, atol=0)
    if not step.choice:
        assert np.allclose(before, value, rtol=1e-15, atol=0)


@pytest.mark.parametrize(("step", "value"), STEPS, ids=NAMES)
def test_blank_counts_the_places_that_no_element_reaches(step: Step, value: Array) -> None:
    if not isinstance(step, Constant):
        numbers = np.arange(1, value.size + 1).reshape(value.shape)
        if isinstance(step, Assemble):
            numbers = step.join([np.arange(1, 5), np.arange(5, 7), np.arange(7, 9)])
        assert int((step.trace(numbers) == 0).sum()) == step.blank


def test_the_effects_are_what_the_design_says() -> None:
    effects = {type(step).__name__: step.effect for step, _ in STEPS}
    moves = {"Take", "Rearrange", "Join", "Constant", "Gather", "Assemble", "FillSets"}
    assert {name for name, effect in effects.items() if effect == "bitwise"} == moves
    assert {effect for name, effect in effects.items() if name not in moves} == {"exact"}


def test_a_poured_cudnn_block_is_its_memory_read_the_other_way() -> None:
    raw = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])  # an (x, u) block that holds (u, x) memory
    one = GateOrder("simple_rnn", ("h",))
    step = Rearrange(form("x (gate u)", one, "u x"), form("x (gate u)", one))
    by_hand = np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]])
    assert np.array_equal(step.apply(raw), by_hand)
    assert np.array_equal(raw.reshape(2, 3).T, by_hand)


def test_each_gate_of_a_cudnn_kernel_is_poured_on_its_own() -> None:
    raw = np.random.default_rng(0).normal(size=(3, 8))
    found = Rearrange(form("x (gate u)", poured="u x"), form("x (gate u)")).apply(raw)
    for gate in range(4):
        block = slice(2 * gate, 2 * gate + 2)
        assert np.array_equal(found[:, block], raw[:, block].reshape(2, 3).T)


def test_gates_change_places_as_whole_blocks() -> None:
    stored = np.array([[10, 11, 20, 21, 30, 31, 40, 41]])  # i, c, f, o with two units each
    one = {**SIZES, "x": 1}
    step = Rearrange(Form(Axes.parse("x (gate u)"), one, TF1), Form(Axes.parse("x (gate u)"), one, LSTM))
    assert step.apply(stored).tolist() == [[10, 11, 30, 31, 20, 21, 40, 41]]


def test_a_doubled_cudnn_bias_becomes_two_sets() -> None:
    step = Rearrange(form("(set gate u)", GRU), form("set (gate u)", GRU))
    assert step.apply(np.arange(12)).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_a_theano_kernel_is_turned_by_180_degrees() -> None:
    sizes = {"k0": 2, "k1": 3, "x": 1, "u": 1}
    turned, plain = Axes.parse("~k0 ~k1 x u"), Axes.parse("k0 k1 x u")
    kernel = np.arange(6).reshape(2, 3, 1, 1)
    found = Rearrange(Form(turned, sizes), Form(plain, sizes)).apply(kernel)
    assert found[..., 0, 0].tolist() == [[5, 4, 3], [2, 1, 0]]


def test_joined_biases_are_the_sets_in_their_order() -> None:
    join = Join("set", 2, (2,))
    joined = join.apply(join.join([np.array([1, 2]), np.array([3, 4])]))
    assert joined.tolist() == [[1, 2], [3, 4]]
    # Forgotten, one array would stand for both, which their sum shows.
    assert join.omitted(joined).tolist() == [[1, 2], [1, 2]]


def test_a_gather_says_what_it_leaves_behind_and_what_stays_zero() -> None:
    step = Gather("a corner", (3,), 5, lambda: np.array([4, -1, 0]))
    assert step.apply(np.array([5.0, 6, 7, 8, 9])).tolist() == [9, 0, 5]
    assert step.unused is not None
    assert step.unused.tolist() == [1, 2, 3]
    assert step.blank == 1


def test_fit_pours_cuts_and_repeats() -> None:
    assert fit(np.arange(4), (2, 2)).tolist() == [[0, 1], [2, 3]]
    assert fit(np.arange(4), (3,)).tolist() == [0, 1, 2]
    assert fit(np.arange(2), (3,)).tolist() == [0, 1, 0]


def test_a_form_prints_axes_gates_and_pouring() -> None:
    assert str(form("x (gate u)", poured="u x")) == "x (gate u) i,f,c,o poured u x"
    assert str(form("x u")) == "x u"
