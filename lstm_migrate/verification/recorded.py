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
from lstm_migrate.graph import Graph
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.report import Check
from lstm_migrate.verification.behaviour import fits, live_outputs, raw_outputs
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
    arrays = _loaded(path, "the recorded outputs cannot be read", "input_0, … and output_0, …")
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


def load_inputs(path: Path) -> tuple[Array, ...]:
    """Reads input_0, input_1, … alone, from an .npz file that may be a recording as well."""
    arrays = _loaded(path, "the inputs cannot be read", "input_0, …")
    inputs = _numbered(arrays, "input_")
    if not inputs:
        raise UsageError(
            "no inputs", where=str(path), found=", ".join(arrays) or "nothing", expected="input_0, …"
        )
    _check_values({f"input_{number}": value for number, value in enumerate(inputs)}, path)
    return inputs


def _loaded(path: Path, complaint: str, expected: str) -> dict[str, Array]:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError) as error:
        raise UsageError(
            complaint, where=str(path), found=str(error)[:120], expected=f"an .npz file with {expected}"
        ) from error


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
    check_fits(subject.source.graph, recording.inputs)
    runner = subject.words.runner
    try:
        outputs = live_outputs(subject, recording.inputs, calls=1)
    except VerificationError as error:
        return Check("recorded", "failed", str(error), {})
    except NoReference as missing:
        return Check("recorded", "unproven", "a part of the model has no reference", {}, (str(missing),))
    shared = _shared(subject, recording.outputs)
    found, wanted = ([item.shape for item in each] for each in (outputs, shared))
    if found != wanted:
        return Check("recorded", "failed", f"outputs have shapes {found}, recorded {wanted}", {})
    gap = distance(outputs, shared)
    allowed, how = _allowed(subject, recording)
    return Check(
        "recorded",
        "verified" if gap <= allowed else "failed",
        f"{runner} differs by {gap:.1e} from what the old system recorded (allowed {allowed:.1e})",
        {"error": gap, "tolerance": allowed, "tolerance_is": how},
    )


def _shared(subject: Subject, outputs: Sequence[Array]) -> list[Array]:
    """What the target has of the recorded outputs; all of them if they are not the model's."""
    side = subject.source.side
    return side.shared(outputs) if len(side.parts) == len(outputs) else list(outputs)


def check_fits(
    graph: Graph, inputs: Sequence[Array], what: str = "the recording does", *, of_any_length: bool = False
) -> None:
    """UsageError if the model cannot take these inputs; `of_any_length`: but for the numbers of samples and
    steps, which may be about to change."""
    if len(inputs) != len(graph.inputs):
        raise UsageError(
            f"{what} not fit the model",
            found=f"{len(inputs)} inputs",
            expected=f"{len(graph.inputs)}: {', '.join(graph.inputs)}",
        )
    for name, value in zip(graph.inputs, inputs, strict=True):
        shape = graph.layers[name].config["batch_shape"]
        if of_any_length and shape is not None:
            shape = (*(None for _ in shape[:-1]), shape[-1] if len(shape) > 2 else None)
        if not fits(shape, value.shape):
            raise UsageError(
                f"{what} not fit the model",
                where=f"input {name}",
                found=str(value.shape),
                expected=str(shape),
            )


def takes(graph: Graph, inputs: Sequence[Array]) -> bool:
    """Whether the model can take these inputs."""
    shapes = [graph.layers[name].config["batch_shape"] for name in graph.inputs]
    return len(shapes) == len(inputs) and all(
        fits(shape, value.shape) for shape, value in zip(shapes, inputs, strict=True)
    )


def _allowed(subject: Subject, recording: Recording) -> tuple[float, str]:
    source, inputs = subject.source, recording.inputs
    policies = [layer.dtype for _, layer in source.graph.walk()]
    try:
        exact = source.side.shared(raw_outputs(source, inputs))
        rounded = source.side.shared(raw_outputs(source, inputs, precisions=run_precision))
    except NoReference:
        scale = max(float(np.abs(item).max(initial=0.0)) for item in recording.outputs)
        return UNDERIVED * max(scale, 1e-3), f"{UNDERIVED:g} of the outputs' size: a part has no reference"
    tolerance = derive(exact, rounded, last_place(policies), bitwise=False)
    # The old system rounded too, so there are two honest errors between its outputs and Keras's.
    return 2 * tolerance.keras, f"twice {tolerance.described()}"
