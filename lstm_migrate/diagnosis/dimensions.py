"""Dimensions: what may be otherwise in the cells of a model than their source declares it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from lstm_migrate.diagnosis.computing import Cell, Computed
from lstm_migrate.graph import Activation

OLD_HARD = Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})
NEW_HARD = Activation("hard_sigmoid", {"slope": 1 / 6, "offset": 0.5})
GATES = (Activation("sigmoid"), OLD_HARD, NEW_HARD, Activation("tanh"))
CANDIDATES = (*map(Activation, ("tanh", "relu", "linear", "sigmoid", "softsign")), OLD_HARD)
OUTPUTS = tuple(map(Activation, ("linear", "softmax", "sigmoid", "tanh", "relu")))
HEAD = "head"
FORGET_BIASES = (1.0, 0.0, 2.0, 0.5, 1.5, 2.5, 3.0, 5.0, -1.0)


@dataclass(frozen=True)
class Dimension:
    """One thing that is tried. `key`: as mapping files call it; `cell`: the cells that it is about, or all;
    `cost`: how unlikely a value other than the declared one is."""

    key: str
    cell: str
    values: tuple[Any, ...]
    cost: float


def dimensions(model: Computed) -> list[Dimension]:
    """Everything that is tried for a model, what can be as declared alone left out."""
    found = [*_dimensions(list(model.cells.values())), *_of_head(model)]
    return [item for item in found if item.values]


def _of_head(model: Computed) -> Iterator[Dimension]:
    if model.head is None:
        return
    own = model.graph.layers[model.head[0][0]].config.get("activation")
    yield Dimension("output activation", HEAD, tuple(value for value in OUTPUTS if value != own), 1.6)


def _dimensions(cells: Sequence[Cell]) -> Iterator[Dimension]:
    """What can be otherwise in these cells."""
    kinds = {cell.layout.cell for cell in cells}
    gated = kinds - {"simple_rnn"}
    if gated:
        yield Dimension("recurrent_activation", "", _others(cells, "recurrent_activation", GATES), 1.0)
    if "lstm" in kinds:
        yield Dimension("forget_bias", "lstm", _unlike(cells, "lstm", "forget_bias", FORGET_BIASES), 1.2)
    if "gru" in kinds:
        yield Dimension("reset_after", "gru", _resets(cells), 1.1)
        yield Dimension("update_gate", "gru", _unlike(cells, "gru", "update_gate", ("keeps", "renews")), 1.5)
    yield Dimension("activation", "", _others(cells, "activation", CANDIDATES), 1.4)
    if any(tensor.poured for cell in cells for tensor in cell.layout.tensors.values()):
        yield Dimension("poured", "", (False,), 2.5)
    for kind in sorted(gated):
        yield Dimension(
            "gates", kind, tuple(_orders([cell for cell in cells if cell.layout.cell == kind])), 2.0
        )


def _others(cells: Sequence[Cell], key: str, values: Sequence[Activation]) -> tuple[Activation, ...]:
    """Those that some cell does not have as it is."""
    own = [cell.layer.config.get(key) for cell in cells if key in cell.layer.config]
    return tuple(value for value in values if any(value != one for one in own))


def _unlike(cells: Sequence[Cell], kind: str, key: str, values: Sequence[Any]) -> tuple[Any, ...]:
    own = [getattr(cell.layout, key) for cell in cells if cell.layout.cell == kind]
    return tuple(value for value in values if any(value != one for one in own))


def _resets(cells: Sequence[Cell]) -> tuple[bool, ...]:
    own = [cell.layer.config.get("reset_after") for cell in cells if cell.layout.cell == "gru"]
    return tuple(value for value in (True, False) if any(value != one for one in own))


def _orders(cells: Sequence[Cell]) -> Iterator[tuple[str, ...]]:
    """Every order of the gates, unless each gate has arrays of its own name."""
    layouts = [cell.layout for cell in cells]
    if any(tensor.each_gate or tensor.gates for layout in layouts for tensor in layout.tensors.values()):
        return
    for order in permutations(layouts[0].gates.gates):
        if any(order != layout.gates.gates for layout in layouts):
            yield order
