"""Packings: how frameworks list the arrays of a cell, and which of them a list of shapes can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_migrate.gates.block import in_words
from lstm_migrate.gates.cell import Gates, Parts, cells_of
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.steps import Form

Shape = tuple[int, ...]

CONVERT = "Convert the file with lstm-migrate, or open it with open_layers and give gates(layers[...])."
ROWS = "Give gates by name: of each array the rows of one gate, transposed; their order is {}."
WHOLE = "Give the candidate by name, its kernels transposed."
STACKED = (
    "Give gates by name: in its kernel the rows of the state stand below those of the input, the order of "
    "gates is i, c, f, o, and forget_bias (1.0 unless it says otherwise) is added at run time."
)
REBUILD = "It computes another function: build the layer with reset_after={}."
BIASED = "Build the layer with use_bias=True."
ORDER = "A list is taken as layer.get_weights() gives it, with gates side by side: {}."


@dataclass(frozen=True)
class Packing:
    """How a framework lists a cell's arrays: "role: axes, role: axes, …", and what to do with such a list.

    `each`: the order of gates if each has arrays of its own; `arrays` are then one gate's.
    """

    name: str
    cells: str
    arrays: str
    hint: str
    each: str = ""

    def listed(self, cell: Gates) -> Iterator[tuple[str, Axes]]:
        """What each array of the cell is, and its axes."""
        for gate in [f"{cell.names[letter]} " for letter in self.each] or [""]:
            for array in self.arrays.split(", "):
                role, axes = array.split(": ")
                yield f"{gate}{role}", Axes.parse(axes)


_ANY = "lstm gru simple_rnn"
_GATE = "kernel: x u, recurrent_kernel: h u, bias: u"
_KERAS = "kernel: x (gate u), recurrent_kernel: h (gate u)"
_TORCH = "weight_ih: (gate u) x, weight_hh: (gate u) h"
_TORCH_HINTS = (
    ("lstm", ROWS.format("i, f, c, o")),
    ("gru", ROWS.format("r, z, h")),
    ("simple_rnn", WHOLE),
)
_TORCH_BIASES = (
    ("PyTorch's", ", bias_ih: (gate u), bias_hh: (gate u)"),
    ("PyTorch's without biases", ""),
    ("in PyTorch's orientation", ", bias: (gate u)"),
)
PACKINGS = (
    Packing("Keras 1's: arrays for each gate", "lstm", _GATE, CONVERT, "icfo"),
    Packing("Keras 1's: arrays for each gate", "gru", _GATE, CONVERT, "zrh"),
    Packing("a cuDNN layer's: two biases", "lstm gru", f"{_KERAS}, bias: (set gate u)", CONVERT),
    Packing("a GRU's with reset_after=True", "gru", f"{_KERAS}, bias: set (gate u)", REBUILD.format(True)),
    Packing("a GRU's with reset_after=False", "gru", f"{_KERAS}, bias: (gate u)", REBUILD.format(False)),
    *(
        Packing(name, cell, f"{_TORCH}{biases}", hint)
        for cell, hint in _TORCH_HINTS
        for name, biases in _TORCH_BIASES
    ),
    Packing("TensorFlow 1's", "lstm", "kernel: (x + h) (gate u), bias: (gate u)", STACKED),
    Packing("a layer's with use_bias=False", _ANY, _KERAS, "Build the layer with use_bias=False."),
    Packing("a layer's with use_bias=True", _ANY, f"{_KERAS}, bias: (gate u)", BIASED),
)


@dataclass(frozen=True)
class Entry:
    """One array as a packing has it: what it is, of which cell, and its shape in the layer at hand.

    `form` and `cell` are None for an array that is none of a cell's kernels and biases; `variable` is the
    layer's own, if it is the layer's own packing.
    """

    label: str
    shape: Shape
    form: Form | None = None
    cell: Gates | None = None
    variable: Any = None

    def __str__(self) -> str:
        return in_words(self.form) if self.form else str(self.shape)


@dataclass(frozen=True)
class Reading:
    """A list of arrays read as one packing. `name` is "" for the layer's own."""

    name: str
    hint: str
    entries: list[Entry]

    def matches(self, shapes: Sequence[Shape]) -> int:
        """How many arrays have the shapes that they would have in this layer."""
        return sum(entry.shape == shape for entry, shape in zip(self.entries, shapes, strict=True))

    def sizes(self, shapes: Sequence[Shape]) -> list[tuple[Gates, dict[str, int]]] | None:
        """The sizes of each cell with which the shapes are this packing's; None if there are none."""
        found: list[tuple[Gates, dict[str, int]]] = []
        pairs = list(zip(self.entries, shapes, strict=True))
        if any(entry.form is None and entry.shape != shape for entry, shape in pairs):
            return None
        for cell in {entry.cell.where: entry.cell for entry in self.entries if entry.cell}.values():
            own = [(entry.form.axes, shape) for entry, shape in pairs if entry.cell is cell and entry.form]
            sizes = _solved(own, {"gate": len(cell), "set": 2})
            if sizes is None:
                return None
            found.append((cell, sizes))
        return found


def _solved(arrays: list[tuple[Axes, Shape]], sizes: dict[str, int]) -> dict[str, int] | None:
    """The sizes with which all arrays fit; what one leaves open another may tell."""
    waiting = list(arrays)
    while waiting:
        left = []
        for axes, shape in waiting:
            found = solve(axes, shape, sizes)
            if found is None:
                left.append((axes, shape))
            else:
                sizes = {"h": found["u"], **found} if "u" in found else found
        if len(left) == len(waiting):
            return None
        waiting = left
    return sizes


def readings(layer: Any, target: Gates | Parts, count: int) -> Iterator[Reading]:
    """The packings that have `count` arrays for such a layer, its own in front."""
    own = own_reading(layer, target)
    cells = list(cells_of(target))
    others = (
        Reading(
            packing.name, packing.hint, [item for cell in cells for item in _packed(packing, cell, target)]
        )
        for packing in PACKINGS
        if all(cell.cell in packing.cells.split() and "k0" not in cell.sizes for cell in cells)
    )
    yield from (reading for reading in (own, *others) if len(reading.entries) == count)


def own_reading(layer: Any, target: Gates | Parts) -> Reading:
    """The layer's arrays in the order of get_weights()."""
    known: dict[int, Entry] = {}
    for cell in cells_of(target):
        for role, block in cell.blocks.items():
            # Of two biases in one array the first names it.
            label = f"{_inside(cell, target)}{role}"
            entry = Entry(label, tuple(block.variable.shape), block.form, cell, block.variable)
            known.setdefault(id(block.variable), entry)
    entries = [
        known.get(id(item)) or Entry(str(item.name), tuple(item.shape), variable=item)
        for item in layer.weights
    ]
    orders = dict.fromkeys(", ".join(cell) for cell in cells_of(target))
    return Reading("", ORDER.format("; ".join(orders)), entries)


def _packed(packing: Packing, cell: Gates, target: Gates | Parts) -> Iterator[Entry]:
    sizes = {"set": 2, **cell.sizes}
    for label, axes in packing.listed(cell):
        form = Form(axes, sizes)
        yield Entry(f"{_inside(cell, target)}{label}", form.shape, form, cell)


def _inside(cell: Gates, target: Gates | Parts) -> str:
    """What to put in front if the layer holds several cells: "forward "."""
    part = cell.where.removeprefix(target.where).removeprefix("/").replace("/", " ")
    return f"{part} " if part else ""
