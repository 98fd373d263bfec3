"""Layout: how a framework stores one cell, and which gate order its arrays are in.

Layouts are data: they are read from `layouts:` in the mapping files and become values of this type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes, Symbol

CELL_GATES = {
    "lstm": frozenset("ifco"),  # c is the candidate: TF's j, PyTorch's g
    "gru": frozenset("zrh"),
    "simple_rnn": frozenset("h"),
}


@dataclass(frozen=True)
class GateOrder:
    """The order in which a file stores a cell's gates, e.g. GateOrder("lstm", ("i", "f", "c", "o"))."""

    cell: str
    gates: tuple[str, ...]

    def __post_init__(self) -> None:
        expected = CELL_GATES.get(self.cell)
        if expected is None:
            raise MappingError(
                f"unknown cell {self.cell!r}", expected=f"one of {', '.join(sorted(CELL_GATES))}"
            )
        if len(self.gates) != len(expected) or set(self.gates) != expected:
            raise MappingError(
                f"not a gate order of a {self.cell} cell",
                found=", ".join(self.gates),
                expected=f"each of {', '.join(sorted(expected))} once",
            )

    def __len__(self) -> int:
        return len(self.gates)

    def positions(self, order: GateOrder) -> tuple[int, ...]:
        """For each gate of `order`, where it stands here."""
        return tuple(self.gates.index(gate) for gate in order.gates)


@dataclass(frozen=True)
class StoredTensor:
    """One array of a layout.

    `axes` describes the whole array, or one gate's array if `each_gate` (then `name` holds "{gate}").
    `poured`: inside each block of one gate, values stand row-major in this order of symbols, whatever
    the array's own axes say (cuDNN's kernels in Keras files: "u x").
    `apart`: it goes to the array of the same role and to no other (peepholes, a normalisation's gamma).
    `feeds`: the gates whose argument is linear in it; None for all of the layout's.
    """

    role: str
    axes: Axes
    name: str
    optional: bool = False
    each_gate: bool = False
    poured: tuple[Symbol, ...] = ()
    apart: bool = False
    feeds: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Layout:
    """How a framework stores a cell.

    `computes` tells which gates each activation key acts on, "output" meaning the cell's output.
    """

    name: str
    cell: str
    gates: GateOrder
    tensors: Mapping[str, StoredTensor]
    computes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def sizes(self, known: Mapping[str, int]) -> dict[str, int]:
        """`known` with the sizes that the layout itself fixes: gate, set, h = u without projection."""
        sizes = {"gate": len(self.gates), "set": 2, **known}
        if "u" in sizes:
            sizes.setdefault("h", sizes["u"])
        return sizes
