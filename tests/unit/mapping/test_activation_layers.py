"""Activations that a config gives as layers: what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary

WORDS = Vocabulary(document("tfkeras"), (2, 15))
FLOAT32_FIFTH = 0.20000000298023224


@pytest.mark.parametrize(
    "class_name, config, meaning",
    [
        ("LeakyReLU", {"name": "x", "alpha": 0.25}, Activation("leaky_relu", {"negative_slope": 0.25})),
        ("LeakyReLU", {"alpha": FLOAT32_FIFTH}, Activation("leaky_relu")),
        ("ELU", {"alpha": 1.0}, Activation("elu")),
        ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}, Activation("relu")),
        (
            "ReLU",
            {"max_value": {"type": "ndarray", "value": 6.0}, "negative_slope": 0.0, "threshold": 0.0},
            Activation("relu", {"max_value": 6.0}),
        ),
        ("ThresholdedReLU", {"theta": 0.5}, Activation("relu", {"threshold": 0.5})),
        ("Softmax", {"axis": -1}, Activation("softmax")),
        ("Softmax", {"axis": 1}, Activation("softmax", {"axis": 1})),
    ],
)
def test_a_layer_is_its_function_with_its_parameters(
    class_name: str, config: dict[str, Any], meaning: Activation
) -> None:
    assert WORDS.activation({"class_name": class_name, "config": config}) == meaning


def test_a_layer_with_arrays_is_refused_by_name() -> None:
    with pytest.raises(PlanError, match=r"PReLU.*a layer with arrays of its own"):
        WORDS.activation({"class_name": "PReLU", "config": {"shared_axes": None}})


def test_a_custom_class_is_refused_as_code_that_is_not_there() -> None:
    with pytest.raises(PlanError, match="its code is not in the file"):
        WORDS.activation({"class_name": "Snake", "config": {"a": 1}})


def test_keras_3_has_a_layer_for_each_of_them() -> None:
    target = Vocabulary(document("keras3"), (3,))
    assert target.activation_layer(Activation("relu", {"threshold": 0.5})) == (
        "ReLU",
        {"threshold": 0.5, "negative_slope": 0.0},
    )
    assert target.activation_layer(Activation("tanh")) is None
