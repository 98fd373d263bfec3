"""What `inspect` says of a file: format, writer, layers, and whether it would open or convert."""

from __future__ import annotations

from collections.abc import Callable
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
    writer = checkpoint.writer
    return Source(
        str(checkpoint.path),
        checkpoint.format,
        checkpoint.path.stat().st_size,
        writer.name,
        writer.version,
        writer.backend,
        writer.evidence,
    )


def described(path: Path, planned: Callable[[Path], AbstractContextManager[Any]]) -> Inspection:
    """The inspection; `planned` opens a file and plans its conversion."""
    try:
        with planned(path) as found:
            plan = found.plan
            return Inspection(
                source_line(found.checkpoint),
                plan.source.name,
                plan.layers,
                sum(line.parameters for line in plan.layers),
                opens_in_keras_3(found.checkpoint.architecture, plan),
                "convert",
                found.notes,
            )
    except LstmMigrateError as error:
        with open_checkpoint(path) as checkpoint:
            parameters = sum(_size(info.shape) for info in checkpoint.tensors.values())
            left = tuple(Note("left behind", *item) for item in checkpoint.left_behind.items())
            return Inspection(
                source_line(checkpoint),
                "",
                (),
                parameters,
                opens_in_keras_3(checkpoint.architecture, None),
                f"refuse: {error}",
                left,
            )


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
