"""Sources and targets for the tests, written in a few words: weight files as old Keras wrote them, and the
JSON of Keras 3 models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lstm_migrate import diagnose
from lstm_migrate.report import Diagnosis, DiagnosisLine

Arrays = Mapping[str, Sequence[tuple[str, tuple[int, ...]]]]

USUAL: dict[str, dict[str, Any]] = {
    "LSTM": {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True},
    "GRU": {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "reset_after": True},
    "Dense": {"activation": "linear", "use_bias": True},
    "Conv1D": {"activation": "linear", "use_bias": True, "data_format": "channels_last"},
}
SEQUENCE = {"return_sequences": False, "go_backwards": False, "stateful": False, "return_state": False}


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """One layer as Keras 3 writes it, with Keras 3's defaults."""
    usual = {**USUAL.get(kind, {}), **(SEQUENCE if kind in ("LSTM", "GRU") else {})}
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, "trainable": True, "dtype": "float32", **usual, **config},
        "registered_name": None,
    }


def bidirectional(name: str, inner: dict[str, Any], merge_mode: str = "concat") -> dict[str, Any]:
    """A Bidirectional layer around one that `layer` made."""
    config = inner["config"]
    backward = {
        **inner,
        "config": {**config, "name": f"backward_{config['name']}", "go_backwards": True},
    }
    forward = {**inner, "config": {**config, "name": f"forward_{config['name']}"}}
    return layer("Bidirectional", name, merge_mode=merge_mode, layer=forward, backward_layer=backward)


def target(folder: Path, *layers: dict[str, Any], inputs: Sequence[int | None] = (5, 8)) -> Path:
    """The JSON of a Sequential model of Keras 3."""
    first = layer("InputLayer", "input", batch_shape=[None, *inputs], sparse=False)
    model = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "model", "trainable": True, "dtype": "float32", "layers": [first, *layers]},
        "registered_name": None,
    }
    path = folder / "target.json"
    path.write_text(json.dumps(model))
    return path


def weights(folder: Path, groups: Arrays, version: str = "2.3.1", dtype: str = "float32") -> Path:
    """A file of weights alone, as Keras 1 and 2 wrote it."""
    path = folder / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, "tensorflow"
        file.attrs["layer_names"] = [name.encode() for name in groups]
        for name, arrays in groups.items():
            group, random = file.create_group(name), np.random.default_rng(len(name))
            group.attrs["weight_names"] = [f"{name}/{array}:0".encode() for array, _ in arrays]
            for array, shape in arrays:
                group.create_dataset(f"{name}/{array}:0", data=random.normal(size=shape).astype(dtype))
    return path


def lstm(units: int, inputs: int, biases: int = 1) -> list[tuple[str, tuple[int, ...]]]:
    """The arrays of an LSTM of Keras 2; of cuDNN's with two biases."""
    return [
        ("kernel", (inputs, 4 * units)),
        ("recurrent_kernel", (units, 4 * units)),
        ("bias", (4 * units * biases,)),
    ]


def dense(units: int, inputs: int) -> list[tuple[str, tuple[int, ...]]]:
    return [("kernel", (inputs, units)), ("bias", (units,))]


def told(source: Path, against: Path, **options: Any) -> Diagnosis:
    """The diagnosis of two files."""
    return diagnose(source, against, **options)


def line(diagnosis: Diagnosis, what: str, source: str = "") -> DiagnosisLine:
    """The one line about that."""
    found = [item for item in diagnosis.lines if item.what == what and source in ("", item.source)]
    assert len(found) == 1, [(item.source, item.what) for item in diagnosis.lines]
    return found[0]


def pairs(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Which layers were put side by side."""
    return list(dict.fromkeys((item.source, item.target) for item in diagnosis.lines))
