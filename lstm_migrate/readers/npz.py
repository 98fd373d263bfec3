"""NumPy's `.npz` archives: named arrays and nothing else → Checkpoint.

A ZIP archive of `.npy` files. Objects are stored there as pickles: none is ever opened.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Blocks, Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import HINT, reason
from lstm_migrate.readers.dtypes import DTYPES, check_shape
from lstm_migrate.readers.raw import RawArray, parts, read_values
from lstm_migrate.readers.zipped import Archive

SUFFIX = ".npy"
HEADER_BYTES = 12 + 10_000
"""A header as far as it is looked at: NumPy itself refuses more than 10,000 characters."""
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

LEFT_BEHIND = {"U": "text", "S": "text", "T": "text", "M": "dates", "m": "times"}
"""Kinds of arrays that are no weights and harm nobody; whatever else is no number is refused."""

EVIDENCE = "a NumPy archive: it names arrays and says nothing of what wrote them"


def open_npz(path: Path) -> Checkpoint:
    """Opens an `.npz` file; SourceError for every way in which it can be none."""
    archive = Archive(path)
    try:
        contents = _contents(archive)
    except BaseException:
        archive.close()
        raise
    return Checkpoint(
        path=path,
        format="npz",
        writer=Writer("unknown", "", "", (EVIDENCE,)),
        groups={},
        tensors={name: array.info for name, array in contents.arrays.items()},
        architecture=None,
        left_behind=contents.left_behind,
        read_values=_reader(archive, contents.arrays),
        read_blocks=_block_reader(archive, contents.arrays),
        close=archive.close,
    )


@dataclass
class Contents:
    """The arrays of an archive as their headers describe them, and what is none."""

    arrays: dict[str, RawArray] = field(default_factory=dict)
    left_behind: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """What the first bytes of an `.npy` file claim, `end` bytes long."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    end: int


def _contents(archive: Archive) -> Contents:
    contents = Contents()
    # NumPy warns of files that Python 2 wrote and of old spellings; they are as good as any.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for member in archive.names:
            try:
                _note(archive, member, contents)
            except SourceError as error:
                contents.problems += error.problems
    if contents.problems:
        raise SourceError(contents.problems)
    if not contents.arrays:
        found = ", ".join(archive.names[:8]) or "nothing"
        raise SourceError(
            "holds no tensors", where=str(archive.path), found=found, expected="arrays of numbers"
        )
    return contents


def _note(archive: Archive, member: str, contents: Contents) -> None:
    header, name = _header(archive, member), member.removesuffix(SUFFIX)
    if header.dtype.kind in LEFT_BEHIND:
        contents.left_behind[name] = f"{LEFT_BEHIND[header.dtype.kind]} of shape {header.shape}"[:200]
        return
    problem = _judged(member, header, archive.size(member))
    if problem is not None:
        contents.problems.append(problem)
        return
    info = TensorInfo(name, header.shape, header.dtype.newbyteorder("=").name)
    contents.arrays[name] = RawArray(info, header.dtype, header.end, header.fortran)


def _header(archive: Archive, member: str) -> Header:
    if not member.endswith(SUFFIX):
        raise SourceError("is no array", where=member, expected=f"a name that ends in {SUFFIX}")
    with archive.opened(member) as stream:
        head = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        version = npy.read_magic(head)
        if version not in HEADERS:
            found = "version {}.{} of the .npy format".format(*version)
            raise SourceError("cannot be read", where=member, found=found, expected="1.0 or 2.0")
        shape, fortran, dtype = HEADERS[version](head)
    except SourceError:
        raise
    except Exception as error:
        # NumPy parses it with Python's own parser: SyntaxError, MemoryError and TokenError come through.
        raise SourceError(
            Problem("has no header of an .npy file", where=member, found=reason(error)[:200], hint=HINT)
        ) from error
    return Header(tuple(int(size) for size in shape), fortran, dtype, head.tell())


def _judged(member: str, header: Header, size: int) -> Problem | None:
    """The first thing that is wrong with an array of this header in a member of this size."""
    dtype = header.dtype
    if dtype.hasobject:
        return Problem(
            "is an array of Python objects",
            where=member,
            found=f"type {dtype}"[:100],
            expected="numbers",
            hint="Objects are stored as a pickle, which runs code when it is read, so it is not opened: "
            "save the numbers alone, each array under a name of its own",
        )
    if dtype.subdtype or dtype.names or dtype.newbyteorder("=").name not in DTYPES:
        raw = "NumPy stores bfloat16 like that: save it as float32" if dtype.str == "|V2" else ""
        found = f"type {dtype}"[:100]
        return Problem("is no array of numbers", member, found, "floats or integers", raw)
    verdict = check_shape(header.shape, dtype.itemsize)
    if verdict is not None:
        what, found, expected = verdict
        return Problem(what, where=member, found=found, expected=expected)
    claimed = header.end + prod(header.shape) * dtype.itemsize
    if claimed != size:
        found, expected = f"{size} bytes for shape {header.shape} of {dtype}", f"{claimed} bytes"
        return Problem("does not hold what its header claims", member, found, expected, HINT)
    return None


@contextmanager
def _values(archive: Archive, array: RawArray) -> Iterator[IO[bytes]]:
    """The member where its values begin, and nothing behind them: only there its checksum is compared."""
    with archive.opened(array.info.name + SUFFIX) as stream:
        stream.read(array.start)
        yield stream
        stream.read(1)


def _reader(archive: Archive, arrays: Mapping[str, RawArray]) -> Callable[[str], NDArray[Any]]:
    def read(name: str) -> NDArray[Any]:
        with _values(archive, arrays[name]) as stream:
            return read_values(stream, arrays[name])

    return read


def _block_reader(archive: Archive, arrays: Mapping[str, RawArray]) -> Callable[[str], Blocks]:
    def read(name: str) -> Blocks:
        with _values(archive, arrays[name]) as stream:
            for part, block in parts(arrays[name]):
                yield part, read_values(stream, block)

    return read
