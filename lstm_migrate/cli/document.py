"""What a result says, in the order in which it is said; `render` and `terminal` draw it.

A document is a sequence of blocks: a sentence, named facts, or a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from lstm_migrate.report import (
    Check,
    Cost,
    Diagnosis,
    Element,
    Inspection,
    LayerLine,
    LostUnit,
    MappingCheck,
    MappingList,
    Note,
    PlanReport,
    Report,
    ResizeLine,
    Source,
    TensorLine,
    Trace,
)


@dataclass(frozen=True)
class Sentence:
    """One line of text; `verdict` colours it on a terminal."""

    text: str
    verdict: str = ""


@dataclass(frozen=True)
class Facts:
    """Named facts, one a line. A name that is empty continues the fact above."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under column names. Columns named in `numbers` are aligned to the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """Lines as they are, to be copied into a file."""

    title: str
    lines: tuple[str, ...]


Block = Sentence | Facts | Table | Text
Document = tuple[Block, ...]

DECLARED = (
    "verified as declared: {target} computes what {source} does if the mapping file is right; only recorded "
    "outputs can show that"
)
LOSSY = "verified, with losses: {target} computes what {source} does, but for the changes listed here"
VERDICTS = {
    "verified": "verified: {target} computes what {source} computed",
    "unproven": "unproven: {target} was checked, but not in all its parts",
    "failed": "failed: the converted model does not compute what {source} computed",
    "inconclusive": "inconclusive: the checks could decide nothing",
}


SINGULAR = {"classes": "class", "layers of a model": "layer of a model"}


@singledispatch
def of(value: object) -> Document:
    """The document for an Inspection, a PlanReport, a Report or a Diagnosis."""
    raise TypeError(f"nothing to say about a {type(value).__name__}")


@of.register
def _inspection(value: Inspection) -> Document:
    facts = Facts(
        (
            *_source(value.source),
            ("model", value.model),
            ("parameters", f"{value.parameters:,}"),
            ("Keras 3 opens it", value.opens_in_keras_3),
            ("convert would", value.convert_would),
        )
    )
    return (facts, *_layers(value.layers), *_notes(value.notes))


@of.register
def _plan(value: PlanReport) -> Document:
    facts = Facts((*_source(value.source), ("model", value.model)))
    sizes = (*_resized(value.resized), *_lost(value.lost))
    tables = (*_layers(value.layers), *_tensors(value.tensors), *sizes, *_notes(value.notes))
    return (facts, *tables, *(block for trace in value.trace for block in _trace(trace)))


@of.register
def _report(value: Report) -> Document:
    sentence = _headline(value).format(source=value.source.path, target=value.target)
    facts = Facts(
        (
            *_source(value.source),
            ("target", value.target),
            ("checked with", f"Keras {value.keras_version} on {value.backend}, {value.seconds:.1f} s"),
            ("arrays", _effects(value.tensors)),
        )
    )
    return (
        Sentence(sentence, value.verdict),
        facts,
        *_checks(value.checks),
        *_costs(value.costs),
        *_layers(value.layers),
        *_resized(value.resized),
        *_lost(value.lost),
        *_notes(value.notes),
    )


@of.register
def _diagnosis(value: Diagnosis) -> Document:
    facts = Facts(
        (
            *_source(value.source),
            ("against", value.target),
            *((("Keras says", value.keras_says),) if value.keras_says else ()),
            *(("recorded" if not number else "", said) for number, said in enumerate(value.recorded)),
        )
    )
    rows = tuple((line.source, line.target, line.what, line.verdict, line.why) for line in value.lines)
    columns = ("source layer", "target layer", "what", "verdict", "why")
    mapping = Text("Mapping file", tuple(value.mapping.splitlines()))
    return (
        Sentence(value.sentence, value.verdict),
        facts,
        *((Table("Layers", columns, rows),) if rows else ()),
        *_notes(value.notes),
        *((mapping,) if value.mapping else ()),
    )


@of.register
def _mapping_list(value: MappingList) -> Document:
    files = tuple((line.name, line.summary) for line in value.mappings)
    layouts = tuple(
        (layout.name, layout.of, layout.summary) for line in value.mappings for layout in line.layouts
    )
    return (
        Table("Mapping files", ("file", "what it declares"), files),
        Table("Layouts", ("layout", "of", "how it is stored"), layouts),
    )


@of.register
def _mapping_check(value: MappingCheck) -> Document:
    counts = [_counted(name, count) for name, count in value.contents.items() if count]
    sentence = f"{value.file}: fine: {', '.join(counts) or 'nothing is said'}"
    if value.plan is None:
        return (Sentence(sentence, "verified"), *map(Sentence, value.remarks))
    fits = f"{value.plan.source.path}: {_counted('tensors', len(value.plan.tensors))} are set"
    said = (Sentence(sentence, "verified"), *map(Sentence, value.remarks), Sentence(fits, "verified"))
    return (*said, *_layers(value.plan.layers))


def _counted(name: str, count: int) -> str:
    return f"{count} {name if count > 1 else SINGULAR.get(name, name.removesuffix('s'))}"


def _headline(value: Report) -> str:
    if not value.verified:
        return VERDICTS[value.verdict]
    if any(tensor.effect == "approximate" for tensor in value.tensors):
        return LOSSY
    kinds = {note.kind for note in value.notes}
    # What is written in a layout is no claim about how somebody else's file is.
    declared = "declared" in kinds and "read back" not in kinds
    recorded = any(check.name == "recorded" for check in value.checks)
    return DECLARED if declared and not recorded else VERDICTS["verified"]


def _source(source: Source) -> Iterator[tuple[str, str]]:
    yield "source", source.path
    yield "format", f"{source.format}, {_size(source.bytes)}"
    backend = f" on {source.backend}" if source.backend else ""
    yield "written by", f"{source.writer} {source.version}".rstrip() + backend
    for evidence in source.evidence:
        yield "", evidence


def _layers(layers: Sequence[LayerLine]) -> Iterator[Table]:
    rows = tuple(
        (
            layer.path,
            layer.kind,
            _pairs(layer.sizes),
            _pairs({_plain(name): value for name, value in layer.activations.items()}),
            layer.layout,
            f"{layer.parameters:,}",
            layer.becomes,
        )
        for layer in layers
    )
    columns = ("layer", "kind", "sizes", "activations", "layout", "parameters", "becomes")
    if rows:
        yield Table("Layers", columns, rows, numbers=("parameters",))


def _tensors(tensors: Sequence[TensorLine]) -> Iterator[Table]:
    rows = tuple(
        (
            ", ".join(tensor.tensors),
            tensor.role,
            tensor.variable,
            "×".join(map(str, tensor.shape)) or "scalar",
            tensor.dtype,
            "; ".join(step.text for step in tensor.steps) or "as it is",
            tensor.effect,
        )
        for tensor in tensors
    )
    columns = ("tensor name", "role", "variable path", "shape", "dtype", "steps", "effect")
    if rows:
        yield Table("Tensors", columns, rows)


def _resized(lines: Sequence[ResizeLine]) -> Iterator[Table]:
    if lines:
        rows = tuple(
            (line.tensor, line.axis, f"{line.before} → {line.after}", " and ".join(line.of), line.effect)
            for line in lines
        )
        yield Table("Resized", ("tensor", "axis", "size", "with", "effect"), rows)


LOST_SHOWN = 8
"""Of each layer, those that said most: what is not shown weighs less, and all are in the JSON form."""


def _lost(units: Sequence[LostUnit]) -> Iterator[Table]:
    """What went, layer by layer, the most salient first."""
    layers: dict[str, list[LostUnit]] = {}
    for unit in units:
        layers.setdefault(unit.layer, []).append(unit)
    rows: list[tuple[str, ...]] = []
    for layer, gone in layers.items():
        ranked = sorted(gone, key=lambda unit: -(unit.salience or 0.0))
        for unit in ranked[:LOST_SHOWN]:
            salience = "" if unit.salience is None else _number(unit.salience)
            rows.append((layer, f"{unit.unit} {unit.name}".strip(), salience))
        if len(ranked) > LOST_SHOWN:
            rows.append((layer, f"and {len(ranked) - LOST_SHOWN} more", ""))
    if rows:
        yield Table("Lost", ("layer", "what", "salience"), tuple(rows), numbers=("salience",))


def _costs(costs: Sequence[Cost]) -> Iterator[Table]:
    """What the losses do to the outputs; below each line the same without what was fitted."""
    rows = []
    for cost in costs:
        rows.append(_cost(cost, cost.inputs))
        if cost.plain is not None:
            rows.append(_cost(cost.plain, f"{cost.inputs}, if nothing were refitted"))
    columns = ("output", "on", "largest change", "mean change", "largest output", "same choice")
    if rows:
        yield Table("Cost", columns, tuple(rows), numbers=columns[2:])


def _cost(cost: Cost, on: str) -> tuple[str, ...]:
    agreement = "" if cost.agreement is None else f"{cost.agreement:.1%}"
    return cost.where, on, *map(_number, (cost.max, cost.mean, cost.scale)), agreement


def _trace(trace: Trace) -> Iterator[Block]:
    """Where an element comes from: what is read, each step with where the element then stands, what it is."""
    yield Sentence(f"{_element(trace.target)} comes from {_said_origins(trace)}")
    rows = [("the file", _element(origin.element), origin.element.meaning, "") for origin in trace.origins]
    for station in trace.stations:
        at = " and ".join(map(_indexed, station.at))
        shape = "×".join(map(str, station.shape)) or "scalar"
        rows.append((station.text, f"{at} of {shape}", "", station.arithmetic))
    rows.append(("the new model", _element(trace.target), trace.target.meaning, ""))
    yield Table("The way", ("step", "where it stands", "what it is", "arithmetic"), tuple(rows))
    back = tuple(
        (_element(origin.element), _element(landed), landed.meaning)
        for origin in trace.origins
        for landed in origin.lands
    )
    if back:
        yield Table("And back", ("element of the file", "goes into", "what that is"), back)


def _said_origins(trace: Trace) -> str:
    named = " and ".join(_element(origin.element) for origin in trace.origins)
    return named or trace.unmade


def _element(element: Element) -> str:
    return f"{element.array}{_indexed(element.index)}"


def _indexed(index: Sequence[int]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _checks(checks: Sequence[Check]) -> Iterator[Table]:
    if checks:
        rows = tuple(
            (check.name, check.verdict, check.detail, _pairs(_short(check.measured))) for check in checks
        )
        yield Table("Evidence", ("check", "verdict", "what it shows", "measured"), rows)
    unproven = tuple((check.name, part) for check in checks for part in check.unproven)
    if unproven:
        yield Table("Not proven", ("check", "part"), unproven)


def _notes(notes: Sequence[Note]) -> Iterator[Table]:
    if notes:
        rows = tuple((note.kind, note.where, note.text) for note in notes)
        yield Table("Notes", ("kind", "where", "what"), rows)


def _effects(tensors: Sequence[TensorLine]) -> str:
    counts = Counter(tensor.effect for tensor in tensors)
    parts = [f"{counts[effect]} {effect}" for effect in ("bitwise", "exact", "approximate") if counts[effect]]
    return f"{len(tensors)} ({', '.join(parts)})" if parts else "none"


def _short(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The single numbers and words; lists and tables are in the JSON form."""
    return {name: value for name, value in measured.items() if isinstance(value, bool | int | float | str)}


def _pairs(values: Mapping[str, Any]) -> str:
    pairs = (f"{name.replace('_', ' ')} {_number(value)}".strip() for name, value in values.items())
    return ", ".join(pairs)


def _plain(name: str) -> str:
    """`recurrent_activation` in a column that is headed "activations"."""
    return name.replace("activation", "").strip("_")


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
