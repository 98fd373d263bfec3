"""Bidirectional → Keras 3's, its two layers translated each for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion, labelled
from lstm_migrate.planning.plan import Assignment

TranslateChild = Callable[[Layer, LayerPath, LayerPath], Expansion]


def translate_bidirectional(
    layer: Layer, path: LayerPath, child: TranslateChild, here: LayerPath, context: Context
) -> Expansion:
    """The Bidirectional layer with both translated layers; `here` is its path in the target."""
    children = {}
    assignments: tuple[Assignment, ...] = ()
    for label, inner in layer.children.items():
        expansion = child(inner, (*path, label), (*here, label))
        children[label] = expansion.layers[0]
        assignments += labelled(expansion, (layer.name,), label)
    return Expansion((replace(layer, children=children),), assignments)
