"""Arrays that stand in a file as plain bytes, one number behind the other: bytes → values.

What says where they stand and of which type they are is for the reader of each format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import HINT
from lstm_migrate.readers.dtypes import BFLOAT16, widened

BLOCK_BYTES = 4 << 20
"""How much of a tensor a block of it holds."""

COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class RawArray:
    """A tensor and its bytes: from `start` of a stream on, of the type `stored`, in C or Fortran order."""

    info: TensorInfo
    stored: np.dtype[Any]
    start: int
    fortran: bool = False


def read_values(stream: IO[bytes], array: RawArray) -> NDArray[Any]:
    """All values in native byte order and C order, from a stream that stands at `start`."""
    if not array.fortran:
        return _filled(stream, array, array.info.shape)
    return np.asarray(_filled(stream, array, array.info.shape[::-1]).T, order="C")


def parts(array: RawArray) -> Iterator[tuple[slice, RawArray]]:
    """The array as blocks of rows, each with where it stands; Fortran's order has no rows."""
    info = array.info
    if info.nbytes <= BLOCK_BYTES or array.fortran:
        yield slice(None), array
        return
    rows = max(1, info.shape[0] * BLOCK_BYTES // info.nbytes)
    row_bytes = prod(info.shape[1:]) * array.stored.itemsize
    for start in range(0, info.shape[0], rows):
        part = slice(start, min(start + rows, info.shape[0]))
        block = replace(info, shape=(part.stop - part.start, *info.shape[1:]))
        yield part, replace(array, info=block, start=array.start + start * row_bytes)


def _filled(stream: IO[bytes], array: RawArray, shape: tuple[int, ...]) -> NDArray[Any]:
    values = np.empty(shape, array.stored)
    target = values.reshape(-1).view(np.uint8).data
    place = 0
    while place < len(target):
        piece = stream.read(min(COPY_BYTES, len(target) - place))
        if not piece:
            raise _cut_off(array, len(target) - place)
        target[place : place + len(piece)] = piece
        place += len(piece)
    return _native(values, array)


def _native(values: NDArray[Any], array: RawArray) -> NDArray[Any]:
    if array.info.dtype == BFLOAT16:
        return widened(values)
    if array.info.dtype == "bool":
        # A byte other than 0 and 1 would be a bool that is neither.
        return np.asarray(values.view(np.uint8) != 0)
    return np.asarray(values, array.stored.newbyteorder("="))


def _cut_off(array: RawArray, missing: int) -> SourceError:
    found = f"{missing} of {array.info.nbytes} bytes missing"
    return SourceError(Problem("is cut off", where=array.info.name, found=found, hint=HINT))
