"""Packing: cells whose arrays lie otherwise than their architecture says.

Weights of a CuDNNLSTM were loaded into an LSTM by Keras 2, a Keras 1 LSTM of consume_less="gpu" has
three arrays where another has twelve. With weights of their own, an architecture says what is computed;
how the arrays lie is for them to say, by their number and shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.graph import Graph, Layer, LayerPath
from lstm_migrate.mapping.document import Becomes
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import PAIRED_BY_ORDER, fits, pairs
from lstm_migrate.planning.slots import slots_of
from lstm_migrate.report import Note


def as_packed(graph: Graph, checkpoint: Checkpoint, vocabulary: Vocabulary) -> tuple[Graph, list[Note]]:
    """The graph with cells that lie as the arrays do, where another packing than the stated one fits."""
    notes: list[Note] = []
    if checkpoint.format not in PAIRED_BY_ORDER:
        return graph, notes
    layers = dict(graph.layers)
    for name, arrays in pairs(graph, checkpoint, vocabulary):
        layer = layers[name]
        if fits(slots_of(layer, vocabulary), arrays, checkpoint.tensors):
            continue
        for other, how in _variants(layer, vocabulary):
            if fits(slots_of(other, vocabulary), arrays, checkpoint.tensors):
                layers[name] = other
                said = f"its {len(arrays)} arrays lie as {how} says, not as the architecture does"
                notes.append(Note("converted", name, said))
                break
    return replace(graph, layers=layers), notes


def _variants(layer: Layer, vocabulary: Vocabulary) -> Iterator[tuple[Layer, str]]:
    """The layer with all its cells of one kind packed in another way."""
    kinds = dict.fromkeys(inner.kind for _, inner in layer.walk() if inner.kind in vocabulary.document.cells)
    for kind in kinds:
        for packing in vocabulary.document.cells[kind].packings:
            said = ", ".join(f"{key}={value}" for key, value in packing.config.items())
            yield _packed(layer, kind, packing, vocabulary), packing.kind or said


def _packed(layer: Layer, kind: str, packing: Becomes, vocabulary: Vocabulary) -> Layer:
    def changed(_: LayerPath, item: Layer) -> Layer:
        if item.kind != kind:
            return item
        config = {**item.config, **_meant(packing.config, vocabulary)}
        return replace(item, kind=packing.kind or kind, config=config)

    return layer.changed(changed)


def _meant(config: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        key: vocabulary.activation(value) if "activation" in key else value for key, value in config.items()
    }
