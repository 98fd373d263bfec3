"""The commands as functions: inspect, plan, convert, verify, diagnose.

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
from lstm_migrate.drafting.draft import drafted
from lstm_migrate.errors import UsageError
from lstm_migrate.inferring import INFER
from lstm_migrate.inspection import described, source_line
from lstm_migrate.mapping.checking import remarks
from lstm_migrate.mapping.listing import contents
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.settings import Settings
from lstm_migrate.opening import planned
from lstm_migrate.proving import demanded, prove
from lstm_migrate.report import Diagnosis, Inspection, MappingCheck, PlanReport, Report
from lstm_migrate.targets.partial import commit, partial_file
from lstm_migrate.targets.paths import check_paths, check_written, holds_tensors
from lstm_migrate.tracing import traced
from lstm_migrate.unconverting import Layouts, unconvert
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
    given = Given(architecture, assume, _listed(mapping), parts_of(custom_objects), resizing=False)
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
    resize: Settings = (),
    inputs: PathLike | None = None,
    compensate: bool = False,
    allow_lossy: bool = False,
    trace: str | Sequence[str] = (),
) -> PlanReport:
    """Everything that convert would do, from headers alone. Raises SourceError and PlanError.

    `trace`: elements of the new model, as "lstm_1.bias[5]", of which it is to be said where they come from.
    """
    given = _given(architecture, assume, mapping, custom_objects, resize, inputs, compensate)
    with planned(source, given, allow_lossy=allow_lossy) as found:
        return PlanReport(
            source_line(found.checkpoint),
            found.plan.source.name,
            found.plan.layers,
            tuple(item.line() for item in found.plan.assignments),
            found.notes,
            tuple(traced(found, said) for said in ([trace] if isinstance(trace, str) else trace)),
            found.resized.lines if found.resized else (),
            found.resized.lost if found.resized else (),
        )


def convert(
    source: PathLike,
    target: PathLike,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: Mappings = None,
    layout: str | Sequence[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    recorded: PathLike | None = None,
    resize: Settings = (),
    inputs: PathLike | None = None,
    compensate: bool = False,
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
    `recorded`: an .npz with input_0 …, output_0 … of the old system. `resize`: sizes that layers are to
    have, as {"lstm_1.units": 64} or ["lstm_1.units=64"], each like a rule of a mapping file; `inputs`: an
    .npz with input_0 …, by which units are chosen and the cost is measured, and what reads lost units is
    fitted again (for all layers that are cut, if `compensate`). `progress(stage, done, total)` hears how far
    it is. A target in .npz or .safetensors gets the arrays of a `.keras` file under the names and in the
    `layout` of another framework ("torch.lstm"; a list if there are several kinds of layers), or as `mapping`
    says. Raises the errors of `lstm_migrate.errors`; whatever is raised, nothing is left at `target` and what
    was there before still is.
    """
    started = time.monotonic()
    source, target = Path(source), Path(target)
    check_paths(source, target, overwrite)
    advance = progress or (lambda stage, done, total: None)
    given = _given(architecture, assume, mapping, custom_objects, resize, inputs, compensate)
    recording = _recording(recorded or given.rules.recorded)
    if layout or holds_tensors(target):
        if given.resize or inputs is not None or compensate:
            raise UsageError(
                "sizes are changed on the way to a .keras file",
                found=f"a target {target.name}",
                hint="Resize the model first, then write it as another framework's.",
            )
        wanted = Layouts(given, [layout] if isinstance(layout, str) else list(layout or ()))
        return unconvert(
            source,
            target,
            wanted,
            recording,
            advance,
            started,
            allow_unproven=allow_unproven,
            allow_nonfinite=allow_nonfinite,
            overwrite=overwrite,
        )
    with planned(source, given, recording=recording, allow_lossy=allow_lossy) as found:
        check_finite(found.checkpoint, allow=allow_nonfinite)
        advance("keras", 0, 1)
        from lstm_migrate.targets.keras_model import Builder  # noqa: F401  imports Keras
        from lstm_migrate.targets.writing import write_model

        with partial_file(target) as partial:
            write_model(
                found.plan,
                found.checkpoint.read,
                partial,
                found.target.activation_name,
                lambda done, total: advance("write", done, total),
                given.custom,
            )
            evidence = prove(found, partial, target, recording, advance, started, inputs=given.inputs)
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
    resize: Settings = (),
    inputs: PathLike | None = None,
    compensate: bool = False,
    allow_unproven: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The proof alone, for a file converted earlier or by others. Raises like `convert`.

    What `convert` was told of sizes must be told here as well.
    """
    started = time.monotonic()
    advance = progress or (lambda stage, done, total: None)
    check_written(Path(target))
    given = _given(architecture, assume, mapping, custom_objects, resize, inputs, compensate)
    recording = _recording(recorded or given.rules.recorded)
    with planned(source, given, recording=recording, allow_lossy=True) as found:
        evidence = prove(found, Path(target), Path(target), recording, advance, started, inputs=given.inputs)
        return demanded(evidence, allow_unproven)


def diagnose(
    source: PathLike,
    target: PathLike,
    *,
    architecture: PathLike | None = None,
    mapping: Mappings = None,
    custom_objects: Mapping[str, Any] | None = None,
    recorded: PathLike | None = None,
    progress: Progress | None = None,
) -> Diagnosis:
    """Why the weights of `source` do not fit the model `target`, layer by layer, and what mends it.

    `target`: a .keras file or full HDF5 model, what to_json() or to_yaml() wrote, or "module:function".
    `recorded`: an .npz with input_0 …, output_0 … of the old system; then the gate orders, biases and
    activations are searched under which the arrays compute it. Weights that do not fit raise nothing: see
    `Diagnosis.verdict`.
    """
    from lstm_migrate.diagnosis.diagnose import diagnosed

    given = Given(architecture, None, _listed(mapping), parts_of(custom_objects))
    advance = progress or (lambda stage, done, total: None)
    return diagnosed(source, target, given, _recording(recorded), advance)


def draft(
    source: PathLike,
    *,
    architecture: PathLike | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> str:
    """A commented mapping file that converts `source` as it is, to be edited; from headers alone.

    Raises SourceError if it cannot be read, PlanError if nothing can be said of it.
    """
    return drafted(Path(source), Given(architecture, custom=parts_of(custom_objects)))


def check_mapping(
    file: PathLike,
    source: PathLike | None = None,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> MappingCheck:
    """What a mapping file says and, with `source`, what it makes of it; headers only.

    Raises MappingError with everything that is wrong in the file, and what `plan` raises if it does not fit.
    """
    custom = parts_of(custom_objects)
    document = load_user_mapping(Path(file), custom.for_keras()).document
    planned_so = None
    if source is not None:
        planned_so = plan(
            source,
            architecture=architecture,
            assume=assume,
            mapping=file,
            custom_objects=custom_objects,
            allow_lossy=True,
        )
    return MappingCheck(os.fspath(file), True, contents(document), plan=planned_so, remarks=remarks(document))


def _given(
    architecture: PathLike | None,
    assume: Mapping[str, str] | None,
    mapping: Mappings,
    custom_objects: Mapping[str, Any] | None,
    resize: Settings,
    inputs: PathLike | None,
    compensate: bool,
) -> Given:
    loaded = None
    if inputs is not None:
        from lstm_migrate.verification.recorded import load_inputs

        loaded = load_inputs(Path(inputs))
    return Given(
        architecture,
        assume,
        _listed(mapping),
        parts_of(custom_objects),
        resize=resize,
        inputs=loaded,
        compensate=compensate,
    )


def _listed(mapping: Mappings) -> Sequence[PathLike]:
    """One mapping file, or several."""
    return [mapping] if isinstance(mapping, (str, os.PathLike)) else list(mapping or ())


def _recording(path: PathLike | None) -> Recording | None:
    if path is None:
        return None
    from lstm_migrate.verification.recorded import load_recording

    return load_recording(Path(path))
