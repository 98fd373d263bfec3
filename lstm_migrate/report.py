"""What the commands return: Inspection, PlanReport and Report, each with a versioned JSON form.

They are plain values. Nothing here computes; the command line renders them, scripts read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA_VERSION = 1
PLACES_SHOWN = 6  # of a note that holds for many layers

Verdict = Literal["verified", "unproven", "failed", "inconclusive"]
CheckName = Literal["placement", "behaviour", "power", "recorded", "assumptions"]
NoteKind = Literal["dropped", "renamed", "assumed", "rebuilt", "converted", "left behind", "limit"]


@dataclass(frozen=True)
class Note:
    """One thing that a user may want to know: what was dropped, renamed, assumed, rebuilt …"""

    kind: NoteKind
    where: str
    text: str


def gathered(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes without repetitions; those that say the same of several places as one of all of them."""
    places: dict[tuple[NoteKind, str], dict[str, None]] = {}
    for note in notes:
        places.setdefault((note.kind, note.text), {})[note.where] = None
    return tuple(Note(kind, _listed(list(where)), text) for (kind, text), where in places.items())


def _listed(places: Sequence[str]) -> str:
    shown = ", ".join(places[:PLACES_SHOWN])
    more = len(places) - PLACES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True)
class Check:
    """One piece of evidence.

    `verdict`: what it shows; `detail`: one sentence for people; `measured`: the numbers behind it
    (largest error, tolerance, how the tolerance was derived, how many steps were left out …).
    `unproven`: the parts of the model that it could not reach, each "layer: reason".
    """

    name: CheckName
    verdict: Verdict
    detail: str
    measured: Mapping[str, Any]
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepLine:
    """One step of the plan as shown to people. `effect`: bitwise | exact | approximate."""

    text: str
    effect: str


@dataclass(frozen=True)
class TensorLine:
    """One target variable: which source tensors it is made of, and through which steps."""

    tensors: tuple[str, ...]
    role: str
    variable: str
    shape: tuple[int, ...]
    dtype: str
    steps: tuple[StepLine, ...]
    effect: str


@dataclass(frozen=True)
class LayerLine:
    """One source layer: kind, sizes and activations as the source means them; what it becomes."""

    path: str
    kind: str
    sizes: Mapping[str, int]
    activations: Mapping[str, str]
    layout: str
    parameters: int
    becomes: str


@dataclass(frozen=True)
class Source:
    """The file and its writer; `evidence` says how each guess is known."""

    path: str
    format: str
    bytes: int
    writer: str
    version: str
    backend: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """What `inspect` returns.

    `opens_in_keras_3`: "yes", "no: <reason>" or "yes, but computes something else: <reason>".
    `convert_would`: "convert" or "refuse: <reason>".
    """

    source: Source
    model: str
    layers: tuple[LayerLine, ...]
    parameters: int
    opens_in_keras_3: str
    convert_would: str
    notes: tuple[Note, ...] = ()

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class PlanReport:
    """What `plan` returns: everything convert would do, from headers alone."""

    source: Source
    model: str
    layers: tuple[LayerLine, ...]
    tensors: tuple[TensorLine, ...]
    notes: tuple[Note, ...] = ()

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class Report:
    """What `convert` and `verify` return. `verified` is True only if every check that ran says so."""

    source: Source
    target: str
    verdict: Verdict
    checks: tuple[Check, ...]
    tensors: tuple[TensorLine, ...]
    layers: tuple[LayerLine, ...]
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    backend: str = ""
    keras_version: str = ""

    @property
    def verified(self) -> bool:
        return self.verdict == "verified"

    def to_json(self) -> str:
        return _json(self)


def _json(value: Any) -> str:
    body = {"schema": SCHEMA_VERSION, "kind": type(value).__name__, **asdict(value)}
    if isinstance(value, Report):
        body["verified"] = value.verified
    return json.dumps(body, indent=2, default=str)
