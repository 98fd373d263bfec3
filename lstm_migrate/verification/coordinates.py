"""Where each element of a declared array lies, worked out from the declaration alone.

An independent reading of axis expressions: mixed-radix digits, no NumPy reshapes, no code of the
converter. It answers, for a flat position, which gate, unit, feature … the element belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_migrate.reference.axis_digits import axes_of, digits, number
from lstm_migrate.reference.scope import Array


def coordinates(positions: Array, form: Any) -> dict[str, Array]:
    """For each symbol of `form`, the coordinate of the elements at these flat positions.

    A gate's coordinate is the number of its letter, so that arrays with another gate order, or with other
    gates, can be compared.
    """
    sizes: Mapping[str, int] = form.sizes
    symbols = [digit for (part,) in axes_of(str(form.axes)) for digit in part]
    found = digits(positions, [name for name, _ in symbols], sizes)
    for name, flipped in symbols:
        if flipped:
            found[name] = sizes[name] - 1 - found[name]
    poured = [str(symbol) for symbol in form.poured]
    if poured:
        # Inside a block the memory order is the poured one: the digits of the place within the block,
        # read as if the block were laid out plainly, are taken again in the poured order.
        plain = [name for name, _ in symbols if name in poured]
        found |= digits(number(found, plain, sizes), poured, sizes)
    if form.gates is not None and "gate" in found:
        found["gate"] = np.array([ord(gate) for gate in form.gates.gates])[found["gate"]]
    return found
