"""Parts: which blocks of which stored arrays hold what a tensor of another layout wants.

Arrays are matched by what they multiply (x: kernel, h: recurrent kernel, neither: bias), each with the
gates that it holds. Two biases of the same gates are two sets: the input's and the recurrent one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Group, Piece, Symbol
from lstm_migrate.layouts.layout import Layout, StoredTensor
from lstm_migrate.layouts.steps import Form

CONTENT = frozenset("xhp")
SETS = ("input", "recurrent")


@dataclass(frozen=True)
class Part:
    """One block of one stored array.

    `role` and `gate` name the array, `gate` being "" unless each gate has an array of its own; `gates`
    are those that the block holds. `stored` is how the whole array lies, `block` where the part is in it,
    `form` how the part itself lies, `what` its name. `set`: 1 for a recurrent bias, else 0.
    """

    role: str
    gate: str
    gates: tuple[str, ...]
    stored: Form
    block: tuple[slice, ...]
    form: Form
    what: str
    set: int = 0

    @property
    def whole(self) -> bool:
        """Whether the part is its array."""
        return self.form.shape == self.stored.shape

    def __str__(self) -> str:
        array = f"{self.role}_{self.gate}" if self.gate else self.role
        return f"{self.what} of {array}" if self.what else array


def content(symbols: frozenset[str]) -> frozenset[str]:
    """Which inputs an array multiplies: {x}, {h}, {p}, or nothing for a bias."""
    return symbols & CONTENT


def parts_of(
    source: Layout,
    wanted: StoredTensor,
    sizes: Mapping[str, int],
    present: frozenset[str],
    at: Mapping[str, int],
) -> list[Part]:
    """The blocks that hold `wanted`, a tensor of another layout, in the order of their sets.

    `at` says which position to take along axes such as "dir"; PlanError for one that is not there.
    """
    kind = content(wanted.axes.symbols)
    groups = [
        list(_arrays(source, tensor, piece, sizes, at, "gate" in wanted.axes.symbols))
        for role, tensor in source.tensors.items()
        if role in present and _may_hold(tensor, wanted)
        for piece in tensor.axes.pieces()
        if content(piece.symbols) == kind
    ]
    return _in_sets(groups, source.name, biases=not kind and not wanted.apart)


def _may_hold(tensor: StoredTensor, wanted: StoredTensor) -> bool:
    return tensor.role == wanted.role or not (tensor.apart or wanted.apart)


def _arrays(
    source: Layout,
    tensor: StoredTensor,
    piece: Piece,
    sizes: Mapping[str, int],
    at: Mapping[str, int],
    gated: bool,
) -> Iterator[Part]:
    """One block in each array that the tensor is stored in: one array, or one for each gate."""
    if any(symbol.name not in piece.symbols for symbol in tensor.poured):
        raise PlanError(
            f"{source.name}: {tensor.role} is poured in an order that a block of it has not",
            found=" ".join(map(str, tensor.poured)),
            expected=f"an order of symbols that all blocks of {tensor.axes} have",
        )
    own = source.gates_of(tensor)
    picked = {symbol: place for symbol, place in at.items() if symbol in piece.symbols}
    for gate in own if tensor.each_gate else ("",):
        gates = (gate,) if gate else own
        here = {**sizes, "gate": len(gates)} if "gate" in piece.symbols else sizes
        stored = Form(tensor.axes, here, source.gates.only(gates), tensor.poured)
        block, axes = _block(piece, here, picked)
        if len(source.gates) == 1:
            axes = _with_gate(axes) if gated else _without_gate(axes)
        form = replace(stored, axes=axes)
        yield Part(tensor.role, gate, gates, stored, block, form, _what(tensor, piece, picked))


def _in_sets(groups: Sequence[Sequence[Part]], name: str, biases: bool) -> list[Part]:
    """The parts with the set that each belongs to, which is the first that lacks its gates; no array that
    is called recurrent is in the input's. PlanError if two arrays hold the same."""
    taken: list[dict[str, Part]] = [{}, {}] if biases else [{}]
    found: list[Part] = []
    for group in groups:
        gates = [gate for part in group for gate in part.gates]
        free = range(_recurrent(group, biases), len(taken))
        chosen = next((number for number in free if not taken[number].keys() & set(gates)), None)
        if chosen is None:
            held = next(taken[-1][gate] for gate in gates if gate in taken[-1])
            raise PlanError(
                f"{name}: two arrays hold the same gates",
                found=f"{held} and {group[0]}, both with {', '.join(sorted(set(gates) & set(held.gates)))}",
                expected="an input and a recurrent bias" if biases else "each gate in one array",
            )
        parts = [replace(part, set=chosen) for part in group]
        taken[chosen] |= {gate: part for part in parts for gate in part.gates}
        found += parts
    return sorted(found, key=lambda part: part.set)


def _recurrent(group: Sequence[Part], biases: bool) -> int:
    return int(biases and "recurrent" in group[0].role)


def _block(
    piece: Piece, sizes: Mapping[str, int], picked: Mapping[str, int]
) -> tuple[tuple[slice, ...], Axes]:
    """Where the piece lies in its array, and its axes without those of which one position is picked."""
    slices = list(piece.slices(sizes))
    left = []
    for number, axis in enumerate(piece.axes):
        symbol = axis[0].name
        if len(axis) == 1 and symbol in picked:
            start, place = slices[number].start, picked[symbol]
            if not 0 <= place < sizes[symbol]:
                raise PlanError(f"no {symbol} {place}", found=f"{sizes[symbol]} of them, counted from 0")
            place = sizes[symbol] - 1 - place if axis[0].flipped else place
            slices[number] = slice(start + place, start + place + 1)
        elif any(item.name in picked for item in axis):
            raise PlanError("one position of a joined axis cannot be taken", found=str(joined(axis)))
        else:
            left.append(joined(axis))
    return tuple(slices), Axes(tuple(left))


def joined(symbols: tuple[Symbol, ...]) -> Symbol | Group:
    """One axis of these symbols."""
    return symbols[0] if len(symbols) == 1 else Group((symbols,))


def _with_gate(axes: Axes) -> Axes:
    """The axes of a cell's only gate, for a layout that has a gate axis: its size is 1 anywhere."""
    if "gate" in axes.symbols:
        return axes
    *others, last = axes.pieces()[0].axes
    return Axes((*map(joined, others), joined((Symbol("gate"), *last))))


def _without_gate(axes: Axes) -> Axes:
    """The axes of a cell's only gate, for a layout that has no gate axis."""
    (piece,) = axes.pieces()
    kept = (tuple(symbol for symbol in axis if symbol.name != "gate") for axis in piece.axes)
    return Axes(tuple(joined(axis) for axis in kept if axis))


def _what(tensor: StoredTensor, piece: Piece, picked: Mapping[str, int]) -> str:
    parts = [f"{symbol} {place}" for symbol, place in picked.items()]
    if len(tensor.axes.pieces()) > 1:
        rows = " ".join(sorted(content(piece.symbols)))
        parts.append(f"the {rows} rows" if rows else "one bias")
    return ", ".join(parts)
