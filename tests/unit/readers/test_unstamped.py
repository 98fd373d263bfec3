"""A config without a version: the words that Keras 3 alone writes tell it, and about when."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.readers.writer import detect_writer

OLD = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "i"}}
EARLY = {"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "dtype": "float32"}}
LATER = {
    "class_name": "Dense",
    "config": {"dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}}},
}
LATEST = {"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "optional": False}}


@pytest.mark.parametrize(
    ("layers", "name", "version"),
    [
        ([OLD], "unknown", ""),
        ([EARLY], "keras", "3.0 to 3.3"),
        ([EARLY, LATER], "keras", "3.4 or later"),
        ([LATEST, LATER], "keras", "3.13 or later"),
        ([OLD, LATER], "unknown", ""),
    ],
)
def test_words_of_keras_3_tell_its_version(layers: list[Any], name: str, version: str) -> None:
    writer = detect_writer([], {"class_name": "Sequential", "config": {"layers": layers}})
    assert (writer.name, writer.version) == (name, version)


def test_a_version_that_is_there_is_believed() -> None:
    config = {"class_name": "Sequential", "config": {"layers": [EARLY]}}
    assert detect_writer([{"keras_version": "3.12.1"}], config).version == "3.12.1"
