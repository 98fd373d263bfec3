"""`.safetensors` files: named tensors and a few words beside them → Checkpoint.

The safetensors library, which lives here alone, judges the header: types, shapes, and that the tensors
fill the file without gap or overlap. The values are then read where the header says: the library maps
the file into memory, where a file that shrinks meanwhile ends the process, and gives NumPy no bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from lstm_migrate.checkpoint import Blocks, Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import HINT, guarded, reason
from lstm_migrate.readers.dtypes import BFLOAT16, check_shape
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.limits import MAX_CONFIG_BYTES, MAX_NAMES
from lstm_migrate.readers.raw import RawArray, parts, read_values

METADATA = "__metadata__"
LENGTH_BYTES = 8

DTYPES = {
    "BOOL": ("bool", "|b1"),
    "F64": ("float64", "<f8"),
    "F32": ("float32", "<f4"),
    "F16": ("float16", "<f2"),
    "BF16": (BFLOAT16, "<u2"),
    **{f"I{bits}": (f"int{bits}", f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"U{bits}": (f"uint{bits}", f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
}
"""Type in the header → the Checkpoint's name for it, and what NumPy reads it as."""

Entries = Mapping[str, Any]
"""What the header says of each tensor: dtype, shape, data_offsets."""


def open_safetensors(path: Path) -> Checkpoint:
    """Opens a `.safetensors` file read-only; SourceError for every way in which it can be none."""
    with guarded(str(path), "cannot be opened"):
        file = path.open("rb")
    try:
        header, start = _header(path, file)
        entries = {name: entry for name, entry in header.items() if name != METADATA}
        _check_entries(path, entries)
        _check_whole(path)
        arrays = _arrays(entries, start)
    except BaseException:
        file.close()
        raise
    return Checkpoint(
        path=path,
        format="safetensors",
        writer=Writer("unknown", "", "", tuple(_evidence(header.get(METADATA) or {}))),
        groups={},
        tensors={name: array.info for name, array in arrays.items()},
        architecture=None,
        read_values=_reader(file, arrays),
        read_blocks=_block_reader(file, arrays),
        close=file.close,
    )


def _header(path: Path, file: BinaryIO) -> tuple[Mapping[str, Any], int]:
    """The header as parsed, and where the tensors begin."""
    room = path.stat().st_size - LENGTH_BYTES
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if room < 0 or length > room:
        found = f"{length} bytes" if room >= 0 else f"a file of {room + LENGTH_BYTES} bytes"
        raise _error(path, "has a header that reaches beyond its end", found, f"≤ {max(room, 0)} bytes", HINT)
    if length > MAX_CONFIG_BYTES:
        raise _error(path, "has too long a header", f"{length} bytes", f"≤ {MAX_CONFIG_BYTES}")
    try:
        text = file.read(length).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _error(path, "has a header that is no UTF-8 text", str(error), hint=HINT) from error
    header = parse_object(text, f"the header of {path}", distinct=True)
    return header, LENGTH_BYTES + length


def _check_entries(path: Path, entries: Entries) -> None:
    """What the library lets pass, and what is better said of a tensor by its name."""
    if not entries:
        raise _error(path, "holds no tensors", "nothing", "arrays of numbers")
    if len(entries) > MAX_NAMES:
        raise _error(path, "holds too many tensors", str(len(entries)), f"≤ {MAX_NAMES}")
    problems = [problem for name, entry in entries.items() if (problem := _judged(name, entry))]
    if problems:
        raise SourceError(problems)


def _judged(name: str, entry: Any) -> Problem | None:
    shown = name if name.isprintable() else name[:80].encode("unicode_escape").decode("ascii")
    if shown != name or not name:
        return Problem("has a name that cannot be shown", where=shown or "a tensor without a name")
    shape, dtype = (entry.get("shape"), entry.get("dtype")) if isinstance(entry, dict) else (None, None)
    if not isinstance(shape, list) or any(type(size) is not int for size in shape):
        return Problem("has no shape in the header", name, str(entry)[:80], "whole numbers", HINT)
    if not isinstance(dtype, str) or dtype not in DTYPES:
        found, expected = f"type {str(dtype)[:40]}", "floats of 16 bits or more, or integers"
        return Problem("is no array of numbers that is read here", name, found, expected)
    verdict = check_shape(tuple(shape), np.dtype(DTYPES[dtype][1]).itemsize)
    if verdict is not None:
        what, found, expected = verdict
        return Problem(what, where=name, found=found, expected=expected)
    return None


def _check_whole(path: Path) -> None:
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError, ValueError) as error:
        raise _error(path, "cannot be read as safetensors", reason(error), hint=HINT) from error


def _arrays(entries: Entries, start: int) -> dict[str, RawArray]:
    """The tensors in the order of the header, once the library has found it sound."""
    arrays = {}
    for name, entry in entries.items():
        dtype, stored = DTYPES[entry["dtype"]]
        info = TensorInfo(name, tuple(entry["shape"]), dtype)
        arrays[name] = RawArray(info, np.dtype(stored), start + entry["data_offsets"][0])
    return arrays


def _evidence(metadata: Mapping[str, str]) -> Iterator[str]:
    yield "safetensors: it names tensors and need not say what wrote them"
    for key, value in list(metadata.items())[:8]:
        said = f"{METADATA} says {key[:40]}: {value[:80]}"
        yield said if said.isprintable() else said.encode("unicode_escape").decode("ascii")


@contextmanager
def _values(file: BinaryIO, array: RawArray) -> Iterator[BinaryIO]:
    """The file where the values begin."""
    with guarded(array.info.name, "cannot be read"):
        file.seek(array.start)
        yield file


def _reader(file: BinaryIO, arrays: Mapping[str, RawArray]) -> Callable[[str], NDArray[Any]]:
    def read(name: str) -> NDArray[Any]:
        with _values(file, arrays[name]) as stream:
            return read_values(stream, arrays[name])

    return read


def _block_reader(file: BinaryIO, arrays: Mapping[str, RawArray]) -> Callable[[str], Blocks]:
    def read(name: str) -> Blocks:
        for part, block in parts(arrays[name]):
            # Found anew for each: whoever asked may read other tensors between two blocks.
            with _values(file, block) as stream:
                values = read_values(stream, block)
            yield part, values

    return read


def _error(path: Path, what: str, found: str = "", expected: str = "", hint: str = "") -> SourceError:
    return SourceError(Problem(what, where=str(path), found=found, expected=expected, hint=hint))
