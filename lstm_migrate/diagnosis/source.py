"""Source: the side of a diagnosis that is a file, with its own architecture, a given one, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lstm_migrate.architecture.eras import read_config
from lstm_migrate.architecture.given import Supplied, with_architecture
from lstm_migrate.beside import Given
from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.diagnosis.arrays import likely_writers, parts_alone
from lstm_migrate.diagnosis.corrected import claims_of
from lstm_migrate.diagnosis.model import Side, bound_arrays, held_by, parts_of
from lstm_migrate.diagnosis.part import Held, Part
from lstm_migrate.diagnosis.tensors import parts_named
from lstm_migrate.errors import MappingError, PlanError, SourceError
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.mapping.sources import mapping_of, source_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.opening import draft_of, plan_of
from lstm_migrate.planning.applying import TENSORS_ALONE, apply
from lstm_migrate.planning.packing import as_packed

FALLBACK = Writer("keras", "3.0", "", ("taken for Keras 3's, as nothing says who wrote it",))


def source_side(opened: Checkpoint, given: Given, target: Supplied | None, argument: str = "") -> Side:
    """The file as its own architecture, or the given one, has it; else as its arrays tell, held against the
    target's architecture first; `argument` names the target."""
    beside = given.architecture is not None or bool(given.rules.model)
    checkpoint = given.completed(opened) if beside else opened
    alone = checkpoint.format in TENSORS_ALONE
    if alone and given.rules.mappings and given.architecture is None and target is not None:
        fitting = _under_the_mapping(opened, given, target, argument)
        if fitting is not None:
            return fitting
    if checkpoint.architecture is None or (alone and not given.mapping):
        return _alone(opened, given, target)
    try:
        return _stated(opened, checkpoint, given)
    except PlanError as error:
        said = "its config does not fit its arrays, which were taken as they are"
        return replace(_alone(opened, given, target), unread=f"{said}: {error.problems[0].sentence()}")


def _stated(opened: Checkpoint, checkpoint: Checkpoint, given: Given) -> Side:
    graph, words, held = _read(opened, checkpoint, given)
    era = mapping_of(opened.writer) or mapping_of(checkpoint.writer) or ""
    claims = claims_of(graph, opened, given.rules, words) if opened.format in TENSORS_ALONE else {}
    return Side(parts_of(graph, words, held), words, graph, era, held=held, claims=claims)


def _under_the_mapping(opened: Checkpoint, given: Given, target: Supplied, argument: str) -> Side | None:
    """The target's model with the file's arrays, if the user's rules put them all there."""
    try:
        plan_of(opened, replace(given, architecture=argument, stated=given.rules), allow_lossy=True)
        return replace(_stated(opened, with_architecture(opened, target), given), as_target=True)
    except (PlanError, MappingError, SourceError):
        return None  # the comparison says why


def _read(
    opened: Checkpoint, checkpoint: Checkpoint, given: Given
) -> tuple[Graph, Vocabulary, Mapping[WeightKey, Held]]:
    """The checkpoint's model under the user's rules, and which of its arrays is which; PlanError where they
    do not fit each other."""
    words = source_vocabulary(checkpoint.writer, opened.writer, given.rules.documents)
    words = replace(words, custom=given.custom)
    draft = draft_of(checkpoint, words)
    draft.replacing = given.replacing
    graph = read_config(checkpoint.architecture or {}, checkpoint.writer, draft)
    applied = apply(graph, checkpoint, given.rules, words, beside=checkpoint is not opened)
    words, checkpoint, graph = replace(words, forks=applied.forks), applied.checkpoint, applied.graph
    bound = applied.bound
    if bound is None:
        graph, _ = as_packed(graph, checkpoint, words)
        bound = bound_arrays(graph, checkpoint, words)
    return graph, words, held_by(bound, checkpoint)


def _alone(opened: Checkpoint, given: Given, target: Supplied | None) -> Side:
    """Arrays alone: those of the target's layers if they can be, else of the layers that they look like."""
    known = mapping_of(opened.writer) is not None
    if opened.format in TENSORS_ALONE:
        own = {name: given.rules.declared(name) for doc in given.rules.documents for name in doc.layouts}
        parts, words, ignored = parts_named(opened, own)
        return Side(parts, words, None, ignored=ignored)
    opened = opened if known else replace(opened, writer=likely_writers(opened)[0])
    era = mapping_of(opened.writer) or ""
    if target is not None:
        try:
            parts, words = _as_the_target(opened, given, target)
            usual = source_vocabulary(opened.writer)
            return Side(parts, words, None, era, usual=usual)
        except (PlanError, SourceError):
            pass  # they are others, and the comparison says which
    parts, words, era = parts_alone(opened)
    return Side(parts, words, None, era)


def _as_the_target(opened: Checkpoint, given: Given, target: Supplied) -> tuple[tuple[Part, ...], Vocabulary]:
    """The arrays as those of the target's layers; PlanError if they cannot be."""
    graph, words, held = _read(opened, with_architecture(opened, target), given)
    groups = {name: group for group, names in opened.groups.items() for name in names}
    parts = (part for part in parts_of(graph, words, held) if part.arrays)
    return tuple(_called(part, groups, opened.format) for part in parts), words


def _called(part: Part, groups: Mapping[str, str], format: str) -> Part:
    """The part by the file's name for it: a store has none but its path, Keras 0 counts its layers."""
    if format == "keras-store":
        path = tuple(part.store.removeprefix("layers/").split("/layers/"))
        return replace(part, path=path, group=part.store, stated=False)
    if format == "keras0-weights":
        return replace(part, stated=False)
    group = groups[part.arrays[0].name]
    return replace(part, path=(group, *part.path[1:]), group=group, store="", stated=False)
