"""Unmasked: where a source loses a mask between two layers, a copy of the values, which carries none."""

from __future__ import annotations

from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion


def translate_unmasked(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """A copy in the layer's place."""
    return Expansion((Layer(layer.name, "ops.copy"),))
