"""The commands as functions: inspect, plan, convert, verify.

    source file ─readers→ Checkpoint ─architecture→ Graph ─planning→ Plan ─targets→ .partial file
                ─verification→ evidence ─here→ moved into place, Report

Keras is imported by `targets/`, and `targets/` by `convert` and `verify` only.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_migrate.architecture import keras2, keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import SourceError, TargetError, UsageError, VerificationError
from lstm_migrate.inspection import described, source_line
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Check, Inspection, Note, PlanReport, Report, gathered
from lstm_migrate.weights import Weights, check_finite

if TYPE_CHECKING:
    from lstm_migrate.targets.reopened import Reopened
    from lstm_migrate.verification.recorded import Recording
    from lstm_migrate.verification.subject import Subject

PathLike = str | os.PathLike[str]
Progress = Callable[[str, int, int], None]

SKIPPED_TRAINING = "optimizer, loss and metrics were not carried over; compile the model to train on"


@dataclass(frozen=True)
class Planned:
    """An opened source with its plan and both vocabularies."""

    checkpoint: Checkpoint
    plan: Plan
    source: Vocabulary
    target: Vocabulary
    notes: tuple[Note, ...]


@contextmanager
def planned(source: PathLike, *, allow_lossy: bool = False) -> Iterator[Planned]:
    """Opens `source` and plans its conversion; headers only."""
    with open_checkpoint(Path(source)) as checkpoint:
        words, target = source_vocabulary(checkpoint.writer), target_vocabulary()
        draft = Draft(words, _floatx(checkpoint), _input_widths(checkpoint), tuple(checkpoint.groups))
        if checkpoint.architecture is None:
            raise SourceError(
                "the file holds weights only, no model config",
                where=str(source),
                found=f"{len(checkpoint.tensors)} tensors of layers {', '.join(list(checkpoint.groups)[:6])}",
                expected="a full model, as model.save() writes it",
                hint="Save the whole model in the framework that wrote it.",
            )
        graph = keras2.read(checkpoint.architecture, draft)
        plan = make_plan(graph, checkpoint, words, target, allow_lossy=allow_lossy)
        left = [Note("left behind", name, what) for name, what in checkpoint.left_behind.items()]
        if any(note.where in ("optimizer_weights", "training_config") for note in left):
            left.append(Note("left behind", "training", SKIPPED_TRAINING))
        notes = gathered((*draft.notes, *plan.notes, *left))
        yield Planned(checkpoint, plan, words, target, notes)


def inspect(source: PathLike) -> Inspection:
    """What `source` is, who wrote it, what is in it, and what convert would do with it.

    Raises SourceError if it cannot be read; a model that cannot be converted is no error here.
    """
    return described(Path(source), planned)


def plan(source: PathLike, *, allow_lossy: bool = False) -> PlanReport:
    """Everything that convert would do, from headers alone. Raises SourceError and PlanError."""
    with planned(source, allow_lossy=allow_lossy) as found:
        return PlanReport(
            source_line(found.checkpoint),
            found.plan.source.name,
            found.plan.layers,
            tuple(item.line() for item in found.plan.assignments),
            found.notes,
        )


def convert(
    source: PathLike,
    target: PathLike,
    *,
    recorded: PathLike | None = None,
    allow_lossy: bool = False,
    allow_unproven: bool = False,
    allow_nonfinite: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Converts `source` to the Keras 3 file `target` and proves that both compute the same.

    `target` is written only if verification passed; `allow_unproven` accepts parts that it could not
    reach. `recorded`: an .npz with input_0 …, output_0 … of the old system. `progress(stage, done,
    total)` hears how far it is. Raises the errors of `lstm_migrate.errors`; whatever is raised,
    nothing is left at `target` and what was there before still is.
    """
    started = time.monotonic()
    source, target = Path(source), Path(target)
    _check_paths(source, target, overwrite)
    advance = progress or (lambda stage, done, total: None)
    recording = _recording(recorded)
    with planned(source, allow_lossy=allow_lossy) as found:
        check_finite(found.checkpoint, allow=allow_nonfinite)
        advance("keras", 0, 1)
        from lstm_migrate.targets.keras_model import Builder  # noqa: F401  imports Keras
        from lstm_migrate.targets.writing import commit, partial_file, write_model

        with partial_file(target) as partial:
            write_model(
                found.plan,
                found.checkpoint.read,
                partial,
                found.target.activation_name,
                lambda done, total: advance("write", done, total),
            )
            evidence = _verified(found, partial, target, recording, advance, started)
            report = _demanded(evidence, allow_unproven)
            commit(partial, target, overwrite=overwrite)
    return report


def verify(
    source: PathLike,
    target: PathLike,
    *,
    recorded: PathLike | None = None,
    allow_unproven: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The proof alone, for a file converted earlier or by others. Raises like `convert`."""
    started = time.monotonic()
    advance = progress or (lambda stage, done, total: None)
    _check_written(Path(target))
    recording = _recording(recorded)
    with planned(source, allow_lossy=True) as found:
        evidence = _verified(found, Path(target), Path(target), recording, advance, started)
        return _demanded(evidence, allow_unproven)


def _verified(
    found: Planned, file: Path, target: Path, recording: Recording | None, advance: Progress, started: float
) -> Report:
    from lstm_migrate.targets.reopened import backend, reopen
    from lstm_migrate.verification.evidence import gather, verdict

    advance("reopen", 0, 1)
    plan, subject = found.plan, subject_of(found, reopen(file))
    stages = ["placement", "behaviour", "power", "recorded"]
    checks = gather(subject, recording, lambda stage: advance(stage, stages.index(stage), len(stages)))
    version, name = backend()
    return Report(
        source_line(found.checkpoint),
        str(target),
        verdict(checks),
        checks,
        tuple(item.line() for item in plan.assignments),
        plan.layers,
        found.notes,
        round(time.monotonic() - started, 3),
        name,
        version,
    )


def subject_of(found: Planned, live: Reopened) -> Subject:
    """What verification looks at: the planned source, and the written file that Keras has opened."""
    from lstm_migrate.reference.semantics import Semantics
    from lstm_migrate.verification.subject import Model, Subject

    graph = keras3.read(live.config(), Draft(found.target))
    plan, read = found.plan, found.checkpoint.read
    weights = Weights(plan.bound, read)
    return Subject(
        Model(plan.source, weights, Semantics(**plan.semantics[0])),
        Model(graph, live.weights(graph), Semantics(**found.target.document.semantics)),
        live,
        plan.assignments,
        plan.moved,
        read,
        {name: found.checkpoint.tensors[name].shape for name in plan.bound.values()},
        tuple(Semantics(**other) for other in plan.semantics[1:]),
        found.checkpoint.blocks,
        weights.settle,
    )


def _demanded(report: Report, allow_unproven: bool) -> Report:
    """The report, or VerificationError that holds it, unless the evidence suffices."""
    if report.verdict == "verified":
        return report
    if allow_unproven and report.verdict != "failed":
        return replace(report, verdict="unproven")
    wrong = [check for check in report.checks if check.verdict != "verified"]
    error = VerificationError(_first_of(wrong, report))
    error.report = report
    raise error


def _first_of(checks: Sequence[Check], report: Report) -> str:
    said = "; ".join(f"{check.name}: {_detail(check)}" for check in checks)
    if report.verdict == "failed":
        return f"verification failed: {said}. Nothing was written."
    return (
        f"the conversion could not be proven: {said}. Nothing was written; pass the old system's outputs "
        "with --recorded, or accept it as unproven with --allow-unproven."
    )


def _detail(check: Check) -> str:
    return check.detail + (f" ({'; '.join(check.unproven)})" if check.unproven else "")


def _check_paths(source: Path, target: Path, overwrite: bool) -> None:
    if target.suffix != ".keras":
        raise UsageError(
            "the target must end in .keras", where=str(target), hint="Keras 3 opens no other name."
        )
    if not target.parent.is_dir():
        raise TargetError("the target's folder is not there", where=str(target.parent))
    if target.is_dir():
        raise TargetError("the target is a folder", where=str(target))
    if target.exists() and source.exists() and os.path.samefile(source, target):
        raise UsageError("source and target are the same file", where=str(target))
    if target.exists() and not overwrite:
        raise TargetError(
            "the target is there already", where=str(target), hint="Use --overwrite to replace it."
        )


def _check_written(target: Path) -> None:
    if not target.is_file():
        raise TargetError("there is no such file", where=str(target))
    if not zipfile.is_zipfile(target):
        raise TargetError(
            "this is no .keras file of Keras 3", where=str(target), expected="a zip archive with config.json"
        )


def _recording(path: PathLike | None) -> Recording | None:
    if path is None:
        return None
    from lstm_migrate.verification.recorded import load_recording

    return load_recording(Path(path))


def _floatx(checkpoint: Checkpoint) -> str:
    """The dtype of layers whose config names none: that of all stored floats, if they agree."""
    stored = {info.dtype for info in checkpoint.tensors.values() if info.dtype.startswith("float")}
    return stored.pop() if len(stored) == 1 else "float32"


def _input_widths(checkpoint: Checkpoint) -> Mapping[str, int]:
    """For each layer, how many features its first kernel takes: the last axis but one."""
    found: dict[str, int] = {}
    for group, names in checkpoint.groups.items():
        for name in names:
            shape: tuple[Any, ...] = checkpoint.tensors[name].shape
            if len(shape) >= 2 and group not in found:
                found[group] = shape[-2]
    return found
