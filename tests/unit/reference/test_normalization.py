"""Normalizations against the installed Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Activation, Layer
from lstm_migrate.reference.scope import Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import (
    assert_close,
    assert_like_keras,
    numbers,
    reference,
    scope_of,
)


@pytest.mark.parametrize(
    "config",
    [{}, {"axis": 1}, {"axis": -2, "epsilon": 0.1}, {"scale": False}, {"center": False, "scale": False}],
)
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5)])
def test_batch_normalization_is_that_of_keras(config: dict[str, object], shape: tuple[int, ...]) -> None:
    assert_like_keras("BatchNormalization", numbers(*shape), config)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"axis": [1, 2]},
        {"axis": [2, 1]},
        {"axis": [1]},
        {"center": False},
        {"epsilon": 0.1, "scale": False},
    ],
)
def test_layer_normalization_is_that_of_keras(config: dict[str, object]) -> None:
    assert_like_keras("LayerNormalization", numbers(3, 4, 5), config)


@pytest.mark.parametrize(
    "config", [{"groups": 2}, {"groups": -1}, {"groups": 1, "center": False}, {"groups": 3, "axis": 1}]
)
def test_group_normalization_is_that_of_keras(config: dict[str, object]) -> None:
    assert_like_keras("GroupNormalization", numbers(2, 6, 4, 8), config)


@pytest.mark.parametrize("config", [{}, {"axis": [1, 2]}, {"axis": 1}])
def test_unit_normalization_is_that_of_keras(config: dict[str, object]) -> None:
    assert_like_keras("UnitNormalization", numbers(2, 3, 4), config)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"axis": None},
        {"axis": (1, 2)},
        {"invert": True},
        {"mean": 1.5, "variance": 4.0},
        {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 0.0, 2.0, 3.0]},
        {"axis": 1, "mean": [1.0, 2.0, 3.0], "variance": [1.0, 0.5, 2.0], "invert": True},
    ],
)
def test_normalization_is_that_of_keras(config: dict[str, object]) -> None:
    if "mean" not in config or config["mean"] == 1.5 or "axis" in config:
        assert_like_keras("Normalization", numbers(2, 3, 4), config)
        return
    # A variance of zero: both divide by epsilon, and so are compared where that is not so.
    x = numbers(2, 3, 4)
    ours = reference(scope_of("Normalization", config), x).value
    theirs = np.asarray(keras.layers.Normalization(**config)(x))
    np.testing.assert_allclose(ours[..., [0, 2, 3]], theirs[..., [0, 2, 3]], rtol=1e-5)
    np.testing.assert_allclose(ours[..., 1], theirs[..., 1], rtol=1e-4)


def test_spectral_normalization_runs_the_wrapped_layer() -> None:
    child = Layer("dense", "Dense", {"units": 3, "activation": Activation("tanh")})
    kernel, bias = numbers(4, 3), numbers(3)
    weights = {"layer.kernel": kernel, "layer.bias": bias}
    scope = scope_of("SpectralNormalization", {}, weights, children={"layer": child})
    x = numbers(2, 4)
    assert_close(reference(scope, x), [np.tanh(x @ kernel + bias)])


def test_masks_pass_where_the_era_lets_them() -> None:
    x = Tensor(np.ones((1, 2, 1)), np.array([[True, False]]))
    config = {"mean": 0.0, "variance": 1.0}
    assert scope_of("Normalization", config).call(x).mask is x.mask
    old = Semantics(kinds_that_drop_masks=("Normalization",))
    assert scope_of("Normalization", config, semantics=old).call(x).mask is None
