"""Proving: the written file opened again and judged against the source, and what the verdict demands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_migrate.architecture import keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.errors import Problem, VerificationError
from lstm_migrate.graph import Graph, Layer, LayerPath
from lstm_migrate.inspection import source_line
from lstm_migrate.opening import Planned
from lstm_migrate.planning.custom_layers import with_arrays
from lstm_migrate.planning.plan import Plan
from lstm_migrate.report import Check, Note, Report, gathered
from lstm_migrate.weights import Weights

if TYPE_CHECKING:
    from lstm_migrate.targets.reopened import Reopened
    from lstm_migrate.verification.recorded import Recording
    from lstm_migrate.verification.subject import Subject

Advance = Callable[[str, int, int], None]


def prove(
    found: Planned,
    file: Path,
    target: Path,
    recording: Recording | None,
    advance: Advance,
    started: float,
    *,
    returned: bool = False,
) -> Report:
    """The report on `file`, which stands or will stand at `target`, after every check.

    `returned`: the source was made from the file, and not the file from the source.
    """
    from lstm_migrate.targets.reopened import backend, reopen
    from lstm_migrate.verification.evidence import gather, verdict

    advance("reopen", 0, 1)
    live = reopen(file, found.target.custom.for_keras())
    plan, subject = found.plan, replace(subject_of(found, live), returned=returned)
    stages = ["placement", "behaviour", "power", "recorded", "assumptions"]
    proof = None if plan.silenced else recording
    checks = gather(subject, proof, lambda stage: advance(stage, stages.index(stage), len(stages)))
    version, name = backend()
    return Report(
        source_line(found.checkpoint),
        str(target),
        verdict(checks),
        checks,
        tuple(item.line() for item in plan.assignments),
        plan.layers,
        gathered(
            (
                *found.notes,
                *_paired_by_order(live, subject.target.graph),
                *_costs(found, subject, recording),
            )
        ),
        round(time.monotonic() - started, 3),
        name,
        version,
    )


def subject_of(found: Planned, live: Reopened) -> Subject:
    """What verification looks at: the planned source, and the written file that Keras has opened."""
    from lstm_migrate.reference.semantics import Semantics
    from lstm_migrate.verification.subject import Model, Subject

    graph = keras3.read(live.config(), Draft(found.target))
    arrays = {path: layer.arrays for path, layer in found.plan.target.walk() if layer.arrays}
    graph = with_arrays(graph, arrays)
    plan, read = found.plan, found.checkpoint.read
    weights = Weights(plan.bound, read)
    return Subject(
        Model(_silenced(plan), weights, Semantics(**plan.semantics[0]), plan.kept),
        Model(graph, live.weights(graph), Semantics(**found.target.semantics()[0])),
        live,
        plan.assignments,
        plan.moved,
        read,
        {name: found.checkpoint.tensors[name].shape for name in plan.bound.values()},
        tuple(Semantics(**other) for other in plan.semantics[1:]),
        found.checkpoint.blocks,
        weights.settle,
        found.unproven,
    )


def _silenced(plan: Plan) -> Graph:
    """The source, for the judge without the units that the target lacks."""

    def change(path: LayerPath, layer: Layer) -> Layer:
        units = plan.silenced.get(path)
        return replace(layer, config={**layer.config, "silenced": units}) if units else layer

    return plan.source.changed(change) if plan.silenced else plan.source


def _costs(found: Planned, subject: Subject, recording: Recording | None) -> list[Note]:
    """What a cut costs: what was recorded of the whole model is no proof of it, but measures it."""
    if recording is None or not found.plan.silenced:
        return []
    from lstm_migrate.verification.recorded import difference

    return [Note("limit", found.plan.source.name, difference(subject, recording))]


def _paired_by_order(live: Reopened, graph: Graph) -> list[Note]:
    said = "names do not tell which array is which variable of this layer; paired by their order: "
    return [Note("assumed", where, said + pairs) for where, pairs in live.by_order(graph)]


def demanded(report: Report, allow_unproven: bool, outcome: str = "") -> Report:
    """The report, or VerificationError that holds it, unless the evidence suffices.

    `outcome` is what the error says of the target, e.g. that nothing was written.
    """
    if report.verdict == "verified":
        return report
    if allow_unproven and report.verdict != "failed":
        return replace(report, verdict="unproven")
    wrong = [check for check in report.checks if check.verdict != "verified"]
    error = VerificationError(Problem(_said(wrong, report), hint=f"{outcome} {_way_out(report)}".strip()))
    error.report = report
    raise error


def _said(checks: Sequence[Check], report: Report) -> str:
    what = "verification failed" if report.verdict == "failed" else "the conversion could not be proven"
    return f"{what}: {'; '.join(f'{check.name}: {_detail(check)}' for check in checks)}"


def _way_out(report: Report) -> str:
    if report.verdict == "failed":
        return _mend(report)
    cut = any(line.effect == "approximate" for line in report.tensors)
    if cut or any(check.name == "recorded" for check in report.checks):
        return "Accept it as unproven with --allow-unproven."
    return "Pass the old system's outputs with --recorded, or accept it as unproven with --allow-unproven."


def _mend(report: Report) -> str:
    """What to do where the equations were followed and the recording says otherwise."""
    said = {check.name: check.verdict for check in report.checks}
    if said.get("recorded") != "failed" or said.get("behaviour") != "verified":
        return ""
    if any(note.kind == "declared" for note in report.notes):
        return (
            "What was converted is what the mapping file declares, and the old system computed something "
            "else: are its facts right (gate order, biases, activations)? `lstm-migrate diagnose` with "
            "--recorded searches for those that are."
        )
    return "The recording is of another model, or this version of its framework computed otherwise."


def _detail(check: Check) -> str:
    return check.detail + (f" ({'; '.join(check.unproven)})" if check.unproven else "")
