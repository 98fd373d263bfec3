"""Models that a mapping file lists: what users leave out is what Keras 3 takes by default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lstm_migrate.architecture import keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.listed import listed_architecture
from lstm_migrate.graph import Graph
from lstm_migrate.mapping.rule_grammar import ModelLayer
from lstm_migrate.mapping.sources import target_vocabulary

# class → its constructor arguments, and the shape of what it is fed.
LAYERS: list[tuple[str, dict[str, Any], list[int]]] = [
    ("Dense", {"units": 3}, [9, 4]),
    ("Conv1D", {"filters": 3, "kernel_size": 2}, [9, 4]),
    ("Conv2D", {"filters": 3, "kernel_size": 2}, [9, 8, 4]),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2}, [9, 8, 4]),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2}, [9, 4]),
    ("DepthwiseConv2D", {"kernel_size": 2}, [9, 8, 4]),
    ("Embedding", {"input_dim": 6, "output_dim": 3}, [9]),
    ("Masking", {}, [9, 4]),
    ("ELU", {}, [9, 4]),
    ("ReLU", {}, [9, 4]),
    ("LeakyReLU", {}, [9, 4]),
    ("Softmax", {}, [9, 4]),
    ("Reshape", {"target_shape": [4, 9]}, [9, 4]),
    ("UpSampling1D", {}, [9, 4]),
    ("UpSampling2D", {}, [9, 8, 4]),
    ("ZeroPadding1D", {}, [9, 4]),
    ("ZeroPadding2D", {}, [9, 8, 4]),
    ("Cropping1D", {}, [9, 4]),
    ("Cropping2D", {}, [9, 8, 4]),
    ("MaxPooling1D", {}, [9, 4]),
    ("MaxPooling1D", {"pool_size": 3}, [9, 4]),
    ("GlobalMaxPooling1D", {}, [9, 4]),
    ("BatchNormalization", {}, [9, 4]),
    ("LayerNormalization", {}, [9, 4]),
    ("GroupNormalization", {"groups": 2}, [9, 4]),
    ("SimpleRNN", {"units": 3}, [9, 4]),
    ("LSTM", {"units": 3}, [9, 4]),
    ("GRU", {"units": 3}, [9, 4]),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": 2}, [9, 6, 5, 4]),
    ("RNN", {"cell": {"class": "GRUCell", "config": {"units": 3}}}, [9, 4]),
    ("Bidirectional", {"layer": {"class": "LSTM", "config": {"units": 3}}}, [9, 4]),
    ("TimeDistributed", {"layer": {"class": "Dense", "config": {"units": 3}}}, [9, 4]),
]

# What no output depends on, and what a default in Keras's config says in more words.
TRAINING = ("_initializer", "_regularizer", "_constraint", "seed", "unit_forget_bias")
WINDOWS = {"strides", "dilation_rate", "size", "padding", "cropping", "pool_size", "kernel_size", "axis"}


def built(class_name: str, config: dict[str, Any]) -> Any:
    import keras

    inner = {
        key: built(value["class"], value["config"]) if isinstance(value, dict) else value
        for key, value in config.items()
    }
    return getattr(keras.layers, class_name)(**inner)


def facts(graph: Graph) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, layer in graph.walk():
        if layer.kind != "InputLayer":
            config = {
                key: flat(value) if key in WINDOWS else value
                for key, value in layer.config.items()
                if value is not None and not key.endswith(TRAINING)
            }
            if config.get("strides") == config.get("pool_size"):
                config.pop("strides", None)
            yield "/".join(path), layer.kind, config


def flat(value: Any) -> Any:
    """((1, 1), (1, 1)) → 1: a window that is the same on all sides."""
    if isinstance(value, (list, tuple)) and len({json.dumps(flat(item)) for item in value}) == 1:
        return flat(value[0])
    return value


@pytest.mark.parametrize(
    ("class_name", "config", "shape"), LAYERS, ids=[f"{name}-{len(config)}" for name, config, _ in LAYERS]
)
def test_a_listed_layer_is_the_one_that_keras_builds_of_the_same_arguments(class_name, config, shape):
    import keras

    keras.utils.clear_session()
    layer = built(class_name, config)
    model = keras.Sequential([keras.Input(shape), layer])
    own = keras3.read(json.loads(model.to_json()), Draft(target_vocabulary()))
    listed = listed_architecture(
        [
            ModelLayer(**{"class": "Input", "config": {"shape": shape}}),
            ModelLayer(**{"class": class_name, "name": layer.name, "config": config}),
        ],
        "mapping.yaml",
    )
    found = keras3.read(listed.config, Draft(target_vocabulary()))
    names = {path for path, *_ in facts(own)}
    assert [item for item in facts(found) if item[0] in names] == list(facts(own))


def test_layers_without_a_name_are_called_as_keras_calls_them():
    listed = listed_architecture(
        [
            ModelLayer(**{"class": "Input", "config": {"shape": [None, 4]}}),
            ModelLayer(**{"class": "LSTM", "config": {"units": 3, "return_sequences": True}}),
            ModelLayer(**{"class": "LSTM", "config": {"units": 3}}),
            ModelLayer(**{"class": "Softmax"}),
        ],
        "mapping.yaml",
    )
    graph = keras3.read(listed.config, Draft(target_vocabulary()))
    assert list(graph.layers) == ["input", "lstm", "lstm_1", "softmax"]
    assert [layer.kind for layer in graph.layers.values()] == ["InputLayer", "LSTM", "LSTM", "Softmax"]
