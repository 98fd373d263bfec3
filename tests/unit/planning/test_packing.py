"""Cells whose arrays lie otherwise than the architecture beside them says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.errors import PlanError
from tests.corpus.expect import VALID

UNITS, WIDTH, STEPS = 3, 5, 6
GATES = "icfo"
RANDOM = np.random.default_rng(7)


def weights(path: Path, layer: str, arrays: dict[str, Any], **stamps: str) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode()]
        file.attrs.update({key: value.encode() for key, value in stamps.items()})
        group = file.create_group(layer)
        group.attrs["weight_names"] = [name.encode() for name in arrays]
        for name, value in arrays.items():
            group[name] = np.asarray(value, "float32")
    return path


def architecture(path: Path, kind: str, version: str, **config: Any) -> Path:
    inside = {"name": "cell", "batch_input_shape": [None, STEPS, WIDTH], "activation": "tanh", **config}
    entry = {"class_name": kind, "config": inside}
    model = {"class_name": "Sequential", "config": [entry], "keras_version": version, "backend": "tensorflow"}
    path.write_text(json.dumps(model))
    return path


def drawn(*shape: int) -> Any:
    return RANDOM.normal(size=shape)


def gate_by_gate() -> dict[str, Any]:
    """The twelve arrays of a Keras 1 LSTM in the order in which it writes them."""
    shapes = {"W": (WIDTH, UNITS), "U": (UNITS, UNITS), "b": (UNITS,)}
    return {f"cell_{role}_{gate}:0": drawn(*shape) for gate in GATES for role, shape in shapes.items()}


def together(arrays: dict[str, Any]) -> dict[str, Any]:
    """The same as the three arrays of consume_less="gpu"."""
    return {
        f"cell_{role}:0": np.concatenate([arrays[f"cell_{role}_{gate}:0"] for gate in "ifco"], axis=-1)
        for role in "WUb"
    }


KERAS_1 = {"output_dim": UNITS, "inner_activation": "hard_sigmoid", "return_sequences": False}
KERAS_2 = {"units": UNITS, "recurrent_activation": "hard_sigmoid", "use_bias": True}


def outputs(source: Path, config: Path, folder: Path) -> Any:
    import keras

    target = folder / "new.keras"
    assert lstm_migrate.convert(source, target, architecture=config, overwrite=True).verified
    model = keras.models.load_model(target, compile=False)
    sequences = np.random.default_rng(1).normal(size=(2, STEPS, WIDTH)).astype("float32")
    return np.asarray(model(sequences))


@pytest.mark.parametrize("said", ["cpu", "mem", "gpu"])
def test_keras_1_arrays_are_read_by_their_number_whatever_consume_less_says(
    said: str, tmp_path: Path
) -> None:
    apart = gate_by_gate()
    first = weights(tmp_path / "twelve.h5", "cell", apart)
    second = weights(tmp_path / "three.h5", "cell", together(apart))
    config = architecture(tmp_path / "model.json", "LSTM", "1.2.2", consume_less=said, **KERAS_1)
    np.testing.assert_allclose(
        outputs(first, config, tmp_path), outputs(second, config, tmp_path), rtol=0, atol=1e-6
    )


def test_keras_1_arrays_go_into_a_keras_2_architecture(tmp_path: Path) -> None:
    source = weights(tmp_path / "twelve.h5", "cell", gate_by_gate())
    new = architecture(tmp_path / "new.json", "LSTM", "2.2.4", **KERAS_2)
    old = architecture(tmp_path / "old.json", "LSTM", "1.2.2", **KERAS_1)
    np.testing.assert_allclose(
        outputs(source, new, tmp_path), outputs(source, old, tmp_path), rtol=0, atol=1e-6
    )


def test_cudnn_arrays_go_into_a_plain_architecture_and_back(tmp_path: Path) -> None:
    packed = {
        "cell/kernel:0": drawn(WIDTH, 4 * UNITS),
        "cell/recurrent_kernel:0": drawn(UNITS, 4 * UNITS),
        "cell/bias:0": drawn(8 * UNITS),
    }
    source = weights(tmp_path / "cudnn.h5", "cell", packed, keras_version="2.2.4", backend="tensorflow")
    plain = architecture(
        tmp_path / "plain.json", "LSTM", "2.2.4", **{**KERAS_2, "recurrent_activation": "sigmoid"}
    )
    cudnn = tmp_path / "cudnn.json"
    config = {"name": "cell", "units": UNITS, "batch_input_shape": [None, STEPS, WIDTH]}
    entry = {"class_name": "CuDNNLSTM", "config": config}
    cudnn.write_text(json.dumps({"class_name": "Sequential", "config": [entry], "keras_version": "2.2.4"}))
    np.testing.assert_allclose(
        outputs(source, plain, tmp_path), outputs(source, cudnn, tmp_path), rtol=0, atol=1e-6
    )
    unpacked = {name: value[: 4 * UNITS] if "bias" in name else value for name, value in packed.items()}
    single = weights(tmp_path / "plain.h5", "cell", unpacked, keras_version="2.2.4", backend="tensorflow")
    np.testing.assert_allclose(
        outputs(single, plain, tmp_path), outputs(single, cudnn, tmp_path), rtol=0, atol=1e-6
    )


def test_what_the_arrays_said_is_in_the_report(tmp_path: Path) -> None:
    source = weights(tmp_path / "three.h5", "cell", together(gate_by_gate()))
    config = architecture(tmp_path / "model.json", "LSTM", "1.2.2", consume_less="mem", **KERAS_1)
    found = lstm_migrate.plan(source, architecture=config)
    assert any(note.kind == "converted" and "3 arrays lie as" in note.text for note in found.notes)


def test_arrays_that_fit_no_packing_are_refused_with_the_table(tmp_path: Path) -> None:
    arrays = gate_by_gate()
    arrays["cell_U_o:0"] = drawn(UNITS, UNITS + 1)
    source = weights(tmp_path / "broken.h5", "cell", arrays)
    config = architecture(tmp_path / "model.json", "LSTM", "1.2.2", consume_less="gpu", **KERAS_1)
    with pytest.raises(PlanError, match="do not fit the architecture") as caught:
        lstm_migrate.plan(source, architecture=config)
    assert "cell_U_o" in str(caught.value) or "first difference in row 1" in str(caught.value)


def test_a_full_model_is_never_read_against_its_own_config() -> None:
    # Its config and its arrays were written together, so a misfit is damage and no other packing.
    found = lstm_migrate.plan(VALID / "k224-cudnn-functional-state" / "model.h5")
    assert not any("arrays lie as" in note.text for note in found.notes)
