"""Gates by name: what a cell's arrays hold for each gate, wherever the arrays come from.

A gate has its own part of every array of its cell (`block.py`). `live.py` makes Gates of Keras layers,
`stored_cell.py` of cells in files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.errors import UsageError
from lstm_migrate.gates.block import Block, in_words
from lstm_migrate.layouts.steps import Array

NAMES: Mapping[str, Mapping[str, str]] = {
    "lstm": {"i": "input", "f": "forget", "c": "candidate", "o": "output"},
    "gru": {"z": "update", "r": "reset", "h": "candidate"},
    "simple_rnn": {"h": "candidate"},
}
"""For each cell the letters of its gates, as papers write them, and their names."""

CELLS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
ROLES = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")


class UnknownName(UsageError, KeyError):
    """There is no gate, part or layer of this name. A KeyError too, for they are keys of mappings."""

    __str__ = Exception.__str__  # KeyError's would show the message in quotes


class Gate:
    """One gate of one cell: its arrays by the role that they play.

    Each is a read-only NumPy array in Keras's orientation: inputs first, so that `x @ kernel` works.
    Writing into one is an error, for it would not change the layer: `set_gates` does.
    """

    def __init__(self, letter: str, name: str, blocks: Mapping[str, Block]) -> None:
        self.name = name
        self._letter, self._blocks = letter, blocks

    @property
    def kernel(self) -> Array:
        """What multiplies the input: (input_features, units).

        Of a convolutional cell (*kernel_size, input_features, filters).
        """
        return self._blocks["kernel"].read(self._letter)

    @property
    def recurrent_kernel(self) -> Array:
        """What multiplies the last output: (units, units).

        Of a convolutional cell (*kernel_size, filters, filters).
        """
        return self._blocks["recurrent_kernel"].read(self._letter)

    @property
    def bias(self) -> Array | None:
        """The bias (units,), or None if the layer has none; of two biases the input's."""
        return self._array("bias")

    @property
    def recurrent_bias(self) -> Array | None:
        """The second bias (units,) of a GRU with reset_after or of a cuDNN layer's file; else None."""
        return self._array("recurrent_bias")

    def _array(self, role: str) -> Array | None:
        return self._blocks[role].read(self._letter) if role in self._blocks else None

    def __repr__(self) -> str:
        shapes = ", ".join(f"{role} {in_words(block.part)}" for role, block in self._blocks.items())
        return f"<gate {self.name}: {shapes}>"


@dataclass(frozen=True, eq=False)
class Gates(Mapping[str, Gate]):
    """The gates of one cell by name; the papers' letters are keys as well.

    An LSTM has "input" (i), "forget" (f), "candidate" (c) and "output" (o); a GRU "update" (z), "reset" (r)
    and "candidate" (h); a SimpleRNN "candidate" (h). `where` is the layer. `differs`: what the cell of a
    file computes otherwise than Keras's, so that its arrays mean another thing there.
    """

    where: str
    cell: str
    blocks: Mapping[str, Block]
    reset_after: bool = False
    differs: tuple[str, ...] = ()

    @property
    def names(self) -> Mapping[str, str]:
        """The letters of the gates and their names, in the order in which Keras stores them."""
        held = self.blocks["kernel"].form.gates
        return {letter: name for letter, name in NAMES[self.cell].items() if held and letter in held.gates}

    @property
    def kind(self) -> str:
        """The cell in Keras's words."""
        told = f" with reset_after={self.reset_after}" if self.cell == "gru" else ""
        return f"{CELLS[self.cell]}{told}"

    @property
    def sizes(self) -> Mapping[str, int]:
        """The sizes of the cell by their symbols: x input features, u units, …"""
        return self.blocks["kernel"].form.sizes

    def letter(self, key: object) -> str:
        """The letter of the gate called `key`; UnknownName if there is none."""
        for letter, name in self.names.items():
            if key in (letter, name):
                return letter
        expected = ", ".join(f"{name} ({letter})" for letter, name in self.names.items())
        raise UnknownName(f"no gate is called {key!r}", where=self.where, expected=f"{expected}: {self.kind}")

    def __getitem__(self, key: str) -> Gate:
        letter = self.letter(key)
        return Gate(letter, self.names[letter], self.blocks)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.values())

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<gates of {self.where}, {self.kind}: {', '.join(self)}>"


@dataclass(frozen=True, eq=False)
class Parts(Mapping[str | int, "Gates | Parts"]):
    """The cells inside a layer: "forward" and "backward", or the numbers of stacked cells from 0."""

    where: str
    parts: Mapping[str | int, Gates | Parts]

    def __getitem__(self, key: str | int) -> Gates | Parts:
        if key not in self.parts:
            raise UnknownName(
                f"it holds several cells, and none is called {key!r}",
                where=self.where,
                expected=" or ".join(repr(name) for name in self.parts),
                hint=f"First the cell, then the gate: gates(layer)[{next(iter(self.parts))!r}][...].",
            )
        return self.parts[key]

    def __iter__(self) -> Iterator[str | int]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        return f"<cells of {self.where}: {', '.join(map(repr, self))}>"


def cells_of(tree: Gates | Parts) -> Iterator[Gates]:
    """The cells at every depth, in their order."""
    if isinstance(tree, Gates):
        yield tree
    else:
        for part in tree.values():
            yield from cells_of(part)
