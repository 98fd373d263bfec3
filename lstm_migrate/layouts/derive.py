"""From two layouts to the steps between them: nobody writes a transpose by hand.

A source tensor's blocks and a target tensor's axes are matched by what they hold (x: kernel, h:
recurrent kernel, neither: bias), then moved by Take, Join and Rearrange. Sets of biases that the
target does not keep apart are left in the last form; the caller sums them (`rules/sum_biases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


def ways(source: Layout, target: Layout, sizes: Mapping[str, int], present: frozenset[str]) -> dict[str, Way]:
    """For each tensor of `target` that can be made of the `present` source roles, the way to it."""
    found = {}
    for role, wanted in target.tensors.items():
        way = _way(source, target, wanted, source.sizes(sizes), present)
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
) -> Way | None:
    kind = content(wanted.axes.symbols)
    holders = [
        (tensor, piece)
        for role, tensor in source.tensors.items()
        if role in present
        for piece in tensor.axes.pieces()
        if content(piece.symbols) == kind
    ]
    if not holders:
        return None
    steps: list[Step] = []
    start = form = _start(source, holders, sizes, steps)
    goal = Form(wanted.axes, sizes, target.gates, wanted.poured)
    if form.axes.symbols == goal.axes.symbols:
        if not _same(form, goal):
            steps.append(Rearrange(form, goal))
        form = goal
    return Way(tuple(tensor.role for tensor, _ in holders), tuple(steps), start, form)


def _start(
    source: Layout, holders: list[tuple[StoredTensor, Piece]], sizes: Mapping[str, int], steps: list[Step]
) -> Form:
    tensor, piece = holders[0]
    if len(holders) > 1:
        # An input and a recurrent bias as two arrays: they become the two sets of one.
        each = tensor.axes.shape(sizes)
        steps.append(Join("set", len(holders), each))
        return Form(Axes((Symbol("set"), *tensor.axes.items)), {**sizes, "set": len(holders)}, source.gates)
    if len(tensor.axes.pieces()) > 1:
        axes = Axes(tuple(_joined(axis) for axis in piece.axes))
        steps.append(Take(piece.slices(sizes), axes.shape(sizes), _rows(piece)))
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


def _rows(piece: Piece) -> str:
    return f"the {' '.join(sorted(content(piece.symbols)))} rows"
