"""TimeDistributedMerge of Keras 0, which Keras 3 lacks → one operation over all time steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.architecture.drafting import text
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, LayerPath, Ref
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note

OPERATIONS: Mapping[str, str] = {"sum": "sum", "ave": "mean", "mul": "prod"}


def translate_merged_steps(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The operation; it takes no mask, as the old layer did not."""
    mode = layer.config.get("mode", "sum")
    operation = OPERATIONS.get(mode) if isinstance(mode, str) else None
    if operation is None:
        raise PlanError(
            "an unknown mode",
            where="/".join(path),
            found=text(mode),
            expected=f"one of {', '.join(OPERATIONS)}",
        )

    def computed(wires: Wires, x: Any) -> Ref:
        return wires.operation("", operation, x=x, axis=1)

    layers, wiring = wired(layer, computed)
    note = Note("rebuilt", "/".join(path), f"{layer.kind} as keras.ops.{operation} over time")
    return Expansion(layers, (), (note,), wiring)
