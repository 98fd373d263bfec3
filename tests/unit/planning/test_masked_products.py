"""The product of two directions under a mask: Keras 3's Multiply would leave masked steps out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import lstm_migrate

UNITS, WIDTH, VOCABULARY = 3, 4, 9
RANDOM = np.random.default_rng(3)


def stored(file: h5py.File, layer: str, arrays: dict[str, tuple[int, ...]]) -> None:
    group = file.create_group(layer)
    group.attrs["weight_names"] = [name.encode() for name in arrays]
    for name, shape in arrays.items():
        group[name] = RANDOM.normal(size=shape).astype("float32")


def gru(scope: str, width: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{scope}/kernel:0": (width, 3 * UNITS),
        f"{scope}/recurrent_kernel:0": (UNITS, 3 * UNITS),
        f"{scope}/bias:0": (3 * UNITS,),
    }


def cell(name: str, **more: Any) -> dict[str, Any]:
    config = {"name": name, "units": UNITS, "activation": "tanh", "recurrent_activation": "sigmoid", **more}
    return {"class_name": "GRU", "config": config}


def test_masked_directions_are_multiplied_as_keras_2_did(tmp_path: Path) -> None:
    words = {"name": "words", "input_dim": VOCABULARY, "output_dim": WIDTH, "mask_zero": True}
    both = {"name": "both", "merge_mode": "mul", "layer": cell("gru", return_sequences=True)}
    layers = [
        {"class_name": "Embedding", "config": {**words, "batch_input_shape": [None, None]}},
        {"class_name": "Bidirectional", "config": both},
    ]
    model = {"class_name": "Sequential", "config": layers}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
        file.attrs["layer_names"] = [b"words", b"both"]
        stored(file, "words", {"words/embeddings:0": (VOCABULARY, WIDTH)})
        stored(file, "both", {**gru("both/forward_gru", WIDTH), **gru("both/backward_gru", WIDTH)})
    report = lstm_migrate.convert(tmp_path / "old.h5", tmp_path / "new.keras")
    assert report.verified
    assert any("masks are written out" in note.text for note in report.notes)
