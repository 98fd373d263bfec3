"""Each registered cell with options, and models around them, with weights that are neither zero nor one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from lstm_migrate import layers
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary
from tests.unit.reference.against_keras import fill, numbers, reference, scope_of

WORDS = Vocabulary(document("keras3"), (3,))
FEATURES, UNITS = 3, 4

OPTIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "peephole": ("PeepholeLSTMCell", {}),
    "peephole without bias": ("PeepholeLSTMCell", {"use_bias": False, "activation": "softsign"}),
    "peephole, one product": ("PeepholeLSTMCell", {"implementation": 1}),
    "layer norm LSTM": ("LayerNormLSTMCell", {}),
    "layer norm LSTM without bias": ("LayerNormLSTMCell", {"use_bias": False, "norm_epsilon": 0.1}),
    "layer norm RNN": ("LayerNormSimpleRNNCell", {}),
    "layer norm RNN without bias": (
        "LayerNormSimpleRNNCell",
        {"use_bias": False, "layernorm_epsilon": 0.1, "activation": "relu"},
    ),
    "echo state": ("ESNCell", {"leaky": 0.3}),
    "echo state without bias": ("ESNCell", {"use_bias": False, "activation": "relu"}),
}
KINDS = sorted(layers.__all__)


def cell(name: str, **more: Any) -> Any:
    kind, options = OPTIONS[name]
    return getattr(layers, kind)(UNITS, **{**options, **more})


def filled(layer: Any, *shape: int) -> Any:
    """The layer, built for inputs of this shape and filled."""
    layer(np.zeros(shape, "float32"))
    fill(layer)
    return layer


def recurrent(name: str, **options: Any) -> Any:
    return filled(keras.layers.RNN(cell(name), **options), 2, 5, FEATURES)


def values(layer: Any, *args: Any, **kwargs: Any) -> list[Any]:
    found = keras.tree.flatten(layer(*args, **kwargs))
    return [np.asarray(keras.ops.convert_to_numpy(item)) for item in found]


def by_the_equations(layer: Any, name: str, x: Any) -> list[Any]:
    """What the reference makes of the RNN layer's own weights, in float64."""
    kind, _ = OPTIONS[name]
    config = {
        key: WORDS.activation(value) if "activation" in key else value
        for key, value in layer.cell.get_config().items()
    }
    assert all(isinstance(config[key], Activation) for key in config if "activation" in key)
    roles = {f"cell.{role}": array for role, array in weights(layer.cell).items()}
    outer = {"return_sequences": layer.return_sequences, "return_state": layer.return_state}
    scope = scope_of("RNN", outer, roles, children={"cell": Layer("cell", kind, config)})
    found = reference(scope, x)
    return [item.value for item in (found if isinstance(found, list) else [found])]


def weights(layer: Any) -> dict[str, Any]:
    """The cell's arrays by role."""
    found = {}
    for variable in layer.variables:
        if variable.name != "seed_generator_state":
            role = variable.path.removeprefix(f"{layer.path}/").removeprefix("layernorm/")
            found[role] = np.asarray(keras.ops.convert_to_numpy(variable.value))
    return found


def inputs(*shape: int) -> Any:
    return numbers(*shape, seed=7)
