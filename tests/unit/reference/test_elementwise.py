"""Layers that work on single elements, Dense, and changes of shape, against the installed Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.reference.linear import BLOCK_BYTES, matmul
from lstm_migrate.reference.scope import NoReference, Precision, Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import (
    assert_close,
    assert_like_keras,
    numbers,
    reference,
    scope_of,
)

X = (2, 3, 4, 5)


@pytest.mark.parametrize(
    "kind, config",
    [
        ("LeakyReLU", {"negative_slope": 0.3}),
        ("PReLU", {}),
        ("PReLU", {"shared_axes": [1, 2]}),
        ("ELU", {"alpha": 0.7}),
        ("ReLU", {}),
        ("ReLU", {"max_value": 0.8, "negative_slope": 0.2, "threshold": 0.1}),
        ("ReLU", {"threshold": 0.5}),
        ("Softmax", {}),
        ("Softmax", {"axis": [1, 3]}),
        ("Softmax", {"axis": 1}),
        ("Activation", {"activation": "tanh"}),
        ("Activation", {"activation": "softmax"}),
        ("Activation", {"activation": "hard_sigmoid"}),
        ("Identity", {}),
        ("Dropout", {"rate": 0.5}),
        ("SpatialDropout2D", {"rate": 0.5}),
        ("GaussianNoise", {"stddev": 0.5}),
        ("GaussianDropout", {"rate": 0.5}),
        ("AlphaDropout", {"rate": 0.5}),
        ("ActivityRegularization", {"l1": 0.5}),
        ("Flatten", {}),
        ("Flatten", {"data_format": "channels_first"}),
        ("Reshape", {"target_shape": (4, -1)}),
        ("Permute", {"dims": (3, 1, 2)}),
        ("Dense", {"units": 7, "activation": "softmax"}),
        ("Dense", {"units": 7, "use_bias": False}),
        ("EinsumDense", {"equation": "abcd,de->abce", "output_shape": (3, 4, 6), "bias_axes": "e"}),
        ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 6, "bias_axes": "y"}),
        (
            "EinsumDense",
            {"equation": "abcd,cde->abe", "output_shape": (3, 6), "bias_axes": "be", "activation": "tanh"},
        ),
    ],
)
def test_layers_are_those_of_keras(kind: str, config: dict[str, object]) -> None:
    assert_like_keras(kind, numbers(*X), config)


@pytest.mark.parametrize(
    "kind, config",
    [
        ("RandomFlip", {}),
        ("RandomRotation", {"factor": 0.5}),
        ("RandomZoom", {"height_factor": 0.5}),
        ("RandomTranslation", {"height_factor": 0.5, "width_factor": 0.5}),
        ("RandomContrast", {"factor": 0.5}),
        ("RandomBrightness", {"factor": 0.5}),
        ("RandomCrop", {"height": 2, "width": 2}),
    ],
)
def test_random_layers_do_nothing_at_inference(kind: str, config: dict[str, object]) -> None:
    x = numbers(*X)
    expected = getattr(keras.layers, kind)(**config)(x, training=False)
    assert_close(reference(scope_of(kind, config), x), expected)


def test_repeat_vector_is_that_of_keras() -> None:
    assert_like_keras("RepeatVector", numbers(2, 3), {"n": 4})


def test_a_thresholded_relu_keeps_what_is_above() -> None:
    x = np.array([-2.0, 0.5, 1.0, 1.5], np.float32)
    np.testing.assert_array_equal(reference(scope_of("ThresholdedReLU", {}), x).value, [0, 0, 0, 1.5])
    assert reference(scope_of("ThresholdedReLU", {"theta": 0.2}), x).value[1] == 0.5


def test_a_masked_softmax_is_that_of_keras_even_where_nothing_is_left() -> None:
    x = numbers(3, 4)
    mask = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], bool)
    expected = keras.layers.Softmax()(x, mask=mask)
    assert_close(reference(scope_of("Softmax", {}), x, mask=mask), expected)
    old = scope_of("Softmax", {}, semantics=Semantics(softmax_zeroes_masked=False))
    np.testing.assert_array_equal(reference(old, x, mask=mask).value[2], [0.25] * 4)


def test_a_softmax_whose_mask_does_not_fit_has_no_reference() -> None:
    with pytest.raises(NoReference, match="mask"):
        scope_of("Softmax", {}).call(Tensor(np.ones((2, 3, 4)), np.ones((2, 3), bool)))


@pytest.mark.parametrize("kind, passes", [("Dense", True), ("Flatten", False), ("Activation", True)])
def test_masks_pass_where_keras_passes_them(kind: str, passes: bool) -> None:
    x = Tensor(np.ones((1, 2, 3)), np.array([[True, False]]))
    scope = scope_of(kind, {"activation": "tanh"}, {"kernel": np.ones((3, 1)), "bias": np.ones(1)})
    assert (scope.call(x).mask is x.mask) is passes


def test_a_large_product_is_made_in_blocks_and_stays_exact() -> None:
    rows = BLOCK_BYTES // 8 // 64 + 3
    x, w = numbers(2, rows), numbers(rows, 64)
    expected = x.astype(np.float64) @ w.astype(np.float64)
    np.testing.assert_allclose(matmul(x, w, Precision()), expected, rtol=1e-12, atol=1e-10)


def test_half_precision_sums_in_float32() -> None:
    x, w = np.full((1, 4096), 1.0, np.float16), np.full((4096, 1), 1.0, np.float32)
    result = matmul(x, w, Precision(np.float16))
    assert result.dtype == np.float16
    assert result[0, 0] == 4096
