"""What a resizing costs: measured between the full and the resized model, beside a plain cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.restriction import Restriction, Shown, Silence
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.costs import costs
from tests.unit.verification.resized_models import (
    CUT,
    GONE,
    KEPT,
    UNITS,
    Along,
    Pair,
    Steps,
    chain,
    cut_steps,
    grown_steps,
    one_lstm,
)


@pytest.fixture
def cut_pair(tmp_path: Path) -> Pair:
    return Pair(one_lstm(UNITS), one_lstm(len(KEPT)), tmp_path)


def predicted(model: keras.Model, x: Any) -> Any:
    return keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(x)))


def test_the_cost_is_what_keras_itself_measures(cut_pair: Pair) -> None:
    resized = cut_pair.resized(cut_steps(cut_pair), CUT, exact=False)
    x = np.random.default_rng(5).normal(size=(20, 7, 3)).astype("float32")
    probed, given = costs(resized, given=[x])
    full, small = predicted(cut_pair.full, x), predicted(cut_pair.small, x)
    gaps = np.abs(full - small)
    assert (given.where, given.inputs, probed.inputs) == ("dense", "given", "probes")
    assert given.max == pytest.approx(gaps.max(), rel=1e-4)
    assert given.mean == pytest.approx(gaps.mean(), rel=1e-4)
    assert given.scale == pytest.approx(np.abs(full).max(), rel=1e-4)
    assert given.agreement == (full.argmax(-1) == small.argmax(-1)).mean()
    assert given.plain is None


def test_what_was_fitted_is_held_against_a_plain_cut(cut_pair: Pair) -> None:
    x = np.random.default_rng(5).normal(size=(200, 7, 3)).astype("float32")
    lstm, dense = cut_pair.full.layers
    features = predicted(lstm, x)
    known = np.concatenate([features[:, KEPT], np.ones((len(x), 1))], axis=1)
    fit = np.linalg.lstsq(known, features[:, GONE], rcond=None)[0].astype("float32")
    onto, constant = fit[:-1], fit[-1]
    rows, _ = dense.get_weights()
    silence = Silence(0, 1, GONE, KEPT, onto, constant)
    restriction = Restriction({**CUT.silences, ("dense",): (silence,)})

    class Folded(Along):
        def apply(self, value: Any) -> Any:
            if value.ndim == 1:
                return value + constant @ rows[list(GONE)]
            return value[list(KEPT)] + onto @ value[list(GONE)]

        def trace(self, positions: Any) -> Any:
            return positions[list(KEPT)] if positions.ndim > 1 else positions

    steps: Steps = {
        **cut_steps(cut_pair),
        ("dense", "kernel"): (Folded((UNITS, 4), 0, KEPT, effect="approximate"),),
        ("dense", "bias"): (Folded((4,), 0, (0, 1, 2, 3), effect="approximate"),),
    }
    resized = cut_pair.resized(steps, restriction, exact=False)
    assert check_behaviour(resized.subject).verdict == "verified"
    _, given = costs(resized, given=[x])
    plain = costs(cut_pair.resized(cut_steps(cut_pair), CUT, exact=False), given=[x])[1]
    assert given.plain is not None
    assert given.plain.mean == pytest.approx(plain.mean, rel=1e-6)
    assert given.plain.max == pytest.approx(plain.max, rel=1e-6)
    assert given.mean < 0.8 * given.plain.mean


def test_an_exact_resizing_costs_nothing(tmp_path: Path) -> None:
    grown_pair = Pair(one_lstm(UNITS), one_lstm(UNITS + 2), tmp_path)
    steps = grown_steps(grown_pair, (1, 3), "copy", "share")
    assert costs(grown_pair.resized(steps, Restriction(), exact=True)) == ()


def test_a_class_that_went_is_no_agreement(tmp_path: Path) -> None:
    def model(classes: int) -> keras.Model:
        return chain(keras.layers.Dense(classes, name="dense"), shape=(3,))

    pair = Pair(model(UNITS), model(len(KEPT)), tmp_path)
    steps: Steps = {
        ("dense", "kernel"): (Along((3, UNITS), 1, KEPT),),
        ("dense", "bias"): (Along((UNITS,), 0, KEPT),),
    }
    shown = Restriction(shown=(Shown(1, KEPT, (0, 1, 2)),))
    x = np.random.default_rng(5).normal(size=(200, 3)).astype("float32")
    _, given = costs(pair.resized(steps, shown, exact=False), given=[x])
    chosen = predicted(pair.full, x).argmax(-1)
    assert given.max < 1e-6
    assert given.agreement == np.isin(chosen, KEPT).mean() < 1
