"""Cutting a trained model: what a fit of its readers wins back, on inputs that the fit has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from lstm_migrate.cli.app import app
from lstm_migrate.errors import LstmMigrateError
from tests.resizing.by_hand import opened, outputs
from tests.resizing.old_models import recorded, source
from tests.resizing.workshop import resized

CASE = "trained-adding"
SEEN = 250  # of 400 recorded inputs
BETTER = 10
"""A least-squares fit written out in NumPy makes the error on unseen inputs some 300 times as small."""


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """The recording as far as the fit sees it."""
    (x,), (y,) = recorded(CASE)
    path = tmp_path / "seen.npz"
    np.savez(path, input_0=x[:SEEN], output_0=y[:SEEN])
    return path


def unseen() -> tuple[Any, Any, Any]:
    """Inputs that no fit has seen, what the old framework computed of them, and what it was trained to."""
    (x,), (y,) = recorded(CASE)
    return x[SEEN:], y[SEEN:], np.einsum("nt,nt->n", x[SEEN:, :, 0], x[SEEN:, :, 1])[:, None]


def error(target: Path) -> tuple[float, float]:
    """Mean square distances on unseen inputs: from the whole model, and from the truth."""
    x, whole, truth = unseen()
    (found,) = outputs(opened(target), [x])
    return float(np.mean((found - whole) ** 2)), float(np.mean((found - truth) ** 2))


def test_the_model_of_the_corpus_is_really_trained() -> None:
    _, whole, truth = unseen()
    assert np.mean((whole - truth) ** 2) < 0.01 * np.var(truth)


@pytest.mark.parametrize("keep", ["first", "last", "norm", "activity"])
def test_compensation_beats_plain_slicing_on_unseen_inputs(keep: str, seen: Path, tmp_path: Path) -> None:
    found = {}
    for name, compensate in (("plain", False), ("fitted", True)):
        rule: dict[str, Any] = {"units": 24, "keep": keep}
        target = tmp_path / f"{name}.keras"
        rule |= {"compensate": True} if compensate else {}
        report = resized(source(CASE), target, {"lstm_1": rule}, allow_lossy=True, recorded=seen)
        assert report.verified
        found[name] = error(target)
    assert found["fitted"][0] * BETTER < found["plain"][0]
    assert found["fitted"][1] * BETTER < found["plain"][1]


def test_the_report_has_the_change_before_and_after_the_fit(seen: Path, tmp_path: Path) -> None:
    plain, fitted = tmp_path / "plain.keras", tmp_path / "fitted.keras"
    rule = {"units": 24, "keep": "norm"}
    resized(source(CASE), plain, {"lstm_1": rule}, allow_lossy=True, recorded=seen)
    report = resized(
        source(CASE), fitted, {"lstm_1": {**rule, "compensate": True}}, allow_lossy=True, recorded=seen
    )
    (cost,) = (cost for cost in report.costs if cost.inputs == "recorded")
    assert cost.plain is not None
    (x,), (y,) = recorded(CASE)
    for target, said in ((fitted, cost), (plain, cost.plain)):
        (computed,) = outputs(opened(target), [x[:SEEN]])
        assert said.max == pytest.approx(np.abs(computed - y[:SEEN]).max(), rel=1e-3)
        assert said.mean == pytest.approx(np.abs(computed - y[:SEEN]).mean(), rel=1e-3)


def test_compensation_needs_inputs_to_fit_on(target: Path) -> None:
    with pytest.raises(LstmMigrateError, match=r"recorded|inputs"):
        resized(source(CASE), target, {"lstm_1": {"units": 24, "compensate": True}}, allow_lossy=True)
    assert not target.exists()


def test_units_that_say_most_on_the_recorded_inputs_cost_less_than_those_that_say_least(
    seen: Path, tmp_path: Path
) -> None:
    most = tmp_path / "most.keras"
    report = resized(
        source(CASE), most, {"lstm_1": {"units": 24, "keep": "activity"}}, allow_lossy=True, recorded=seen
    )
    lost = sorted(one.unit for one in report.lost)
    least = tmp_path / "least.keras"
    resized(source(CASE), least, {"lstm_1": {"units": 24, "keep": lost}}, allow_lossy=True, recorded=seen)
    assert error(most)[0] < error(least)[0]


def test_given_inputs_alone_are_enough_to_fit_on(seen: Path, tmp_path: Path) -> None:
    rule = {"units": 24, "keep": "last"}
    given, plain = tmp_path / "given.npz", tmp_path / "plain.keras"
    np.savez(given, input_0=np.load(seen)["input_0"])
    resized(source(CASE), plain, {"lstm_1": rule}, allow_lossy=True)
    report = resized(
        source(CASE),
        tmp_path / "fitted.keras",
        {"lstm_1": rule},
        allow_lossy=True,
        inputs=given,
        compensate=True,
    )
    assert "given" in {cost.inputs for cost in report.costs}
    assert error(tmp_path / "fitted.keras")[0] * BETTER < error(plain)[0]


def test_the_command_line_fits_too(seen: Path, target: Path) -> None:
    said = ["convert", str(source(CASE)), "--to", str(target), "--allow-lossy", "--inputs", str(seen)]
    said += ["--set", "lstm_1.units=24", "--set", "lstm_1.keep=last", "--compensate"]
    assert CliRunner().invoke(app, said).exit_code == 0
    assert error(target)[1] < 0.05 * np.var(unseen()[2])
