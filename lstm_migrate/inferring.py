"""Inferring: the model of a source that is weights alone, and what remains to be proven of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.errors import UsageError
from lstm_migrate.graph import Graph
from lstm_migrate.inference.assumptions import Assumption
from lstm_migrate.inference.infer import infer
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.report import Note

if TYPE_CHECKING:
    from lstm_migrate.searching import Found
    from lstm_migrate.verification.recorded import Recording

INFER = "infer"
"""The word in place of a file with an architecture."""

ORDER = "the layers are taken to form a chain, in the order in which the file lists them"


@dataclass(frozen=True)
class Guess:
    """A model without a config behind it. `unproven`: what of it nothing proves."""

    graph: Graph
    notes: tuple[Note, ...]
    unproven: tuple[str, ...]


def check_inferable(checkpoint: Checkpoint) -> None:
    """UsageError if the file has an architecture."""
    if checkpoint.architecture is not None:
        raise UsageError(
            "the file holds its own architecture, so there is nothing to infer",
            where=str(checkpoint.path),
            found=checkpoint.format,
            hint="Leave --architecture infer away.",
        )


def likely_writer(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with a writer, where its format fits several that mean the same by their words."""
    if checkpoint.writer.name != "unknown" or checkpoint.format != "keras-store":
        return checkpoint
    said = "taken to be TensorFlow 2.15's; Keras 3's hard_sigmoid alone means something else"
    evidence = (*checkpoint.writer.evidence, said)
    return replace(checkpoint, writer=Writer("tf.keras", "2.15.0", checkpoint.writer.backend, evidence))


def guessed(
    checkpoint: Checkpoint, vocabulary: Vocabulary, assume: Mapping[str, str], recording: Recording | None
) -> Guess:
    """The inferred model; with a recording, the one that reproduces it."""
    if recording is not None:
        from lstm_migrate.searching import search

        return _searched(search(checkpoint, vocabulary, recording, assume))
    inferred = infer(checkpoint, vocabulary, assume)
    said = [(item, f"{item}: {_why(item.key, item.reason, assume)}") for item in inferred.assumptions]
    notes = tuple(Note("assumed", _layer(item), text) for item, text in said)
    open_ = tuple(text for _, text in said)
    order = Note("assumed", checkpoint.path.name, ORDER)
    return Guess(inferred.graph, (order, *notes, *_forgotten(inferred.graph)), (ORDER, *open_))


def _forgotten(graph: Graph) -> list[Note]:
    """What acts in training only and left no trace: no output depends on it."""
    return [
        Note(
            "limit",
            layer.name,
            "switched off: its rate acts in training only and is not in a file of weights",
        )
        for layer in graph.layers.values()
        if "Dropout" in layer.kind or layer.kind == "GaussianNoise"
    ]


def _searched(found: Found) -> Guess:
    inferred, left = found.inferred, found.open()
    said = ", ".join(map(str, inferred.assumptions)) or "nothing had to be assumed"
    which = f"of {found.tried} combinations tried, this one reproduces the recorded outputs: {said}"
    if found.complete and not (found.others or found.same):
        which = f"of all {found.tried} combinations, this one alone reproduces the recorded outputs: {said}"
    if found.same:
        which += f"; {found.same} more compute the same on every input that was tried"
    notes = [Note("assumed", inferred.graph.name, which)]
    notes += [
        Note("assumed", _layer(item), f"{item}: as the recorded outputs demand")
        for item in inferred.assumptions
        if item.key not in left
    ]
    notes += _forgotten(inferred.graph)
    stated = inferred.stated()
    unproven = tuple(
        f"{key}={stated.get(key, '?')}: {' or '.join(values)} would reproduce the recorded outputs as well; "
        f"record other inputs, or state it with --assume {key}={stated.get(key, '…')}"
        for key, values in left.items()
    )
    return Guess(inferred.graph, tuple(notes), unproven)


def _layer(item: Assumption) -> str:
    return item.key.rpartition(".")[0]


def _why(key: str, reason: str, assume: Mapping[str, str]) -> str:
    return "stated by the caller" if key in assume else reason
