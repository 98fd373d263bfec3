"""One array of an HDF5 file: its header judged before anything is read, then its values.

The checks compare what the header claims with what the file can hold, so that reading a tensor never
needs more memory than its own size and never leaves the file.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Blocks, TensorInfo
from lstm_migrate.errors import Problem
from lstm_migrate.readers.dtypes import BFLOAT16, DTYPES, Verdict, widened
from lstm_migrate.readers.limits import (
    FREE_EXPANSION_BYTES,
    MAX_COMPRESSION_RATIO,
    MAX_RANK,
    MAX_TENSOR_BYTES,
)
from lstm_migrate.readers.raw import BLOCK_BYTES

FILTERS = frozenset(
    {
        h5py.h5z.FILTER_DEFLATE,
        h5py.h5z.FILTER_SHUFFLE,
        h5py.h5z.FILTER_FLETCHER32,
        h5py.h5z.FILTER_SZIP,
        h5py.h5z.FILTER_NBIT,
        h5py.h5z.FILTER_SCALEOFFSET,
        h5py.h5z.FILTER_LZF,
    }
)
"""Filters that come with h5py; any other would be looked for among plugins on this machine."""


def judge(name: str, dataset: h5py.Dataset, file_size: int) -> TensorInfo | Problem:
    """The tensor as its header describes it, or the first thing that is wrong with it."""
    for check in CHECKS:
        verdict = check(dataset, file_size)
        if verdict is not None:
            what, found, expected = verdict
            return Problem(what, where=name, found=found, expected=expected)
    dtype = BFLOAT16 if _is_bfloat16(dataset) else dataset.dtype.newbyteorder("=").name
    return TensorInfo(name, tuple(dataset.shape), dtype)


def read_values(dataset: h5py.Dataset, info: TensorInfo) -> NDArray[Any]:
    """The values in native byte order, read straight into their array."""
    values = np.empty(info.shape, dataset.dtype if info.dtype == BFLOAT16 else info.dtype)
    if values.size:
        dataset.read_direct(values)
    return widened(values) if info.dtype == BFLOAT16 else values


def _is_bfloat16(dataset: h5py.Dataset) -> bool:
    # What Keras stores is opaque to HDF5, two bytes as they lay in memory of a little-endian machine.
    opaque = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2 and dataset.dtype.names is None
    return opaque and dataset.attrs.get("dtype") in (BFLOAT16, BFLOAT16.encode())


def read_blocks(dataset: h5py.Dataset, info: TensorInfo) -> Blocks:
    """The values a few rows at a time, and whole chunks at a time where they are packed in chunks."""
    if info.nbytes <= BLOCK_BYTES or not info.shape:
        yield slice(None), read_values(dataset, info)
        return
    rows = max(1, info.shape[0] * BLOCK_BYTES // info.nbytes)
    if dataset.chunks is not None:
        rows = ceil(rows / dataset.chunks[0]) * dataset.chunks[0]
    for start in range(0, info.shape[0], rows):
        part = slice(start, min(start + rows, info.shape[0]))
        stored = dataset.dtype if info.dtype == BFLOAT16 else info.dtype
        values = np.empty((part.stop - part.start, *info.shape[1:]), stored)
        dataset.read_direct(values, source_sel=part)
        yield part, widened(values) if info.dtype == BFLOAT16 else values


def _claimed(dataset: h5py.Dataset) -> int:
    """Bytes of the dataset as its header claims them, in the file's own type."""
    return int(prod(dataset.shape) * dataset.id.get_type().get_size())


def _check_type(dataset: h5py.Dataset, _: int) -> Verdict:
    try:
        dtype = dataset.dtype
    except (TypeError, ValueError) as error:
        return "is no array of numbers", str(error), "floats or integers"
    if _is_bfloat16(dataset):
        return None
    special = dtype.metadata or dtype.subdtype or dtype.names
    if special or dtype.newbyteorder("=").name not in DTYPES:
        return "is no array of numbers", f"type {_spelled(dtype)}", "floats or integers"
    return None


def _spelled(dtype: np.dtype[Any]) -> str:
    if h5py.check_string_dtype(dtype) is not None:
        return "text"
    if h5py.check_ref_dtype(dtype) is not None:
        return "reference"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "arrays of varying length"
    return str(dtype)


def _check_shape(dataset: h5py.Dataset, _: int) -> Verdict:
    if dataset.shape is None:
        return "holds nothing", "an empty dataspace", "an array"
    if len(dataset.shape) > MAX_RANK:
        return "has too many axes", str(len(dataset.shape)), f"≤ {MAX_RANK}"
    if _claimed(dataset) > MAX_TENSOR_BYTES:
        return "is too large", f"shape {dataset.shape}", f"≤ {MAX_TENSOR_BYTES} bytes"
    return None


def _check_place(dataset: h5py.Dataset, file_size: int) -> Verdict:
    properties = dataset.id.get_create_plist()
    if properties.get_layout() == h5py.h5d.VIRTUAL:
        return "is put together from other files", "a virtual dataset", "data in the file itself"
    if properties.get_external_count():
        return "stands in another file", "external storage", "data in the file itself"
    offset = dataset.id.get_offset()
    if offset is not None and offset + _claimed(dataset) > file_size:
        end = offset + _claimed(dataset)
        return "reaches beyond the end of the file", f"end {end}", f"≤ {file_size} bytes"
    return None


def _check_filters(dataset: h5py.Dataset, _: int) -> Verdict:
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number) for number in range(properties.get_nfilters())]
    unknown = [
        f"{name.decode('utf-8', 'replace')} ({code})" for code, _, _, name in filters if code not in FILTERS
    ]
    if unknown:
        return "is compressed in a way not read here", ", ".join(unknown), "gzip, lzf, szip or none"
    return None


def _check_storage(dataset: h5py.Dataset, file_size: int) -> Verdict:
    claimed, stored = _claimed(dataset), int(dataset.id.get_storage_size())
    if stored > file_size or (claimed and not stored):
        return "holds no data", f"{stored} bytes stored for shape {dataset.shape}", f"{claimed} bytes"
    expandable = dataset.id.get_create_plist().get_nfilters() > 0
    if stored < claimed and not expandable:
        return (
            "holds less than it claims",
            f"{stored} bytes stored for shape {dataset.shape}",
            f"{claimed} bytes",
        )
    unfolded = max(claimed, _chunk_bytes(dataset))
    if unfolded > FREE_EXPANSION_BYTES and unfolded > MAX_COMPRESSION_RATIO * stored:
        found = f"{stored} bytes that unfold to {unfolded}"
        return "is compressed beyond belief", found, f"≤ {MAX_COMPRESSION_RATIO} : 1"
    return None


def _chunk_bytes(dataset: h5py.Dataset) -> int:
    """Bytes that reading the whole dataset unpacks: whole chunks, though they overhang the shape."""
    if dataset.chunks is None:
        return 0
    chunks = prod(ceil(size / chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    return int(chunks * prod(dataset.chunks) * dataset.id.get_type().get_size())


CHECKS: tuple[Callable[[h5py.Dataset, int], Verdict], ...] = (
    _check_type,
    _check_shape,
    _check_place,
    _check_filters,
    _check_storage,
)
"""In this order: each may rely on those before it."""
