"""New units come in gate by gate, never at the end of the axis that gates and units share."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.steps import Form, unfold
from lstm_migrate.rules.cut import Cut
from lstm_migrate.rules.fill import NOTHING, Fill
from lstm_migrate.rules.grow import Grow

LSTM = GateOrder("lstm", ("i", "f", "c", "o"))
GRU = GateOrder("gru", ("z", "r", "h"))
AXES = [
    "x (gate u)",
    "h (gate u)",
    "(gate u)",
    "set (gate u)",
    "(u gate)",
    "gate u x",
    "x u",
    "u",
    "x (gate ~u)",
]
FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def form(text: str, poured: str = "", gates: GateOrder = LSTM, **sizes: int) -> Form:
    sizes = {"gate": len(gates), "set": 2, "x": 3, "h": 4, "u": 4, **sizes}
    return Form(Axes.parse(text), sizes, gates, tuple(Symbol(name) for name in poured.split()))


def grown(before: Form, repeated: tuple[int, ...], fill: Fill, symbol: str = "u") -> Grow:
    """New ones behind the old ones."""
    count = before.sizes[symbol]
    fresh = (False,) * count + (True,) * len(repeated)
    return Grow(before, symbol, (*range(count), *repeated), fresh, fill, f"{len(repeated)} units")


def numbers(before: Form, kind: Any = np.float32) -> Any:
    return np.arange(1, 1 + np.prod(before.shape)).astype(kind).reshape(before.shape)


def same_bits(one: Any, other: Any) -> bool:
    assert one.dtype == other.dtype and one.shape == other.shape
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def test_a_bias_of_two_units_by_hand() -> None:
    bias = np.array([1, 2, 10, 20, 100, 200, 1000, 2000], np.float32)
    before = form("(gate u)", u=2)
    zeros = grown(before, (NOTHING,), Fill("zeros")).apply(bias)
    assert zeros.tolist() == [1, 2, 0, 10, 20, 0, 100, 200, 0, 1000, 2000, 0]
    copies = grown(before, (1, 1), Fill("copy")).apply(bias)
    assert copies.tolist() == [1, 2, 2, 2, 10, 20, 20, 20, 100, 200, 200, 200, 1000, 2000, 2000, 2000]
    forgetting = grown(before, (NOTHING,), Fill("constant", gates={"f": 1.0})).apply(bias)
    assert forgetting.tolist() == [1, 2, 0, 10, 20, 1, 100, 200, 0, 1000, 2000, 0]


def test_new_ones_may_stand_anywhere_among_the_old_ones() -> None:
    step = Grow(
        form("x u", x=1, u=3), "u", (NOTHING, 2, 0, 0, 1), (True, False, False, True, False), Fill("copy"), ""
    )
    assert step.apply(np.array([[1.0, 2.0, 3.0]])).tolist() == [[0, 3, 1, 1, 2]]
    assert step.back(np.array([[0.0, 3.0, 1.0, 1.0, 2.0]])).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(("text", "parts", "gates"), [("x (gate u)", 4, LSTM), ("set (gate u)", 3, GRU)])
def test_each_gate_grows_as_if_it_had_an_array_of_its_own(text: str, parts: int, gates: GateOrder) -> None:
    before = form(text, gates=gates)
    value = numbers(before)
    wanted = np.concatenate(
        [np.pad(part, ((0, 0), (0, 2))) for part in np.split(value, parts, axis=-1)], axis=-1
    )
    assert np.array_equal(grown(before, (NOTHING, NOTHING), Fill("zeros")).apply(value), wanted)


@settings(max_examples=60)
@given(
    st.sampled_from(AXES),
    st.lists(st.integers(-1, 3), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_it_is_the_same_as_putting_into_the_unfolded_array(
    text: str, repeated: list[int], random: Any
) -> None:
    before = form(text)
    spots = [(place, False) for place in range(4)] + [(place, True) for place in repeated]
    random.shuffle(spots)
    step = Grow(before, "u", tuple(p for p, _ in spots), tuple(new for _, new in spots), Fill("copy"), "")
    loose, names = unfold(numbers(before), before)
    axis = names.index("u")
    none = np.zeros_like(np.take(loose, 0, axis))
    wanted = np.stack([none if p == NOTHING else np.take(loose, p, axis) for p, _ in spots], axis)
    found = step.apply(numbers(before))
    assert found.shape == step.shape
    assert np.array_equal(unfold(found, step.after)[0], wanted)
    assert np.array_equal(step.back(found), numbers(before))


@pytest.mark.parametrize("text", AXES)
@pytest.mark.parametrize("kind", ["copy", "random", "zeros"])
def test_positions_move_with_old_ones_and_are_zero_where_something_is_new(text: str, kind: Any) -> None:
    before = form(text)
    step = grown(before, (3, 0), Fill(kind))
    arrived = step.trace(numbers(before, np.int32))
    assert arrived.dtype == np.int32 and arrived.shape == step.shape
    assert int((arrived == 0).sum()) == step.blank > 0
    assert sorted(arrived[arrived != 0].tolist()) == numbers(before, np.int32).ravel().tolist()
    cut = Cut(step.after, {"u": (0, 1, 2, 3)}, "")
    assert np.array_equal(cut.trace(arrived), numbers(before))


def test_a_poured_array_grows_where_its_units_are() -> None:
    before = form("x (gate u)", "u x")
    step = grown(before, (2,), Fill("copy"))
    loose, names = unfold(step.apply(numbers(before)), step.after)
    old, _ = unfold(numbers(before), before)
    axis = names.index("u")
    assert np.array_equal(np.take(loose, range(4), axis), old)
    assert np.array_equal(np.take(loose, 4, axis), np.take(old, 2, axis))


@pytest.mark.parametrize("text", AXES)
@pytest.mark.parametrize("fill", [Fill("zeros"), Fill("copy"), Fill("constant", 3.0)])
def test_forgetting_the_gates_would_be_seen(text: str, fill: Fill) -> None:
    before = form(text)
    step = grown(before, (0, 1), fill)
    found = step.omitted(numbers(before))
    assert found.shape == step.shape
    assert not np.array_equal(found, step.apply(numbers(before)))
    assert sorted(found.ravel().tolist()) == sorted(step.apply(numbers(before)).ravel().tolist())


def test_forgetting_the_gates_puts_all_new_ones_behind_all_old_ones() -> None:
    step = grown(form("(gate u)", u=2), (NOTHING,), Fill("zeros"))
    assert step.omitted(np.arange(1, 9)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", FLOATS)
def test_what_is_shared_adds_up_to_what_was_there(kind: Any) -> None:
    before = form("h (gate u)", h=64)
    value = np.random.default_rng(1).normal(size=before.shape).astype(kind)
    found = grown(before, tuple(range(64)), Fill("share", seed=3), "h").apply(value)
    assert found.dtype == value.dtype
    assert same_bits(found[:64] + found[64:], value)
    shares = found[64:].astype(float) / value.astype(float)
    assert shares.min() >= 0.48 and shares.max() <= 0.77
    assert len({round(share, 2) for share in shares[:, 0]}) > 8  # or twins would never become two units


@st.composite
def any_floats(draw: Any) -> Any:
    """Any bits at all, but no NaN: zeros of both signs, subnormals, infinities."""
    kind = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    width = np.dtype(kind).itemsize
    bits = draw(st.binary(min_size=12 * width, max_size=12 * width))
    value = np.frombuffer(bits, kind).reshape(3, 4)
    special = np.array(
        [0.0, -0.0, np.finfo(kind).max, np.finfo(kind).smallest_subnormal, -np.finfo(kind).tiny], kind
    )
    chosen = draw(st.lists(st.sampled_from(range(5)), min_size=4, max_size=4))
    return np.vstack([np.where(np.isnan(value), kind(1), value), special[chosen]])


@settings(max_examples=300)
@given(any_floats(), st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 9))
def test_shared_and_folded_back_is_bitwise_whatever_the_numbers(
    value: Any, repeated: list[int], seed: int
) -> None:
    before = Form(Axes.parse("x u"), {"x": 4, "u": 4})
    step = grown(before, tuple(repeated), Fill("share", seed=seed), "x")
    assert same_bits(step.back(step.apply(value)), value)


@settings(max_examples=100)
@given(any_floats(), st.lists(st.integers(0, 3), min_size=1, max_size=4), st.data())
def test_what_was_shared_out_twice_comes_back_at_once(value: Any, repeated: list[int], data: Any) -> None:
    before = Form(Axes.parse("x u"), {"x": 4, "u": 4})
    first = grown(before, tuple(repeated), Fill("share"), "x")
    again = data.draw(st.lists(st.integers(0, 3 + len(repeated)), min_size=1, max_size=4))
    second = grown(first.after, tuple(again), Fill("share", seed=1), "x")
    owners = [*range(4), *repeated]
    owners += [owners[place] for place in again]
    places = (*range(4), *owners[4:])
    both = Grow(before, "x", places, (False,) * 4 + (True,) * (len(places) - 4), Fill("share"), "")
    assert same_bits(both.back(second.apply(first.apply(value))), value)


@pytest.mark.parametrize("kind", FLOATS)
def test_the_largest_number_comes_back_from_many_shares(kind: Any) -> None:
    before = Form(Axes.parse("x u"), {"x": 1, "u": 3})
    limits = ml_dtypes.finfo(kind)
    value = np.array([[limits.max, -limits.max, limits.smallest_subnormal]], kind)
    first = grown(before, (0, 0), Fill("share"), "x")
    second = grown(first.after, (2, 1, 0), Fill("share", seed=1), "x")
    both = Grow(before, "x", (0,) * 6, (False,) + (True,) * 5, Fill("share"), "")
    assert same_bits(both.back(second.apply(first.apply(value))), value)


def test_random_ones_are_as_widely_spread_as_the_old_ones_and_seeded() -> None:
    before = form("x (gate u)", x=50, u=20)
    value = np.random.default_rng(0).normal(scale=0.3, size=before.shape).astype(np.float32)
    first, again, other = (
        grown(before, (NOTHING,) * 20, Fill("random", seed=s)).apply(value) for s in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    new = np.stack(np.split(first, 4, axis=1))[..., 20:]
    assert 0.28 < new.std() < 0.32 and abs(new.mean()) < 0.02


def test_random_ones_in_an_array_of_zeros_are_not_zero() -> None:
    before = form("x u", x=6, u=2)
    new = grown(before, (NOTHING,) * 400, Fill("random")).apply(np.zeros(before.shape))[:, 2:]
    assert 0.4 < new.std() < 0.6  # Glorot: √(2 / (6 + 2)) = 0.5


def test_new_rows_of_a_table_follow_the_mean_of_each_column() -> None:
    before = Form(Axes.parse("n u"), {"n": 3, "u": 2})
    table = np.array([[1, 10], [2, 20], [6, 60]], np.float16)
    mean = grown(before, (NOTHING, NOTHING), Fill("mean"), "n").apply(table)
    assert mean.dtype == np.float16 and mean[3:].tolist() == [[3, 30], [3, 30]]
    about = grown(before, (NOTHING,) * 500, Fill("normal"), "n").apply(table)[3:].astype(float)
    assert np.allclose(about.mean(axis=0), table.mean(axis=0), rtol=0.1)
    assert np.allclose(about.std(axis=0), table.astype(float).std(axis=0), rtol=0.1)


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("fill", ["zeros", "random", "mean", "normal", "copy", "constant"])
def test_the_type_stays(kind: Any, fill: Any) -> None:
    before = form("x u")
    assert grown(before, (1, NOTHING), Fill(fill)).apply(numbers(before, kind)).dtype == np.dtype(kind)


def test_it_says_what_comes_in() -> None:
    step = grown(form("(gate u)"), (0, 1), Fill("constant", gates={"f": 1.0}))
    assert str(step) == "grow by 2 units: 0 each, 1 of gate f"
    assert step.effect == "exact"


def test_an_old_one_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="not a place for each of 4 old ones"):
        Grow(form("x u"), "u", (0, 1, 2, 2), (False, False, False, True), Fill("copy"), "")
    with pytest.raises(ValueError, match="none is there to be repeated"):
        grown(form("x u"), (4,), Fill("copy"))
    with pytest.raises(ValueError, match="no kind of fill: 'noise'"):
        Fill("noise")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="has no inverse"):
        Cut(form("x u"), {"u": (0,)}, "").back(np.zeros((3, 1)))
