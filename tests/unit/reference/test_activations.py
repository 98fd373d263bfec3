"""Activations beside Keras 3's, and far from zero."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Activation
from lstm_migrate.reference.activations import ALONG_AXIS, ELEMENTWISE, activate
from lstm_migrate.reference.scope import NoReference

X = np.linspace(-8, 8, 42).reshape(2, 3, 7)

PARAMETERS: dict[str, dict[str, float]] = {
    "hard_sigmoid": {"slope": 1 / 6, "offset": 0.5},
    "threshold": {"threshold": 0.3, "default_value": -2.0},
    "relu": {"negative_slope": 0.1, "max_value": 5.0, "threshold": 1.0},
    "elu": {"alpha": 0.7},
}


def keras_3(function: str, **parameters: float) -> np.ndarray:
    known = getattr(keras.activations, function, None) or getattr(keras.ops, function)
    return keras.ops.convert_to_numpy(known(keras.ops.convert_to_tensor(X), **parameters))


@pytest.mark.parametrize("function", sorted(set(ELEMENTWISE) | set(ALONG_AXIS) - {"glu"}))
def test_an_activation_is_keras_3s(function: str) -> None:
    parameters = PARAMETERS.get(function, {})
    taken = {} if function == "hard_sigmoid" else parameters
    ours = activate(Activation(function, parameters), X)
    np.testing.assert_allclose(ours, keras_3(function, **taken), atol=1e-6, rtol=1e-6)


def test_glu_halves_its_axis() -> None:
    x = X[..., :6]
    expected = keras.ops.convert_to_numpy(keras.activations.glu(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(activate(Activation("glu"), x), expected, atol=1e-12)


def test_gelu_knows_both_of_its_forms() -> None:
    for approximate in (0, 1):
        ours = activate(Activation("gelu", {"approximate": approximate}), X)
        np.testing.assert_allclose(ours, keras_3("gelu", approximate=bool(approximate)), atol=1e-6)


def test_the_hard_sigmoid_of_keras_2_is_steeper() -> None:
    old = Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})
    assert activate(old, np.array([-2.6, 0.0, 1.0, 2.6])).tolist() == [0.0, 0.5, 0.7, 1.0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [("sigmoid", [0, 1]), ("softplus", [0, 1000]), ("silu", [0, 1000]), ("mish", [0, 1000])],
)
def test_large_numbers_do_not_overflow(function: str, expected: list[float]) -> None:
    result = activate(Activation(function), np.array([-1000.0, 1000.0]))
    np.testing.assert_allclose(result, expected, atol=1e-200)


def test_softmax_sums_to_one_along_the_axis_it_is_told() -> None:
    result = activate(Activation("softmax"), X * 1000, axis=1)
    np.testing.assert_allclose(result.sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_stays(dtype: type[np.floating]) -> None:
    for function in ELEMENTWISE:
        assert activate(Activation(function, PARAMETERS.get(function, {})), X.astype(dtype)).dtype == dtype


def test_an_unknown_activation_is_named_with_its_layer() -> None:
    with pytest.raises(NoReference, match="model/dense: no reference for the activation 'wave'"):
        activate(Activation("wave"), X, path=("model", "dense"))


def test_a_hard_sigmoid_without_its_meaning_is_no_reference() -> None:
    with pytest.raises(NoReference, match="hard_sigmoid"):
        activate(Activation("hard_sigmoid"), X)
