"""inspect: what a file is, who wrote it and how we know, what is in it, and what would become of it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import h5py
import pytest

import lstm_migrate
from lstm_migrate.keras3_loader import opens_in_keras_3
from tests.corpus.expect import CORPUS, architecture_of, cases, source_of, table

with (CORPUS / "opens.tsv").open(newline="") as file:
    OPENS = {row["case"]: row["opens"] for row in csv.DictReader(file, delimiter="\t")}
BEGINS = {"no": "no: ", "yes": "yes", "other": "yes, but computes something else: "}


def test_the_shown_facts_of_an_early_model() -> None:
    found = lstm_migrate.inspect(source_of("k208-seq2seq"))
    source = found.source
    assert (source.format, source.writer, source.version) == ("keras-hdf5", "keras", "2.0.8")
    assert source.backend == "tensorflow"
    assert source.bytes == source_of("k208-seq2seq").stat().st_size
    assert any("2.0.8" in line for line in source.evidence)
    encoder = next(line for line in found.layers if line.path == "encoder")
    assert (encoder.kind, encoder.layout) == ("LSTM", "keras.lstm")
    assert encoder.sizes["units"] > 0
    assert encoder.activations["recurrent_activation"] == "hard_sigmoid(slope=0.2, offset=0.5)"
    with h5py.File(source_of("k208-seq2seq")) as opened:
        sizes: list[int] = []
        opened["model_weights"].visititems(lambda _, item: sizes.append(getattr(item, "size", 0)))
    assert found.parameters == sum(line.parameters for line in found.layers) == sum(sizes)
    assert found.convert_would == "convert"
    assert found.opens_in_keras_3.startswith("no: ")


@pytest.mark.parametrize(
    ("case", "writer", "layout"),
    [
        ("k231-cudnn-layers", "keras", "cudnn"),
        ("tfk113-cudnn-states", "tf.keras", "cudnn"),
        ("tfk215-lstm-options", "tf.keras", "keras.lstm"),
        ("k224th-theano-convlstm", "keras", ""),
    ],
)
def test_writers_and_layouts_are_told_apart(case: str, writer: str, layout: str) -> None:
    found = lstm_migrate.inspect(source_of(case))
    assert found.source.writer == writer
    assert any(layout in line.layout for line in found.layers)


@pytest.mark.parametrize("case", [row.case for row in table().values() if row.error == "PlanError"])
def test_of_what_cannot_be_planned_the_reason_is_told(case: str) -> None:
    found = lstm_migrate.inspect(source_of(case), architecture=architecture_of(case))
    if found.convert_would != "convert":
        assert found.convert_would.startswith("refuse: ")
        assert table()[case].phrase in " ".join(found.convert_would.split())
    assert found.source.version
    assert found.parameters > 0


def test_a_file_of_weights_only_is_described(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    shutil.copy(source_of("k208-seq2seq"), path)
    with h5py.File(path, "r+") as opened:
        del opened.attrs["model_config"]
    found = lstm_migrate.inspect(path)
    assert found.opens_in_keras_3 == "no: it holds no model config"
    assert found.convert_would.startswith("refuse: ")
    assert found.parameters > 0


def test_every_case_was_tried_in_keras_3() -> None:
    assert list(OPENS) == cases()
    assert set(OPENS.values()) == set(BEGINS)


@pytest.mark.parametrize("case", OPENS)
def test_whether_keras_3_would_open_it_is_foreseen(case: str) -> None:
    said = lstm_migrate.inspect(source_of(case)).opens_in_keras_3
    if OPENS[case] == "yes":
        assert said == "yes"
    else:
        assert said.startswith(BEGINS[OPENS[case]])
        assert len(said) > len(BEGINS[OPENS[case]])


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"class_name": "Sequential"},
        {"class_name": "Model", "config": None},
        {"class_name": "Model", "config": {"layers": [None, 3, {"class_name": 3}, {"name": []}]}},
        {
            "class_name": "Model",
            "config": {"layers": [{"class_name": "LSTM", "config": [], "inbound_nodes": 3}]},
        },
        {
            "class_name": "Model",
            "config": {
                "layers": [
                    {
                        "class_name": "Add",
                        "name": "a",
                        "config": {},
                        "inbound_nodes": [[["a"], ["a", "x", 0, 1]]],
                    }
                ]
            },
        },
    ],
)
def test_a_config_that_makes_no_sense_does_not_stop_it(config: dict[str, object]) -> None:
    assert opens_in_keras_3(config, None).split(":")[0] in ("yes", "no", "yes, but computes something else")
