"""Resized models: right ones are proven, and whatever is cut, put or shared wrongly is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.report import Check
from lstm_migrate.restriction import NEW, STATE, Feed, Restriction, Shown, Silence
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.power import check_power
from lstm_migrate.verification.resizing import Resizing
from tests.unit.verification.resized_models import (
    CUT,
    GONE,
    KEPT,
    UNITS,
    Along,
    Pair,
    Silences,
    Steps,
    cell_steps,
    chain,
    cut_steps,
    grown_steps,
    one_lstm,
)


def verdicts(resized: Resizing) -> dict[str, str]:
    checks: list[Check] = [
        check(resized.subject) for check in (check_placement, check_behaviour, check_power)
    ]
    return {check.name: check.verdict for check in checks}


PROVEN = {"placement": "verified", "behaviour": "verified", "power": "verified"}


def behaves(resized: Resizing) -> Check:
    return check_behaviour(resized.subject)


@pytest.fixture
def cut_pair(tmp_path: Path) -> Pair:
    return Pair(one_lstm(UNITS), one_lstm(len(KEPT)), tmp_path)


@pytest.fixture
def grown_pair(tmp_path: Path) -> Pair:
    return Pair(one_lstm(UNITS), one_lstm(UNITS + 2), tmp_path)


# ---- slicing


def test_a_cell_cut_gate_by_gate_is_the_full_one_without_the_units_that_went(cut_pair: Pair) -> None:
    assert verdicts(cut_pair.resized(cut_steps(cut_pair), CUT, exact=False)) == PROVEN


def test_a_cut_that_calls_itself_exact_has_no_silences_to_hide_behind(cut_pair: Pair) -> None:
    assert behaves(cut_pair.resized(cut_steps(cut_pair), CUT, exact=True)).verdict == "failed"


def test_gates_cut_at_the_end_of_their_common_axis_are_seen(cut_pair: Pair) -> None:
    steps = cut_steps(cut_pair)
    columns = tuple(range(4 * len(KEPT)))
    for role in ("kernel", "recurrent_kernel", "bias"):
        *before, last = steps["lstm", role]
        assert isinstance(last, Along)
        steps["lstm", role] = (*before, replace(last, places=columns))
    assert behaves(cut_pair.resized(steps, CUT, exact=False)).verdict == "failed"


@pytest.mark.parametrize("role", ["kernel", "recurrent_kernel", "bias"])
def test_one_array_cut_elsewhere_than_the_others_is_seen(cut_pair: Pair, role: str) -> None:
    steps, other = cut_steps(cut_pair), cut_steps(cut_pair, (0, 2, 4))
    steps["lstm", role] = other["lstm", role]
    assert behaves(cut_pair.resized(steps, CUT, exact=False)).verdict == "failed"


def test_what_reads_the_units_cut_elsewhere_is_seen(cut_pair: Pair) -> None:
    steps = {**cut_steps(cut_pair), ("dense", "kernel"): cut_steps(cut_pair, (0, 2, 4))["dense", "kernel"]}
    assert behaves(cut_pair.resized(steps, CUT, exact=False)).verdict == "failed"


def test_a_silence_too_many_or_too_few_is_seen(cut_pair: Pair) -> None:
    steps = cut_steps(cut_pair)
    silences = dict(CUT.silences)
    for path in silences:
        fewer = {**silences, path: ()}
        (silence,) = silences[path]
        more = {**silences, path: (replace(silence, gone=(1, 3, 4)),)}
        for wrong in (fewer, more):
            assert behaves(cut_pair.resized(steps, Restriction(wrong), exact=False)).verdict == "failed"


def test_units_that_nobody_reads_go_without_a_silence(cut_pair: Pair) -> None:
    lstm, dense = cut_pair.full.layers
    kernel, recurrent, bias = lstm.get_weights()
    recurrent[list(GONE)] = 0
    lstm.set_weights([kernel, recurrent, bias])
    rows, other = dense.get_weights()
    rows[list(GONE)] = 0
    dense.set_weights([rows, other])
    assert verdicts(cut_pair.resized(cut_steps(cut_pair), Restriction(), exact=True)) == PROVEN


def around(units: int) -> keras.Model:
    both = keras.layers.Bidirectional(keras.layers.GRU(units, name="gru"), name="both")
    return chain(both, keras.layers.Dense(4, name="dense"))


@pytest.mark.parametrize("swapped", [False, True])
def test_the_rows_of_the_other_direction_cut_are_seen(tmp_path: Path, swapped: bool) -> None:
    pair = Pair(around(UNITS), around(len(KEPT)), tmp_path)
    steps: Steps = {}
    silences: Silences = {}
    gone: list[int] = []
    rows: list[int] = []
    for number, (direction, kept) in enumerate([("forward", KEPT), ("backward", (0, 1, 4))]):
        cell = f"both/{direction}_layer"
        steps |= cell_steps(cell, pair.arrays(cell), kept, UNITS, 3, effect="approximate")
        left_out = tuple(place for place in range(UNITS) if place not in kept)
        silences["both", f"{direction}_layer"] = (Silence(STATE, -1, left_out, kept),)
        half = UNITS * (1 - number if swapped else number)
        rows += [half + place for place in kept]
        gone += [half + place for place in left_out]
    steps["dense", "kernel"] = (Along((2 * UNITS, 4), 0, tuple(sorted(rows))),)
    # The same mistake in what the judge is told helps nothing.
    restriction = Restriction({**silences, ("dense",): (Silence(0, 1, tuple(gone), ()),)})
    check = behaves(pair.resized(steps, restriction, exact=False))
    assert check.verdict == ("failed" if swapped else "verified")


def branches(first: int) -> keras.Model:
    x = keras.Input((7, 3), name="x")
    one = keras.layers.LSTM(first, name="one")(x)
    other = keras.layers.LSTM(4, name="other")(x)
    joined = keras.layers.Concatenate(name="joined")([other, one])
    return keras.Model(x, keras.layers.Dense(3, name="dense")(joined), name="model")


@pytest.mark.parametrize("offset", [4, 0, 3])
def test_a_wrong_offset_behind_a_concatenation_is_seen(tmp_path: Path, offset: int) -> None:
    pair = Pair(branches(UNITS), branches(len(KEPT)), tmp_path)
    gone = tuple(offset + place for place in GONE)
    kept = tuple(place for place in range(4 + UNITS) if place not in gone)
    steps: Steps = {
        **cell_steps("one", pair.arrays("one"), KEPT, UNITS, effect="approximate"),
        ("dense", "kernel"): (Along((4 + UNITS, 3), 0, kept),),
    }
    # The same mistake in what the judge is told helps nothing.
    silences: Silences = {
        ("one",): (Silence(STATE, -1, GONE, KEPT),),
        ("dense",): (Silence(0, 1, gone, kept),),
    }
    check = behaves(pair.resized(steps, Restriction(silences), exact=False))
    assert check.verdict == ("verified" if offset == 4 else "failed")


# ---- padding


@pytest.mark.parametrize(
    ("repeated", "new", "outgoing", "verdict"),
    [
        ((1, 3), "copy", "share", "verified"),
        ((1, 3), "copy", "unequal share", "failed"),
        ((1, 3), "copy", "copy", "failed"),
        ((NEW, NEW), "random", "zeros", "verified"),
        ((NEW, NEW), "zeros", "random", "verified"),  # all gates at a half of nothing: the state stays 0
        ((NEW, NEW), "random", "random", "failed"),
    ],
)
def test_padding_is_exact_if_one_side_of_each_new_unit_is_silent_or_shared(
    grown_pair: Pair, repeated: tuple[int, ...], new: str, outgoing: str, verdict: str
) -> None:
    steps = grown_steps(grown_pair, repeated, new, outgoing)
    resized = grown_pair.resized(steps, Restriction(), exact=True)
    assert behaves(resized).verdict == verdict
    assert check_placement(resized.subject).verdict == "verified"
    if verdict == "verified":
        assert check_power(resized.subject).verdict == "verified"


class Exchanging(Along):
    """Left out, it puts twins in each other's place, which is as right as what it does."""

    def omitted(self, value: Any) -> Any:
        return np.roll(self.apply(value), self.before[self.axis], axis=self.axis)


def test_that_twins_can_stand_for_each_other_is_no_weakness_of_the_check(tmp_path: Path) -> None:
    def model(units: int) -> keras.Model:
        return chain(keras.layers.SimpleRNN(units, name="rnn"), keras.layers.Dense(4, name="dense"))

    pair = Pair(model(UNITS), model(2 * UNITS), tmp_path)
    places = (*range(UNITS), *range(UNITS))
    columns = cell_steps("rnn", pair.arrays("rnn"), places, UNITS, 1, new="copy", outgoing="share")
    steps: Steps = {**columns, ("dense", "kernel"): (Exchanging((UNITS, 4), 0, places, "share"),)}
    resized = pair.resized(steps, Restriction(), exact=True)
    assert verdicts(resized) == PROVEN
    assert "would not be seen" in check_power(replace(resized.subject, resized=False)).detail


def test_new_units_behind_the_last_gate_are_seen(grown_pair: Pair) -> None:
    steps = grown_steps(grown_pair, (NEW, NEW), "random", "zeros")
    for role in ("kernel", "recurrent_kernel", "bias"):
        *before, last = steps["lstm", role]
        assert isinstance(last, Along)
        steps["lstm", role] = (*before, replace(last, places=(*range(4 * UNITS), *(NEW,) * 8)))
    assert behaves(grown_pair.resized(steps, Restriction(), exact=True)).verdict == "failed"


def test_a_file_that_holds_something_else_than_its_steps_make_is_seen(grown_pair: Pair) -> None:
    resized = grown_pair.resized(grown_steps(grown_pair, (1, 3), "copy", "share"), Restriction(), exact=True)
    other = grown_pair.resized(
        grown_steps(grown_pair, (1, 3), "copy", "unequal share"), Restriction(), exact=True
    )
    check = check_placement(replace(resized.subject, target=other.subject.target))
    assert (check.verdict, "the file does not hold what the plan says" in check.detail) == ("failed", True)


# ---- vocabularies, inputs, outputs


def words(count: int) -> keras.Model:
    table = keras.layers.Embedding(count, 4, name="table", mask_zero=True)
    return chain(table, keras.layers.GRU(3, name="gru"), shape=(7,), dtype="int32")


TOKENS = (0, NEW, 3, 1, NEW, 2, 4)  # old numbers to new ones; two tokens are lost, one is new
ROWS = (0, 3, 5, 2, 6, NEW)


@pytest.mark.parametrize(("rows", "verdict"), [(ROWS, "verified"), ((0, 5, 3, 2, 6, NEW), "failed")])
def test_rows_of_an_embedding_stand_where_their_tokens_are(
    tmp_path: Path, rows: tuple[int, ...], verdict: str
) -> None:
    pair = Pair(words(len(TOKENS)), words(len(rows)), tmp_path)
    steps: Steps = {("table", "embeddings"): (Along((len(TOKENS), 4), 0, rows, "random"),)}
    resized = pair.resized(steps, Restriction(feeds=(Feed(tokens=TOKENS),)), exact=False)
    assert behaves(resized).verdict == verdict
    assert check_power(resized.subject).verdict == "verified"


@pytest.mark.parametrize(
    ("new", "mask", "verdict"),
    [("zeros", False, "verified"), ("random", False, "failed"), ("zeros", True, "verified")],
)
def test_new_features_must_not_matter_whatever_they_are(
    tmp_path: Path, new: Any, mask: bool, verdict: str
) -> None:
    def model(features: int) -> keras.Model:
        first = [keras.layers.Masking(0.5, name="masking")] if mask else []
        return chain(*first, keras.layers.LSTM(4, name="lstm"), shape=(7, features))

    pair = Pair(model(3), model(4), tmp_path)
    places = (2, 0, NEW, 1)
    steps: Steps = {("lstm", "kernel"): (Along((3, 16), 0, places, new),)}
    resized = pair.resized(steps, Restriction(feeds=(Feed(places=places),)), exact=True)
    assert behaves(resized).verdict == verdict


def test_features_in_another_order_than_said_are_seen(tmp_path: Path) -> None:
    pair = Pair(one_lstm(3), one_lstm(3), tmp_path)
    steps: Steps = {("lstm", "kernel"): (Along((3, 12), 0, (2, 0, 1)),)}
    right, wrong = ((2, 0, 1), (1, 2, 0))
    for places, verdict in ((right, "verified"), (wrong, "failed")):
        resized = pair.resized(steps, Restriction(feeds=(Feed(places=places),)), exact=True)
        assert behaves(resized).verdict == verdict


def test_classes_are_compared_where_both_have_them_and_scaled_alike(tmp_path: Path) -> None:
    def model(classes: int) -> keras.Model:
        return chain(
            keras.layers.LSTM(4, name="lstm"), keras.layers.Dense(classes, activation="softmax", name="dense")
        )

    pair = Pair(model(UNITS), model(4), tmp_path)
    rows = (3, 0, 2, NEW)
    steps: Steps = {
        ("dense", "kernel"): (Along((4, UNITS), 1, rows, "random"),),
        ("dense", "bias"): (Along((UNITS,), 0, rows, "random"),),
    }
    shown = Shown(1, (3, 0, 2), (0, 1, 2), normalised=True)
    assert verdicts(pair.resized(steps, Restriction(shown=(shown,)), exact=False)) == PROVEN
    for wrong in (replace(shown, normalised=False), replace(shown, full=(3, 2, 0))):
        assert behaves(pair.resized(steps, Restriction(shown=(wrong,)), exact=False)).verdict == "failed"


def test_a_stateful_model_of_another_batch_size_computes_the_same(tmp_path: Path) -> None:
    def model(batch: int, time: int | None) -> keras.Model:
        first = keras.Input(batch_shape=(batch, time, 3), name="x")
        return keras.Sequential([first, keras.layers.LSTM(4, stateful=True, name="lstm")], name="model")

    pair = Pair(model(2, 7), model(3, None), tmp_path)
    assert verdicts(pair.resized({}, Restriction(), exact=True)) == PROVEN
