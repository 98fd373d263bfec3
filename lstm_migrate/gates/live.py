"""Live layers: the gates of a Keras layer in memory.

Keras is not imported: layers are known by the names of their classes and of those that they derive from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lstm_migrate.errors import UsageError
from lstm_migrate.gates.block import Block
from lstm_migrate.gates.cell import Gates, Parts
from lstm_migrate.graph import Layer
from lstm_migrate.layouts.axes import solve
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Form
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary

# Classes of cells → the kind whose layout they have; `rank`: over how many axes a cell convolves.
CELLS: Mapping[str, str] = {
    "LSTMCell": "LSTMCell",
    "GRUCell": "GRUCell",
    "SimpleRNNCell": "SimpleRNNCell",
    "ConvLSTMCell": "ConvLSTM{rank}D",
}
# LSTM, GRU, SimpleRNN and the ConvLSTM layers derive from RNN, TimeDistributed from Wrapper.
THROUGH: Mapping[str, str] = {"RNN": "cell", "Wrapper": "layer"}
SEVERAL: Mapping[str, Callable[[Any], dict[str | int, Any]]] = {
    "Bidirectional": lambda layer: {"forward": layer.forward_layer, "backward": layer.backward_layer},
    "StackedRNNCells": lambda layer: dict(enumerate(layer.cells)),
}
WITH_GATES = (
    "an LSTM, GRU, SimpleRNN or ConvLSTM layer, one of their cells, or RNN, Bidirectional or TimeDistributed "
    "around one"
)

# Other things that people have in hand → what to do with them.
HINTS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((str, os.PathLike), "A file is opened with open_layers(path), which gives its layers by name."),
    ((list, tuple, np.ndarray), "Give the layer itself: arrays do not tell which gate they hold."),
)


def live_gates(layer: Any) -> Gates | Parts:
    """The gates of a live layer; UsageError if it has none, or no arrays yet."""
    found = _found(layer, _name(layer))
    if found is None:
        raise no_gates(layer)
    return found


def no_gates(layer: Any) -> UsageError:
    """The error for what has no gates."""
    hint = next((hint for kinds, hint in HINTS if isinstance(layer, kinds)), "")
    inner = [item for item in getattr(layer, "layers", None) or () if _has_gates(item)]
    if inner:
        hint = f"Layers of it that have gates: {', '.join(map(_name, inner))}."
    kind = type(layer).__name__
    return UsageError(f"{kind} has no gates", where=_name(layer), found=kind, expected=WITH_GATES, hint=hint)


def _name(layer: Any) -> str:
    return str(getattr(layer, "name", ""))


def _has_gates(layer: Any) -> bool:
    try:
        return _found(layer, "") is not None
    except UsageError:
        return True  # it only is not built yet


def _found(layer: Any, where: str) -> Gates | Parts | None:
    for name in (base.__name__ for base in type(layer).__mro__):
        if name in CELLS:
            return _cell(layer, name, where)
        if name in SEVERAL:
            inner = SEVERAL[name](layer)
            parts = {key: _found(part, f"{where}/{key}") for key, part in inner.items()}
            held = {key: part for key, part in parts.items() if part is not None}
            return Parts(where, held) if held else None
        if name in THROUGH:
            return _found(getattr(layer, THROUGH[name], None), where)
    return None


@cache
def _keras() -> Vocabulary:
    return target_vocabulary()


def _cell(cell: Any, name: str, where: str) -> Gates:
    if getattr(cell, "kernel", None) is None:
        raise UsageError(
            "the layer is not built, so it has no arrays yet",
            where=where,
            hint="Call it once on data, or build(input_shape), first.",
        )
    reset_after = bool(getattr(cell, "reset_after", False))
    kind = CELLS[name].format(rank=getattr(cell, "rank", ""))
    described = _keras().cell(Layer(where, kind, {"reset_after": reset_after}))
    assert described is not None, "every kind of the table has a layout"
    layout, sizes = described[0], described[0].sizes({})
    blocks: dict[str, Block] = {}
    for role in ("kernel", "recurrent_kernel", "bias"):
        variable = getattr(cell, role, None)
        if variable is not None:
            sizes = _sizes(layout, role, tuple(variable.shape), sizes, where)
            blocks |= _blocks(role, Form(layout.tensors[role].axes, sizes, layout.gates), variable)
    return Gates(where, layout.cell, blocks, reset_after)


def _sizes(
    layout: Layout, role: str, shape: tuple[int, ...], known: dict[str, int], where: str
) -> dict[str, int]:
    axes = layout.tensors[role].axes
    found = solve(axes, shape, known)
    if found is None:
        raise UsageError(
            f"its {role} does not lie as that of a stock {layout.cell} layer",
            where=where,
            found=str(shape),
            expected=f"{axes} with {', '.join(f'{name}={size}' for name, size in known.items())}",
        )
    return layout.sizes(found)


def _blocks(role: str, form: Form, variable: Any) -> dict[str, Block]:
    """The array as a block, or as two if it holds two biases."""
    value = variable.numpy()
    roles = (role, f"recurrent_{role}") if "set" in form.axes.symbols else (role,)
    places = (0, 1) if len(roles) > 1 else (None,)
    return {
        name: Block(form, lambda: value, place, variable) for name, place in zip(roles, places, strict=True)
    }
