"""`.keras` archives: what they hold is read, whatever is wrong with one is a SourceError that names it."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
from tests.unit.readers.hostile_archives import CONFIG, HOSTILE_ARCHIVES, members, write_archive


def archive(tmp_path: Path, method: int = zipfile.ZIP_STORED, **changed: Any) -> Path:
    path = tmp_path / "model.keras"
    write_archive(path, members(**changed), method)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_sound_archive_is_read(method: int, tmp_path: Path) -> None:
    with open_checkpoint(archive(tmp_path, method)) as checkpoint:
        assert checkpoint.format == "keras-archive"
        assert (checkpoint.writer.name, checkpoint.writer.version) == ("keras", "3.10.0")
        assert checkpoint.groups == {"layers/dense": ("layers/dense/vars/0", "layers/dense/vars/1")}
        assert checkpoint.architecture == CONFIG
        np.testing.assert_array_equal(
            checkpoint.read("layers/dense/vars/0"), np.arange(6, dtype="float32").reshape(2, 3)
        )


def test_what_is_no_part_of_the_model_is_left_behind(tmp_path: Path) -> None:
    config = {**CONFIG, "compile_config": {"optimizer": {"class_name": "Adam", "config": {}}, "loss": "mse"}}
    path = archive(tmp_path, config__json=json.dumps(config))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("assets/layers/lookup/vocabulary.txt", "a")
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.left_behind == {
            "optimizer_weights": "1 tensor",
            "states of random generators": "1 tensor",
            "training_config": "optimizer Adam, loss mse",
            "assets": "1 file: assets/layers/lookup/vocabulary.txt",
        }


def test_the_version_tells_tensorflow_from_keras_3(tmp_path: Path) -> None:
    path = archive(tmp_path, metadata__json=json.dumps({"keras_version": "2.15.0"}))
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.writer.name == "tf.keras"


def test_weights_may_start_where_hdf5_itself_may(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    write_archive(path, {"a": b"", **members()})
    gap = 2048 - path.read_bytes().find(b"\x89HDF")
    write_archive(path, {"a": b" " * gap, **members()})
    assert path.read_bytes()[2048:2052] == b"\x89HDF"
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.format == "keras-archive"


@pytest.mark.parametrize("name", HOSTILE_ARCHIVES)
def test_a_hostile_archive_is_refused_by_what_it_abuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.keras"
    HOSTILE_ARCHIVES[name].make(path)
    with pytest.raises(SourceError) as caught:
        open_checkpoint(path)
    assert HOSTILE_ARCHIVES[name].error in str(caught.value)


@pytest.mark.parametrize("name", [None, *HOSTILE_ARCHIVES])
def test_nothing_is_left_on_disk(name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = tmp_path / "m.keras"
    write_archive(path) if name is None else HOSTILE_ARCHIVES[name].make(path)
    try:
        with open_checkpoint(path) as checkpoint:
            checkpoint.read("layers/dense/vars/0")
            assert list(temporary.iterdir()) == []
    except SourceError:
        assert name is not None
    assert sorted(tmp_path.rglob("*")) == [path, temporary]


@pytest.mark.parametrize("start", range(0, 3000, 250))
def test_damage_anywhere_is_a_source_error_or_none(start: int, tmp_path: Path) -> None:
    write_archive(tmp_path / "whole.keras")
    whole = (tmp_path / "whole.keras").read_bytes()
    for place in range(start, min(start + 250, len(whole)), 7):
        data = bytearray(whole)
        data[place] ^= 0xFF
        path = tmp_path / "damaged.keras"
        path.write_bytes(data)
        try:
            with open_checkpoint(path) as checkpoint:
                checkpoint.read("layers/dense/vars/0")
        except SourceError as error:
            assert str(error)
