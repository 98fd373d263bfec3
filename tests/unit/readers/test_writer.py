"""Who wrote a file is told by its stamps; each guess comes with its evidence."""

from __future__ import annotations

import pytest

from lstm_migrate.readers.writer import detect_writer


@pytest.mark.parametrize(
    ("version", "name", "meaning"),
    [
        ("1.2.2", "keras", "Keras 1"),
        ("2.0.2", "keras", "standalone"),
        ("2.3.1", "keras", "standalone"),
        ("2.1.6-tf", "tf.keras", "1.12"),
        ("2.2.4-tf", "tf.keras", "1.13"),
        ("2.3.0-tf", "tf.keras", "2.2"),
        ("2.4.0", "tf.keras", "2.3 or 2.4"),
        ("2.5.0", "tf.keras", "same number"),
        ("2.15.0", "tf.keras", "same number"),
        ("2.16.0", "tf.keras", "tf_keras"),
        ("3.4.1", "keras", "Keras 3"),
        ("banana", "unknown", "no version"),
    ],
)
def test_a_version_stamp_names_its_writer(version: str, name: str, meaning: str) -> None:
    writer = detect_writer([{"keras_version": version, "backend": "tensorflow"}], None)
    assert (writer.name, writer.version, writer.backend) == (name, version, "tensorflow")
    assert meaning in writer.evidence[0]


def test_a_file_without_a_stamp_has_an_unknown_writer() -> None:
    writer = detect_writer([{}, {}], None)
    assert (writer.name, writer.version, writer.backend) == ("unknown", "", "")
    assert "no attribute keras_version" in writer.evidence[0]


def test_the_root_wins_and_a_contradiction_is_told() -> None:
    writer = detect_writer([{"keras_version": "2.2.4"}, {"keras_version": "2.2.4-tf"}], None)
    assert writer.name == "keras"
    assert any("2.2.4-tf" in line for line in writer.evidence)


def test_words_of_the_config_narrow_the_version() -> None:
    config = {
        "class_name": "Functional",
        "config": {"layers": [{"class_name": "InputLayer", "config": {"ragged": False}}]},
    }
    evidence = " ".join(detect_writer([{"keras_version": "2.8.0"}], config).evidence)
    assert "Functional: TensorFlow 2.3" in evidence and "ragged" in evidence and "time_major" not in evidence
