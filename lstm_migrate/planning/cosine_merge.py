"""Keras 1's merge mode "cos", which Keras 3 lacks → three Dot layers and a quotient.

l1·l2 / max(√(l1·l1 · l2·l2), 1e-7). Keras 3's Dot(normalize=True) has its floor under each norm, not under
their product, and no axis more.
"""

from __future__ import annotations

from typing import Any

from lstm_migrate.graph import Layer, LayerPath, Ref
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note

FLOOR = 1e-7


def translate_cosine_merge(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layers that compute the same, an axis of one behind the batch included."""
    axes = layer.config["axes"]

    def computed(wires: Wires, fed: Any) -> Ref:
        first, second = fed
        product = wires.stock("product", "Dot", [first, second], axes=axes)
        squares = wires.operation(
            "squares",
            "multiply",
            x1=wires.stock("first_square", "Dot", [first, first], axes=axes),
            x2=wires.stock("second_square", "Dot", [second, second], axes=axes),
        )
        norms = wires.operation("norms", "maximum", x1=wires.operation("root", "sqrt", x=squares), x2=FLOOR)
        if not layer.config.get("gains_axis"):
            return wires.operation("", "divide", x1=product, x2=norms)
        cosine = wires.operation("cosine", "divide", x1=product, x2=norms)
        return wires.operation("", "expand_dims", x=cosine, axis=1)

    layers, wiring = wired(layer, computed)
    note = Note("rebuilt", "/".join(path), 'merge mode "cos" as three Dot layers and a quotient')
    return Expansion(layers, (), (note,), wiring)
