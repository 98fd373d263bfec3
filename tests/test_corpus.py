"""Every real old file either becomes a file that computes what its framework computed, or is refused.

What is expected of a case is data: a row of corpus/expected.tsv, which corpus/expect.py writes anew.
The recorded outputs are never shown to convert: what it calls verified is held against them here.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

from tests.corpus.expect import cases, converted, source_of, table

ROWS = table()
CASES = cases()
FEWEST = 300

# Conversions that keep every layer, so that name, trainable and dtype can be held against the old config.
SAMPLE = [
    "k202-frozen-parts",
    "k208-bidir-concat",
    "k208-frozen-models",
    "k216-frozen-models",
    "k224-floatx-float64",
    "k231-nested-frozen-bn",
    "tfk113-frozen-parts",
    "tfk20-dtype-per-layer",
    "tfk212-policy-mixed-float16",
    "tfk215-dtype-per-layer",
    "tfk215-policy-mixed-bfloat16",
    "tfk24-policy-mixed_float16",
]


@pytest.fixture(scope="session", autouse=True)
def keras() -> Any:
    """Keras, imported once; it and TensorFlow warn of what is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        return keras


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    """Keras warns that masks end at layers that ended them in old Keras, too."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"keras\.")
        yield


def test_the_corpus_is_there() -> None:
    assert len(CASES) >= FEWEST
    assert Counter(row.outcome for row in ROWS.values())["verified"] > FEWEST / 2


def test_every_case_has_a_row_and_every_row_a_case() -> None:
    assert list(ROWS) == CASES


def test_a_row_says_why_a_case_is_refused_and_of_others_nothing() -> None:
    for row in ROWS.values():
        assert row.outcome in ("verified", "refused")
        assert bool(row.error) is bool(row.phrase) is (row.outcome == "refused")


@pytest.mark.parametrize("case", CASES)
def test_a_case_becomes_what_its_row_says(case: str, tmp_path: Path) -> None:
    expected = ROWS[case]
    result = converted(case, tmp_path)
    assert result.wrong == ""
    assert (result.row.outcome, result.row.error) == (expected.outcome, expected.error), result.said
    assert expected.phrase in result.said


@pytest.mark.parametrize("case", SAMPLE)
def test_names_trainable_flags_and_dtype_policies_survive(case: str, tmp_path: Path) -> None:
    assert converted(case, tmp_path).row.outcome == "verified"
    old = dict(facts(old_config(source_of(case))))
    new = dict(facts(json.loads(zipfile.ZipFile(tmp_path / "new.keras").read("config.json"))))
    assert len(old) >= 2
    for name, (trainable, dtype) in old.items():
        assert new[name][0] is trainable, name
        assert dtype in ("", new[name][1]), name


def test_the_sample_has_frozen_layers_and_every_kind_of_dtype_policy() -> None:
    said = [fact for case in SAMPLE for _, fact in facts(old_config(source_of(case)))]
    assert {trainable for trainable, _ in said} == {True, False}
    assert {dtype for _, dtype in said} >= {"float32", "float64", "mixed_float16", "mixed_bfloat16"}


def old_config(path: Path) -> Any:
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def facts(entry: Any) -> Iterator[tuple[str, tuple[bool, str]]]:
    """(name, (trainable, dtype policy)) of every layer of a model and of the models in it."""
    config = entry["config"]
    layers = config if isinstance(config, list) else config.get("layers")
    if layers is not None:
        for inner in layers:
            yield from facts(inner)
    elif entry["class_name"] != "InputLayer":
        dtype = config.get("dtype") or ""
        policy = dtype if isinstance(dtype, str) else dtype["config"]["name"]
        yield config["name"], (config.get("trainable", True), policy)
