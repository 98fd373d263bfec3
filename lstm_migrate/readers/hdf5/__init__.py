"""Keras's HDF5 files, full models and weights alone: file → Checkpoint. h5py lives in this package only.

Opening reads headers; `tree` says what is reachable, `layers` what is listed, `tensors` what is sound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Blocks, Checkpoint
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import guarded
from lstm_migrate.readers.hdf5.attributes import read_text
from lstm_migrate.readers.hdf5.heaps import check_heaps
from lstm_migrate.readers.hdf5.keras0 import CountedLayers, is_counted
from lstm_migrate.readers.hdf5.layers import Layers
from lstm_migrate.readers.hdf5.leftovers import leftovers
from lstm_migrate.readers.hdf5.store import Part, collected, is_store, store_checkpoint
from lstm_migrate.readers.hdf5.tensors import read_blocks, read_values
from lstm_migrate.readers.hdf5.tree import Tree, grow
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.writer import detect_writer

STRANGERS = (
    ("group", "model_weights", "a group model_weights without a list of layers", "The file is damaged"),
)
"""HDF5 without layer_names that is still known: what tells it, what it is, what to do."""


def open_hdf5(path: Path) -> Checkpoint:
    """Opens a Keras HDF5 file read-only; SourceError for every way in which it can be none."""
    with guarded(str(path)):
        file = h5py.File(path, "r")
    try:
        with guarded(str(path)):
            tree = grow(file, path)
            with path.open("rb") as raw:
                check_heaps(str(path), raw, file, tree)
            if not _lists_layers(file) and is_store(tree):
                _check_whole(path)
                size = path.stat().st_size
                return store_checkpoint(path, collected([Part(file, tree, size)], size, str(path)))
            return _checkpoint(path, file, tree)
    except BaseException:
        _close(file)
        raise


def _check_whole(path: Path) -> None:
    """A shard alone is no model; the file that lists it stands beside it."""
    shard = re.fullmatch(r"(.+)_\d{5}\.weights\.h5", path.name)
    listing = path.with_name(f"{shard[1]}.weights.json") if shard else None
    if listing is not None and listing.exists():
        raise SourceError(
            Problem(
                "is one shard of several",
                where=str(path),
                found=path.name,
                expected=listing.name,
                hint=f"Pass {listing.name}: it lists the shards, which are read with it",
            )
        )


def _checkpoint(path: Path, file: h5py.File, tree: Tree) -> Checkpoint:
    size = path.stat().st_size
    layers = (
        CountedLayers(file, tree, "", size)
        if is_counted(file, tree)
        else Layers(file, tree, _weights_root(path, file, tree), size)
    )
    layers.collect()
    config = read_text(file, "model_config")
    architecture = None if config is None else parse_object(config, "model_config")
    stamps = [_stamps(file[place]) for place in dict.fromkeys(("/", layers.root or "/"))]
    return Checkpoint(
        path=path,
        format=_format(layers, architecture),
        writer=detect_writer(stamps, architecture, layers.tensors),
        groups=layers.groups,
        tensors=layers.tensors,
        architecture=architecture,
        left_behind=leftovers(file, tree, layers.paths.values()),
        read_values=_reader(layers),
        read_blocks=_block_reader(layers),
        close=lambda: _close(file),
    )


def _format(layers: Layers, architecture: Mapping[str, Any] | None) -> str:
    if isinstance(layers, CountedLayers):
        return "keras0-weights"
    return "keras-hdf5-weights" if architecture is None else "keras-hdf5"


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
    expected = "a full model or weights as Keras saved them"
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
