"""The commands as functions: inspect, plan, convert, verify.

    source file ─readers→ Checkpoint ─architecture→ Graph ─planning→ Plan ─targets→ .partial file
                ─verification→ evidence ─here→ moved into place, Report

Keras is imported by `targets/`, and `targets/` by `convert` and `verify` only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_migrate.beside import Given, PathLike
from lstm_migrate.custom import parts_of
from lstm_migrate.inferring import INFER
from lstm_migrate.inspection import described, source_line
from lstm_migrate.opening import planned
from lstm_migrate.proving import demanded, prove
from lstm_migrate.report import Inspection, PlanReport, Report
from lstm_migrate.targets.paths import check_paths, check_written
from lstm_migrate.weights import check_finite

if TYPE_CHECKING:
    from lstm_migrate.verification.recorded import Recording

Progress = Callable[[str, int, int], None]
Mappings = PathLike | Sequence[PathLike] | None


def inspect(
    source: PathLike,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: Mappings = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Inspection:
    """What `source` is, who wrote it, what is in it, and what convert would do with it.

    Raises SourceError if it cannot be read; a model that cannot be converted is no error here.
    """
    given = Given(architecture, assume, _listed(mapping), parts_of(custom_objects))
    return described(
        Path(source),
        lambda path: planned(path, given),
        lambda path: planned(path, replace(given, architecture=INFER)) if not architecture else nullcontext(),
    )


def plan(
    source: PathLike,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: Mappings = None,
    custom_objects: Mapping[str, Any] | None = None,
    allow_lossy: bool = False,
) -> PlanReport:
    """Everything that convert would do, from headers alone. Raises SourceError and PlanError."""
    given = Given(architecture, assume, _listed(mapping), parts_of(custom_objects))
    with planned(source, given, allow_lossy=allow_lossy) as found:
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
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: Mappings = None,
    custom_objects: Mapping[str, Any] | None = None,
    recorded: PathLike | None = None,
    allow_lossy: bool = False,
    allow_unproven: bool = False,
    allow_nonfinite: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Converts `source` to the Keras 3 file `target` and proves that both compute the same.

    `target` is written only if verification passed; `allow_unproven` accepts parts that it could not
    reach. `architecture`: where the model's architecture is if not in `source`: a file that to_json() or
    to_yaml() wrote, a full model, "module:function" that builds a Keras 3 model, or "infer", which builds
    it from the arrays; `assume` states what these do not tell, as {"lstm_1.activation": "relu"}.
    `mapping`: a mapping file, or several, that say what the source itself does not. `custom_objects`:
    layer classes and functions of your own, for Keras 3, by the names that the source has for them.
    `recorded`: an .npz with input_0 …, output_0 … of the old system. `progress(stage, done, total)` hears
    how far it is. Raises the errors of `lstm_migrate.errors`; whatever is raised, nothing is left at
    `target` and what was there before still is.
    """
    started = time.monotonic()
    source, target = Path(source), Path(target)
    check_paths(source, target, overwrite)
    advance = progress or (lambda stage, done, total: None)
    recording = _recording(recorded)
    given = Given(architecture, assume, _listed(mapping), parts_of(custom_objects))
    with planned(source, given, recording=recording, allow_lossy=allow_lossy) as found:
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
                given.custom,
            )
            evidence = prove(found, partial, target, recording, advance, started)
            report = demanded(evidence, allow_unproven, "Nothing was written.")
            commit(partial, target, overwrite=overwrite)
    return report


def verify(
    source: PathLike,
    target: PathLike,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: Mappings = None,
    custom_objects: Mapping[str, Any] | None = None,
    recorded: PathLike | None = None,
    allow_unproven: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The proof alone, for a file converted earlier or by others. Raises like `convert`."""
    started = time.monotonic()
    advance = progress or (lambda stage, done, total: None)
    check_written(Path(target))
    recording = _recording(recorded)
    given = Given(architecture, assume, _listed(mapping), parts_of(custom_objects))
    with planned(source, given, recording=recording, allow_lossy=True) as found:
        evidence = prove(found, Path(target), Path(target), recording, advance, started)
        return demanded(evidence, allow_unproven)


def _listed(mapping: Mappings) -> Sequence[PathLike]:
    """One mapping file, or several."""
    return [mapping] if isinstance(mapping, (str, os.PathLike)) else list(mapping or ())


def _recording(path: PathLike | None) -> Recording | None:
    if path is None:
        return None
    from lstm_migrate.verification.recorded import load_recording

    return load_recording(Path(path))
