"""Rounding: whether a recipe gives stored values again, where its source was made from them.

What a layout stores otherwise (a fold, a bias of run time) is rounded on the way there and once more on
the way back. Steps that only move values must give every bit again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_migrate.reference.scope import Array
from lstm_migrate.verification.subject import Recipe

LAST_PLACE = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
ROUNDINGS = 2
"""One when the source is stored, one when the target is; each is half a last place at most."""


def agree(recipe: Recipe, read: Callable[[str], Array], stored: Array) -> bool:
    """Whether the recipe makes `stored`, but for what rounding explains if it changes numbers at all."""
    found = recipe.run(read)
    if found.shape != stored.shape or found.dtype != stored.dtype:
        return False
    if recipe.effect == "bitwise" or stored.dtype.name not in LAST_PLACE:
        return bool(np.array_equal(_bytes(found), _bytes(stored)))
    # What is added and taken away may be larger than the result: its size counts.
    sizes = [recipe.run(lambda name: np.abs(read(name))), recipe.run(lambda name: -np.abs(read(name)))]
    most = np.maximum(*(np.abs(np.asarray(size, np.float64)) for size in sizes))
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.asarray(found, np.float64) - np.asarray(stored, np.float64))
    near = gap <= ROUNDINGS * LAST_PLACE[stored.dtype.name] * most
    return bool(np.all(near | (found == stored) | (np.isnan(found) & np.isnan(stored))))


def _bytes(value: Array) -> Array:
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8)
