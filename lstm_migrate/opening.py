"""Opening a source: reader, architecture and planning in a row, from headers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.eras import read_config
from lstm_migrate.architecture.replacing import Replacing
from lstm_migrate.beside import Given, PathLike, check_classes, check_format, doubts_of, no_architecture
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import UsageError
from lstm_migrate.graph import Graph
from lstm_migrate.inferring import guessed
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.applying import apply
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan
from lstm_migrate.planning.stored_sizes import sizes_as_stored
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Note, gathered
from lstm_migrate.resizing.resize import Resized, resize
from lstm_migrate.resizing.values import Wanted

if TYPE_CHECKING:
    from lstm_migrate.verification.recorded import Recording

SKIPPED_TRAINING = "optimizer, loss and metrics were not carried over; compile the model to train on"


@dataclass(frozen=True)
class Planned:
    """An opened source with its plan and both vocabularies. `unproven`: what of the model is assumed;
    `resized`: what the plan was made from, if rules ask for other sizes."""

    checkpoint: Checkpoint
    plan: Plan
    source: Vocabulary
    target: Vocabulary
    notes: tuple[Note, ...]
    unproven: tuple[str, ...] = ()
    resized: Resized | None = None


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
    with open_checkpoint(Path(source)) as opened:
        yield plan_of(opened, given or Given(), recording=recording, allow_lossy=allow_lossy)


def plan_of(
    opened: Checkpoint,
    given: Given,
    *,
    recording: Recording | None = None,
    allow_lossy: bool = False,
) -> Planned:
    """The same for a source that is open already, or that is not written yet."""
    check_format(opened, given.rules)
    checkpoint = given.completed(opened)
    check_classes(checkpoint.architecture, given.rules)
    words = source_vocabulary(checkpoint.writer, opened.writer, given.rules.documents)
    words = replace(words, custom=given.custom)
    target = replace(target_vocabulary(), custom=given.custom)
    replacing = given.replacing
    drawn = _drawn(checkpoint, words, given, replacing, recording)
    beside = checkpoint is not opened
    applied = apply(drawn.graph, checkpoint, given.rules, words, beside=beside)
    words, checkpoint = replace(words, forks=applied.forks), applied.checkpoint
    graph = applied.graph
    if beside:
        graph = sizes_as_stored(graph, applied.sized, checkpoint, words, applied.bound)
    plan = make_plan(
        graph,
        checkpoint,
        words,
        target,
        bound=applied.bound,
        renamed=applied.renamed,
        allow_lossy=allow_lossy,
    )
    how = None
    if applied.sized and given.resizing:
        wanted = _wanted(plan.source, given, recording, allow_lossy)
        plan, how = resize(plan, applied.sized, target, checkpoint.read, wanted)
    elif given.inputs is not None or given.compensate:
        raise UsageError(
            "no rule changes a size",
            found="--compensate" if given.compensate else "--inputs",
            expected="a size beside it, as --set lstm_1.units=64",
        )
    doubts = list(applied.doubts)
    if not given.inferring:
        doubts += [*replacing.said, *doubts_of(plan.source, opened, checkpoint)]
    # Recorded outputs show what the old model computed; nothing else does.
    unproven = () if recording else tuple(": ".join(said) for said in doubts)
    assumed = [Note("assumed", *said) for said in doubts]
    notes = gathered((*drawn.notes, *applied.notes, *assumed, *plan.notes, *_left(checkpoint)))
    return Planned(checkpoint, plan, words, target, notes, (*drawn.unproven, *unproven), how)


def _wanted(graph: Graph, given: Given, recording: Recording | None, allow_lossy: bool) -> Wanted:
    """What a resizing may do and look at: inputs that are given for that, else the recorded ones."""
    inputs = given.inputs if given.inputs is not None or recording is None else recording.inputs
    if inputs is not None:
        from lstm_migrate.verification.recorded import check_fits

        what = "the recording does" if given.inputs is None else "the given inputs do"
        check_fits(graph, inputs, what, of_any_length=True)
    return Wanted(allow_lossy, inputs, given.compensate)


@dataclass(frozen=True)
class Drawn:
    """The source's model, what to say of it, and what of it is assumed."""

    graph: Graph
    notes: tuple[Note, ...]
    unproven: tuple[str, ...] = ()


def _drawn(
    checkpoint: Checkpoint,
    words: Vocabulary,
    given: Given,
    replacing: Replacing,
    recording: Recording | None,
) -> Drawn:
    if given.inferring:
        guess = guessed(checkpoint, words, given.assumed, recording)
        drawn = Drawn(guess.graph, tuple(guess.notes), tuple(guess.unproven))
    elif checkpoint.architecture is None:
        raise no_architecture(checkpoint)
    else:
        draft = draft_of(checkpoint, words)
        draft.replacing = replacing
        drawn = Drawn(read_config(checkpoint.architecture, checkpoint.writer, draft), tuple(draft.notes))
    replacing.check(["/".join(path) for path, _ in drawn.graph.walk()])
    return drawn


def draft_of(checkpoint: Checkpoint, words: Vocabulary) -> Draft:
    """An empty draft, with what the file's arrays tell of its model."""
    return Draft(words, _floatx(checkpoint), _input_widths(checkpoint), tuple(checkpoint.groups))


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
