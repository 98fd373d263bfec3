"""A format is told by its content; everything else is refused by name with a way out."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.sniffing import sniff
from tests.unit.readers.hostile import write_model


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    return buffer.getvalue()


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


FOUND = {
    "an empty file": b"",
    "a Git-LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    "an HTML page": b"\n<!DOCTYPE html>\n<html><body>404</body></html>",
    "an XML document": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "JSON": b'{"class_name": "Sequential", "config": []}',
    "YAML": b"backend: tensorflow\nclass_name: Sequential\nconfig:\n  layers: []\n",
    "text": "Gewichte für später".encode(),
    "a PyTorch file (ZIP)": _zip("model/data.pkl", "model/version"),
    "a ZIP archive": _zip("holiday.jpg")[:-40],
    "a PyTorch file (pickle)": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "a Python pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x94.",
    "a NumPy .npy array": _npy(),
    "a TensorFlow checkpoint (its .index)": b"\0" * 40 + bytes.fromhex("57fb808b247547db"),
    "a TensorFlow Lite model": b"\x1c\0\0\0TFL3" + b"\0" * 20,
    "gzip data": gzip.compress(b"weights"),
    "a protocol buffer": b"\x08\x08\x3a\xa2\x03\x0a\x65\x0a\x01X\0\0",
    "zeros": b"\0" * 5000,
    "unknown data": b"\xfe\xed\xfa\xce\0\0\0\0\x99",
}
HINTS = {
    "a Git-LFS pointer": "git lfs pull",
    "gzip data": "gunzip",
    "JSON": "no weights",
    "a Python pickle": "run code",
}


@pytest.mark.parametrize("found", FOUND)
def test_what_is_no_hdf5_is_refused_by_name(found: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(FOUND[found])
    with pytest.raises(SourceError) as caught:
        sniff(path)
    [problem] = caught.value.problems
    assert problem.found.startswith(found)
    assert problem.expected and problem.hint
    assert HINTS.get(found, "") in problem.hint


@pytest.mark.parametrize("block", [0, 512, 1024, 2048, 8192])
def test_hdf5_is_known_behind_a_block_of_the_users_own(block: int, tmp_path: Path) -> None:
    path = tmp_path / "model.jpg"
    write_model(path, userblock_size=block)
    if block:
        with path.open("r+b") as file:
            file.write(b"<html>" * 50)
    assert sniff(path) == "hdf5"


def test_text_is_no_safetensors_for_a_bracket_at_the_right_place(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_text('var w = {"a": 1}')
    with pytest.raises(SourceError, match="found text"):
        sniff(tmp_path / "a.safetensors")


def test_an_npz_may_hold_the_bytes_of_hdf5(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", b"x" * 477 + b"\x89HDF\r\n\x1a\n")
    (tmp_path / "a.npz").write_bytes(buffer.getvalue())
    assert buffer.getvalue().find(b"\x89HDF") == 512
    assert sniff(tmp_path / "a.npz") == "npz"


def test_long_text_may_be_cut_in_the_middle_of_a_character(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text("x" + "ü" * 5000, encoding="utf-8")
    with pytest.raises(SourceError, match="found text"):
        sniff(path)


@pytest.mark.parametrize(
    ("member", "found"),
    [("saved_model.pb", "a SavedModel folder"), ("checkpoint", "a TensorFlow checkpoint"), ("x", "a folder")],
)
def test_a_folder_is_named_by_what_lies_in_it(member: str, found: str, tmp_path: Path) -> None:
    (tmp_path / member).touch()
    with pytest.raises(SourceError, match=found.removeprefix("a ")):
        sniff(tmp_path)


def test_a_missing_file_and_the_prefix_of_a_checkpoint_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        sniff(tmp_path / "model.ckpt")
    (tmp_path / "model.ckpt.index").touch()
    with pytest.raises(SourceError, match="prefix of a TensorFlow checkpoint"):
        sniff(tmp_path / "model.ckpt")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="a device or a pipe"):
        sniff(tmp_path / "pipe")


def test_a_path_that_no_system_accepts_is_a_source_error() -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        sniff(Path("a\0b"))


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (_zip("metadata.json", "config.json", "model.weights.h5"), "keras-archive"),
        (_zip("config.json", "metadata.json"), "keras-archive"),
        (_zip("lstm/kernel.npy", "b.npy"), "npz"),
        ((40).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[1]}}       ', "safetensors"),
        ((2).to_bytes(8, "little") + b"{}", "safetensors"),
        ((2**60).to_bytes(8, "little") + b'{\n"a"', "safetensors"),
        (b'{"metadata": {"total_size": 4}, "weight_map": {}}', "sharded-weights"),
        (b'{\n    "weight_map": {}}', "sharded-weights"),
    ],
)
def test_what_is_known_is_told_by_its_content(content: bytes, format: str, tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(content)
    assert sniff(tmp_path / "model.h5") == format
