"""Real files and every way in which h5py ever wrote their text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
from tests.unit.readers.hostile import CONFIG, KERNEL, LAYER, edited, write_model

VALID = Path(__file__).parents[2] / "corpus" / "valid"
MODELS = sorted(path for path in VALID.glob("*/*.h5") if not path.parent.name.endswith("-shards"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_every_real_file_opens_and_each_tensor_is_what_its_header_says(path: Path) -> None:
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.groups and checkpoint.writer.evidence
        assert {name for names in checkpoint.groups.values() for name in names} == set(checkpoint.tensors)
        for name, info in checkpoint.tensors.items():
            values = checkpoint.read(name)
            assert (values.shape, values.dtype.name) == (info.shape, info.dtype)
            assert values.dtype.isnative


def test_the_valid_corpus_is_there() -> None:
    assert len(MODELS) >= 4


def test_lists_in_pieces_are_joined() -> None:
    with open_checkpoint(VALID / "tfk24-attr-chunks" / "model.h5") as checkpoint:
        assert list(checkpoint.groups) == ["input_2", "inner", "dense"]
        with h5py.File(checkpoint.path) as file:
            pieces = file["model_weights/inner"].attrs
            assert len(checkpoint.groups["inner"]) == len(pieces["weight_names0"]) + len(
                pieces["weight_names1"]
            )


def test_layer_names_with_slashes_are_found_in_nested_groups() -> None:
    with open_checkpoint(VALID / "k231-odd-names" / "model.h5") as checkpoint:
        assert checkpoint.groups["rnn/block"][0] == "rnn/block/rnn/block/kernel:0"
        assert checkpoint.tensors["rnn/block/rnn/block/kernel:0"].shape == (5, 16)


def test_the_group_of_the_model_itself_is_no_layer() -> None:
    with open_checkpoint(VALID / "tfk28-bidir-stacked" / "model.h5") as checkpoint:
        assert list(checkpoint.groups) == ["bidirectional", "bidirectional_1", "dense"]
        assert checkpoint.writer.name == "tf.keras"
        assert not checkpoint.left_behind


def test_the_optimizer_is_counted_and_not_read() -> None:
    with open_checkpoint(VALID / "k208-gru-default" / "model.h5") as checkpoint:
        assert checkpoint.left_behind == {
            "optimizer_weights": "5 tensors",
            "training_config": "optimizer RMSprop, loss mse",
        }
        assert (checkpoint.writer.name, checkpoint.writer.version) == ("keras", "2.0.8")


def test_variables_of_the_model_itself_are_not_lost(tmp_path: Path) -> None:
    def add(file: h5py.File) -> None:
        group = file.create_group("model_weights/top_level_model_weights")
        group.attrs["weight_names"] = np.array([b"scale:0"])
        group["scale:0"] = np.float32(2)

    edited(add)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        assert checkpoint.groups["top_level_model_weights"] == ("top_level_model_weights/scale:0",)
        assert checkpoint.read("top_level_model_weights/scale:0") == 2


def test_what_no_list_names_is_left_behind_and_told(tmp_path: Path) -> None:
    def add(file: h5py.File) -> None:
        file["model_weights/d/stray"] = np.zeros(2)
        file["notes/pickle"] = np.zeros(1)
        file.attrs["labels"] = "a,b"

    edited(add)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        assert checkpoint.left_behind == {
            "model_weights, in no list of a layer": "1 tensor",
            "notes": "1 tensor",
            "attributes": "labels",
        }


def test_weights_alone_open_without_an_architecture(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = ["d", "drop"]
        file.create_group("d").attrs["weight_names"] = ["kernel"]
        file.create_group("drop").attrs["weight_names"] = []
        file["d/kernel"] = np.ones((2, 3))
    with open_checkpoint(tmp_path / "w.h5") as checkpoint:
        assert (checkpoint.format, checkpoint.architecture) == ("keras-hdf5-weights", None)
        assert checkpoint.groups == {"d": ("d/kernel",), "drop": ()}


TEXTS: dict[str, Callable[[list[str]], Any]] = {
    "fixed bytes": lambda names: np.array([name.encode() for name in names]),
    "bytes of varying length": lambda names: np.array(
        [name.encode() for name in names], h5py.string_dtype("ascii")
    ),
    "str of varying length": lambda names: np.array(names, h5py.string_dtype()),
    "fixed UTF-8": lambda names: np.array([name.encode() for name in names], h5py.string_dtype("utf-8", 20)),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_names_and_config_are_read_however_they_were_written(kind: str, tmp_path: Path) -> None:
    def rewrite(file: h5py.File) -> None:
        file[LAYER].attrs["weight_names"] = TEXTS[kind](["d/kernel:0", "d/bias:0"])
        text = json.dumps(CONFIG)
        width = h5py.string_dtype("utf-8", len(text))
        config = np.array(text.encode(), width if kind == "fixed UTF-8" else TEXTS[kind]([text]).dtype)
        file.attrs["model_config"] = config

    edited(rewrite)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        assert checkpoint.groups["d"] == ("d/d/kernel:0", "d/d/bias:0")
        assert checkpoint.architecture == CONFIG


def test_a_config_in_pieces_is_joined(tmp_path: Path) -> None:
    def cut(file: h5py.File) -> None:
        text = json.dumps(CONFIG)
        del file.attrs["model_config"]
        file.attrs["model_config0"], file.attrs["model_config1"] = text[:30], text[30:].encode()

    edited(cut)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        assert checkpoint.architecture == CONFIG


@pytest.mark.parametrize("dtype", ["<f2", ">f4", ">f8", ">i8", "u1", "?"])
def test_values_come_in_native_byte_order(dtype: str, tmp_path: Path) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]], dtype)

    def rewrite(file: h5py.File) -> None:
        del file[KERNEL]
        file[KERNEL] = values

    edited(rewrite)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        read = checkpoint.read("d/d/kernel:0")
        assert read.dtype.isnative and read.dtype.name == checkpoint.tensors["d/d/kernel:0"].dtype
        np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize(
    "options", [{"compression": "gzip"}, {"compression": "lzf", "shuffle": True}, {"chunks": (1, 2)}]
)
def test_honest_compression_is_read(options: dict[str, Any], tmp_path: Path) -> None:
    def rewrite(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.arange(6.0).reshape(2, 3), **options)

    edited(rewrite)(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        np.testing.assert_array_equal(checkpoint.read("d/d/kernel:0"), np.arange(6.0).reshape(2, 3))


def test_a_closed_checkpoint_says_so_by_a_source_error(tmp_path: Path) -> None:
    write_model(tmp_path / "m.h5")
    with open_checkpoint(tmp_path / "m.h5") as checkpoint:
        pass
    with pytest.raises(SourceError):
        checkpoint.read("d/d/kernel:0")


def test_the_source_stays_as_it_was_even_when_nobody_may_write_it(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    write_model(path)
    before = path.read_bytes()
    path.chmod(0o444)
    with open_checkpoint(path) as checkpoint:
        checkpoint.read("d/d/kernel:0")
    assert path.read_bytes() == before


def test_a_heap_that_would_hang_the_library_is_found_first(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    edited(lambda file: file.attrs.__setitem__("model_config", json.dumps(CONFIG)))(path)
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    first = 16 + -(-int.from_bytes(data[heap + 24 : heap + 32], "little") // 8) * 8
    data[heap + 16 + first + 8 : heap + 16 + first + 16] = bytes(8)  # the free space behind it, of no size
    path.write_bytes(data)
    with pytest.raises(SourceError, match="a broken heap"):
        open_checkpoint(path)


MUTATE = """
import random, sys
from pathlib import Path
from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
original, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
for seed in range(int(sys.argv[3])):
    choose = random.Random(seed)
    data = bytearray(original)
    if seed % 5 == 0:
        del data[choose.randrange(len(data)):]
    for _ in range(choose.choice((1, 4, 32)) if seed % 5 else 0):
        data[choose.randrange(len(data))] = choose.choice((0, 1, 127, 128, 255))
    path.write_bytes(data)
    print(seed, end=" ", flush=True)
    try:
        with open_checkpoint(path) as checkpoint:
            for name in checkpoint.tensors:
                checkpoint.read(name)
    except SourceError:
        pass
"""


@pytest.mark.parametrize("case", ["k208-gru-default", "tfk28-bidir-stacked"])
def test_no_damage_ends_in_anything_but_a_source_error(case: str, tmp_path: Path) -> None:
    # In a process of its own: damage can crash or hang the HDF5 library itself.
    arguments = [VALID / case / "model.h5", tmp_path / "damaged.h5", 150]
    done = subprocess.run(
        [sys.executable, "-c", MUTATE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, f"seed {done.stdout.split()[-1:]}: {done.stderr}"
