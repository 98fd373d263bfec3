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
from lstm_migrate.graph import Graph
from lstm_migrate.inspection import source_line
from lstm_migrate.opening import Planned
from lstm_migrate.planning.custom_layers import with_arrays
from lstm_migrate.planning.plan import Plan
from lstm_migrate.report import Check, Cost, Note, Report, gathered
from lstm_migrate.weights import Weights

if TYPE_CHECKING:
    from lstm_migrate.reference.scope import Array
    from lstm_migrate.targets.reopened import Reopened
    from lstm_migrate.verification.recorded import Recording
    from lstm_migrate.verification.resizing import Resizing
    from lstm_migrate.verification.subject import Live, Model, Subject

Advance = Callable[[str, int, int], None]

HELPLESS = ("resized placement", "resized behaviour", "resized power")
"""Checks that no recording of the old model helps."""


def prove(
    found: Planned,
    file: Path,
    target: Path,
    recording: Recording | None,
    advance: Advance,
    started: float,
    *,
    returned: bool = False,
    inputs: Sequence[Array] | None = None,
) -> Report:
    """The report on `file`, which stands or will stand at `target`, after every check.

    `returned`: the source was made from the file, and not the file from the source. `inputs`: on which is
    measured what a change of sizes costs, beside probes and a recording.
    """
    from lstm_migrate.targets.reopened import backend, reopen
    from lstm_migrate.verification.evidence import CONVERTED, RESIZED, gather, verdict

    advance("reopen", 0, 1)
    live = reopen(file, found.target.custom.for_keras())
    subject, resizing = halves(found, live)
    subject = replace(subject, returned=returned)
    stages: list[str] = [*CONVERTED, *(RESIZED if resizing else ()), "recorded", "assumptions"]

    def reached(stage: str) -> None:
        advance(stage, stages.index(stage), len(stages))

    checks = gather(subject, recording, reached, resizing)
    version, name = backend()
    concluded = verdict(checks)
    return Report(
        source_line(found.checkpoint),
        str(target),
        concluded,
        checks,
        tuple(item.line() for item in found.plan.assignments),
        found.plan.layers,
        gathered((*found.notes, *_paired_by_order(live, (resizing or subject).target.graph))),
        round(time.monotonic() - started, 3),
        name,
        version,
        found.resized.lines if found.resized else (),
        found.resized.lost if found.resized else (),
        _costs(resizing, recording, inputs) if resizing and concluded != "failed" else (),
    )


def subject_of(found: Planned, live: Reopened) -> Subject:
    """What verification looks at: the planned source, and the written file that Keras has opened.

    Of a resized file the first half: the target is the full model that it was made of, computed in NumPy.
    """
    return halves(found, live)[0]


def halves(found: Planned, live: Reopened) -> tuple[Subject, Resizing | None]:
    """The proof's subject, and for a resized file what is to be proven of it beyond the full model."""
    from lstm_migrate.verification.resizing import Computed, of_full, resizing

    written = _written(found, live)
    if found.resized is None:
        return _subject(found, found.plan, written, live), None
    how = found.resized
    full, arrays = _full(how.full, found.checkpoint.read, written)
    first = of_full(_subject(found, how.full, full, Computed(full)))
    second = resizing(
        first,
        how.graph,
        how.restriction,
        written,
        live,
        how.recipes,
        arrays.settle,
        exact=how.exact,
    )
    return first, second


def _written(found: Planned, live: Reopened) -> Model:
    """The file's own config and values."""
    from lstm_migrate.reference.semantics import Semantics
    from lstm_migrate.verification.subject import Model

    graph = keras3.read(live.config(), Draft(found.target))
    arrays = {path: layer.arrays for path, layer in found.plan.target.walk() if layer.arrays}
    graph = with_arrays(graph, arrays)
    return Model(graph, live.weights(graph), Semantics(**found.target.semantics()[0]))


def _full(plan: Plan, read: Callable[[str], Array], written: Model) -> tuple[Model, Weights]:
    """The model that the plan makes, its arrays made when asked for."""
    from lstm_migrate.verification.subject import Model

    recipes = {str(item.target): item for item in plan.assignments}
    names = {item.target: str(item.target) for item in plan.assignments}
    weights = Weights(names, lambda name: recipes[name].run(read))
    return Model(plan.target, weights, written.semantics), weights


def _subject(found: Planned, plan: Plan, target: Model, live: Live) -> Subject:
    """From the source to a model with the arrays of `plan`."""
    from lstm_migrate.reference.semantics import Semantics
    from lstm_migrate.verification.subject import Model, Subject

    read = found.checkpoint.read
    weights = Weights(plan.bound, read)
    return Subject(
        Model(plan.source, weights, Semantics(**plan.semantics[0])),
        target,
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


def _costs(
    resizing: Resizing, recording: Recording | None, inputs: Sequence[Array] | None
) -> tuple[Cost, ...]:
    from lstm_migrate.verification.costs import costs

    return costs(resizing, recording.inputs if recording else None, inputs)


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
    beyond = any(check.name in HELPLESS and check.verdict != "verified" for check in report.checks)
    if beyond or any(check.name == "recorded" for check in report.checks):
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
