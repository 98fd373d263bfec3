"""What a model is fed: features that are dropped, added or put in another order, batch and time sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import LstmMigrateError, PlanError
from tests.resizing.by_hand import arrays_of, gap, opened, outputs
from tests.resizing.old_models import recorded, source
from tests.resizing.workshop import ROUNDING, resized

STACKED = "stacked"  # LSTM(9) of 4 features, 6 steps


@pytest.mark.parametrize(
    ("features", "lossy"),
    [([2, 0, 3, 1], False), ([0, 1, None, 2, 3, None], False), ([3, 1], True), ([2, None, 0], True)],
)
def test_features_are_reordered_added_and_dropped(
    features: list[int | None], lossy: bool, target: Path
) -> None:
    report = resized(source(STACKED), target, {"lstm": {"features": features}}, allow_lossy=lossy)
    assert report.verified
    (x,), _ = recorded(STACKED)
    fed = np.random.default_rng(0).normal(size=(*x.shape[:2], len(features))).astype("float32")
    alike = np.zeros_like(x)
    for new, old in enumerate(features):
        if old is not None:
            alike[..., old] = fed[..., new]
    resized(source(STACKED), target.with_name("full.keras"), {})
    (wanted,) = outputs(opened(target.with_name("full.keras")), [alike])
    assert gap(outputs(opened(target), [fed]), [wanted]) < ROUNDING


def test_a_rule_on_the_input_does_the_same(target: Path) -> None:
    report = resized(source(STACKED), target, {"input_1": {"features": [2, 0, 3, 1]}})
    assert report.verified
    (x,), wanted = recorded(STACKED)
    assert gap(outputs(opened(target), [x[..., [2, 0, 3, 1]]]), wanted) < ROUNDING


def test_features_that_a_flatten_lays_in_one_axis_are_reordered(target: Path) -> None:
    import keras

    build = keras.Sequential([keras.Input((6, 4), name="fed"), keras.layers.Flatten(), keras.layers.Dense(2)])
    build.save(target.with_name("old.keras"))
    rule = {"fed": {"features": [3, 1, 0, 2]}}
    assert resized(target.with_name("old.keras"), target, rule).verified
    x = np.random.default_rng(0).normal(size=(8, 6, 4)).astype("float32")
    assert gap(outputs(opened(target), [x[..., [3, 1, 0, 2]]]), outputs(build, [x])) < ROUNDING


def test_features_of_an_input_that_several_layers_read_change_in_all_of_them(target: Path) -> None:
    report = resized(source("residual"), target, {"input_1": {"features": [1, None, 0, 2]}})
    assert report.verified
    (x,), wanted = recorded("residual")
    fed = np.stack([x[..., 1], np.ones_like(x[..., 0]), x[..., 0], x[..., 2]], -1)
    assert gap(outputs(opened(target), [fed]), wanted) < ROUNDING


def test_a_new_feature_is_read_with_zeros_and_learns(target: Path) -> None:
    resized(source(STACKED), target, {"input_1": {"features": [0, 1, 2, 3, None]}})
    model = opened(target)
    before = arrays_of(model)["lstm"][0]
    assert before.shape == (5, 36)
    assert not before[4].any()
    model.compile("adam", "mse", run_eagerly=True, jit_compile=False)
    random = np.random.default_rng(0)
    model.train_on_batch(random.normal(size=(32, 6, 5)), random.normal(size=(32, 3)))
    assert arrays_of(model)["lstm"][0][4].all()


def test_dropped_features_are_refused_by_number(target: Path) -> None:
    with pytest.raises(PlanError, match=r"(?s)features.*--allow-lossy"):
        resized(source(STACKED), target, {"lstm": {"features": [3, 1]}})
    assert not target.exists()


def test_a_stateful_model_gets_another_batch_size(target: Path) -> None:
    report = resized(source("stateful"), target, {"lstm_input": {"batch": 2}})
    assert report.verified
    model = opened(target)
    assert model.input_shape == (2, 5, 3)
    (x,), (wanted,) = recorded("stateful")
    assert gap(outputs(model, [x[:2]]), [wanted[:2]]) < ROUNDING


def test_a_stateful_model_must_know_its_batch_size(target: Path) -> None:
    with pytest.raises(PlanError, match="lstm keeps its states"):
        resized(source("stateful"), target, {"lstm_input": {"batch": "free"}})
    assert not target.exists()


def test_a_stateful_model_of_another_batch_size_still_carries_its_state(target: Path) -> None:
    resized(source("stateful"), target, {"lstm_input": {"batch": 2}})
    with np.load(source("stateful").with_name("io_stateful.npz")) as io:
        x, first, second = (io[name][:2] for name in ("input_0", "output_0_call1", "output_0_call2"))
    model = opened(target)
    assert gap([np.asarray(model(x))], [first]) < ROUNDING
    assert gap([np.asarray(model(x))], [second]) < ROUNDING


@pytest.mark.parametrize("time", [9, "free"])
def test_a_model_takes_another_number_of_steps(time: Any, target: Path) -> None:
    report = resized(source(STACKED), target, {"input_1": {"time": time}})
    assert report.verified
    model = opened(target)
    assert model.input_shape == (None, None if time == "free" else 9, 4)
    (x,), wanted = recorded(STACKED)
    if time == "free":
        assert gap(outputs(model, [x]), wanted) < ROUNDING
    assert outputs(model, [np.zeros((2, 9, 4), "float32")])[0].shape == (2, 3)


def test_steps_that_a_flatten_counts_stay(target: Path) -> None:
    with pytest.raises(PlanError, match="flat"):
        resized(source("bidirectional"), target, {"input_1": {"time": "free"}})
    assert not target.exists()


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        ("input_1", {"features": [0, 1, 2, 9]}),
        ("input_1", {"features": []}),
        ("gru", {"features": [1, 0]}),
        ("gru", {"batch": 3}),
        ("input_1", {"time": 0}),
        ("input_1", {"batch": "all"}),
        ("input_1", {"units": 3}),
    ],
    ids=str,
)
def test_what_no_input_can_be_is_refused(layer: str, rule: dict[str, Any], target: Path) -> None:
    with pytest.raises(LstmMigrateError) as caught:
        resized(source(STACKED), target, {layer: rule}, allow_lossy=True)
    assert caught.value.exit_code in (4, 5)
    assert layer in str(caught.value) or "sizes.yaml" in str(caught.value)
    assert not target.exists()
