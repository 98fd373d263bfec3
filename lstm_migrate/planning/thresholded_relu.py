"""ThresholdedReLU, which Keras 3 lacks → ReLU with a threshold: both are x where x > theta, else 0."""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note


def translate_thresholded_relu(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The ReLU layer; theta's own default is 1.0, not ReLU's 0."""
    theta = float(layer.config.get("theta", 1.0))
    target = replace(layer, kind="ReLU", config={"threshold": theta})
    return Expansion((target,), notes=(Note("rebuilt", "/".join(path), f"ReLU(threshold={theta:g})"),))
