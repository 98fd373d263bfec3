"""Opening a source: reader, architecture and planning in a row, from headers alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_migrate.architecture import keras2
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import SourceError
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Note, gathered

PathLike = str | os.PathLike[str]

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
