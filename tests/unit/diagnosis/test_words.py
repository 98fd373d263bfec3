"""Each way in which weights and a model may differ is said in words, with what mends it or the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lstm_migrate
from tests.corpus.expect import VALID
from tests.unit.diagnosis.sides import bidirectional, dense, layer, line, lstm, target, told, weights

HARD = "{recurrent_activation: {function: hard_sigmoid, slope: 0.2, offset: 0.5}}"


def test_more_units_than_the_model_has_are_cut_by_the_mapping(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(128, 8), "dense_1": dense(1, 128)})
    model = target(tmp_path, layer("LSTM", "lstm_1", units=64), layer("Dense", "dense_1", units=1))
    found = told(source, model)
    assert line(found, "units").why == "checkpoint has 128 units, target 64"
    assert (
        line(found, "inputs").why == "checkpoint has 128 inputs, target 64: follows from the layer before it"
    )
    assert (found.verdict, found.lossy) == ("mended", True)
    assert "  # keeps the first 64 of 128 units; what the other 64 did is lost\n" in found.mapping
    assert found.mapping.endswith("  lstm_1: {units: 64, keep: first}\n")


def test_fewer_units_than_the_model_has_are_repeated_by_the_mapping(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(64, 8), "dense_1": dense(1, 64)})
    model = target(tmp_path, layer("LSTM", "lstm_1", units=128), layer("Dense", "dense_1", units=1))
    found = told(source, model)
    said = (
        "checkpoint has 64 units, target 128; new ones repeat old ones, so that the model computes the same"
    )
    assert line(found, "units").why == said
    assert (
        line(found, "inputs").why == "checkpoint has 64 inputs, target 128: follows from the layer before it"
    )
    assert (found.verdict, found.lossy) == ("mended", False)
    assert found.mapping.endswith("layers:\n  lstm_1: {units: 128}\n")
    mapping = tmp_path / "this.yaml"
    mapping.write_text(found.mapping)
    new = tmp_path / "new.keras"
    assert lstm_migrate.convert(source, new, architecture=model, mapping=mapping).verified


def test_fewer_outputs_than_the_model_has_cannot_be_mended(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(32, 8)})
    found = told(source, target(tmp_path, layer("LSTM", "lstm_1", units=64)))
    assert line(found, "units").why.endswith("they are the model's outputs; build the target with units=32")
    assert not found.fits
    assert found.ways_out == ("lstm_1: build the target with units=32",)


def test_both_biases_of_cudnn_are_named(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(64, 8, biases=2)})
    found = told(source, target(tmp_path, layer("LSTM", "lstm", units=64)))
    said = "bias (512,) is cuDNN's two biases (input and recurrent); the target has one (256,)"
    assert line(found, "arrays").why == said
    assert "lstm_1: {to: lstm, layout: keras.cudnn_lstm}" in found.mapping


@pytest.mark.parametrize(
    ("kind", "gates", "count", "said"),
    [
        ("LSTM", "icfo", 12, "12 arrays: Keras 1's LSTM, one for each gate"),
        ("GRU", "zrh", 9, "9 arrays: a Keras 1 GRU, one for each gate"),
    ],
)
def test_one_array_for_each_gate_is_keras_1(
    tmp_path: Path, kind: str, gates: str, count: int, said: str
) -> None:
    name = f"{kind.lower()}_1"
    shapes = {"W": (8, 4), "U": (4, 4), "b": (4,)}
    arrays = [(f"{name}_{letter}_{gate}", shape) for gate in gates for letter, shape in shapes.items()]
    assert len(arrays) == count
    source = weights(tmp_path, {name: arrays}, version="1.2.2")
    config: dict[str, Any] = {"units": 4, "recurrent_activation": "hard_sigmoid"}
    if kind == "GRU":
        config["reset_after"] = False
    found = told(source, target(tmp_path, layer(kind, kind.lower(), **config)))
    assert line(found, "arrays").why == said
    assert f"{name}: {{to: {kind.lower()}, layout: keras1.{kind.lower()}}}" in found.mapping
    doubt = line(found, "recurrent_activation")
    assert "Keras 1's default was clip(0.2x + 0.5), the target has clip(x/6 + 0.5)" in doubt.why
    assert any(HARD in text and text.startswith("  #") for text in found.mapping.splitlines())


@pytest.mark.parametrize("after", [True, False])
def test_another_gru_is_told_by_the_shape_of_its_bias(tmp_path: Path, after: bool) -> None:
    bias = (2, 12) if after else (12,)
    arrays = [("kernel", (8, 12)), ("recurrent_kernel", (4, 12)), ("bias", bias)]
    source = weights(tmp_path, {"gru_1": arrays}, version="2.4.0")
    found = told(source, target(tmp_path, layer("GRU", "gru_1", units=4, reset_after=not after)))
    said = line(found, "reset_after").why
    assert said.startswith(f"GRU reset_after differs: bias {bias}")
    assert said.endswith(f"cannot be converted: build the target with reset_after={after}")
    assert found.verdict == "misfit"


@pytest.mark.parametrize(
    ("arrays", "use_bias", "verdict"),
    [(lstm(4, 8), False, "misfit"), (lstm(4, 8)[:2], True, "mended")],
)
def test_a_bias_on_one_side_alone_is_said(
    tmp_path: Path, arrays: list[Any], use_bias: bool, verdict: str
) -> None:
    source = weights(tmp_path, {"lstm_1": arrays})
    found = told(source, target(tmp_path, layer("LSTM", "lstm_1", units=4, use_bias=use_bias)))
    assert line(found, "bias").verdict == "differs"
    assert found.verdict == verdict
    assert ("bias: none" in found.mapping) == (verdict == "mended")


def test_two_directions_are_not_one(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(4, 8)})
    found = told(source, target(tmp_path, bidirectional("both", layer("LSTM", "lstm", units=4))))
    said = "a single LSTM; the target's Bidirectional(LSTM) needs two LSTMs, one for each direction"
    assert line(found, "kind").why == f"{said}; build the target with LSTM(4)"


def test_other_cells_are_other_cells(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(4, 8)})
    found = told(source, target(tmp_path, layer("GRU", "gru", units=4)))
    assert line(found, "kind").why.startswith("LSTM (4 gates) and GRU (3 gates) are different cells")


def test_rows_of_an_embedding_and_windows_are_said(tmp_path: Path) -> None:
    source = weights(
        tmp_path,
        {"embedding_1": [("embeddings", (200, 8))], "conv1d_1": [("kernel", (5, 8, 4)), ("bias", (4,))]},
    )
    model = target(
        tmp_path,
        layer("Embedding", "embedding_1", input_dim=100, output_dim=8, mask_zero=False),
        layer("Conv1D", "conv1d_1", filters=4, kernel_size=[3], strides=[1], padding="same"),
        inputs=(5,),
    )
    found = told(source, model)
    rows = line(found, "rows of the embedding (vocabulary)")
    assert rows.why.startswith("checkpoint has 200 rows of the embedding (vocabulary), target 100")
    assert "is the vocabulary the right one?" in rows.why
    assert "  # keeps the first 100 of 200 rows; the tokens of the other 100 are lost\n" in found.mapping
    assert "  embedding_1: {input_dim: 100}\n" in found.mapping
    assert line(found, "kernel size").why.endswith("build the target with kernel_size=5")


def test_a_larger_vocabulary_gets_rows_and_classes(tmp_path: Path) -> None:
    groups = {
        "embedding_1": [("embeddings", (91, 8))],
        "lstm_1": lstm(4, 8),
        "dense_1": dense(91, 4),
    }
    model = target(
        tmp_path,
        layer("Embedding", "embedding_1", input_dim=465, output_dim=8, mask_zero=False),
        layer("LSTM", "lstm_1", units=4),
        layer("Dense", "dense_1", units=465, activation="softmax"),
        inputs=(5,),
    )
    found = told(weights(tmp_path, groups), model)
    rows = line(found, "rows of the embedding (vocabulary)").why
    assert "new rows are the mean of the old ones; is the vocabulary the right one?" in rows
    assert "two files of tokens (`vocabulary: {old: …, new: …}`)" in rows
    assert line(found, "units").why.endswith("new ones hardly ever win until the model is trained")
    assert (found.verdict, found.lossy) == ("mended", False)
    assert found.mapping.endswith("  embedding_1: {input_dim: 465}\n  dense_1: {vocabulary: {size: 465}}\n")


def test_features_are_followed_through_convolutions_and_a_normalisation(tmp_path: Path) -> None:
    groups = {
        "conv1d_1": [("kernel", (3, 8, 6)), ("bias", (6,))],
        "norm_1": [(name, (6,)) for name in ("gamma", "beta", "moving_mean", "moving_variance")],
        "lstm_1": lstm(4, 6),
    }
    common = {"strides": [1], "padding": "same"}
    model = target(
        tmp_path,
        layer("Conv1D", "conv1d_1", filters=5, kernel_size=[3], **common),
        layer("MaxPooling1D", "pool", pool_size=[2], data_format="channels_last", **common),
        layer("BatchNormalization", "norm_1", axis=-1, epsilon=0.001, momentum=0.99, center=True, scale=True),
        layer("LSTM", "lstm_1", units=3),
    )
    found = told(weights(tmp_path, groups), model)
    follows = "follows from the layer before it"
    assert line(found, "features", "norm_1").why == f"checkpoint has 6 features, target 5: {follows}"
    assert line(found, "inputs", "lstm_1").why == f"checkpoint has 6 inputs, target 5: {follows}"
    assert "conv1d_1: {filters: 5, keep: first}" in found.mapping


def test_numbers_of_more_bits_are_a_loss(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(4, 8)}, dtype="float64")
    found = told(source, target(tmp_path, layer("LSTM", "lstm_1", units=4)))
    assert line(found, "dtype").why == "stored as float64, target float32"
    assert found.lossy


def test_a_model_in_the_file_is_read_through_the_targets_own(tmp_path: Path) -> None:
    case = VALID / "k122th-nested-weights"
    found = told(case / "weights.h5", case / "architecture.json")
    assert found.verdict == "fits"
    assert "sequential_28/timedistributed_12" in {item.source for item in found.lines}


HARD_CASE = VALID / "k202-hard-recurrent" / "model.h5"


def hard_layers(**changed: Any) -> list[dict[str, Any]]:
    """The layers of that case as somebody builds them anew in Keras 3."""
    common = {"recurrent_activation": "hard_sigmoid", "units": 3, **changed}
    return [
        layer("LSTM", "lstm_1", return_sequences=True, **common),
        layer("GRU", "gru_1", return_sequences=True, reset_after=False, **common),
        layer("GRU", "gru_2", return_sequences=True, reset_after=False, use_bias=False, **common),
        layer("LSTM", "lstm_2", return_sequences=True, use_bias=False, **common),
    ]


def test_the_same_name_for_another_function_is_said(tmp_path: Path) -> None:
    found = told(HARD_CASE, target(tmp_path, *hard_layers(), inputs=(5, 3)))
    said = line(found, "recurrent_activation", "lstm_1").why
    assert said == (
        "weights fit but `hard_sigmoid` means another function: the file's clip(0.2x + 0.5), Keras 3's "
        "clip(x/6 + 0.5)"
    )
    # The file says itself what it computes, so convert needs no mapping.
    assert (found.verdict, found.mapping) == ("mended", "")
    assert found.sentence.endswith("and `convert` mends them by itself")


def test_settings_that_change_outputs_are_said_and_others_are_not(tmp_path: Path) -> None:
    layers = hard_layers(go_backwards=True, stateful=True, dropout=0.5, kernel_initializer="zeros")
    found = told(HARD_CASE, target(tmp_path, *layers, inputs=(5, 3)))
    said = line(found, "go_backwards", "gru_1")
    assert said.why == (
        "weights fit, but the source reads it forwards and the target reads the sequence backwards; "
        "build the target with go_backwards=False"
    )
    assert line(found, "stateful", "lstm_1").verdict == "fits"
    assert not {item.what for item in found.lines} & {"dropout", "kernel_initializer"}


def test_what_fits_is_said_to_be_provable(tmp_path: Path) -> None:
    found = told(HARD_CASE, HARD_CASE)
    assert found.sentence == "model.h5 fits model.h5 in all its 4 layers; `convert` and `verify` prove it"
    assert (found.verdict, found.keras_says, found.mapping) == ("fits", "", "")
