"""Keras 1's BatchNormalization of mode 1, which Keras 3 lacks → operations and an EinsumDense.

Each sample is normalised along its last axis: (x − mean) / (√(var + ε) + ε). LayerNormalization adds no
second ε. The moving statistics in the file are never computed with in this mode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_migrate.graph import Activation, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.layouts.steps import Gather, Join
from lstm_migrate.planning.affine import Affine
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note

UNUSED = ("moving_mean", "moving_variance")


def translate_sample_normalization(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The operations that compute the same, and the layer that scales and shifts."""
    key = WeightKey(path, "gamma")
    affine = Affine(context.info(key).shape)
    dense = affine.layer(layer.name, layer, Activation("linear"), biased=True)
    epsilon = float(layer.config["epsilon"])

    def computed(wires: Wires, x: Any) -> Ref:
        along = {"axis": -1, "keepdims": True}
        centred = wires.operation(
            "centred", "subtract", x1=x, x2=wires.operation("mean", "mean", x=x, **along)
        )
        spread = wires.operation("variance", "var", x=x, **along)
        if layer.config.get("epsilon_inside"):
            spread = wires.operation("floored", "add", spread, epsilon)
        root = wires.operation("deviation", "sqrt", x=spread)
        divisor = wires.operation("divisor", "add", root, epsilon)
        return wires.call(dense, wires.operation("normalized", "divide", x1=centred, x2=divisor))

    layers, wiring = wired(layer, computed)
    found = (_gamma(dense, path, context), affine.assigned(dense, "bias", WeightKey(path, "beta"), context))
    said = "each sample normalised by operations, then scaled by EinsumDense"
    return Expansion(layers, found, (Note("rebuilt", "/".join(path), said),), wiring, affine.shape)


def _gamma(dense: Layer, path: LayerPath, context: Context) -> Assignment:
    """The factor, taken from among the arrays that mode 1 stores and those that it never reads."""
    keys = [WeightKey(path, role) for role in (*UNUSED, "gamma")]
    (width,) = context.info(keys[-1]).shape
    start = len(UNUSED) * width
    steps = (
        Join("array", len(keys), (width,)),
        Gather(
            "gamma; the moving statistics are never used in mode 1",
            (width,),
            start + width,
            lambda: np.arange(start, start + width),
        ),
    )
    return context.assignment(dense, "kernel", tuple(context.bound[key] for key in keys), steps, (width,))
