"""Hostile `.keras` archives: name → who makes it, what it abuses, the words of the error that stops it."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.unit.readers.hostile import Hostile

METADATA = {"keras_version": "3.10.0", "date_saved": "2025-01-01@00:00:00"}
CONFIG: dict[str, Any] = {
    "module": "keras",
    "class_name": "Sequential",
    "registered_name": None,
    "config": {
        "name": "s",
        "layers": [
            {
                "module": "keras.layers",
                "class_name": "InputLayer",
                "registered_name": None,
                "config": {"batch_shape": [None, 2], "dtype": "float32", "name": "i"},
            },
            {
                "module": "keras.layers",
                "class_name": "Dense",
                "registered_name": None,
                "config": {"name": "d", "units": 3},
            },
        ],
    },
}
KERNEL = "layers/dense/vars/0"
Edit = Callable[[h5py.File], Any]


def store(path: Path | io.BytesIO, edit: Edit = lambda file: None) -> None:
    """The weight store of that model, with one change."""
    with h5py.File(path, "w") as file:
        file[KERNEL] = np.arange(6, dtype="float32").reshape(2, 3)
        file["layers/dense/vars/1"] = np.ones(3, "float32")
        file["layers/dense/vars"].attrs["name"] = "d"
        file["optimizer/vars/0"] = np.zeros((), "int32")
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, "uint32")
        edit(file)


def weights(edit: Edit = lambda file: None) -> bytes:
    """The same as bytes."""
    buffer = io.BytesIO()
    store(buffer, edit)
    return buffer.getvalue()


def members(**changed: Any) -> dict[str, Any]:
    """What an archive of that model holds; a None takes a member away."""
    found = {
        "metadata.json": json.dumps(METADATA),
        "config.json": json.dumps(CONFIG),
        "model.weights.h5": None,
        **{name.replace("__", "."): value for name, value in changed.items()},
    }
    if "model__weights__h5" not in changed:
        found["model.weights.h5"] = weights()
    return {name: value for name, value in found.items() if value is not None}


def write_archive(
    path: Path, content: Mapping[str, Any] | None = None, method: int = zipfile.ZIP_STORED
) -> None:
    """The archive of these members, or of a sound model."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, value in (content or members()).items():
            archive.writestr(name, value)


def _of(method: int = zipfile.ZIP_STORED, **changed: Any) -> Callable[[Path], None]:
    return lambda path: write_archive(path, members(**changed), method)


def _with_member(name: str, value: bytes = b"x", mode: int = 0) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        write_archive(path)
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, value)

    return make


def _twice(path: Path) -> None:
    import warnings

    write_archive(path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("config.json", "{}")


def _patched(offset: int, value: int, of: bytes = b"PK\x01\x02") -> Callable[[Path], None]:
    """A maker: two bytes of every record of the directory replaced."""

    def make(path: Path) -> None:
        write_archive(path)
        data = bytearray(path.read_bytes())
        start = 0
        while (start := data.find(of, start)) >= 0:
            data[start + offset : start + offset + 2] = struct.pack("<H", value)
            start += 4
        path.write_bytes(data)

    return make


def _cut(path: Path) -> None:
    write_archive(path)
    path.write_bytes(path.read_bytes()[:-30])


def _flipped(path: Path) -> None:
    """One bit of the kernel: only the checksum tells."""
    write_archive(path)
    data = bytearray(path.read_bytes())
    place = data.find(np.arange(6, dtype="float32").tobytes())
    data[place + 9] ^= 1
    path.write_bytes(data)


def _bomb_in_bomb(file: h5py.File) -> None:
    # Each chunk unfolds two hundred times at most, and the archive packs the chunks again.
    for number in range(2, 12):
        data = np.zeros((1 << 20,), "float32")
        file.create_dataset(
            f"layers/dense/vars/{number}",
            data=data,
            chunks=(1 << 20,),
            compression="gzip",
            compression_opts=9,
        )


def _replaced(create: Edit) -> Callable[[Path], None]:
    def edit(file: h5py.File) -> None:
        del file[KERNEL]
        create(file)

    return lambda path: write_archive(path, members(model__weights__h5=weights(edit)))


def _external(file: h5py.File) -> None:
    file[KERNEL] = h5py.ExternalLink("/etc/hostname", "/x")


def _external_storage(file: h5py.File) -> None:
    file.create_dataset(KERNEL, (2, 3), "float32", external=[("/etc/hostname", 0, 24)])


def _text(file: h5py.File) -> None:
    file[KERNEL] = "kernel"


DEEP = '{"a":' * 500 + "1" + "}" * 500
HOSTILE_ARCHIVES = {
    "a name that climbs out": Hostile(
        _with_member("../../evil"), "path traversal", "leads out of the archive"
    ),
    "an absolute name": Hostile(_with_member("/etc/cron.d/evil"), "absolute names", "has an absolute path"),
    "a drive": Hostile(_with_member("C:evil"), "absolute names of Windows", "has an absolute path"),
    "a backslash": Hostile(_with_member("a\\..\\..\\evil"), "the other slash", "leads out of the archive"),
    "a control character": Hostile(_with_member("a\x1b[2J"), "terminals", "a name that no Keras writes"),
    "a symbolic link": Hostile(
        _with_member("assets/link", b"/etc/passwd", stat.S_IFLNK | 0o777), "links", "a symbolic link"
    ),
    "a device": Hostile(_with_member("assets/null", b"", stat.S_IFCHR | 0o666), "devices", "a special file"),
    "a member twice": Hostile(_twice, "two readers, two files", "more than once"),
    "two names for one": Hostile(
        _with_member("assets/../config.json"), "the same", "leads out of the archive"
    ),
    "an encrypted member": Hostile(_patched(8, 1), "what cannot be looked at", "is encrypted"),
    "an unknown compression": Hostile(_patched(10, 99), "other decoders", "unknown (99)"),
    "lzma": Hostile(_of(zipfile.ZIP_LZMA), "other decoders", "lzma (14)"),
    "no metadata": Hostile(_of(metadata__json=None), "a missing version", "lacks metadata.json"),
    "no config": Hostile(_of(config__json=None), "a missing member", "lacks config.json"),
    "no weights": Hostile(_of(model__weights__h5=None), "a missing member", "lacks model.weights.h5"),
    "weights as npz": Hostile(
        lambda path: write_archive(path, {**members(model__weights__h5=None), "model.weights.npz": b"PK"}),
        "a form that nobody reads",
        "keeps its weights in a form",
    ),
    "cut off": Hostile(_cut, "a truncated download", "truncated"),
    "a flipped bit": Hostile(_flipped, "damage", "Bad CRC-32"),
    "config is no JSON": Hostile(_of(config__json="{"), "parsers", "is not JSON"),
    "config is a list": Hostile(_of(config__json="[]"), "parsers", "is no JSON object"),
    "config is no text": Hostile(_of(config__json=b"\xff\xfe{"), "parsers", "is no UTF-8 text"),
    "config is nested too deep": Hostile(_of(config__json=DEEP), "recursion", "is nested too deep"),
    "config is enormous": Hostile(
        _of(zipfile.ZIP_DEFLATED, config__json=b" " * (65 << 20)), "memory", "is compressed beyond belief"
    ),
    "weights are no HDF5": Hostile(_of(model__weights__h5=b"weights"), "parsers", "file signature not found"),
    "weights unfold": Hostile(
        _of(zipfile.ZIP_DEFLATED, model__weights__h5=bytes(32 << 20)), "memory", "is compressed beyond belief"
    ),
    "weights unfold twice": Hostile(
        _of(zipfile.ZIP_DEFLATED, model__weights__h5=weights(_bomb_in_bomb)),
        "a bomb in a bomb",
        "is compressed beyond belief",
    ),
    "an external link": Hostile(_replaced(_external), "files of this machine", "a link into another file"),
    "external storage": Hostile(
        _replaced(_external_storage), "files of this machine", "stands in another file"
    ),
    "a soft link": Hostile(
        _replaced(lambda file: file.__setitem__(KERNEL, h5py.SoftLink("/optimizer/vars/0"))),
        "other objects",
        "a soft link",
    ),
    "text": Hostile(_replaced(_text), "strings as numbers", "is no array of numbers"),
    "a gap": Hostile(
        _replaced(lambda file: file.__setitem__("layers/dense/vars/2", np.ones(3))), "counting", "have a gap"
    ),
    "names for numbers": Hostile(
        _replaced(lambda file: file.__setitem__("layers/dense/vars/kernel", np.ones(3))),
        "counting",
        "are not numbered",
    ),
    "numbers in two forms": Hostile(
        _replaced(lambda file: file.__setitem__("layers/dense/vars/00", np.ones(3))),
        "counting",
        "are not numbered",
    ),
}
