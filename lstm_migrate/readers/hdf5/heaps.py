"""Global heaps, where HDF5 keeps text of varying length: looked through before the library reads them.

HDF5 1.14 loops for ever over a heap that lists an entry of no size, and no timeout can stop it from
inside the process. One flipped byte is enough, so each heap is walked here first.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import BinaryIO

import h5py

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import HINT, PARSER_ERRORS
from lstm_migrate.readers.hdf5.tree import Tree

SIGNATURE = b"GCOL\x01\0\0\0"
HEADER_BYTES = 16
"""Of a heap and of each entry alike; the size stands in bytes 8 to 15 of it."""


def check_heaps(where: str, raw: BinaryIO, file: h5py.File, tree: Tree) -> None:
    """SourceError if a heap anywhere outside the arrays does not add up. `raw`: the bytes of `file`."""
    _, width = file.id.get_create_plist().get_sizes()
    with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start, end in _gaps(_extents(file, tree), len(data)):
            while (start := data.find(SIGNATURE, start, end)) >= 0:
                if not _adds_up(data, start, width):
                    raise SourceError(
                        Problem("cannot be read as HDF5", where, f"a broken heap at byte {start}", hint=HINT)
                    )
                start += len(SIGNATURE)


def _adds_up(data: mmap.mmap, start: int, width: int) -> bool:
    end = start + _size(data, start, width)
    place = start + HEADER_BYTES
    if end < place or end > len(data):
        return False
    while place + HEADER_BYTES <= end:
        size = _size(data, place, width)
        # Entry 0 is the free space at the end; its size counts its own header.
        number = int.from_bytes(data[place : place + 2], "little")
        step = size if number == 0 else HEADER_BYTES + -(-size // 8) * 8
        if step < HEADER_BYTES or place + step > end:
            return False
        place += step
    return True


def _size(data: mmap.mmap, place: int, width: int) -> int:
    return int.from_bytes(data[place + 8 : place + 8 + width], "little")


def _gaps(extents: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """What lies between the arrays: a few KB of metadata, however large the file is."""
    reach = 0
    for start, end in [*sorted(extents), (size, size)]:
        if start > reach:
            yield reach, min(start + len(SIGNATURE) - 1, size)
        reach = max(reach, end)


def _extents(file: h5py.File, tree: Tree) -> list[tuple[int, int]]:
    """Where the arrays stand that are stored in one piece, as Keras stores all of its own."""
    extents = []
    for name in tree.datasets():
        try:
            dataset = h5py.h5d.open(file.id, name.encode())
            offset, size = dataset.get_offset(), dataset.get_storage_size()
        except PARSER_ERRORS:  # then it is looked through like metadata; who needs it will say what is wrong
            continue
        if offset is not None:
            extents.append((offset, offset + size))
    return extents
