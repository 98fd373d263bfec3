"""Weight stores that stand alone: `.weights.h5` files and shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
from tests.unit.readers.hostile_archives import store

EARLY = "_layer_checkpoint_dependencies"


def test_variables_stand_by_their_owners_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        for number in range(12):
            file[f"layers/lstm/cell/vars/{number}"] = np.full((2,), number, "float32")
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.format == "keras-store"
        names = checkpoint.groups["layers/lstm/cell"]
        assert [checkpoint.read(name)[0] for name in names] == list(range(12))


@pytest.mark.parametrize(
    ("path", "name", "writer", "said"),
    [
        (f"{EARLY}/dense/vars/0", "", "tf.keras", "TensorFlow 2.12 to 2.14"),
        ("layers/dense/vars/0", "", "unknown", "TensorFlow 2.15, or Keras 3.0 to 3.5"),
        ("layers/dense/vars/0", "dense", "keras", "Keras 3.6 or later"),
    ],
)
def test_the_form_tells_who_may_have_written_it(
    path: str, name: str, writer: str, said: str, tmp_path: Path
) -> None:
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file[path] = np.ones((2, 3), "float32")
        if name:
            file[path].parent.attrs["name"] = name
    with open_checkpoint(tmp_path / "w.weights.h5") as checkpoint:
        assert checkpoint.writer.name == writer
        assert said in "; ".join(checkpoint.writer.evidence)


def test_bfloat16_is_given_as_float32_without_loss(tmp_path: Path) -> None:
    values = np.array([[1.0, -2.5, 0.15625], [3e38, 0.0, -1e-30]], "float32")
    kept = values.view(np.uint32) & 0xFFFF0000
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        halves = (kept >> 16).astype("<u2")
        file.create_dataset("layers/dense/vars/0", data=halves.view("V2"))
        file["layers/dense/vars/0"].attrs["dtype"] = "bfloat16"
    with open_checkpoint(tmp_path / "w.weights.h5") as checkpoint:
        info = checkpoint.tensors["layers/dense/vars/0"]
        assert (info.dtype, info.shape, info.nbytes) == ("bfloat16", (2, 3), 12)
        np.testing.assert_array_equal(checkpoint.read(info.name), kept.view(np.float32))
        ((_, block),) = checkpoint.blocks(info.name)
        np.testing.assert_array_equal(block, kept.view(np.float32))


def test_two_opaque_bytes_that_nothing_explains_are_no_numbers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.zeros((2, 3), "V2"))
    with pytest.raises(SourceError, match="no array of numbers"):
        open_checkpoint(tmp_path / "w.weights.h5")


def shards(folder: Path, **changed: Any) -> Path:
    """Two shards that share one layer's variables, and their map with changes."""
    folder.mkdir(exist_ok=True)
    with h5py.File(folder / "m_00000.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones((2, 3), "float32")
    with h5py.File(folder / "m_00001.weights.h5", "w") as file:
        file["layers/dense/vars/1"] = np.zeros(3, "float32")
    names = ["m_00000.weights.h5", "m_00001.weights.h5"]
    listed = {"metadata": {"total_size": 36.0}, "weight_map": {"/layers/dense/vars": names}, **changed}
    path = folder / "m.weights.json"
    path.write_text(json.dumps(listed))
    return path


def test_shards_are_read_as_one_store(tmp_path: Path) -> None:
    with open_checkpoint(shards(tmp_path)) as checkpoint:
        assert checkpoint.format == "keras-store"
        assert checkpoint.groups == {"layers/dense": ("layers/dense/vars/0", "layers/dense/vars/1")}
        assert checkpoint.read("layers/dense/vars/1").shape == (3,)


ELSEWHERE = ["../m.weights.h5", "/etc/hostname", "a/../../m.h5", "..", "a\\b", "C:m.h5", "", 7, "m\x1b.h5"]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_shard_elsewhere_is_refused(name: Any, tmp_path: Path) -> None:
    path = shards(tmp_path / "folder", weight_map={"/layers/dense/vars": [name]})
    store(tmp_path / "m.weights.h5")
    with pytest.raises(SourceError, match="a shard lies elsewhere"):
        open_checkpoint(path)


def test_a_shard_that_is_a_link_is_refused(tmp_path: Path) -> None:
    path = shards(tmp_path / "folder")
    shard = path.with_name("m_00001.weights.h5")
    shard.rename(tmp_path / "elsewhere.h5")
    shard.symlink_to(tmp_path / "elsewhere.h5")
    with pytest.raises(SourceError, match="a symbolic link"):
        open_checkpoint(path)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    path = shards(tmp_path)
    path.with_name("m_00001.weights.h5").unlink()
    with pytest.raises(SourceError, match=r"a shard is missing.*m_00001\.weights\.h5"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("weight_map", "said"),
    [
        (
            {"/layers/dense/vars": "m_00000.weights.h5", "/layers/x/vars": "m_00001.weights.h5"},
            "but not there",
        ),
        ({}, "has no weight_map"),
        ([], "has no weight_map"),
    ],
)
def test_a_map_that_lies_is_refused(weight_map: Any, said: str, tmp_path: Path) -> None:
    path = shards(tmp_path, weight_map=weight_map)
    with pytest.raises(SourceError, match=said):
        open_checkpoint(path)


def test_variables_that_the_map_does_not_mention_are_told(tmp_path: Path) -> None:
    path = shards(tmp_path)
    with h5py.File(path.with_name("m_00000.weights.h5"), "r+") as file:
        file["layers/dense_1/vars/0"] = np.ones(3)
    with pytest.raises(SourceError, match="weight_map does not say so"):
        open_checkpoint(path)


def test_a_shard_alone_leads_to_the_file_that_lists_it(tmp_path: Path) -> None:
    path = shards(tmp_path)
    with pytest.raises(SourceError, match=r"one shard of several.*Pass m\.weights\.json"):
        open_checkpoint(path.with_name("m_00000.weights.h5"))


def test_one_variable_in_two_shards_is_refused(tmp_path: Path) -> None:
    path = shards(tmp_path)
    with h5py.File(path.with_name("m_00001.weights.h5"), "r+") as file:
        file["layers/dense/vars/0"] = np.ones(3)
    with pytest.raises(SourceError, match="two files of the store"):
        open_checkpoint(path)
