"""Beside the source: what a user gives with it (an architecture, mapping files, parts of their own)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_migrate.architecture.given import given_architecture, other_defaults, with_architecture
from lstm_migrate.architecture.replacing import Replacing
from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.custom import NO_PARTS, CustomParts
from lstm_migrate.errors import UsageError
from lstm_migrate.graph import Graph
from lstm_migrate.inferring import INFER, check_inferable, likely_writer
from lstm_migrate.mapping.document import Replacement
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.sources import mapping_of, source_vocabulary

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Given:
    """What a user gives beside the source.

    `architecture`: where to take it from if not from the source, a file or "module:function"; "infer"
    builds it from the arrays under what `assume` states. `mapping`: mapping files; of two that speak of
    the same, the later one counts. `custom`: layers and activations of the user's own.
    """

    architecture: PathLike | None = None
    assume: Mapping[str, str] | None = None
    mapping: Sequence[PathLike] = ()
    custom: CustomParts = NO_PARTS

    @property
    def inferring(self) -> bool:
        """Whether the architecture is to be inferred."""
        return self.architecture == INFER

    def completed(self, checkpoint: Checkpoint, assume: Mapping[str, str]) -> Checkpoint:
        """The checkpoint with the architecture that is given, or a writer if it is to be inferred."""
        if self.inferring:
            check_inferable(checkpoint)
            return likely_writer(checkpoint)
        if assume:
            raise UsageError("assumptions are for inferred architectures", hint="Add --architecture infer.")
        if self.architecture is None:
            return checkpoint
        return with_architecture(checkpoint, given_architecture(os.fspath(self.architecture)))


@dataclass(frozen=True)
class Rules:
    """What the user's mapping files say."""

    replacing: Replacing
    assume: Mapping[str, str]

    @staticmethod
    def of(given: Given) -> Rules:
        """The rules of all mapping files, and what is stated besides; MappingError for what is wrong."""
        replacements: dict[str, Sequence[Replacement]] = {}
        assume: dict[str, str] = {}
        for file in given.mapping:
            found = load_user_mapping(Path(file))
            replacements |= found.replace
            assume |= found.assume
        names = ", ".join(Path(file).name for file in given.mapping)
        return Rules(Replacing(replacements, names), {**assume, **(given.assume or {})})


def doubts_of(graph: Graph, opened: Checkpoint, checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """(where, what is doubtful) of a model whose architecture does not come from the file itself.

    `opened`: the source as it is, `checkpoint`: with the architecture that was given.
    """
    found = []
    own, other = opened.architecture, checkpoint.architecture
    if own is not None and other is not None and own.get("config") != other.get("config"):
        found.append(
            (opened.path.name, "its own architecture was put aside for the given one, which differs")
        )
    written = checkpoint.stored_by
    if written is None or mapping_of(written) in (None, mapping_of(checkpoint.writer)):
        return found
    return [*found, *other_defaults(graph, source_vocabulary(written)), *_deviations(graph, written)]


def _deviations(graph: Graph, written: Writer) -> list[tuple[str, str]]:
    if mapping_of(written) != "keras1":
        return []
    said = "moving_variance: up to Keras 1.0.5 the file holds a deviation in its place"
    return [("/".join(path), said) for path, layer in graph.walk() if layer.kind == "BatchNormalization"]
