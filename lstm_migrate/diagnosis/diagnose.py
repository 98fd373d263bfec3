"""Diagnose: both sides are read, their layers paired and compared, and what was recorded is searched for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_migrate.beside import Given, PathLike
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.case import Case, Recorded
from lstm_migrate.diagnosis.finding import Finding
from lstm_migrate.diagnosis.fusing import fused
from lstm_migrate.diagnosis.matching import Matched, findings
from lstm_migrate.diagnosis.model import Side, target_side
from lstm_migrate.diagnosis.pairing import SILENT, paired
from lstm_migrate.diagnosis.source import FALLBACK, source_side
from lstm_migrate.diagnosis.trying import tried
from lstm_migrate.errors import PlanError
from lstm_migrate.mapping.sources import mapping_of
from lstm_migrate.planning.binding import PAIRED_BY_ORDER
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import Diagnosis

if TYPE_CHECKING:
    from lstm_migrate.verification.recorded import Recording

SAID_BY_RULES = frozenset({"layout", "bias", "activations", "to"})
"""What the rules for tensors settle: how they lie, what is computed, in which layer of the model."""

Progress = Callable[[str, int, int], None]


def diagnosed(
    source: PathLike, target: PathLike, given: Given, recording: Recording | None, advance: Progress
) -> Diagnosis:
    """The diagnosis of `source` against `target`; with a recording, also what reproduces it."""
    argument = os.fspath(target)
    with open_checkpoint(Path(source)) as opened:
        writer = opened.writer if mapping_of(opened.writer) is not None else FALLBACK
        other = target_side(argument, given.custom, writer)
        own, other = _compared(source_side(opened, given, other.supplied, argument), other)
        ordered = own.graph is not None or opened.format in PAIRED_BY_ORDER
        found = findings((own, other), paired(own.parts, other.parts, ordered=ordered))
        found = [(pair, [_as_mapped(one, own) for one in listed]) for pair, listed in found]
        recorded = _recorded(opened, own, other, found, recording, advance) if recording else Recorded()
        told = own.graph is not None and opened.architecture is not None and given.architecture is None
        mappings = tuple(os.fspath(file) for file in given.mapping)
        beside = os.fspath(given.architecture or "")
        case = Case(
            opened, argument, own, other, found, recorded, told, mappings, given.rules, architecture=beside
        )
        return tried(case, given).diagnosis()


def _as_mapped(one: Finding, own: Side) -> Finding:
    """The finding; what the user's rules mend already is none any more."""
    said = own.claims and one.cure is not None and (own.as_target or one.cure.facts.keys() <= SAID_BY_RULES)
    return replace(one, verdict="fits", why=f"{one.why}; so says the mapping", cure=None) if said else one


def _compared(own: Side, other: Side) -> tuple[Side, Side]:
    """Both sides with the layers that can be compared: of weights alone, those that have arrays."""
    if own.graph is None:
        return own, replace(other, parts=tuple(part for part in other.parts if part.arrays))
    return _acting(own), _acting(other)


def _acting(side: Side) -> Side:
    """The side without what acts in training alone, and with activations where they act."""
    assert side.graph is not None
    parts = tuple(part for part in side.parts if part.layer is None or part.layer.kind not in SILENT)
    return replace(side, parts=fused(parts, side.graph))


def _recorded(
    opened: Checkpoint, own: Side, other: Side, found: Matched, recording: Recording, advance: Progress
) -> Recorded:
    from lstm_migrate.diagnosis.computing import computed
    from lstm_migrate.diagnosis.sifting import reproduced

    try:
        model = computed(opened, own, other, found)
    except PlanError as error:
        return Recorded((f"not used: {error}",))
    result = reproduced(model, opened, recording, advance)
    contradicted = not result.fitting and not result.obstacle
    return Recorded(result.sentences(), result.facts(), contradicted, bool(result.fitting))
