"""Meaning: what one element of a layer's array is, in words: its gate, its unit, its input feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_migrate.graph import Layer
from lstm_migrate.layouts.axes import Axes, Piece, solve
from lstm_migrate.layouts.layout import GateOrder
from lstm_migrate.layouts.parts import joined
from lstm_migrate.layouts.steps import Form
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.context import turned
from lstm_migrate.planning.slots import first_fit, gate_roles, shapes
from lstm_migrate.verification.coordinates import coordinates

Index = tuple[int, ...]

GATES = {"i": "input", "f": "forget", "o": "output", "z": "update", "r": "reset"}
SETS = ("input", "recurrent")
DIRECTIONS = ("forward", "backward")
IN_ORDER = ("layer", "dir", "gate", "set", "x", "h", "p", "n", "u")
WORDS = {
    "x": "input feature {}",
    "h": "unit {} of the last state",
    "p": "projected unit {}",
    "n": "row {}",
    "u": "unit {}",
    "m": "multiplier {}",
    **{f"k{axis}": f"kernel index {{}} on axis {axis}" for axis in range(3)},
}


# What the same symbols, and others, stand for in layers that are no cells.
WORDS_OF_OTHERS = {"c": "feature {}", "i": "value {} of the place", "p": "place {}"}


@dataclass(frozen=True)
class Stored:
    """How an array lies: its axes, the gates that it holds, how it is poured."""

    axes: Axes
    sizes: dict[str, int]
    gates: GateOrder | None = None
    poured: tuple[Any, ...] = ()


def meaning(
    layer: Layer, role: str, shape: Index, index: Index, vocabulary: Vocabulary, backend: str = ""
) -> str:
    """What the element at `index` of the layer's array `role` is; "" where no layout is declared."""
    stored = _cell(layer, role, shape, vocabulary) or _plain(layer, role, shape, vocabulary, backend)
    if stored is None:
        return ""
    for piece in stored.axes.pieces():
        blocks = piece.slices(stored.sizes)
        if all(block.start <= place < block.stop for block, place in zip(blocks, index, strict=True)):
            here = tuple(place - block.start for block, place in zip(blocks, index, strict=True))
            return _in_words(piece, here, stored)
    return ""


def _in_words(piece: Piece, index: Index, stored: Stored) -> str:
    form = Form(Axes(tuple(map(joined, piece.axes))), stored.sizes, stored.gates, stored.poured)
    place = np.array([np.ravel_multi_index(index, form.shape)], np.int64)
    found = {name: int(value[0]) for name, value in coordinates(place, form).items()}
    if stored.gates is not None and "gate" not in found and len(stored.gates) == 1:
        found["gate"] = ord(stored.gates.gates[0])
    names = sorted(found, key=lambda name: IN_ORDER.index(name) if name in IN_ORDER else len(IN_ORDER))
    return ", ".join(said for name in names if (said := _word(name, found[name], stored)))


def _word(name: str, value: int, stored: Stored) -> str:
    if name == "gate":
        letter, cell = chr(value), stored.gates.cell if stored.gates else ""
        return "" if cell == "simple_rnn" else f"{GATES[letter]} gate" if letter in GATES else "candidate"
    if name == "set":
        return f"{SETS[value]} bias"
    if name == "dir":
        return DIRECTIONS[value]
    words = WORDS if stored.gates is not None else {**WORDS, **WORDS_OF_OTHERS}
    return words.get(name, f"{name} {{}}").format(value)


def _cell(layer: Layer, role: str, shape: Index, vocabulary: Vocabulary) -> Stored | None:
    cell = vocabulary.cell(layer)
    if cell is None:
        return None
    layout, sizes = cell
    for own, tensor in layout.tensors.items():
        names = gate_roles(layout, own)
        if role not in names:
            continue
        held = layout.gates_of(tensor)
        gates = (held[names.index(role)],) if tensor.each_gate else held
        free = {name: size for name, size in layout.sizes(sizes).items() if name not in "uh"}
        known = solve(tensor.axes, shape, {**free, "gate": len(gates)})
        if known is None:
            known = solve(tensor.axes, shape, {**layout.sizes(sizes), "gate": len(gates)})
        return None if known is None else Stored(tensor.axes, known, layout.gates.only(gates), tensor.poured)
    return None


def _plain(layer: Layer, role: str, shape: Index, vocabulary: Vocabulary, backend: str) -> Stored | None:
    ways, sizes = shapes(layer, vocabulary)
    axes = first_fit(ways[role], shape, sizes) if role in ways else None
    known = None if axes is None else solve(axes, shape, sizes)
    if axes is None or known is None:
        return None
    declared = vocabulary.document.backends.get(backend)
    if declared is not None and role in declared.flipped.get(layer.kind, []):
        axes = turned(axes)
    return Stored(axes, known)
