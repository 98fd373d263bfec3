"""Which numbers an array of any file may hold, and how large a header may claim it to be."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.readers.limits import MAX_RANK, MAX_TENSOR_BYTES

DTYPES = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)

BFLOAT16 = "bfloat16"  # NumPy has no such type: its values are given as float32

Verdict = tuple[str, str, str] | None
"""What is wrong, found, expected."""


def widened(values: NDArray[Any]) -> NDArray[Any]:
    """bfloat16 as float32: the upper half of its bits. `values`: two bytes each, little-endian."""
    bits = np.frombuffer(values.tobytes(), "<u2").astype(np.uint32) << 16
    return bits.view(np.float32).reshape(values.shape)


def check_shape(shape: tuple[int, ...], itemsize: int) -> Verdict:
    """What is wrong with a shape that a header claims."""
    if len(shape) > MAX_RANK:
        return "has too many axes", str(len(shape)), f"≤ {MAX_RANK}"
    if any(size < 0 for size in shape):
        return "has an axis of negative length", f"shape {_shown(shape)}", "≥ 0"
    # Beside an axis of length 0 the others count as well: NumPy cannot make such an array either.
    if prod(max(size, 1) for size in shape) * itemsize > MAX_TENSOR_BYTES:
        return "is too large", f"shape {_shown(shape)}", f"≤ {MAX_TENSOR_BYTES} bytes"
    return None


def _shown(shape: tuple[int, ...]) -> str:
    sizes = (str(size) if abs(size) < 10**30 else "a number of over 30 digits" for size in shape)
    return f"({', '.join(sizes)})"
