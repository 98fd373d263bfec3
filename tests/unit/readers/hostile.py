"""Hostile HDF5 files: name → who makes it, what it abuses, and the words of the error that stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

CONFIG = {
    "class_name": "Sequential",
    "config": {"name": "m", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 3}}]},
}
KERNEL = "model_weights/d/d/kernel:0"
LAYER = "model_weights/d"


def write_model(path: Path, config: Any = CONFIG, **options: Any) -> None:
    """A full model of one Dense layer, as Keras 2.2.4 lays it out."""
    with h5py.File(path, "w", **options) as file:
        file.attrs.update(keras_version=b"2.2.4", backend=b"tensorflow")
        if config is not None:
            file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config).encode()
        weights = file.create_group("model_weights")
        weights.attrs.update(layer_names=np.array([b"d"]), keras_version=b"2.2.4", backend=b"tensorflow")
        weights.create_group("d").attrs["weight_names"] = np.array([b"d/kernel:0", b"d/bias:0"])
        file[KERNEL] = np.arange(6, dtype="float32").reshape(2, 3)
        file["model_weights/d/d/bias:0"] = np.zeros(3, "float32")


def edited(edit: Callable[[h5py.File], Any]) -> Callable[[Path], None]:
    """A maker: the model above, and one evil change."""

    def make(path: Path) -> None:
        write_model(path)
        with h5py.File(path, "r+") as file:
            edit(file)

    return make


def replaced(create: Callable[[h5py.File], Any]) -> Callable[[Path], None]:
    """A maker: the model above with another kernel."""

    def edit(file: h5py.File) -> None:
        del file[KERNEL]
        create(file)

    return edited(edit)


def _with_config(config: Any) -> Callable[[Path], None]:
    return lambda path: write_model(path, config)


def _truncated(path: Path) -> None:
    write_model(path)
    path.write_bytes(path.read_bytes()[:-600])


def _external_storage(file: h5py.File) -> None:
    file.create_dataset(KERNEL, (2, 3), "float32", external=[("/etc/hostname", 0, 24)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 3), "float32")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "secret", shape=(2, 3))
    file.create_virtual_dataset(KERNEL, layout)


def _reference(file: h5py.File) -> None:
    file[KERNEL] = np.array([file.ref], dtype=h5py.ref_dtype)


def _region(file: h5py.File) -> None:
    bias = file["model_weights/d/d/bias:0"]
    file[KERNEL] = np.array([bias.regionref[0:1]], dtype=h5py.regionref_dtype)


def _bomb(file: h5py.File) -> None:
    space = {"chunks": (4096, 1024), "compression": "gzip", "compression_opts": 9}
    file.create_dataset(KERNEL, (8192, 1024), "float32", data=np.zeros((8192, 1024), "float32"), **space)


def _one_chunk(file: h5py.File) -> None:
    kernel = file.create_dataset(
        KERNEL, (2, 3), "float32", maxshape=(None, None), chunks=(4096, 8192), compression="gzip"
    )
    kernel[...] = 1


def _half_written(file: h5py.File) -> None:
    file.create_dataset(KERNEL, (64, 64), "float32", chunks=(8, 8))[:8, :8] = 1


def _foreign_filter(file: h5py.File) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((2, 3))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())  # a plugin that h5py does not bring along
    space = h5py.h5s.create_simple((2, 3))
    dataset = h5py.h5d.create(
        file["model_weights/d/d"].id, b"kernel:0", h5py.h5t.NATIVE_FLOAT, space, properties
    )
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones((2, 3), "float32"))


def _cycle(file: h5py.File) -> None:
    file["model_weights/d/again"] = file["model_weights"]


def _deep_groups(file: h5py.File) -> None:
    file.create_group("/".join(["g"] * 500))


def _million_deep(path: Path) -> None:
    """Longer than a fixed attribute may be, so of variable length, as h5py writes a str."""
    write_model(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = '{"a":' * 10**6 + "1" + "}" * 10**6


def _list_of(group: str, attribute: str, names: list[bytes]) -> Callable[[Path], None]:
    def edit(file: h5py.File) -> None:
        del file[group].attrs[attribute]
        if names:
            file[group].attrs[attribute] = np.array(names)

    return edited(edit)


class Hostile(NamedTuple):
    """`make(path)` writes the file; `error` must stand in the message that refuses it."""

    make: Callable[[Path], None]
    abuses: str
    error: str


HOSTILE = {
    "truncated": Hostile(_truncated, "the end of the file is missing", "truncated or damaged"),
    "soft link": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, h5py.SoftLink("/etc/passwd"))), "a path", "a soft link"
    ),
    "soft link to a layer": Hostile(
        edited(lambda file: file.__setitem__("model_weights/e", h5py.SoftLink("/model_weights/d"))),
        "a path",
        "a soft link",
    ),
    "external link": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, h5py.ExternalLink("other.h5", "x"))),
        "another file",
        "a link into another file",
    ),
    "hard link cycle": Hostile(edited(_cycle), "a walk that never ends", "a second hard link to a group"),
    "virtual dataset": Hostile(replaced(_virtual), "another file", "a virtual dataset"),
    "external storage": Hostile(replaced(_external_storage), "any file of this machine", "external storage"),
    "foreign filter": Hostile(replaced(_foreign_filter), "plugins of this machine", "32015"),
    "deep groups": Hostile(edited(_deep_groups), "recursion", "nested too deep"),
    "object reference": Hostile(replaced(_reference), "the type", "type reference"),
    "region reference": Hostile(replaced(_region), "the type", "type reference"),
    "text": Hostile(replaced(lambda file: file.__setitem__(KERNEL, "weights")), "the type", "type text"),
    "fixed text": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, np.array([b"ab"]))), "the type", "type text"
    ),
    "complex": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, np.ones((2, 3), "complex64"))),
        "the type",
        "type complex64",
    ),
    "compound": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, np.zeros(2, [("a", "f4"), ("b", "i4")]))),
        "the type",
        "no array of numbers",
    ),
    "varying length": Hostile(
        replaced(lambda file: file.create_dataset(KERNEL, (2,), h5py.vlen_dtype("float32"))),
        "the type",
        "arrays of varying length",
    ),
    "arrays as items": Hostile(
        replaced(lambda file: file.create_dataset(KERNEL, (2,), np.dtype("(3,)f4"))),
        "the type",
        "no array of numbers",
    ),
    "empty dataspace": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, h5py.Empty("float32"))), "the shape", "empty dataspace"
    ),
    "20 axes": Hostile(
        replaced(lambda file: file.__setitem__(KERNEL, np.zeros((1,) * 20, "float32"))),
        "the rank",
        "too many axes",
    ),
    "10 TB": Hostile(
        replaced(lambda file: file.create_dataset(KERNEL, (1_600_000, 1_600_000), "float32")),
        "memory",
        "too large",
    ),
    "unallocated": Hostile(
        replaced(lambda file: file.create_dataset(KERNEL, (30_000, 30_000), "float32")),
        "memory",
        "holds no data",
    ),
    "unallocated chunks": Hostile(
        replaced(_half_written), "values that nobody wrote", "holds less than it claims"
    ),
    "compression bomb": Hostile(replaced(_bomb), "memory", "compressed beyond belief"),
    "one giant chunk": Hostile(replaced(_one_chunk), "memory", "compressed beyond belief"),
    "layer missing": Hostile(
        _list_of("model_weights", "layer_names", [b"d", b"e"]), "the lists", "e: is listed"
    ),
    "no layer list": Hostile(_list_of("model_weights", "layer_names", []), "the lists", "no model of Keras"),
    "layer twice": Hostile(_list_of("model_weights", "layer_names", [b"d", b"d"]), "the lists", "distinct"),
    "layer without a name": Hostile(
        _list_of("model_weights", "layer_names", [b"d", b"/"]), "the lists", "distinct"
    ),
    "no weight list": Hostile(_list_of(LAYER, "weight_names", []), "the lists", "lists no weights"),
    "weight missing": Hostile(
        _list_of(LAYER, "weight_names", [b"d/kernel:0", b"d/gamma:0"]), "the lists", "d/d/gamma:0: is listed"
    ),
    "weight is a group": Hostile(_list_of(LAYER, "weight_names", [b"d"]), "the lists", "found group"),
    "layer is a dataset": Hostile(
        _list_of("model_weights", "layer_names", [b"d/d/kernel:0"]), "the lists", "found dataset"
    ),
    "names are numbers": Hostile(
        edited(lambda file: file[LAYER].attrs.__setitem__("weight_names", [1, 2])), "the lists", "is no text"
    ),
    "names are no UTF-8": Hostile(
        _list_of(LAYER, "weight_names", [b"d/\xff\xfe"]), "the terminal", "is no UTF-8 text"
    ),
    "config is no JSON": Hostile(
        _with_config(b'{"class_name": nonsense}'), "the parser", "line 1, column 16"
    ),
    "config is a list": Hostile(_with_config([1, 2]), "the parser", "is no JSON object"),
    "config is cut off": Hostile(_with_config(b'{"class_name": "Seq'), "the parser", "is not JSON"),
    "config a million deep": Hostile(_million_deep, "recursion", "nested too deep"),
    "config of half a character": Hostile(
        _with_config(b'{"class_name": "\\ud800"}'), "the terminal", "half a surrogate pair"
    ),
    "config with a giant number": Hostile(
        _with_config(b'{"class_name": ' + b"9" * 5000 + b"}"), "time", "is not readable JSON"
    ),
}
