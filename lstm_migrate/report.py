"""What the commands return: Inspection, PlanReport and Report, each with a versioned JSON form.

They are plain values. Nothing here computes; the command line renders them, scripts read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lstm_migrate.errors import Problem

SCHEMA_VERSION = 1
PLACES_SHOWN = 6  # of a note that holds for many layers

Verdict = Literal["verified", "unproven", "failed", "inconclusive"]
CheckName = Literal[
    "placement",
    "behaviour",
    "power",
    "resized placement",
    "resized behaviour",
    "resized power",
    "recorded",
    "assumptions",
]
FitVerdict = Literal["fits", "differs", "missing", "extra"]
NoteKind = Literal[
    "dropped",
    "renamed",
    "assumed",
    "declared",
    "tensor",
    "rebuilt",
    "converted",
    "left behind",
    "resized",
    "limit",
    "read back",
]


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
class ResizeLine:
    """One axis of an array that a resizing changes, or of the model's inputs and outputs.

    `axis`: the symbol by which layouts call it, or its number; `of`: which changes it came from, e.g.
    ("units of lstm_1",); `effect`: what that makes of the model: bitwise | exact | approximate.
    """

    tensor: str
    axis: str
    before: int
    after: int
    of: tuple[str, ...]
    effect: str


@dataclass(frozen=True)
class LostUnit:
    """A unit, feature or token of a layer that the new model lacks.

    `salience`: how much it said to what reads it, None where nothing measured it; `name`: a token's text.
    """

    layer: str
    unit: int
    salience: float | None = None
    name: str = ""


@dataclass(frozen=True)
class Cost:
    """How far a resized model is from the full one at one output, both as they compute.

    `where`: the layer that makes the output; `inputs`: on which inputs. `max` and `mean` of the absolute
    change, `scale` the largest output of the full model; `agreement`: of how many samples (or steps) the
    greatest of the last axis is the same one, None where there is no choice. `plain`: the same without what
    was fitted to make up for what went, None if nothing was.
    """

    where: str
    inputs: Literal["probes", "recorded", "given"]
    max: float
    mean: float
    scale: float
    agreement: float | None = None
    plain: Cost | None = None


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
class Element:
    """One number of an array. `index` as NumPy takes it; `meaning`: which gate, unit, feature … it is."""

    array: str
    index: tuple[int, ...]
    meaning: str


@dataclass(frozen=True)
class Origin:
    """One number of a source tensor, and every number of the new model that it goes into."""

    element: Element
    lands: tuple[Element, ...]


@dataclass(frozen=True)
class Station:
    """A step on an element's way, the shape that it leaves and where in it the element then stands.

    `at`: several places if several elements are about to be one. `arithmetic`: what becomes of the number.
    """

    text: str
    shape: tuple[int, ...]
    at: tuple[tuple[int, ...], ...]
    arithmetic: str


@dataclass(frozen=True)
class Trace:
    """Where one number of the new model comes from. `unmade`: what it is if from no tensor."""

    target: Element
    origins: tuple[Origin, ...]
    stations: tuple[Station, ...]
    unmade: str = ""


@dataclass(frozen=True)
class PlanReport:
    """What `plan` returns: everything convert would do, from headers alone."""

    source: Source
    model: str
    layers: tuple[LayerLine, ...]
    tensors: tuple[TensorLine, ...]
    notes: tuple[Note, ...] = ()
    trace: tuple[Trace, ...] = ()
    resized: tuple[ResizeLine, ...] = ()
    lost: tuple[LostUnit, ...] = ()

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class Report:
    """What `convert` and `verify` return. `verified` is True only if every check that ran says so.

    `resized`, `lost` and `costs`: what a change of sizes did, what went for it, and what that does to the
    outputs.
    """

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
    resized: tuple[ResizeLine, ...] = ()
    lost: tuple[LostUnit, ...] = ()
    costs: tuple[Cost, ...] = ()

    @property
    def verified(self) -> bool:
        return self.verdict == "verified"

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class DiagnosisLine:
    """One layer of the source beside its layer of the target, "" where there is none; a further line for
    each thing in which they differ. `what`: the layer, or what of it; `why`: the words for it."""

    source: str
    target: str
    what: str
    verdict: FitVerdict
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` returns.

    `verdict`: the weights fit the target as it is ("fits"), under the mapping file given here ("mended"), or
    something cannot be mended ("misfit"): `ways_out` says what to do about that. `sentence`: the same for
    people. `keras_says`: which message Keras itself has for this pair, and what it means. `lossy`: the
    mapping gives up a part of the model. `recorded`: what reproduces the recorded outputs.
    """

    source: Source
    target: str
    verdict: Literal["fits", "mended", "misfit"]
    sentence: str
    lines: tuple[DiagnosisLine, ...]
    keras_says: str = ""
    ways_out: tuple[str, ...] = ()
    mapping: str = ""
    lossy: bool = False
    recorded: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the weights can be carried over, as they are or with the mapping."""
        return self.verdict != "misfit"

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class LayoutLine:
    """A layout that a mapping file declares. `of`: its cell ("lstm"), or the class of another layer."""

    name: str
    of: str
    summary: str


@dataclass(frozen=True)
class MappingLine:
    """A shipped mapping file and the layouts that it declares itself."""

    name: str
    summary: str
    layouts: tuple[LayoutLine, ...]


@dataclass(frozen=True)
class MappingList:
    """What `mappings list` returns."""

    mappings: tuple[MappingLine, ...]

    def to_json(self) -> str:
        return _json(self)


@dataclass(frozen=True)
class MappingCheck:
    """What `mappings check` returns: how much a mapping file says, or everything that is wrong in it.

    `contents`: what it holds, e.g. {"layouts": 2, "rules": 1}. `plan`: what it makes of a source, if one was
    given. `remarks`: what is no mistake, but hardly meant.
    """

    file: str
    fine: bool
    contents: Mapping[str, int]
    problems: tuple[Problem, ...] = ()
    plan: PlanReport | None = None
    remarks: tuple[str, ...] = ()

    def to_json(self) -> str:
        return _json(self)


def _json(value: Any) -> str:
    body = {"schema": SCHEMA_VERSION, "kind": type(value).__name__, **asdict(value)}
    if isinstance(value, Report):
        body["verified"] = value.verified
    return json.dumps(body, indent=2, default=str)
