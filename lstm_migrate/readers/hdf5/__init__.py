"""Keras's HDF5 files, full models and weights alone: file → Checkpoint. h5py lives in this package only.

Opening reads headers; `tree` says what is reachable, `layers` what is listed, `tensors` what is sound.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Blocks, Checkpoint
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import guarded
from lstm_migrate.readers.hdf5.attributes import read_text
from lstm_migrate.readers.hdf5.heaps import check_heaps
from lstm_migrate.readers.hdf5.layers import Layers
from lstm_migrate.readers.hdf5.leftovers import leftovers
from lstm_migrate.readers.hdf5.tensors import read_blocks, read_values
from lstm_migrate.readers.hdf5.tree import Tree, grow
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.writer import detect_writer

STRANGERS = (
    ("attribute", "nb_layers", "weights of Keras 0.x", "They are not read yet"),
    (
        "group",
        "_layer_checkpoint_dependencies",
        "a .weights.h5 file of Keras 2.12 or 2.13",
        "It is not read yet; pass the full model (.h5)",
    ),
    (
        "group",
        "layers",
        "a .weights.h5 file of Keras 2.14 or later",
        "Keras 3 loads it into its model as it is: model.load_weights",
    ),
    ("group", "model_weights", "a group model_weights without a list of layers", "The file is damaged"),
)
"""HDF5 without layer_names that is still known: what tells it, what it is, what to do."""


def open_hdf5(path: Path) -> Checkpoint:
    """Opens a Keras HDF5 file read-only; SourceError for every way in which it can be none."""
    with guarded(str(path)):
        file = h5py.File(path, "r")
    try:
        with guarded(str(path)):
            return _checkpoint(path, file)
    except BaseException:
        _close(file)
        raise


def _checkpoint(path: Path, file: h5py.File) -> Checkpoint:
    tree = grow(file, path)
    check_heaps(path, file, tree)
    layers = Layers(file, tree, _weights_root(path, file, tree), path.stat().st_size)
    layers.collect()
    config = read_text(file, "model_config")
    architecture = None if config is None else parse_object(config, "model_config")
    stamps = [_stamps(file[place]) for place in dict.fromkeys(("/", layers.root or "/"))]
    return Checkpoint(
        path=path,
        format="keras-hdf5-weights" if architecture is None else "keras-hdf5",
        writer=detect_writer(stamps, architecture),
        groups=layers.groups,
        tensors=layers.tensors,
        architecture=architecture,
        left_behind=leftovers(file, tree, layers.paths.values()),
        read_values=_reader(layers),
        read_blocks=_block_reader(layers),
        close=lambda: _close(file),
    )


def _weights_root(path: Path, file: h5py.File, tree: Tree) -> str:
    """Where the layers are: at the root of a weights file, under model_weights in a full model."""
    if _lists_layers(file):
        return ""
    if tree.kinds.get("model_weights") == "group" and _lists_layers(file["model_weights"]):
        return "model_weights"
    for kind, name, found, hint in STRANGERS:
        if name in file.attrs if kind == "attribute" else tree.kinds.get(name) == kind:
            raise _stranger(path, found, hint)
    found = "HDF5 with no Keras attribute" if tree.kinds else "HDF5 with nothing inside"
    raise _stranger(path, found, "Keras did not write this file, or it was emptied")


def _lists_layers(group: h5py.Group) -> bool:
    return "layer_names" in group.attrs or "layer_names0" in group.attrs


def _stranger(path: Path, found: str, hint: str) -> SourceError:
    expected = "a full model or weights as Keras 1.0 to 2.15 saved them"
    return SourceError(
        Problem("is no model of Keras", where=str(path), found=found, expected=expected, hint=hint)
    )


def _stamps(group: h5py.Group) -> dict[str, str]:
    """What the group says of who wrote it."""
    texts = {name: read_text(group, name) for name in ("keras_version", "backend")}
    return {name: text for name, text in texts.items() if text}


def _reader(layers: Layers) -> Callable[[str], NDArray[Any]]:
    def read(name: str) -> NDArray[Any]:
        info = layers.tensors[name]
        with guarded(name, "cannot be read"):
            return read_values(layers.file[layers.paths[name]], info)

    return read


def _block_reader(layers: Layers) -> Callable[[str], Blocks]:
    def read(name: str) -> Blocks:
        with guarded(name, "cannot be read"):
            yield from read_blocks(layers.file[layers.paths[name]], layers.tensors[name])

    return read


def _close(file: h5py.File) -> None:
    with guarded(str(file.filename) if file else "", "cannot be closed"):
        file.close()
