"""From two layouts to the steps between them: nobody writes a transpose by hand.

A source tensor's blocks and a target tensor's axes are matched by what they hold (x: kernel, h:
recurrent kernel, neither: bias), then moved by Take, Join and Rearrange. Of an axis that the target has
not (`dir`: two directions in one array), the caller says which position is meant. Sets of biases that
the target does not keep apart are left in the last form; the caller sums them (`rules/sum_biases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Group, Piece, Symbol
from lstm_migrate.layouts.layout import Layout, StoredTensor
from lstm_migrate.layouts.steps import Form, Join, Rearrange, Step, Take

CONTENT = frozenset("xhp")


@dataclass(frozen=True)
class Way:
    """How one target tensor is reached: source roles, steps, and the form the last step leaves.

    `start` is the form of what is read (of the block taken out of it, if the first step takes one).
    """

    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    start: Form
    form: Form


def content(symbols: frozenset[str]) -> frozenset[str]:
    """Which inputs an array multiplies: {x}, {h}, {p}, or nothing for a bias."""
    return symbols & CONTENT


def ways(
    source: Layout,
    target: Layout,
    sizes: Mapping[str, int],
    present: frozenset[str],
    at: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Way]:
    """For each tensor of `target` that can be made of the `present` source roles, the way to it.

    `at` says which position to take along axes that the target has not, e.g. {"dir": 1}. The values of a
    tensor that is stored gate by gate are expected in the source's gate order.
    """
    lost = [role for role in source.tensors if role in present and role not in target.tensors]
    if any(source.tensors[role].apart for role in lost):
        raise PlanError(f"{', '.join(lost)} of layout {source.name} have no place in {target.name}")
    found = {}
    for role, wanted in target.tensors.items():
        way = _way(source, target, wanted, source.sizes(sizes), present, at)
        if way is not None:
            found[role] = way
        elif not wanted.optional:
            raise PlanError(f"no tensor of layout {source.name} holds the {role} of {target.name}")
    return found


def _way(
    source: Layout,
    target: Layout,
    wanted: StoredTensor,
    sizes: Mapping[str, int],
    present: frozenset[str],
    at: Mapping[str, int],
) -> Way | None:
    kind = content(wanted.axes.symbols)
    holders = [
        (tensor, piece)
        for role, tensor in source.tensors.items()
        if role in present and _may_hold(tensor, wanted)
        for piece in tensor.axes.pieces()
        if content(piece.symbols) == kind
    ]
    if not holders:
        return None
    steps: list[Step] = []
    start = form = _start(source, holders, sizes, steps, at)
    goal = Form(wanted.axes, sizes, target.gates, wanted.poured)
    if form.axes.symbols == goal.axes.symbols:
        if not _same(form, goal):
            steps.append(Rearrange(form, goal))
        form = goal
    elif form.axes.symbols - goal.axes.symbols != {"set"} or goal.axes.symbols - form.axes.symbols:
        raise PlanError(
            f"the {wanted.role} of {source.name} does not turn into that of {target.name} by moving values",
            found=str(form.axes),
            expected=str(goal.axes),
        )
    return Way(tuple(tensor.role for tensor, _ in holders), tuple(steps), start, form)


def _may_hold(tensor: StoredTensor, wanted: StoredTensor) -> bool:
    return tensor.role == wanted.role or not (tensor.apart or wanted.apart)


def _start(
    source: Layout,
    holders: list[tuple[StoredTensor, Piece]],
    sizes: Mapping[str, int],
    steps: list[Step],
    at: Mapping[str, int],
) -> Form:
    tensor, piece = holders[0]
    if any(held.each_gate and (len(holders) > 1 or held.axes.symbols & at.keys()) for held, _ in holders):
        raise PlanError(f"{source.name}: gate by gate, {tensor.role} can be no part of a larger array")
    if len(holders) > 1:
        # An input and a recurrent bias as two arrays: they become the two sets of one.
        each = tensor.axes.shape(sizes)
        steps.append(Join("set", len(holders), each))
        return Form(Axes((Symbol("set"), *tensor.axes.items)), {**sizes, "set": len(holders)}, source.gates)
    picked = {symbol: place for symbol, place in at.items() if symbol in piece.symbols}
    if len(tensor.axes.pieces()) > 1 or picked:
        block, axes = _block(piece, sizes, picked)
        steps.append(Take(block, axes.shape(sizes), _what(tensor, piece, picked)))
        return Form(axes, sizes, source.gates, tensor.poured)
    if tensor.each_gate:
        steps.append(Join("gate", len(source.gates), tensor.axes.shape(sizes)))
        return Form(Axes((Symbol("gate"), *tensor.axes.items)), sizes, source.gates)
    return Form(tensor.axes, sizes, source.gates, tensor.poured)


def _same(form: Form, goal: Form) -> bool:
    gates = "gate" not in goal.axes.symbols or form.gates == goal.gates
    return str(form.axes) == str(goal.axes) and gates and form.poured == goal.poured


def _joined(symbols: tuple[Symbol, ...]) -> Symbol | Group:
    return symbols[0] if len(symbols) == 1 else Group((symbols,))


def _block(
    piece: Piece, sizes: Mapping[str, int], picked: Mapping[str, int]
) -> tuple[tuple[slice, ...], Axes]:
    """Where the piece lies in its array, and its axes without those of which one position is picked."""
    slices = list(piece.slices(sizes))
    left = []
    for number, axis in enumerate(piece.axes):
        symbol = axis[0].name
        if len(axis) == 1 and symbol in picked:
            slices[number] = slice(picked[symbol], picked[symbol] + 1)
        elif any(item.name in picked for item in axis):
            raise PlanError("one position of a joined axis cannot be taken", found=str(_joined(axis)))
        else:
            left.append(_joined(axis))
    return tuple(slices), Axes(tuple(left))


def _what(tensor: StoredTensor, piece: Piece, picked: Mapping[str, int]) -> str:
    parts = [f"{symbol} {place}" for symbol, place in picked.items()]
    if len(tensor.axes.pieces()) > 1:
        parts.append(f"the {' '.join(sorted(content(piece.symbols)))} rows")
    return ", ".join(parts)
