"""A cell's matrices, gate by gate, out of the arrays that a mapping file declares (`graph.Storage`).

What an array is for follows from its symbols: x multiplies the input, h the state, neither is a bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_migrate.graph import Storage
from lstm_migrate.reference.axis_digits import (
    Block,
    Declared,
    Misdeclared,
    Stack,
    axes_of,
    blocks_of,
    positions,
    solved,
    spelled,
)
from lstm_migrate.reference.cells import GRU_GATES, LSTM_GATES, Gates
from lstm_migrate.reference.scope import Array, NoReference, Scope

CELL_GATES = {"lstm": LSTM_GATES, "gru": GRU_GATES, "simple_rnn": "h"}
COUPLED = {"": "", "input": "i", "forget": "f"}
SAME = {"h": "u"}  # without projection, the state is as wide as the cell
INPUT, RECURRENT = 0, 1  # positions of the axis "set"


@dataclass(frozen=True)
class CellArrays:
    """Kernels as (…, x, u) and (…, h, u), biases as (u,); None where nothing is stored."""

    kernel: Gates
    recurrent_kernel: Gates
    bias: Gates | None
    recurrent_bias: Gates | None


@dataclass(frozen=True)
class Held:
    """One stored array under its declaration; `gates` are those that it holds, in its order."""

    role: str
    array: Array
    axes: tuple[Stack, ...]
    gates: tuple[str, ...] = ()
    poured: tuple[str, ...] = ()

    @cached_property
    def declared(self) -> Declared:
        return Declared(self.axes, self.array.shape, {"gate": len(self.gates)} if self.gates else {})

    def taken(
        self, block: Block, sizes: Mapping[str, int], wanted: Sequence[str], fixed: Mapping[str, int]
    ) -> Array:
        """The block as an array with the axes `wanted`, at the `fixed` positions of all others."""
        sizes = {**sizes, **self.declared.own}
        missing = [name for name in wanted if name not in block.names]
        if missing:
            raise Misdeclared(f"{self.role} {spelled(self.axes)!r} has no axis {missing[0]!r}")
        at: dict[str, Array | int] = {}
        for name in block.names:
            shape = [-1 if name == other else 1 for other in wanted]
            at[name] = (
                np.arange(sizes[name]).reshape(shape)
                if name in wanted
                else self._position(name, sizes[name], fixed)
            )
        return self.array[positions(block, sizes, at, self.poured)]

    def _position(self, name: str, size: int, fixed: Mapping[str, int]) -> int:
        if name not in fixed and size > 1:
            raise Misdeclared(f"{self.role}: nothing says which of {size} along the axis {name!r}")
        place = fixed.get(name, 0)
        if not 0 <= place < size:
            raise Misdeclared(f"{self.role}: number {place} of {size} along the axis {name!r}")
        return place


def cell_arrays(scope: Scope, rank: int = 0) -> CellArrays:
    """The matrices of the scope's layer; kernels of `rank` spatial axes have these in front.

    Raises NoReference if the declaration and the stored arrays do not give exactly one of each.
    """
    storage = scope.layer.storage
    assert storage is not None
    try:
        return _Reader(storage, tuple(held_arrays(scope, storage)), rank).cell()
    except Misdeclared as error:
        raise NoReference(scope.path, f"layout {storage.layout!r}: {error}") from None


def held_arrays(scope: Scope, storage: Storage) -> Iterator[Held]:
    """The declared arrays that the file has, those of single gates one by one."""
    for role, stored in storage.arrays.items():
        gates, axes, poured = (
            stored.gates or storage.gates,
            axes_of(stored.axes),
            tuple(stored.poured.split()),
        )
        if stored.each_gate:
            if any(scope.has(f"{role}_{gate}") for gate in gates):
                for gate in gates:
                    yield Held(role, scope.stored(f"{role}_{gate}"), axes, (gate,), poured)
        elif scope.has(role):
            yield Held(role, scope.stored(role), axes, gates, poured)


@dataclass(frozen=True)
class _Reader:
    """Finds what each array holds."""

    storage: Storage
    held: tuple[Held, ...]
    rank: int

    def cell(self) -> CellArrays:
        space = tuple(f"k{axis}" for axis in range(self.rank))
        for held in self.held:
            self._check(held)
        return CellArrays(
            self._complete(self._found("x", (*space, "x", "u")), "input kernel"),
            self._complete(self._found("h", (*space, "h", "u")), "recurrent kernel"),
            self._biases(INPUT),
            self._biases(RECURRENT),
        )

    @cached_property
    def gates(self) -> str:
        """The gates that must be stored."""
        coupled = COUPLED[self.storage.coupled]
        return "".join(gate for gate in CELL_GATES[self.storage.cell] if gate != coupled)

    @cached_property
    def sizes(self) -> dict[str, int]:
        return solved([held.declared for held in self.held], {"set": 2}, SAME)

    def _check(self, held: Held) -> None:
        text, blocks = f"{held.role} {spelled(held.axes)!r}", list(blocks_of(held.axes))
        strange = [gate for gate in held.gates if gate not in self.gates]
        if strange or len(set(held.gates)) != len(held.gates):
            raise Misdeclared(
                f"{text} holds the gates {', '.join(held.gates)}, where {self.gates} are stored"
            )
        if any("gate" not in block.names for block in blocks) and len(held.gates) != 1:
            raise Misdeclared(f"{text} has no axis for its {len(held.gates)} gates")
        contents = [_content(block) for block in blocks]
        if any(content not in ("", "x", "h") for content in contents):
            raise Misdeclared(f"{text} is neither an input nor a recurrent kernel")
        if not any(contents) and "bias" not in held.role:
            raise Misdeclared(f"{text}: nothing says what is computed with it")

    def _found(self, content: str, wanted: Sequence[str], which: int = INPUT) -> dict[str, Array]:
        """By gate, the one block that holds it."""
        found: dict[str, Array] = {}
        for held in self.held:
            for block in blocks_of(held.axes):
                if _content(block) != content or not (content or _is_set(held, block, which)):
                    continue
                for place, gate in enumerate(held.gates):
                    if gate in found:
                        raise Misdeclared(
                            f"{held.role} is the second array with {' '.join(wanted)} of {gate}"
                        )
                    fixed = {**self.storage.at, "gate": place, "set": which}
                    if content:
                        del fixed["set"]
                    found[gate] = held.taken(block, self.sizes, wanted, fixed)
        return found

    def _complete(self, found: dict[str, Array], what: str) -> Gates:
        missing = [gate for gate in self.gates if gate not in found]
        if missing:
            raise Misdeclared(f"no array holds the {what} of {', '.join(missing)}")
        return found

    def _biases(self, which: int) -> Gates | None:
        """A gate without a bias beside others that have one adds nothing."""
        found = self._found("", ("u",), which)
        if not found:
            return None
        zero = np.zeros_like(next(iter(found.values())))
        return {gate: found.get(gate, zero) for gate in self.gates}


def _content(block: Block) -> str:
    return "".join(sorted(block.names & {"x", "h", "p"}))


def _is_set(held: Held, block: Block, which: int) -> bool:
    return "set" in block.names or ("recurrent" in held.role) == (which == RECURRENT)
