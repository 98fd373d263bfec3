"""Highway, which Keras 3 lacks → two Dense layers and three merges.

y = act·T + (1 − T)·x, where T = sigmoid(x·W_carry + b_carry), is written as (act − x)·T + x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Layer, LayerPath, Ref, WeightKey
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note

# The gate's arrays, by the names that they have in a Dense layer.
GATE: Mapping[str, str] = {"kernel": "carry_kernel", "bias": "carry_bias"}
OWN = frozenset({"paired", "activity_regularizer"})


def translate_highway(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layers that compute the same; their widths are those of the kernel."""
    width = context.info(WeightKey(path, "kernel")).shape[-1]
    config: dict[str, Any] = {key: value for key, value in layer.config.items() if key not in OWN}
    config["units"] = width
    inner = replace(layer, name=f"{layer.name}_transformed", kind="Dense", config=config)
    transformed = translate_plain(inner, path, context)
    gate = replace(inner, name=f"{layer.name}_gate", config=_gate_config(config, context))
    found = [
        context.assignment(gate, role, (context.bound[key],), (), context.info(key).shape)
        for role, own in GATE.items()
        if (key := WeightKey(path, own)) in context.bound
    ]
    regularizer = layer.config.get("activity_regularizer")
    last = {"activity_regularizer": regularizer} if regularizer else {}

    def computed(wires: Wires, x: Any) -> Ref:
        act = x
        for part in transformed.layers:
            act = wires.call(part, act)
        share = wires.call(gate, x)
        change = wires.stock("change", "Subtract", [act, x])
        return wires.stock("", "Add", [wires.stock("let_through", "Multiply", [change, share]), x], **last)

    layers, wiring = wired(layer, computed)
    note = Note("rebuilt", "/".join(path), "Highway as two Dense layers, Subtract, Multiply and Add")
    assignments = (*transformed.assignments, *found)
    return Expansion(layers, assignments, (*transformed.notes, note), wiring, (width,))


def _gate_config(config: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Regularizers and constraints were for the other kernel and bias alone."""
    kept = {key: config[key] for key in ("units", "use_bias", "kernel_initializer") if key in config}
    return {**kept, "activation": context.target.activation("sigmoid")}
