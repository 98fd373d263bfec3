"""What `inspect` says of a file: format, writer, layers, and whether it would open or convert."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.keras3_loader import opens_in_keras_3
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Inspection, Note, Source


def source_line(checkpoint: Checkpoint) -> Source:
    """The file and its writer as reports show them."""
    writer = checkpoint.stored_by or checkpoint.writer
    return Source(
        str(checkpoint.path),
        checkpoint.format,
        checkpoint.path.stat().st_size,
        writer.name,
        writer.version,
        writer.backend,
        checkpoint.writer.evidence,
    )


Planning = Callable[[Path], AbstractContextManager[Any]]


def described(path: Path, planned: Planning, inferred: Planning) -> Inspection:
    """The inspection; `planned` opens a file and plans its conversion, `inferred` does so for weights
    without an architecture, or gives None."""
    try:
        with planned(path) as found:
            plan, source = found.plan, source_line(found.checkpoint)
            return Inspection(
                source,
                plan.source.name,
                plan.layers,
                sum(line.parameters for line in plan.layers),
                opens_in_keras_3(found.checkpoint.architecture, plan, source.version, source.format),
                "convert",
                found.notes,
            )
    except LstmMigrateError as error:
        with open_checkpoint(path) as checkpoint:
            guess = _inferred(path, checkpoint, inferred, error)
            if guess is not None:
                return guess
            parameters = sum(_size(info.shape) for info in checkpoint.tensors.values())
            left = (
                *_tensors(checkpoint),
                *(Note("left behind", *item) for item in checkpoint.left_behind.items()),
            )
            return Inspection(
                source_line(checkpoint),
                "",
                (),
                parameters,
                opens_in_keras_3(checkpoint.architecture, None),
                f"refuse: {error}",
                left,
            )


def _tensors(checkpoint: Checkpoint) -> Iterator[Note]:
    """What a file holds that knows no layers: rules of a mapping file need the names."""
    if not checkpoint.groups:
        for info in checkpoint.tensors.values():
            yield Note("tensor", info.name, f"{info.shape} {info.dtype}")


def _inferred(
    path: Path, checkpoint: Checkpoint, inferred: Planning, error: LstmMigrateError
) -> Inspection | None:
    """The inspection of weights alone with the layers that they seem to be; None if none can be told."""
    if checkpoint.architecture is not None:
        return None
    try:
        with inferred(path) as found:
            if found is None:
                return None
            assumed = [note.text.partition(":")[0] for note in found.notes if _is_choice(note)]
            would = f"--architecture infer would assume {', '.join(assumed) or 'nothing but their order'}"
            return Inspection(
                source_line(found.checkpoint),
                "",
                found.plan.layers,
                sum(line.parameters for line in found.plan.layers),
                opens_in_keras_3(None, None),
                f"refuse: {str(error).rstrip('.')}; {would}",
                found.notes,
            )
    except LstmMigrateError:
        return None


def _is_choice(note: Note) -> bool:
    return note.kind == "assumed" and note.text.startswith(f"{note.where}.") and "=" in note.text


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
