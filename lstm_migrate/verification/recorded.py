"""Recorded outputs: what the old system itself computed, against the written file run by Keras.

The strongest evidence there is: it also sees a source whose semantics were declared wrongly.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from lstm_migrate.errors import Problem, UsageError, VerificationError
from lstm_migrate.graph import Graph, leaves
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.report import Check
from lstm_migrate.verification.behaviour import fits, live_outputs
from lstm_migrate.verification.subject import Subject
from lstm_migrate.verification.tolerance import derive, distance, last_place, run_precision

NUMBERS, TEXTS = "biuf", "SU"  # kinds of dtypes; a layer with a vocabulary reads texts
UNDERIVED = 1e-4  # relative, where no reference can measure the model's rounding


@dataclass(frozen=True)
class Recording:
    """Inputs and outputs in the order of the model's inputs and outputs."""

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def load_recording(path: Path) -> Recording:
    """Reads input_0, input_1, …, output_0, … from an .npz file; objects in it are refused, not unpickled."""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError) as error:
        raise UsageError(
            "the recorded outputs cannot be read",
            where=str(path),
            found=str(error)[:120],
            expected="an .npz file with input_0, … and output_0, …",
        ) from error
    inputs, outputs = (_numbered(arrays, stem) for stem in ("input_", "output_"))
    if not inputs or not outputs:
        raise UsageError(
            "no recorded inputs and outputs",
            where=str(path),
            found=", ".join(arrays) or "nothing",
            expected="input_0, … and output_0, …",
        )
    _check_values(arrays, path)
    return Recording(inputs, outputs)


def _check_values(arrays: Mapping[str, Array], path: Path) -> None:
    """UsageError with every array that nothing could be compared with."""
    problems = [
        Problem(f"{name} proves nothing", where=str(path), found=wrong, expected="numbers, a row an example")
        for name, value in arrays.items()
        if re.fullmatch(r"(input|output)_\d+", name)
        and (wrong := _unusable(value, NUMBERS if name.startswith("output") else NUMBERS + TEXTS))
    ]
    if problems:
        raise UsageError(problems)


def _unusable(value: Array, kinds: str) -> str:
    """What is wrong with a recorded array; "" if nothing is."""
    if value.dtype.kind not in kinds:
        return f"an array of {value.dtype}"
    if value.ndim == 0 or value.size == 0:
        return f"an array of the shape {value.shape}"
    if value.dtype.kind == "f" and not np.isfinite(value.reshape(len(value), -1)).all(axis=1).any():
        # What is no number is equal to whatever else is none.
        return "NaN or infinity in every row"
    return ""


def _numbered(arrays: dict[str, Array], stem: str) -> tuple[Array, ...]:
    found: list[Array] = []
    while f"{stem}{len(found)}" in arrays:
        found.append(arrays[f"{stem}{len(found)}"])
    return tuple(found)


def check_recorded(subject: Subject, recording: Recording) -> Check:
    """The check: Keras on the recorded inputs."""
    _check_fits(subject.source.graph, recording)
    try:
        outputs = live_outputs(subject, recording.inputs, calls=1)
    except VerificationError as error:
        return Check("recorded", "failed", str(error), {})
    found, wanted = ([item.shape for item in each] for each in (outputs, recording.outputs))
    if found != wanted:
        return Check("recorded", "failed", f"outputs have shapes {found}, recorded {wanted}", {})
    gap = distance(outputs, recording.outputs)
    allowed, how = _allowed(subject, recording)
    return Check(
        "recorded",
        "verified" if gap <= allowed else "failed",
        f"Keras differs by {gap:.1e} from what the old system recorded (allowed {allowed:.1e})",
        {"error": gap, "tolerance": allowed, "tolerance_is": how},
    )


def difference(subject: Subject, recording: Recording) -> str:
    """In words, how far the target is from what was recorded of a model that it is not the equal of."""
    source = subject.source
    _check_fits(source.graph, recording)
    try:
        outputs = live_outputs(subject, recording.inputs, calls=1)
    except VerificationError as error:
        return str(error)
    made_by = [(leaf.layer,) for leaf in leaves(source.graph.outputs)]
    wanted = [
        part
        for path, value in zip(made_by, recording.outputs, strict=False)
        for part in source.shared(path, [value])
    ]
    found, shapes = ([item.shape for item in each] for each in (outputs, wanted))
    if found != shapes:
        return f"cannot be compared with the recording: outputs of shapes {found}, recorded {shapes}"
    gaps = np.concatenate(
        [np.abs(np.subtract(a, b, dtype=np.float64)).ravel() for a, b in zip(outputs, wanted, strict=True)]
    )
    scale = max(float(np.abs(value).max(initial=0.0)) for value in wanted)
    return (
        f"on the recorded inputs it differs from the old model by {gaps.max():.2g} at most and by "
        f"{gaps.mean():.2g} on average (recorded outputs up to {scale:.2g})"
    )


def _check_fits(graph: Graph, recording: Recording) -> None:
    """UsageError if the model cannot take the recorded inputs."""
    if len(recording.inputs) != len(graph.inputs):
        raise UsageError(
            "the recording does not fit the model",
            found=f"{len(recording.inputs)} inputs",
            expected=f"{len(graph.inputs)}: {', '.join(graph.inputs)}",
        )
    for name, value in zip(graph.inputs, recording.inputs, strict=True):
        shape = graph.layers[name].config["batch_shape"]
        if not fits(shape, value.shape):
            raise UsageError(
                "the recording does not fit the model",
                where=f"input {name}",
                found=str(value.shape),
                expected=str(shape),
            )


def _allowed(subject: Subject, recording: Recording) -> tuple[float, str]:
    source = subject.source
    policies = [layer.dtype for _, layer in source.graph.walk()]
    try:
        exact = _run(subject, recording.inputs, rounded=False)
        rounded = _run(subject, recording.inputs, rounded=True)
    except NoReference:
        scale = max(float(np.abs(item).max(initial=0.0)) for item in recording.outputs)
        return UNDERIVED * max(scale, 1e-3), f"{UNDERIVED:g} of the outputs' size: a part has no reference"
    tolerance = derive(exact, rounded, last_place(policies), bitwise=False)
    # The old system rounded too, so there are two honest errors between its outputs and Keras's.
    return 2 * tolerance.keras, f"twice {tolerance.described()}"


def _run(subject: Subject, inputs: Sequence[Array], *, rounded: bool) -> list[Array]:
    source = subject.source
    return evaluate(
        source.graph,
        source.weights,
        inputs,
        semantics=source.semantics,
        precisions=run_precision if rounded else None,
    )
