"""Variants: the ways in which the cells of a model may store their arrays and compute, likely ones first.

All cells of one model share a combination as a rule, so each is one choice for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from lstm_migrate.diagnosis.computing import Cell, Computed
from lstm_migrate.diagnosis.dimensions import HEAD, Dimension, dimensions
from lstm_migrate.diagnosis.meaning import formula
from lstm_migrate.graph import Activation, Graph, Layer, LayerPath, Storage, StoredArray
from lstm_migrate.layouts.layout import StoredTensor

MOST = 150_000

Combination = tuple[Any, ...]
"""One value for each dimension; None leaves each cell as its source declares it."""


class Variants:
    """The combinations for one model."""

    def __init__(self, model: Computed) -> None:
        self.model = model
        self.dimensions = dimensions(model)
        if prod(len(item.values) + 1 for item in self.dimensions) > MOST:
            self.dimensions = [replace(item, values=item.values[:6]) for item in self.dimensions]

    @cached_property
    def heads(self) -> tuple[Activation | None, ...]:
        """What the last layer may act with; None is what it has."""
        return (None, *(value for item in self.dimensions if item.cell == HEAD for value in item.values))

    def likely_first(self) -> list[Combination]:
        """Every combination, with the last layer as it is: the others follow from its outputs."""
        choices = [(None, *(item.values if item.cell != HEAD else ())) for item in self.dimensions]
        ranked = product(*(range(len(values)) for values in choices))
        ordered = sorted(ranked, key=lambda places: sum(map(self._cost, range(len(places)), places)))
        return [
            tuple(values[place] for values, place in zip(choices, places, strict=True)) for places in ordered
        ]

    def _cost(self, number: int, place: int) -> float:
        return self.dimensions[number].cost + 0.01 * place if place else 0.0

    def graph(self, combination: Combination) -> Graph:
        """The model with its cells as the combination has them, and a last layer that does not act."""

        def change(path: LayerPath, layer: Layer) -> Layer:
            cell = self.model.cells.get(path)
            if cell is not None:
                return self.cell(path, cell, combination)
            if self.model.head is not None and path == self.model.head[0]:
                return replace(layer, config={**layer.config, "activation": Activation("linear")})
            return layer

        return self.model.graph.changed(change)

    def acting(self, head: Activation | None) -> Activation | None:
        """The activation of the last layer: `head`, or its own; None if its outputs are final."""
        if self.model.head is None:
            return None
        own: Activation = self.model.graph.layers[self.model.head[0][0]].config["activation"]
        return head or own

    def with_head(self, combination: Combination, head: Activation | None) -> Combination:
        """The combination with another activation of the last layer."""
        pairs = zip(self.dimensions, combination, strict=True)
        return tuple(head if item.cell == HEAD else value for item, value in pairs)

    def cell(self, path: LayerPath, cell: Cell, combination: Combination) -> Layer:
        """One cell as the combination has it."""
        said = self.said(cell, combination)
        config = dict(cell.layer.config)
        for key in ("activation", "recurrent_activation", "reset_after"):
            if key in said:
                config[key] = said[key]
        return replace(cell.layer, config=config, storage=self._storage(path, cell, said))

    def said(self, cell: Cell, combination: Combination) -> dict[str, Any]:
        """What the combination says of this cell, by key."""
        return {
            item.key: value
            for item, value in zip(self.dimensions, combination, strict=True)
            if value is not None and item.cell in ("", cell.layout.cell)
        }

    def of_head(self, combination: Combination) -> Activation | None:
        """The activation of the last layer, if the combination has another one than the model."""
        pairs = zip(self.dimensions, combination, strict=True)
        return next((value for item, value in pairs if item.cell == HEAD), None)

    def described(self, combination: Combination) -> str:
        """The combination in words; what each cell declares is told where it is left as it is."""
        said = [
            _words(item, value, list(self.model.cells.values()))
            for item, value in zip(self.dimensions, combination, strict=True)
        ]
        return "; ".join(dict.fromkeys(filter(None, said)))

    def _storage(self, path: LayerPath, cell: Cell, said: Mapping[str, Any]) -> Storage:
        layout, before = cell.layout, cell.layer.storage
        held = {key.role for key in self.model.names if key.path == path}
        arrays = {
            role: _array(tensor, said.get("poured", True))
            for role, tensor in layout.tensors.items()
            if role in held or any(name.startswith(f"{role}_") for name in held if tensor.each_gate)
        }
        return Storage(
            before.layout if before is not None else layout.name,
            layout.cell,
            said.get("gates", layout.gates.gates),
            arrays,
            said.get("forget_bias", layout.forget_bias),
            said.get("update_gate", layout.update_gate),
            layout.coupled,
            before.at if before is not None else {},
        )


def _array(tensor: StoredTensor, poured: bool) -> StoredArray:
    order = " ".join(map(str, tensor.poured)) if poured else ""
    return StoredArray(tensor.name, str(tensor.axes), tensor.gates, tensor.each_gate, order)


def _words(item: Dimension, value: Any, cells: Sequence[Cell]) -> str:
    if item.cell == HEAD:
        return "" if value is None else f"{item.key} {formula(value)}"
    about = [cell for cell in cells if item.cell in ("", cell.layout.cell)]
    shown = [
        _shown(item.key, value if value is not None else _declared(item.key, cell), cell) for cell in about
    ]
    texts = list(dict.fromkeys(filter(None, shown)))
    return f"{item.key.replace('_', ' ')} {' / '.join(texts)}" if texts else ""


def _declared(key: str, cell: Cell) -> Any:
    if key == "gates":
        return cell.layout.gates.gates
    if key in ("forget_bias", "update_gate"):
        return getattr(cell.layout, key)
    return cell.layer.config.get(key)


def _shown(key: str, value: Any, cell: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Activation):
        return formula(value)
    if key == "gates":
        return ", ".join(cell.letters.get(gate, gate) for gate in value)
    if key == "poured":
        return "" if value else "off: cuDNN's matrices lie as Keras's do"
    return (
        ", ".join(value)
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
