"""Computing: the model that the recorded outputs are of, on the source's own arrays, with cells that can be
computed in other ways than declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.kinds import comparable
from lstm_migrate.diagnosis.matching import Matched
from lstm_migrate.diagnosis.meaning import config_of
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.part import Part
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Graph, Layer, LayerPath, Ref, WeightKey, leaves
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.reference.semantics import Semantics

VARIED = frozenset({"LSTM", "GRU", "SimpleRNN"})
STOCK = {"CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU"}


@dataclass(frozen=True)
class Cell:
    """A cell of the model as its source stores it. `source`: the rule's name for the layer around it;
    `letters`: what the user calls its gates."""

    layer: Layer
    layout: Layout
    source: str
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Computed:
    """A model with everything that its reference needs; `names`: the tensors, by where they belong.

    `head`: the Dense layer that gives the output, where no config of the source tells its activation, with
    the rule's name for it.
    """

    graph: Graph
    names: Mapping[WeightKey, str]
    cells: Mapping[LayerPath, Cell]
    semantics: Semantics
    head: tuple[LayerPath, str] | None = None


def computed(opened: Checkpoint, own: Side, other: Side, matched: Matched) -> Computed:
    """The source's own model, or the target with the source's sizes; PlanError where layers lack arrays."""
    words = own.vocabulary
    semantics = Semantics(**words.semantics(opened.writer.backend, opened.architecture)[0])
    if own.graph is not None:
        names = {key: held.name for key, held in own.held.items()}
        cells = dict(_cells(own.graph, words, {part.path: part.name for part in own.parts}))
        if own.claims:
            cells = {path: _lettered(path, cell, own) for path, cell in cells.items()}
        head = _head(own.graph, {}) if own.as_target else None
        return Computed(_stored(own.graph, cells), names, cells, semantics, head)
    assert other.graph is not None
    sized, names, called = _sized(matched, words)
    graph = other.graph.changed(lambda path, layer: sized.get(path, layer))
    cells = dict(_cells(graph, words, called))
    return Computed(_stored(graph, cells), names, cells, semantics, _head(graph, called))


def _lettered(path: LayerPath, cell: Cell, own: Side) -> Cell:
    return replace(cell, letters=own.claims[path].declared.letters) if path in own.claims else cell


def _head(graph: Graph, called: Mapping[LayerPath, str]) -> tuple[LayerPath, str] | None:
    last = [leaf.layer for leaf in leaves(graph.outputs) if isinstance(leaf, Ref)]
    layer = graph.layers[last[0]] if len(last) == 1 else None
    if layer is None or layer.kind != "Dense":
        return None
    path = (layer.name,)
    return path, called.get(path, layer.name)


def _sized(
    matched: Matched, words: Vocabulary
) -> tuple[dict[LayerPath, Layer], dict[WeightKey, str], dict[LayerPath, str]]:
    """The target's layers with the kinds and sizes of the source's, and where the arrays belong in them."""
    layers: dict[LayerPath, Layer] = {}
    names: dict[WeightKey, str] = {}
    called: dict[LayerPath, str] = {}
    for pair, _ in matched:
        source, target = pair.source, pair.target
        if source is None or target is None or not comparable(source, target):
            part = target or source
            raise PlanError(
                f"{part.name if part else ''!r} has no counterpart, so the recorded outputs say nothing",
                hint="Pass the architecture of the source with --architecture.",
            )
        called[target.path] = source.name
        for (label, layer), keys in _inside(source, target, words):
            layers[*target.path, *label] = layer
            names |= keys
    return layers, names, called


def _inside(
    source: Part, target: Part, words: Vocabulary
) -> Iterator[tuple[tuple[LayerPath, Layer], dict[WeightKey, str]]]:
    for own, other in zip(source.cores, target.cores, strict=True):
        label = tuple(other.label.split("/")) if other.label else ()
        kind = STOCK.get(own.layer.kind, other.layer.kind)
        config = {**other.layer.config, **own.layer.config}
        if own.layer.kind in STOCK:
            config |= {**config_of(own.layer, words), "packed": "cudnn"}
        layer = replace(other.layer, kind=kind, config=config, storage=own.layer.storage)
        path = (*target.path, *label)
        yield (label, layer), {WeightKey(path, held.role): held.name for held in own.arrays}


def _cells(
    graph: Graph, words: Vocabulary, called: Mapping[LayerPath, str]
) -> Iterator[tuple[LayerPath, Cell]]:
    for path, layer in graph.walk():
        found = words.cell(layer)
        if found is None or layer.graph is not None:
            continue
        family = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}[found[0].cell]
        kind = STOCK.get(layer.kind, layer.kind)
        if kind.removesuffix("Cell") not in VARIED or family != kind.removesuffix("Cell"):
            continue
        name = next(
            (said for end in range(len(path), 0, -1) if (said := called.get(path[:end]))), "/".join(path)
        )
        yield path, Cell(replace(layer, kind=kind, config=config_of(layer, words)), found[0], name)


def _stored(graph: Graph, cells: Mapping[LayerPath, Cell]) -> Graph:
    return graph.changed(lambda path, layer: cells[path].layer if path in cells else layer)
