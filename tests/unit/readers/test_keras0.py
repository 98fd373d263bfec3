"""Weights of Keras 0.3: counted layers and arrays without names, and files that count wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
from tests.corpus.expect import VALID


def counted(path: Path, *layers: list[tuple[int, ...]]) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(layers)
        for number, shapes in enumerate(layers):
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(shapes)
            for place, shape in enumerate(shapes):
                group[f"param_{place}"] = np.ones(shape, "float32")
    return path


def test_every_layer_is_listed_in_order_also_those_without_arrays(tmp_path: Path) -> None:
    path = counted(tmp_path / "old.h5", [(5, 3)] * 12, [], [(3, 2), (2,)])
    with open_checkpoint(path) as found:
        assert found.format == "keras0-weights"
        assert list(found.groups) == ["layer_0", "layer_1", "layer_2"]
        # Numbers, not words: the third array is no neighbour of the eleventh.
        assert found.groups["layer_0"][2:4] == ("layer_0/param_2", "layer_0/param_3")
        assert found.tensors["layer_2/param_0"].shape == (3, 2)
        assert found.architecture is None


def test_the_writer_is_told_by_the_way_of_counting(tmp_path: Path) -> None:
    with open_checkpoint(counted(tmp_path / "old.h5", [(5, 3)])) as found:
        assert (found.writer.name, found.writer.version, found.writer.backend) == ("keras", "0.3", "theano")
        assert any("counted" in said for said in found.writer.evidence)


def test_a_graph_model_has_one_group(tmp_path: Path) -> None:
    path = tmp_path / "graph.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("graph")
        group.attrs["nb_params"] = 2
        group["param_0"], group["param_1"] = np.ones((4, 3)), np.ones(3)
    with open_checkpoint(path) as found:
        assert found.format == "keras0-weights"
        assert dict(found.groups) == {"graph": ("graph/param_0", "graph/param_1")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.attrs.modify("nb_layers", 3), "layer_2"),
        (lambda file: file.attrs.modify("nb_layers", -1), "is no count"),
        (lambda file: file.attrs.modify("nb_layers", 10**9), "is no count"),
        (lambda file: file.attrs.create("nb_layers", "many"), "is no count"),
        (lambda file: file["layer_0"].attrs.modify("nb_params", 3), "param_2"),
        (lambda file: file["layer_0"].attrs.modify("nb_params", 1), "holds more than it counts"),
        (lambda file: file["layer_0"].attrs.__delitem__("nb_params"), "is no count"),
        (lambda file: file["layer_0"].__delitem__("param_1"), "param_1"),
        (lambda file: file.__delitem__("layer_1"), "layer_1"),
    ],
)
def test_a_wrong_count_is_damage(change: Any, said: str, tmp_path: Path) -> None:
    path = counted(tmp_path / "old.h5", [(5, 3), (3,)], [(3, 2)])
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(SourceError, match=said):
        open_checkpoint(path)


def test_a_real_file_of_0_3_3_is_read_whole() -> None:
    with open_checkpoint(VALID / "k033-stacked-weights" / "weights.h5") as found:
        assert [len(names) for names in found.groups.values()] == [1, 12, 0, 9, 2, 0]


@pytest.mark.parametrize(
    ("case", "name", "version", "backend"),
    [
        ("k122tf-lstm-default-weights", "keras", "1", "tensorflow"),
        ("k122th-gru-gpu-weights", "keras", "1", "theano"),
        ("k122py27tf10-lstm-gpu", "keras", "1.2.2", "tensorflow"),
        ("k122th-seq-merge", "keras", "1.2.2", "theano"),
    ],
)
def test_keras_1_is_told_by_how_it_names_arrays(case: str, name: str, version: str, backend: str) -> None:
    (path,) = (VALID / case).glob("*.h5")
    with open_checkpoint(path) as found:
        assert (found.writer.name, found.writer.version, found.writer.backend) == (name, version, backend)
