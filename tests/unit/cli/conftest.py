"""Results as the pipeline returns them, small enough to read in a failed assertion."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lstm_migrate.cli import main
from lstm_migrate.report import (
    Check,
    Inspection,
    LayerLine,
    Note,
    PlanReport,
    Report,
    Source,
    StepLine,
    TensorLine,
    Verdict,
)

SOURCE = Source("old.h5", "keras-hdf5", 27464, "keras", "2.0.8", "tensorflow", ("attribute keras_version",))
LAYERS = (
    LayerLine(
        "encoder",
        "LSTM",
        {"units": 4},
        {"activation": "tanh", "recurrent_activation": "hard_sigmoid(slope=0.2)"},
        "keras.lstm",
        160,
        "LSTM",
    ),
)
TENSORS = (
    TensorLine(
        ("encoder/kernel:0",),
        "kernel",
        "encoder/lstm_cell/kernel",
        (5, 16),
        "float32",
        (StepLine("gates i, f, o times 1.2", "exact"),),
        "exact",
    ),
)
NOTES = (Note("dropped", "model", "the optimizer's state"),)


def a_report(verdict: Verdict = "verified") -> Report:
    checks = (
        Check("placement", "verified", "every element stands where it belongs", {"elements": 80}),
        Check("behaviour", verdict, "8 steps", {"largest_error": 1.25e-7}, unproven=("warp: no reference",)),
    )
    return Report(SOURCE, "new.keras", verdict, checks, TENSORS, LAYERS, NOTES, 3.2, "tensorflow", "3.15.1")


@pytest.fixture
def report() -> Report:
    return a_report()


@pytest.fixture
def failed_report() -> Report:
    return a_report("failed")


@pytest.fixture
def inspection() -> Inspection:
    return Inspection(SOURCE, "model_1", LAYERS, 160, "no: no such layer", "convert", NOTES)


@pytest.fixture
def plan_report() -> PlanReport:
    return PlanReport(SOURCE, "model_1", LAYERS, TENSORS, NOTES)


@pytest.fixture
def run() -> Callable[..., int]:
    """Runs the command line in this process and returns the exit code."""

    def run(*arguments: object) -> int:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return int(end.value.code or 0)

    return run
