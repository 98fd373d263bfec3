"""Beside the source: what a user gives with it (an architecture, mapping files, parts of their own)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lstm_migrate.architecture.given import (
    Supplied,
    given_architecture,
    other_defaults,
    with_architecture,
)
from lstm_migrate.architecture.listed import listed_architecture
from lstm_migrate.architecture.replacing import Replacing
from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.custom import NO_PARTS, CustomParts
from lstm_migrate.errors import MappingError, Problem, SourceError, UsageError
from lstm_migrate.graph import Graph
from lstm_migrate.inferring import INFER, check_inferable, likely_writer
from lstm_migrate.mapping.loading import UserMapping, load_user_mapping
from lstm_migrate.mapping.settings import Settings, settings
from lstm_migrate.mapping.sources import mapping_of, source_vocabulary
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.mapping.vocabulary import bare_name
from lstm_migrate.planning.applying import TENSORS_ALONE

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Given:
    """What a user gives beside the source.

    `architecture`: where to take it from if not from the source, a file or "module:function"; "infer"
    builds it from the arrays under what `assume` states. `mapping`: mapping files; of two that speak of
    the same, the later one counts. `custom`: layers and activations of the user's own. `stated`: rules
    that stand in no file, in the place of those that do. `resize`: sizes that stand in no file, beside those
    that do. `inputs`: what the model may be given, by which units are chosen, readers fitted and costs
    measured; `compensate`: fit the readers of every layer that is cut. `resizing`: whether sizes that are
    asked for count, or the source is looked at as it is.
    """

    architecture: PathLike | None = None
    assume: Mapping[str, str] | None = None
    mapping: Sequence[PathLike] = ()
    custom: CustomParts = NO_PARTS
    stated: UserRules | None = None
    resize: Settings = ()
    inputs: tuple[NDArray[Any], ...] | None = field(default=None, compare=False)
    compensate: bool = False
    resizing: bool = True

    @cached_property
    def rules(self) -> UserRules:
        """What the mapping files and `resize` say; MappingError for what is wrong in them."""
        if self.stated is not None:
            return self.stated
        own = self.custom.for_keras()
        sizes = settings(self.resize)
        found: list[UserMapping] = []
        for file in self.mapping:
            known = UserRules(tuple(found)).layouts
            found.append(load_user_mapping(Path(file), own, known, whole_sizes=not sizes))
        return UserRules(tuple(found), sizes)

    @property
    def assumed(self) -> Mapping[str, str]:
        """What is stated of an inferred architecture."""
        return {**self.rules.assume, **(self.assume or {})}

    @property
    def inferring(self) -> bool:
        """Whether the architecture is to be inferred."""
        return self.architecture == INFER

    def completed(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with the architecture that is given, or a writer if it is to be inferred."""
        if self.inferring:
            check_inferable(checkpoint)
            if checkpoint.format in TENSORS_ALONE:
                raise no_architecture(checkpoint)
            return likely_writer(checkpoint)
        if self.assumed:
            raise UsageError("assumptions are for inferred architectures", hint="Add --architecture infer.")
        if self.architecture is None and not self.rules.model and checkpoint.format in TENSORS_ALONE:
            raise no_architecture(checkpoint)
        if self.architecture is None:
            return with_architecture(checkpoint, self._listed()) if self.rules.model else checkpoint
        return with_architecture(checkpoint, given_architecture(os.fspath(self.architecture)))

    def _listed(self) -> Supplied:
        return listed_architecture(self.rules.model, self.rules.files)

    @property
    def replacing(self) -> Replacing:
        """The stock layers that the mapping files put in the place of others, before any is used."""
        return Replacing(self.rules.replacements, self.rules.files)


def no_architecture(checkpoint: Checkpoint) -> SourceError:
    """The error for weights of which nobody says what model they are of."""
    layers = list(checkpoint.groups) or list(checkpoint.tensors)
    return SourceError(
        "the file holds weights only, no model config",
        where=str(checkpoint.path),
        found=f"{len(checkpoint.tensors)} tensors of layers {', '.join(layers[:6])}"
        if checkpoint.groups
        else f"{len(checkpoint.tensors)} tensors: {', '.join(layers[:6])}",
        expected="a full model, as model.save() writes it, or an architecture beside it"
        if checkpoint.groups
        else "an architecture beside it; tensors without layers tell none",
        hint="Give the architecture with --architecture: what to_json() or to_yaml() wrote, a full "
        "model, module:function that builds it, or infer."
        if checkpoint.groups
        else "Give the architecture with --architecture (what to_json() wrote, a full model or "
        "module:function), or list the layers in a mapping file under `model`; `lstm-migrate mappings draft` "
        "writes one to begin with.",
    )


FORMATS = {
    "npz": "npz",
    "safetensors": "safetensors",
    "keras-hdf5": "hdf5",
    "keras-hdf5-weights": "hdf5",
    "keras0-weights": "hdf5",
    "keras-store": "hdf5",
    "keras-archive": "keras",
}
"""What mapping files call the formats of checkpoints."""


def check_format(checkpoint: Checkpoint, rules: UserRules) -> None:
    """MappingError if a mapping file is for files of another format."""
    own = FORMATS.get(checkpoint.format, checkpoint.format)
    problems = [
        Problem("the mapping file is for another format", where, f"{checkpoint.path.name} is {own}", said)
        for said, where in rules.formats.items()
        if said != own
    ]
    if problems:
        raise MappingError(problems)


def check_classes(architecture: Mapping[str, Any] | None, rules: UserRules) -> None:
    """MappingError for classes of forks that no layer of the model has."""
    if architecture is None:
        return
    there = set(_class_names(architecture))
    problems = [
        Problem(
            f"no layer is of class {name!r}",
            mapping.place("classes", name),
            expected=f"nearest: {', '.join(near)}" if (near := get_close_matches(name, there, 3)) else "",
        )
        for mapping in rules.mappings
        for name, declared in mapping.document.classes.items()
        if declared.is_ and name not in there
    ]
    if problems:
        raise MappingError(problems)


def _class_names(config: Any) -> Iterator[str]:
    """What stands in a config where classes are named, with and without their package."""
    if isinstance(config, Mapping):
        for key in ("class_name", "registered_name", "name"):  # Keras 0 calls a layer's class its name
            if isinstance(config.get(key), str):
                yield config[key]
                yield bare_name(config[key])
    for item in config.values() if isinstance(config, Mapping) else config:
        if isinstance(item, (Mapping, list)):
            yield from _class_names(item)


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
