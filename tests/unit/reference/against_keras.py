"""A layer of the installed Keras beside its forward pass in NumPy, with the same weights and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from lstm_migrate.graph import Activation, Layer, WeightKey
from lstm_migrate.reference.evaluate import import_forward_passes
from lstm_migrate.reference.scope import Array, Precision, Scope, Tensor
from lstm_migrate.reference.semantics import Semantics

import_forward_passes()

TOLERANCE = 2e-5
"""float32 beside float64 over sums of some hundred products of numbers around one."""


def numbers(*shape: int, seed: int = 0) -> Array:
    """Normally distributed float32."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def fill(layer: keras.layers.Layer) -> None:
    """Weights that are neither zero nor one; what is called a variance stays positive."""
    for index, variable in enumerate(layer.variables):
        if variable.dtype == "float32":
            values = numbers(*variable.shape, seed=index + 1)
            variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()  # Normalization computes with copies of its weights.


def scope_of(
    kind: str,
    config: Mapping[str, Any],
    weights: Mapping[str, Array] | None = None,
    semantics: Semantics | None = None,
    children: Mapping[str, Layer] | None = None,
) -> Scope:
    """A layer "layer" of this kind, with its weights by role ("child.role" for a child's)."""
    if isinstance(config.get("activation"), str):
        parameters = {"slope": 1 / 6, "offset": 0.5} if config["activation"] == "hard_sigmoid" else {}
        config = {**config, "activation": Activation(config["activation"], parameters)}
    keyed = {}
    for role, array in (weights or {}).items():
        child, _, name = role.rpartition(".")
        keyed[WeightKey(("layer", *filter(None, [child])), name)] = array
    layer = Layer("layer", kind, config, children or {})
    return Scope(layer, ("layer",), keyed, semantics or Semantics(), Precision(), {}, lambda *_: None)


def reference(scope: Scope, *inputs: Any, **options: Any) -> Any:
    """The forward pass on float64 copies of the inputs."""
    return scope.call(*(_widened(x) for x in inputs), **{key: _widened(x) for key, x in options.items()})


def _widened(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_widened(item) for item in x]
    if isinstance(x, np.ndarray):
        return Tensor(x.astype(np.float64) if x.dtype == np.float32 else x)
    return x


def roles_of(layer: keras.layers.Layer) -> dict[str, Array]:
    """The layer's weights by the path that Keras gives them below the layer."""
    return {
        variable.path.removeprefix(f"{layer.path}/"): np.asarray(variable.value)
        for variable in layer.variables
    }


def assert_like_keras(
    kind: str, inputs: Any, config: Mapping[str, Any], *, tolerance: float = TOLERANCE, **options: Any
) -> None:
    """The layer `kind` computes the same in Keras and here, outputs and shapes."""
    layer = getattr(keras.layers, kind)(**config)
    arrays = inputs if isinstance(inputs, tuple) else (inputs,)
    layer(*arrays, **options)
    fill(layer)
    expected = layer(*arrays, **options)
    ours = reference(scope_of(kind, config, roles_of(layer)), *arrays, **options)
    assert_close(ours, expected, tolerance)


def assert_close(ours: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    ours = ours if isinstance(ours, list) else [ours]
    expected = expected if isinstance(expected, Sequence) else [expected]
    for tensor, value in zip(ours, expected, strict=True):
        value = np.asarray(keras.ops.convert_to_numpy(value), np.float64)
        assert tensor.value.shape == value.shape
        scale = max(1.0, np.max(np.abs(value), initial=0))
        error = np.max(np.abs(tensor.value - value), initial=0) / scale
        assert error < tolerance, f"differs by {error:.2e}"
