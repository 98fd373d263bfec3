"""What `inspect` says of a file: format, writer, layers, and whether it would open or convert."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.graph import Activation, Graph
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Inspection, Note, Source

# Config keys that Keras 3's layers reject, and classes that it lacks: the file then does not open there.
REJECTED_KEYS = frozenset({"time_major", "batch_input_shape", "input_length", "implementation", "alpha"})


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
                opens_in_keras_3(plan.source, found.checkpoint),
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
                _opens_unread(checkpoint),
                f"refuse: {error}",
                left,
            )


def opens_in_keras_3(graph: Graph, checkpoint: Checkpoint) -> str:
    """Whether Keras 3's own legacy loader would open the file, and to what."""
    rejected = sorted(_rejected(checkpoint.architecture))
    if rejected:
        return f"no: Keras 3 rejects {', '.join(rejected[:6])} in its config"
    changed = [
        f"{'/'.join(path)}: {key}={value}"
        for path, layer in graph.walk()
        for key, value in layer.config.items()
        if isinstance(value, Activation) and value.function == "hard_sigmoid"
    ]
    if changed:
        return f"yes, but computes something else: {changed[0]} is another function in Keras 3"
    return "yes"


def _opens_unread(checkpoint: Checkpoint) -> str:
    if checkpoint.architecture is None:
        return "no: it holds no model config"
    rejected = sorted(_rejected(checkpoint.architecture))
    return f"no: Keras 3 rejects {', '.join(rejected[:6])} in its config" if rejected else "not known"


def _rejected(item: Any) -> set[str]:
    """Config keys anywhere in the config that Keras 3's layers do not take."""
    found: set[str] = set()
    waiting = [item]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            if inner.get("class_name") != "InputLayer":
                found |= REJECTED_KEYS & inner.keys()
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
    return found


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
