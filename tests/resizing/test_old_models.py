"""Old models in other sizes: larger ones compute the same and learn, smaller ones are as told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from tests.resizing.by_hand import arrays_of, cut, differences, gap, new_parts, opened, outputs, small_model
from tests.resizing.chains import symbols
from tests.resizing.models import inputs_for
from tests.resizing.old_models import BUILDS, gates, recorded, recording, source
from tests.resizing.workshop import ROUNDING, Result, Workshop, keeping, resized, units

LARGER: dict[str, dict[str, int]] = {
    "lstm-128": {"a": 256},
    "gru-stacked": {"a": 15, "b": 11, "c": 7},
    "bidirectional": {"a": 10, "b": 9, "c": 5},
    "stacked": {"a": 12, "b": 17, "c": 8},
    "encoder-decoder": {"a": 13, "e": 7},
    "residual": {"a": 11, "b": 9, "c": 8},
    "cells": {"a": 9, "b": 7, "f": 6},
    "siamese": {"a": 9, "b": 8, "c": 5},
    "stateful": {"a": 9, "b": 8},
}
TOKENS = {"encoder-decoder": (12, 9)}
SMALLER: dict[str, dict[str, list[int]]] = {
    "lstm-128": {"a": [*range(3, 127, 2), 2, 0]},
    "gru-stacked": {"a": [9, 2, 4, 5, 0], "b": [0, 1, 2, 6], "c": [3, 0]},
    "bidirectional": {"a": [6, 1, 3], "b": [0, 4, 5], "c": [2, 0]},
    "stacked": {"a": [0, 3, 4, 8], "b": [7, 0, 1], "c": [1, 2, 3, 4, 5]},
    "encoder-decoder": {"a": [7, 2, 3, 4], "e": [1, 3, 4]},
    "residual": {"a": [5, 0, 2, 6], "b": [4, 1], "c": [0, 1, 4]},
    "cells": {"a": [5, 2, 0], "b": [1, 4], "f": [3, 1]},
    "siamese": {"a": [6, 0, 2], "b": [5, 1, 2], "c": [2, 0]},
    "stateful": {"a": [5, 1, 2], "b": [0, 4]},
}


def keep_of(case: str, sizes: dict[str, int]) -> dict[str, list[int]]:
    """All old units and, behind them, new ones."""
    return {symbol: list(range(count)) for symbol, count in sizes.items()}


@pytest.mark.parametrize("case", LARGER)
def test_a_larger_model_computes_what_the_old_framework_recorded(case: str, workshop: Workshop) -> None:
    found = workshop.resized(case, units(case, LARGER[case]))
    assert found.report.verified
    assert gap(found.outputs(case), recorded(case)[1]) < ROUNDING
    assert {line.effect for line in found.report.resized} <= {"exact", "bitwise"}
    assert not found.report.lost


@pytest.mark.parametrize("case", LARGER)
def test_every_array_of_a_larger_model_has_its_new_shape(case: str, workshop: Workshop) -> None:
    found = workshop.resized(case, units(case, LARGER[case])).arrays
    masks = {
        (layer, number): mask for layer, number, mask in new_parts(BUILDS[case], keep_of(case, LARGER[case]))
    }
    assert {key: mask.shape for key, mask in masks.items()} == {
        (layer, number): value.shape for layer, values in found.items() for number, value in enumerate(values)
    }
    assert sum(mask.any() for mask in masks.values()) >= 4


@pytest.mark.parametrize("case", LARGER)
def test_every_new_number_moves_in_the_first_step_of_training(case: str, workshop: Workshop) -> None:
    import keras

    model = opened(workshop.resized(case, units(case, LARGER[case])).path)
    before = arrays_of(model)
    keras.utils.set_random_seed(3)
    fed = inputs_for(model, batch=64, tokens=TOKENS.get(case, ()))
    wanted = [np.random.default_rng(4).normal(size=one.shape) for one in outputs(model, fed)]
    model.compile("adam", "mse", run_eagerly=True, jit_compile=False)
    model.train_on_batch(fed, wanted)
    after = arrays_of(model)
    still = [
        f"{layer}[{number}]"
        for layer, number, new in new_parts(BUILDS[case], keep_of(case, LARGER[case]))
        if (after[layer][number] == before[layer][number])[new].any()
    ]
    assert not still


@pytest.mark.parametrize("case", SMALLER)
def test_a_smaller_model_is_the_one_that_was_cut_by_hand(case: str, workshop: Workshop) -> None:
    full, build = workshop.full(case).arrays, BUILDS[case]
    found = workshop.resized(case, keeping(case, SMALLER[case]), allow_lossy=True)
    assert found.report.verified
    assert differences(found.arrays, cut(full, build, SMALLER[case])) == []
    by_hand = small_model(build, SMALLER[case], full, gates(case))
    assert gap(found.outputs(case), outputs(by_hand, recorded(case)[0])) < ROUNDING


@pytest.mark.parametrize("case", SMALLER)
def test_the_report_has_the_change_of_the_outputs_and_no_other(case: str, workshop: Workshop) -> None:
    found = workshop.resized(case, keeping(case, SMALLER[case]), allow_lossy=True)
    costs = [cost for cost in found.report.costs if cost.inputs == "recorded"]
    changes = [np.abs(a - b) for a, b in zip(found.outputs(case), recorded(case)[1], strict=True)]
    if case == "stateful":
        changes = [np.stack([*changes, _second_call(found)])]
    assert len(costs) == len(changes)
    for cost, change in zip(costs, changes, strict=True):
        assert cost.max == pytest.approx(change.max(), rel=1e-3, abs=1e-6)
        assert cost.mean == pytest.approx(change.mean(), rel=1e-3, abs=1e-6)
        assert cost.max > 1e-3, "nothing was lost, so that nothing is tested"


def _second_call(found: Result) -> Any:
    """What a second call changes, which begins with the states of the first one."""
    with np.load(source("stateful").with_name("io_stateful.npz")) as io:
        return np.abs(outputs(found.model, [io["input_0"]], calls=2)[1] - io["output_0_call2"])


def test_the_report_has_how_often_the_choice_is_the_same(workshop: Workshop) -> None:
    found = workshop.resized(
        "encoder-decoder", keeping("encoder-decoder", SMALLER["encoder-decoder"]), allow_lossy=True
    )
    (cost,) = (cost for cost in found.report.costs if cost.inputs == "recorded")
    chosen = [
        value[0].argmax(-1) for value in (found.outputs("encoder-decoder"), recorded("encoder-decoder")[1])
    ]
    assert cost.agreement == pytest.approx((chosen[0] == chosen[1]).mean())


@pytest.mark.parametrize("case", SMALLER)
def test_the_report_has_each_lost_unit(case: str, workshop: Workshop) -> None:
    found = workshop.resized(case, keeping(case, SMALLER[case]), allow_lossy=True)
    counts = symbols(BUILDS[case])
    wanted = [
        unit
        for symbol, kept in SMALLER[case].items()
        for unit in set(range(counts[symbol])) - {*kept}
        for _ in range(2 if (case, symbol) == ("bidirectional", "a") else 1)  # both directions' own units
    ]
    assert sorted(lost.unit for lost in found.report.lost) == sorted(wanted)
    assert all(lost.salience is not None and lost.salience >= 0 for lost in found.report.lost)


@pytest.mark.parametrize("case", SMALLER)
def test_nothing_is_lost_that_is_not_allowed(case: str, target: Path) -> None:
    rules = keeping(case, SMALLER[case])
    with pytest.raises(PlanError, match="--allow-lossy") as caught:
        resized(source(case), target, rules)
    assert all(owner.split("/")[-1] in str(caught.value) for owner in rules)
    assert not target.exists()


@pytest.mark.parametrize("case", SMALLER)
def test_every_array_that_changed_its_shape_is_in_the_report_with_axis_and_origin(
    case: str, workshop: Workshop
) -> None:
    full = workshop.full(case).report
    found = workshop.resized(case, keeping(case, SMALLER[case]), allow_lossy=True).report
    before = {line.variable: line.shape for line in full.tensors}
    changed = {line.variable for line in found.tensors if line.shape != before[line.variable]}
    lines = found.resized
    assert changed == {line.tensor for line in lines}
    assert all(line.before > line.after and line.axis and line.of for line in lines)
    assert {line.effect for line in lines} >= {"approximate"}


def test_the_report_in_json_has_all_of_it(workshop: Workshop) -> None:
    import json

    found = workshop.resized("stacked", keeping("stacked", SMALLER["stacked"]), allow_lossy=True)
    said: dict[str, Any] = json.loads(found.report.to_json())
    by_tensor = {line["tensor"]: line for line in said["resized"]}
    gru = [line for line in said["resized"] if line["tensor"] == "gru.kernel"]
    assert [(line["before"], line["after"]) for line in gru if "units of lstm" in line["of"]] == [(9, 4)]
    assert "units of rnn" in by_tensor["head.kernel"]["of"]
    assert said["costs"] and said["lost"]


def test_the_lstm_of_128_units_gets_64_on_the_command_line(target: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from lstm_migrate.cli.app import app

    said = ["convert", str(source("lstm-128")), "--to", str(target), "--set", "lstm_1.units=64"]
    refused = CliRunner().invoke(app, said)
    assert refused.exit_code == 5
    assert not target.exists()
    done = CliRunner().invoke(app, [*said, "--allow-lossy", "--recorded", str(recording("lstm-128"))])
    assert done.exit_code == 0
    assert arrays_of(opened(target))["lstm_1"][1].shape == (64, 256)


def test_the_lstm_of_128_units_gets_256_on_the_command_line(target: Path) -> None:
    from typer.testing import CliRunner

    from lstm_migrate.cli.app import app

    said = ["convert", str(source("lstm-128")), "--to", str(target), "--set", "lstm_1.units=256"]
    assert CliRunner().invoke(app, said).exit_code == 0
    inputs, wanted = recorded("lstm-128")
    assert gap(outputs(opened(target), inputs), wanted) < ROUNDING
