"""Opening a source: reader, architecture and planning in a row, from headers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.eras import read_config
from lstm_migrate.beside import Given, PathLike, Rules, doubts_of
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import SourceError
from lstm_migrate.graph import Graph
from lstm_migrate.inferring import guessed
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Note, gathered

if TYPE_CHECKING:
    from lstm_migrate.verification.recorded import Recording

SKIPPED_TRAINING = "optimizer, loss and metrics were not carried over; compile the model to train on"


@dataclass(frozen=True)
class Planned:
    """An opened source with its plan and both vocabularies. `unproven`: what of the model is assumed."""

    checkpoint: Checkpoint
    plan: Plan
    source: Vocabulary
    target: Vocabulary
    notes: tuple[Note, ...]
    unproven: tuple[str, ...] = ()


@contextmanager
def planned(
    source: PathLike,
    given: Given | None = None,
    *,
    recording: Recording | None = None,
    allow_lossy: bool = False,
) -> Iterator[Planned]:
    """Opens `source` and plans its conversion; headers only. `recording`: what an inferred architecture
    must compute."""
    given = given or Given()
    rules = Rules.of(given)
    with open_checkpoint(Path(source)) as opened:
        checkpoint = given.completed(opened, rules.assume)
        words = replace(source_vocabulary(checkpoint.writer, opened.writer), custom=given.custom)
        target = replace(target_vocabulary(), custom=given.custom)
        drawn = _drawn(checkpoint, words, given, rules, recording)
        plan = make_plan(drawn.graph, checkpoint, words, target, allow_lossy=allow_lossy)
        doubts = (
            [] if given.inferring else [*rules.replacing.said, *doubts_of(plan.source, opened, checkpoint)]
        )
        # Recorded outputs show what the old model computed; nothing else does.
        unproven = () if recording else tuple(": ".join(said) for said in doubts)
        assumed = [Note("assumed", *said) for said in doubts]
        notes = gathered((*drawn.notes, *assumed, *plan.notes, *_left(checkpoint)))
        yield Planned(checkpoint, plan, words, target, notes, (*drawn.unproven, *unproven))


@dataclass(frozen=True)
class Drawn:
    """The source's model, what to say of it, and what of it is assumed."""

    graph: Graph
    notes: tuple[Note, ...]
    unproven: tuple[str, ...] = ()


def _drawn(
    checkpoint: Checkpoint, words: Vocabulary, given: Given, rules: Rules, recording: Recording | None
) -> Drawn:
    if given.inferring:
        guess = guessed(checkpoint, words, rules.assume, recording)
        drawn = Drawn(guess.graph, tuple(guess.notes), tuple(guess.unproven))
    elif checkpoint.architecture is None:
        raise _no_architecture(checkpoint)
    else:
        draft = Draft(words, _floatx(checkpoint), _input_widths(checkpoint), tuple(checkpoint.groups))
        draft.replacing = rules.replacing
        drawn = Drawn(read_config(checkpoint.architecture, checkpoint.writer, draft), tuple(draft.notes))
    rules.replacing.check(["/".join(path) for path, _ in drawn.graph.walk()])
    return drawn


def _no_architecture(checkpoint: Checkpoint) -> SourceError:
    return SourceError(
        "the file holds weights only, no model config",
        where=str(checkpoint.path),
        found=f"{len(checkpoint.tensors)} tensors of layers {', '.join(list(checkpoint.groups)[:6])}",
        expected="a full model, as model.save() writes it, or an architecture beside it",
        hint="Give the architecture with --architecture: what to_json() or to_yaml() wrote, a full "
        "model, module:function that builds it, or infer.",
    )


def _left(checkpoint: Checkpoint) -> list[Note]:
    """What stays behind of the file."""
    left = [Note("left behind", name, what) for name, what in checkpoint.left_behind.items()]
    if any(note.where in ("optimizer_weights", "training_config") for note in left):
        left.append(Note("left behind", "training", SKIPPED_TRAINING))
    return left


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
