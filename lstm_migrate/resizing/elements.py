"""Elements: one number for each unit, feature or token of a model, wherever it turns up.

A layer's units and the rows of whatever reads them are the same elements. Those that are added, multiplied
or handed on as a state become one class: what happens to one of them happens to all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[Any]
"""The elements along one axis, in its order: int64, of shape (size,)."""


class Elements:
    """Gives out elements and joins them to classes."""

    def __init__(self) -> None:
        self._parent = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._parent)

    def new(self, count: int) -> Ids:
        """So many new elements, each a class of its own."""
        start = len(self._parent)
        fresh = np.arange(start, start + count, dtype=np.int64)
        self._parent = np.concatenate([self._parent, fresh])
        return fresh

    def roots(self, ids: Ids) -> Ids:
        """For each element the lowest one of its class."""
        found = self._parent[ids]
        while True:
            above = self._parent[found]
            if np.array_equal(above, found):
                return found
            found = above

    def tie(self, one: Ids, other: Ids) -> None:
        """Makes elements at the same place of two axes of the same length one class each."""
        while True:
            first, second = self.roots(one), self.roots(other)
            apart = first != second
            if not apart.any():
                return
            low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
            # Of several ties of one class the lowest counts now; the next round finds the others.
            np.minimum.at(self._parent, high, low)
