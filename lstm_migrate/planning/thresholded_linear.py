"""ThresholdedLinear of Keras 0, which Keras 3 lacks → operations: 0 where |x| < theta, else x."""

from __future__ import annotations

from typing import Any

from lstm_migrate.graph import Layer, LayerPath, Ref
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note


def translate_thresholded_linear(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The operations; the hard shrink of Keras 3 also drops what lies on the threshold."""
    theta = float(layer.config.get("theta", 1.0))

    def computed(wires: Wires, x: Any) -> Ref:
        size = wires.operation("size", "absolute", x=x)
        small = wires.operation("small", "less", x1=size, x2=theta)
        return wires.operation("", "where", condition=small, x1=0.0, x2=x)

    layers, wiring = wired(layer, computed)
    note = Note("rebuilt", "/".join(path), f"ThresholdedLinear(theta={theta:g}) as operations")
    return Expansion(layers, (), (note,), wiring)
