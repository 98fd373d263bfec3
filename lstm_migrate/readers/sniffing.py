"""Sniffing: which format a path holds, told by its first bytes; what nobody reads is refused by name.

One table, tried from top to bottom. A format that gains a reader moves from REFUSED to KNOWN.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lstm_migrate.errors import Problem, SourceError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
TABLE_FOOTER = bytes.fromhex("57fb808b247547db")  # the key-value table in which TensorFlow keeps its index
HEAD_BYTES = 4096
EXPECTED = "a model or weights of Keras (.h5, .keras, .weights.h5)"


@dataclass(frozen=True)
class Sample:
    """The little of a file that tells its format."""

    path: Path
    size: int
    head: bytes
    tail: bytes
    hdf5_offset: int | None

    @cached_property
    def text(self) -> str | None:
        """The head as text, or None if it is none."""
        if b"\0" in self.head:
            return None
        try:
            return self.head.decode("utf-8")
        except UnicodeDecodeError as error:
            cut_in_half = error.start >= len(self.head) - 3 and self.size > HEAD_BYTES
            return self.head[: error.start].decode("utf-8") if cut_in_half else None

    @cached_property
    def members(self) -> frozenset[str]:
        """Names inside a ZIP archive; empty if it has no readable list of them."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return frozenset(archive.namelist())
        except (OSError, ValueError, RuntimeError, LookupError, zipfile.BadZipFile, NotImplementedError):
            return frozenset()


@dataclass(frozen=True)
class Kind:
    """A format: how it is called, how it is told, what to do about it."""

    name: str
    told: Callable[[Sample], bool]
    hint: str


def _starts(*prefixes: bytes) -> Callable[[Sample], bool]:
    return lambda sample: sample.head.startswith(prefixes)


def _text(pattern: str) -> Callable[[Sample], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda sample: (
        sample.text is not None and compiled.match(sample.text.lstrip("\ufeff \t\r\n")) is not None
    )


def _zip(*patterns: str) -> Callable[[Sample], bool]:
    compiled = [re.compile(pattern) for pattern in patterns]
    return lambda sample: (
        sample.head.startswith(b"PK\x03\x04")
        and all(any(pattern.fullmatch(name) for name in sample.members) for pattern in compiled)
    )


def _archive_of_keras(sample: Sample) -> bool:
    """Two of the three members that every `.keras` file has: what lacks one is told as such."""
    weights = any(re.fullmatch(r"model\.weights\.\w+", name) for name in sample.members)
    return sample.head.startswith(b"PK\x03\x04") and (
        sum((weights, "config.json" in sample.members, "metadata.json" in sample.members)) >= 2
    )


def _only_npy(sample: Sample) -> bool:
    return (
        sample.head.startswith(b"PK\x03\x04")
        and bool(sample.members)
        and all(name.endswith(".npy") for name in sample.members)
    )


def _safetensors(sample: Sample) -> bool:
    # The length of a header, of which no file fills all eight bytes; a text has no zero byte at all.
    length = sample.head[:8]
    return b"\0" in length and re.match(rb'[{][\s"}]', sample.head[8:10]) is not None


ARCHITECTURE_ONLY = "An architecture holds no weights: pass the HDF5 file that belongs to it"
NOT_YET = "It is not read yet; save the model as HDF5 (.h5) in the software that wrote it"

KNOWN = (
    # First: the weights inside an archive may by chance start where HDF5 itself may.
    Kind("keras-archive", _archive_of_keras, ""),
    Kind("npz", _only_npy, ""),
    Kind("hdf5", lambda sample: sample.hdf5_offset is not None, ""),
    Kind("safetensors", _safetensors, ""),
    Kind("sharded-weights", _text(r'\{\s*"(metadata|weight_map)"\s*:\s*\{'), ""),
)

REFUSED = (
    Kind(
        "a Git-LFS pointer", _text(r"version https://git-lfs"), "Run `git lfs pull` to fetch the file itself"
    ),
    Kind(
        "an HTML page",
        _text(r"(<!--.*?-->\s*)?<(!doctype html|html|head|body)"),
        "A download saved an error page or a login page: fetch the file again",
    ),
    Kind("an XML document", _text(r"<\?xml"), "A download saved an error message: fetch the file again"),
    Kind("the index of a TensorFlow checkpoint folder", _text(r"model_checkpoint_path:"), NOT_YET),
    Kind("JSON", _text(r'\{\s*("|\})|\[\s*[\[{"\]\d-]'), ARCHITECTURE_ONLY),
    Kind(
        "YAML",
        _text(r"(---\s|(#.*\n)+|[ \t]*)*(\w+:\s.*\n)*?(class_name|backend|keras_version|config):\s"),
        ARCHITECTURE_ONLY,
    ),
    Kind("a PyTorch file (ZIP)", _zip(r"[^/]+/data\.pkl"), NOT_YET),
    Kind(
        "a ZIP archive",
        _starts(b"PK\x03\x04", b"PK\x05\x06"),
        "If it should be a .keras or PyTorch file it is truncated; else unpack it and pass the file inside",
    ),
    Kind("a PyTorch file (pickle)", _starts(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), NOT_YET),
    Kind(
        "a Python pickle",
        lambda sample: re.match(rb"\x80[\x01-\x05][^\0]|\(dp?0?\n|c\w+\n\w+\n", sample.head) is not None,
        "Pickles run code when they are read, so none is ever opened; save the model as HDF5",
    ),
    Kind("a NumPy .npy array", _starts(b"\x93NUMPY"), NOT_YET),
    Kind("a TensorFlow checkpoint (its .index)", lambda sample: sample.tail.endswith(TABLE_FOOTER), NOT_YET),
    Kind(
        "a TensorFlow Lite model",
        lambda sample: sample.head[4:8] == b"TFL3",
        "It was made for inference and holds no Keras model: pass the file that it was made from",
    ),
    Kind("gzip data", _starts(b"\x1f\x8b"), "Unpack it first: gunzip, or tar -xzf"),
    Kind("bzip2 data", _starts(b"BZh"), "Unpack it first: bunzip2, or tar -xjf"),
    Kind("xz data", _starts(b"\xfd7zXZ\0"), "Unpack it first: unxz, or tar -xJf"),
    Kind("a tar archive", lambda sample: sample.head[257:262] == b"ustar", "Unpack it first: tar -xf"),
    Kind("an HDF4 file", _starts(b"\x0e\x03\x13\x01"), "No Keras wrote HDF4: this is another file"),
    Kind(
        "a protocol buffer (ONNX, SavedModel or a frozen graph)",
        lambda sample: (
            re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]|\x0a[\x01-\xff]{1,5}\x0a", sample.head)
            is not None
        ),
        NOT_YET,
    ),
    Kind(
        "zeros",
        lambda sample: not sample.head.strip(b"\0"),
        "The download or the copy was cut off: fetch it again",
    ),
    Kind(
        "text",
        lambda sample: sample.text is not None,
        "This is no checkpoint: pass the file that holds the weights",
    ),
)

FOLDERS = (
    ("a SavedModel folder", "saved_model.pb", NOT_YET),
    ("a folder with a TensorFlow checkpoint", "checkpoint", NOT_YET),
    (
        "an unpacked .keras archive",
        "model.weights.h5",
        "Pass the .keras file itself, or zip the content of the folder again",
    ),
)


def sniff(path: Path) -> str:
    """The name of the format, one of KNOWN. SourceError says what else the path holds and what to do."""
    sample = _sample(path)
    for kind in KNOWN:
        if kind.told(sample):
            return kind.name
    for kind in REFUSED:
        if kind.told(sample):
            raise _refusal(path, kind.name, kind.hint)
    raise _refusal(
        path, f"unknown data, starting {sample.head[:8].hex(' ')}", "Truncated, encrypted, or no checkpoint"
    )


def _sample(path: Path) -> Sample:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _folder(path)
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "a device or a pipe", "Copy its content into a file first")
        if not status.st_size:
            raise _refusal(path, "an empty file", "The download or the copy was cut off: fetch it again")
        return _read_sample(path, status.st_size)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise _refusal(path, str(error), "Check the path and its permissions", "cannot be opened") from error


def _read_sample(path: Path, size: int) -> Sample:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(-min(size, 8), os.SEEK_END)
        tail = file.read(8)
        # HDF5 may stand behind a block of the user's own, at 512, 1024, 2048 … bytes.
        offset = 0
        while offset < size:
            file.seek(offset)
            if file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
                return Sample(path, size, head, tail, offset)
            offset = offset * 2 or 512
    return Sample(path, size, head, tail, None)


def _folder(path: Path) -> SourceError:
    for name, member, hint in FOLDERS:
        if (path / member).exists():
            return _refusal(path, name, hint)
    return _refusal(path, "a folder", "Pass the file inside it")


def _missing(path: Path) -> SourceError:
    if path.with_name(path.name + ".index").exists():
        return _refusal(path, "the prefix of a TensorFlow checkpoint", NOT_YET)
    return _refusal(path, "nothing", "Check the path", "no such file")


def _refusal(path: Path, found: str, hint: str, what: str = "cannot be read") -> SourceError:
    return SourceError(Problem(what, where=str(path), found=found, expected=EXPECTED, hint=hint))
