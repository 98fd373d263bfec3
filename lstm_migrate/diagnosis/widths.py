"""Widths: how many features each layer of a model is fed with, as far as its config tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lstm_migrate.graph import Graph, Layer, LayerPath, Ref, leaves
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.features import Features, Width

SIDES = ("1D", "2D", "3D")
POOLS = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
POOLING = frozenset(f"{kind}{side}" for kind in POOLS for side in SIDES)
SPATIAL = POOLING | {f"{kind}{side}" for kind in ("Conv", "ConvLSTM", "SeparableConv") for side in SIDES}


def fed_widths(graph: Graph, vocabulary: Vocabulary, config: Mapping[str, Any]) -> dict[LayerPath, int]:
    """By the path of each layer; `config` is the one of which `graph` was made."""
    features = Widths(Context(vocabulary, vocabulary, {}, {}, "", {}))
    return {**dict(_followed(features, graph, ())), **dict(_built(config, graph, ()))}


class Widths(Features):
    """Features along the graph; through convolutions too, where the last axis is theirs."""

    def _through(self, layer: Layer, path: LayerPath, fed: Width) -> Width:
        if layer.kind in SPATIAL and not _has_channels_first(layer):
            return fed if layer.kind in POOLING else layer.config.get("filters")
        return super()._through(layer, path, fed)


def widths_inside(layer: Layer, path: LayerPath, fed: int | None) -> dict[LayerPath, int]:
    """What reaches the layer itself and each one that it wraps."""
    if fed is None:
        return {}
    found = {path: fed}
    for label, child in layer.children.items():
        found |= widths_inside(child, (*path, label), fed)
        if layer.kind == "StackedRNNCells":
            fed = child.config.get("units", fed)
    return found


def _followed(features: Features, graph: Graph, path: LayerPath) -> Iterator[tuple[LayerPath, int]]:
    """From layer to layer, along the features that each puts out."""
    known = features.follow(graph, path)
    for call in graph.calls:
        layer, here = graph.layers[call.layer], (*path, call.layer)
        if layer.graph is not None:
            yield from _followed(features, layer.graph, here)
            continue
        fed = [leaf for leaf in leaves(call.args[:1]) if isinstance(leaf, Ref)]
        width = known.get(fed[0]) if len(fed) == 1 else None
        if width is not None and not _has_channels_first(layer):
            yield here, width


def _has_channels_first(layer: Layer) -> bool:
    """Whether the last axis is none of features."""
    return any(inner.config.get("data_format") == "channels_first" for _, inner in layer.walk())


def _built(config: Any, graph: Graph, path: LayerPath) -> Iterator[tuple[LayerPath, int]]:
    """What Keras 3 writes of how it built each layer."""
    inner = config.get("config") if isinstance(config, Mapping) else None
    listed = inner.get("layers") if isinstance(inner, Mapping) else None
    for entry in listed if isinstance(listed, list) else []:
        own = entry.get("config") if isinstance(entry, Mapping) else None
        name = own.get("name") if isinstance(own, Mapping) else None
        layer = graph.layers.get(name) if isinstance(name, str) else None
        if layer is None:
            continue
        if layer.graph is not None:
            yield from _built(entry, layer.graph, (*path, layer.name))
        else:
            width = _last(entry.get("build_config"), layer)
            if width is not None:
                yield (*path, layer.name), width


def _last(built: Any, layer: Layer) -> int | None:
    shape = built.get("input_shape") if isinstance(built, Mapping) else None
    if not isinstance(shape, list) or len(shape) < 2:
        return None
    width = shape[1 if layer.config.get("data_format") == "channels_first" else -1]
    return width if type(width) is int else None
