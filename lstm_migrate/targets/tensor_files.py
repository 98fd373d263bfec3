"""Named tensors → an `.npz` or `.safetensors` file, the same bytes for the same tensors.

It imports no Keras, and asks no library to write: NumPy's own `savez` takes a tensor's name for an
argument of its own, the safetensors library sorts the tensors by name. Both read what is written here.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lstm_migrate.errors import Problem, TargetError

Tensors = Mapping[str, NDArray[Any]]

INTEGERS = {f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS = {"float16": 2, "float32": 4, "float64": 8}
NPZ_TYPES = {
    "bool": "|b1",
    **{name: f"<{name[0]}{size}" for name, size in (INTEGERS | FLOATS).items()},
}
"""NumPy's name for a type → how it is stored: little-endian, whatever machine writes."""

SAFETENSORS_TYPES = {
    "bool": "BOOL",
    "bfloat16": "BF16",
    **{name: f"{name[0].upper()}{size * 8}" for name, size in (INTEGERS | FLOATS).items()},
}
HEADER_ALIGNMENT = 8
MAX_NAME = 10_000  # characters; a ZIP archive holds four times as many bytes


def format_of(path: Path) -> str:
    """The format that the suffix of `path` asks for, a key of FORMATS."""
    for name, format in FORMATS.items():
        if path.suffix.lower() == format.suffix:
            return name
    expected = " or ".join(format.suffix for format in FORMATS.values())
    raise TargetError(
        "tensors are not written to such a file", where=str(path), expected=f"a name in {expected}"
    )


def write_tensors(path: Path, tensors: Tensors, format: str) -> None:
    """Writes `tensors` in their order to `path`, whose name does not matter.

    TargetError if one has a name or a type that the format cannot hold, before anything is written, or
    if the system refuses; then `path` is gone.
    """
    kind = FORMATS[format]
    problems = [problem for name, values in tensors.items() if (problem := _judged(name, values, kind))]
    if problems:
        raise TargetError(problems)
    try:
        kind.write(path, tensors)
    except OSError as error:
        found = error.strerror or str(error)
        path.unlink(missing_ok=True)
        raise TargetError("the target cannot be written", where=str(path.parent), found=found) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Format:
    """A format: its suffix, its types, what of a name it cannot hold, and who writes it."""

    suffix: str
    types: Mapping[str, str]
    bad_names: re.Pattern[str]
    write: Callable[[Path, Tensors], None]


def _judged(name: str, values: NDArray[Any], format: Format) -> Problem | None:
    if len(name) > MAX_NAME or not name.isprintable() or format.bad_names.search(name):
        return Problem(f"is no name for a tensor in a {format.suffix} file", where=repr(name)[:80])
    if values.dtype.name not in format.types:
        found, expected = f"type {values.dtype}", ", ".join(format.types)
        return Problem(f"cannot stand in a {format.suffix} file", name, found, expected)
    return None


def _write_npz(path: Path, tensors: Tensors) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, values in tensors.items():
            # A ZipInfo of its own: no time of writing, no system that wrote.
            member = zipfile.ZipInfo(f"{name}.npy")
            member.create_system, member.external_attr = 3, 0o600 << 16
            with archive.open(member, "w", force_zip64=True) as file:
                npy.write_array(file, _stored(values, NPZ_TYPES[values.dtype.name]), allow_pickle=False)


def _write_safetensors(path: Path, tensors: Tensors) -> None:
    # Wide types first, so that each tensor stands where its type may be mapped into memory.
    places, end = {}, 0
    for name in sorted(tensors, key=lambda name: -tensors[name].itemsize):
        places[name] = (end, end + tensors[name].nbytes)
        end += tensors[name].nbytes
    entries = {
        name: {
            "dtype": SAFETENSORS_TYPES[values.dtype.name],
            "shape": values.shape,
            "data_offsets": places[name],
        }
        for name, values in tensors.items()
    }
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % HEADER_ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for name in places:
            values = tensors[name]
            if values.dtype.name == "bfloat16":
                values = np.asarray(values, order="C").view(np.uint16)
            file.write(_stored(values, NPZ_TYPES[values.dtype.name]).reshape(-1).view(np.uint8).data)


def _stored(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The values as they stand in the file; nothing is copied that stands like that already."""
    return np.asarray(values, dtype, order="C")


# Steps of a path that leads elsewhere or names another member: an archive with such a name is not read.
_NO_MEMBER = re.compile(r"^$|\\|^[A-Za-z]:(?!\d+$)|(^|/)\.{0,2}(/|$)")

FORMATS = {
    "npz": Format(".npz", NPZ_TYPES, _NO_MEMBER, _write_npz),
    "safetensors": Format(
        ".safetensors", SAFETENSORS_TYPES, re.compile(r"^(__metadata__)?$"), _write_safetensors
    ),
}
