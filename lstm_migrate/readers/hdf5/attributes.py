"""Text in HDF5 attributes, as a decade of h5py wrote it: fixed or variable length, bytes or str, in pieces.

Past 64 KB Keras cuts a list `x` into `x0`, `x1`, …; lists and texts are put together again here.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import h5py
import numpy as np

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.limits import MAX_CONFIG_BYTES, MAX_NAMES


def read_text(holder: h5py.Group, name: str) -> str | None:
    """A text, its pieces joined; None if there is no such attribute."""
    pieces = read_names(holder, name)
    return None if pieces is None else "".join(pieces)


def read_names(holder: h5py.Group, name: str) -> tuple[str, ...] | None:
    """A list of names, its pieces joined; None if there is no such attribute."""
    parts = list(_parts(holder.attrs, name))
    if not parts:
        return None
    names: list[str] = []
    for part in parts:
        names += _read(holder, part)
        if len(names) > MAX_NAMES:
            raise _wrong(holder, name, "is too long", f"more than {MAX_NAMES} names", f"≤ {MAX_NAMES}")
        if sum(map(len, names)) > MAX_CONFIG_BYTES:
            raise _wrong(
                holder, name, "is too long", f"more than {MAX_CONFIG_BYTES} bytes", f"≤ {MAX_CONFIG_BYTES}"
            )
    return tuple(names)


def read_count(holder: h5py.Group, name: str) -> int:
    """A number of things to come, none of which need be there."""
    header = holder.attrs.get_id(name) if name in holder.attrs else None
    if header is None or prod(header.shape or (1,)) != 1 or header.dtype.kind not in "iu":
        found = "nothing" if header is None else f"type {header.dtype}"
        raise _wrong(holder, name, "is no count", found, "a whole number")
    count = int(np.asarray(holder.attrs[name]).ravel()[0])
    if not 0 <= count <= MAX_NAMES:
        raise _wrong(holder, name, "is no count", str(count), f"0 to {MAX_NAMES}")
    return count


def _parts(attributes: h5py.AttributeManager, name: str) -> Iterator[str]:
    if name in attributes:
        yield name
        return
    number = 0
    while f"{name}{number}" in attributes:
        yield f"{name}{number}"
        number += 1


def _read(holder: h5py.Group, name: str) -> list[str]:
    header = holder.attrs.get_id(name)
    if header.shape is None or 0 in header.shape:  # an empty list has no strings, so NumPy called it float64
        return []
    count, width = prod(header.shape), header.dtype.itemsize
    if h5py.check_string_dtype(header.dtype) is None:
        raise _wrong(holder, name, "is no text", f"type {header.dtype}", "text")
    if count > MAX_NAMES or count * width > MAX_CONFIG_BYTES:
        found = f"{count} entries of {width} bytes"
        raise _wrong(holder, name, "is too long", found, f"≤ {MAX_NAMES} entries, ≤ {MAX_CONFIG_BYTES} bytes")
    values = np.asarray(holder.attrs[name], dtype=object).ravel()
    return [_decode(holder, name, value) for value in values]


def _decode(holder: h5py.Group, name: str, value: object) -> str:
    try:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        text = str(value)
        text.encode("utf-8")  # h5py smuggles bytes that are no UTF-8 through as lone surrogates
        return text
    except UnicodeError as error:
        raise _wrong(holder, name, "is no UTF-8 text", repr(value)[:60], "UTF-8") from error


def _wrong(holder: h5py.Group, name: str, what: str, found: str, expected: str) -> SourceError:
    where = f"{holder.name or '/'}: attribute {name}"
    return SourceError(what, where=where, found=found, expected=expected)
