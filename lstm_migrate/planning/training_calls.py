"""Calls with training=True, e.g. dropout that stays on: what Keras 3 makes of them is said."""

from __future__ import annotations

from lstm_migrate.graph import Graph, LayerPath
from lstm_migrate.report import Note

SAID = (
    "called with training=True: the call keeps it, but Keras 3 heeds it only where the model is called "
    "without `training`, as model(x); predict() and evaluate() switch it off"
)


def training_notes(source: Graph, path: LayerPath) -> list[Note]:
    """A note for each layer of one model that is called so."""
    names = dict.fromkeys(call.layer for call in source.calls if call.kwargs.get("training"))
    return [Note("limit", "/".join((*path, name)), SAID) for name in names]
