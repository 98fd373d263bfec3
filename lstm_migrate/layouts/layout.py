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
COUPLED = {"input": "i", "forget": "f"}  # the gate that is 1 minus the other one, and is not stored
UPDATE_GATES = ("keeps", "renews")


@dataclass(frozen=True)
class GateOrder:
    """The order in which a file stores a cell's gates, e.g. GateOrder("lstm", ("i", "f", "c", "o")).

    `lacks`: the gates that are not stored, because each is 1 minus another one. `partial`: the order of one
    array that holds only some of the gates.
    """

    cell: str
    gates: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    partial: bool = False

    def __post_init__(self) -> None:
        expected = CELL_GATES.get(self.cell)
        if expected is None:
            raise MappingError(
                f"unknown cell {self.cell!r}", expected=f"one of {', '.join(sorted(CELL_GATES))}"
            )
        expected, held = expected - set(self.lacks), set(self.gates)
        right = held <= expected if self.partial else held == expected
        if not right or len(held) != len(self.gates):
            some = "some" if self.partial else "each"
            without = f", without the coupled {', '.join(self.lacks)}" if self.lacks else ""
            raise MappingError(
                f"not a gate order of a {self.cell} cell",
                found=", ".join(self.gates),
                expected=f"{some} of {', '.join(sorted(expected))} once{without}",
            )

    @staticmethod
    def coupled(cell: str, gates: tuple[str, ...], coupled: str) -> GateOrder:
        """The order of a cell that stores all gates but the one that `coupled` names; "" stores all."""
        if coupled and (coupled not in COUPLED or cell != "lstm"):
            raise MappingError(
                f"a {cell} cell has no such gate to couple",
                found=coupled,
                expected=f"{' or '.join(COUPLED)}, in an lstm cell",
            )
        return GateOrder(cell, gates, (COUPLED[coupled],) if coupled else ())

    def __len__(self) -> int:
        return len(self.gates)

    def only(self, gates: tuple[str, ...]) -> GateOrder:
        """The order of an array that holds these of the gates, or all of them in another order."""
        return GateOrder(self.cell, gates, self.lacks, len(gates) < len(self))

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
    `gates`: those that it holds, in its order; () for all of the layout's.
    """

    role: str
    axes: Axes
    name: str
    optional: bool = False
    each_gate: bool = False
    poured: tuple[Symbol, ...] = ()
    apart: bool = False
    feeds: tuple[str, ...] | None = None
    gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a framework stores a cell, and what of its computing no array tells.

    `computes` tells which gates each activation key acts on, "output" meaning the cell's output.
    `coupled`: the gate ("input" or "forget") that is 1 minus the other and not stored. `forget_bias`: what is
    added to the forget gate's argument at run time. `update_gate`: whether a GRU's z "keeps" the old state
    or "renews" it. `reset_after`: whether a GRU resets after its recurrent product. `activations`: what each
    key means. `directions`: what names call forward and backward.
    """

    name: str
    cell: str
    gates: GateOrder
    tensors: Mapping[str, StoredTensor]
    computes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coupled: str = ""
    forget_bias: float = 0.0
    update_gate: str = "keeps"
    reset_after: bool | None = None
    activations: Mapping[str, object] = field(default_factory=dict)
    directions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        GateOrder.coupled(self.cell, self.gates.gates, self.coupled)  # raises if it is of another cell
        if self.update_gate not in UPDATE_GATES:
            raise self._wrong("unknown update_gate", self.update_gate, " or ".join(UPDATE_GATES))
        if self.forget_bias and "f" not in self.gates.gates:
            raise self._wrong("forget_bias needs a stored forget gate", ", ".join(self.gates.gates), "f")
        for tensor in self.tensors.values():
            self._check_gates(tensor)

    def _check_gates(self, tensor: StoredTensor) -> None:
        own = ", ".join(tensor.gates)
        if len(set(tensor.gates)) < len(tensor.gates) or not set(tensor.gates) <= set(self.gates.gates):
            expected = f"some of {', '.join(self.gates.gates)}, each once"
            raise self._wrong(f"{tensor.role}: not gates of the layout", own, expected)
        if len(tensor.gates) > 1 and not tensor.each_gate and "gate" not in tensor.axes.symbols:
            raise self._wrong(f"{tensor.role}: an array of several gates has a gate axis", own, "one gate")

    def _wrong(self, what: str, found: str, expected: str) -> MappingError:
        return MappingError(what, where=f"layout {self.name}", found=found, expected=expected)

    def gates_of(self, tensor: StoredTensor) -> tuple[str, ...]:
        """The gates that a tensor of this layout holds, in its order."""
        return tensor.gates or self.gates.gates

    def sizes(self, known: Mapping[str, int]) -> dict[str, int]:
        """`known` with the sizes that the layout itself fixes: gate, set, h = u without projection."""
        sizes = {"gate": len(self.gates), "set": 2, **known}
        if "u" in sizes:
            sizes.setdefault("h", sizes["u"])
        return sizes

    def sizes_of(self, tensor: StoredTensor, known: Mapping[str, int]) -> dict[str, int]:
        """The sizes for one tensor, which may hold only some of the gates."""
        return {**self.sizes(known), "gate": len(self.gates_of(tensor))}
