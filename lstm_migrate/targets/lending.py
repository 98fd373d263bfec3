"""Arrays on their way into Keras variables, without the copies that a framework would make.

TensorFlow copies an array twice before a variable holds it, and fills memory with the zeros that the
values then replace. It takes memory as it is from an object that merely can show an array, if that
lies on a boundary of ALIGNMENT bytes: so large arrays are laid out like that and lent. Other
frameworks get plain arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras
import numpy as np

from lstm_migrate.reference.scope import Array

ALIGNMENT = 64
LARGE_BYTES = 1 << 20  # below it a copy costs less than the care
POURED_BYTES = 16 << 20
LENDABLE = frozenset({"float16", "float32", "float64"})


class Lent:
    """An array to be used where it lies. Nobody may write to it afterwards."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self._array


def lends(dtype: str, shape: tuple[int, ...]) -> bool:
    """Whether arrays of this kind are worth lending, and the framework takes them."""
    large = dtype in LENDABLE and prod(shape) * np.dtype(dtype).itemsize >= LARGE_BYTES
    return large and keras.backend.backend() == "tensorflow"


def zeros(shape: tuple[int, ...], dtype: str) -> Any:
    """A tensor of zeros; a large one takes no memory until it is written to."""
    if lends(dtype, shape):
        return keras.ops.convert_to_tensor(Lent(_aligned(shape, dtype)), dtype=dtype)
    return keras.ops.zeros(shape, dtype=dtype)


def tensor(value: Array, dtype: str) -> Any:
    """`value` as a tensor."""
    if value.dtype.name != dtype or not lends(dtype, value.shape):
        return keras.ops.convert_to_tensor(value, dtype=dtype)
    aligned = _aligned(value.shape, dtype)
    aligned[...] = value
    return keras.ops.convert_to_tensor(Lent(aligned), dtype=dtype)


@contextmanager
def lent_values() -> Iterator[None]:
    """Inside it, Keras's own loading assigns large arrays in this way."""
    assign = keras.Variable.assign

    def lending(self: Any, value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.shape != tuple(self.shape):
            return assign(self, value)
        # The two that count are this function's argument and getrefcount's own.
        memory = _memory(value) if sys.getrefcount(value) <= 2 else None
        if memory is None or memory.dtype.name != self.dtype or not lends(self.dtype, value.shape):
            return assign(self, tensor(value, self.dtype))
        return assign(self, keras.ops.convert_to_tensor(Lent(_poured(memory, value.shape)), dtype=self.dtype))

    own = "assign" in vars(keras.Variable)
    keras.Variable.assign = lending
    try:
        yield
    finally:
        if own:
            keras.Variable.assign = assign
        else:
            del keras.Variable.assign


def _aligned(shape: tuple[int, ...], dtype: str) -> Array:
    """Zeros on an aligned address, in memory that the system gives when it is first touched."""
    size = prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def _memory(value: Array) -> Array | None:
    """The array whose memory `value` shows, from its start to its end, if nobody else holds that."""
    owner = value if value.base is None else value.base
    if not isinstance(owner, np.ndarray) or not owner.flags.owndata or owner.nbytes != value.nbytes:
        return None
    # Besides `value` itself, this name and getrefcount's argument.
    shared = owner is not value and sys.getrefcount(owner) > 3
    plain = owner.flags.c_contiguous and value.flags.c_contiguous and owner.dtype == value.dtype
    return owner if plain and not shared else None


def _poured(memory: Array, shape: tuple[int, ...]) -> Array:
    """The same values on an aligned address; `memory` is used up, and so is every view of it.

    From the end, so that what has been poured is given back to the system piece by piece.
    """
    full = _aligned(shape, memory.dtype.name)
    into, step = full.reshape(-1), POURED_BYTES // memory.itemsize
    for start in range((memory.size - 1) // step * step, -1, -step):
        into[start : start + step] = memory.reshape(-1)[start:]
        memory.resize(start, refcheck=False)
    return full
