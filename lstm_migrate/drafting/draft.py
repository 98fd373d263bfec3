"""Drafting a mapping file for a source: `drafted`, by what the source tells of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lstm_migrate.architecture.eras import read_config
from lstm_migrate.beside import FORMATS, Given
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.drafting.grouped import weights_alone, with_architecture
from lstm_migrate.drafting.layers import layers_of
from lstm_migrate.drafting.model import Listed, listed, renamed
from lstm_migrate.drafting.text import TensorDraft
from lstm_migrate.graph import Graph
from lstm_migrate.mapping.sources import source_vocabulary
from lstm_migrate.opening import draft_of
from lstm_migrate.planning.applying import TENSORS_ALONE
from lstm_migrate.readers import open_checkpoint


def drafted(source: Path, given: Given) -> str:
    """A commented mapping file that converts `source` as it is; headers only."""
    with open_checkpoint(source) as opened:
        if opened.format in TENSORS_ALONE:
            return _of_tensors(opened, given)
        if opened.architecture is not None or (given.architecture and not given.inferring):
            return with_architecture(opened, given)
        return weights_alone(opened)


def _of_tensors(checkpoint: Checkpoint, given: Given) -> str:
    layers = layers_of({name: info.shape for name, info in checkpoint.tensors.items()})
    model = listed(layers.found)
    if given.architecture is not None:
        model = renamed(model, _places(model, _graph(checkpoint, given)))
    format_ = FORMATS[checkpoint.format]
    return TensorDraft(checkpoint.path.name, format_, layers, model, given.architecture is not None).text()


def _graph(checkpoint: Checkpoint, given: Given) -> Graph:
    completed = given.completed(checkpoint)
    assert completed.architecture is not None
    words = source_vocabulary(completed.writer)
    return read_config(completed.architecture, completed.writer, draft_of(completed, words))


def _places(model: Sequence[Listed], graph: Graph) -> Mapping[int, str]:
    """Which layer of a given model each found one is: the next of its kind and size."""
    left = dict(graph.layers)
    found: dict[int, str] = {}
    for number, one in enumerate(model):
        kind = "Bidirectional" if one.bidirectional else one.kind
        for name, layer in left.items():
            inner = layer.children.get("forward_layer", layer) if one.bidirectional else layer
            units = inner.config.get("units", inner.config.get("output_dim", one.parts[0].units))
            if layer.kind == kind and units == one.parts[0].units:
                found[number] = name
                del left[name]
                break
    return found
