"""Where each element of a declared array lies, worked out from the declaration alone.

An independent reading of axis expressions: mixed-radix digits, no NumPy reshapes, no code of the
converter. It answers, for a flat position, which gate, unit, feature … the element belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from lstm_migrate.reference.scope import Array


def coordinates(positions: Array, form: Any) -> dict[str, Array]:
    """For each symbol of `form`, the coordinate of the elements at these flat positions.

    A gate's coordinate is the number of its name in alphabetical order, so that files with another
    gate order can be compared.
    """
    sizes: Mapping[str, int] = form.sizes
    axes = [_symbols(axis) for axis in re.findall(r"\([^)]*\)|\S+", str(form.axes))]
    found = _digits(positions, [name for axis in axes for name, _ in axis], sizes)
    for name, flipped in (pair for axis in axes for pair in axis):
        if flipped:
            found[name] = sizes[name] - 1 - found[name]
    poured = [str(symbol) for symbol in form.poured]
    if poured:
        # Inside a block the memory order is the poured one: the digits of the place within the block,
        # read as if the block were laid out plainly, are taken again in the poured order.
        plain = [name for axis in axes for name, _ in axis if name in poured]
        within = np.zeros_like(positions)
        for name in plain:
            within = within * sizes[name] + found[name]
        found |= _digits(within, poured, sizes)
    if form.gates is not None and "gate" in found:
        order = list(form.gates.gates)
        rank = np.array([sorted(order).index(gate) for gate in order])
        found["gate"] = rank[found["gate"]]
    return found


def _symbols(axis: str) -> list[tuple[str, bool]]:
    return [(word.removeprefix("~"), word.startswith("~")) for word in axis.strip("()").split()]


def _digits(positions: Array, names: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Array]:
    found = {}
    place = prod(sizes[name] for name in names)
    for name in names:
        place //= sizes[name]
        found[name] = positions // place % sizes[name]
    return found
