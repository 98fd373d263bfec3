"""Every kind of sum in float16: close to float64, never overflowing on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstm_migrate.reference.scope import Precision, Tensor
from tests.unit.reference.against_keras import numbers, scope_of

X = (2, 6, 5, 4)
NORM = {"gamma": numbers(4), "beta": numbers(4)}
HEADS = {
    **{f"{part}/kernel": numbers(4, 2, 3, seed=i) for i, part in enumerate(["query", "key", "value"])},
    "attention_output/kernel": numbers(2, 3, 4),
}


@pytest.mark.parametrize(
    "kind, config, weights",
    [
        ("Dense", {"use_bias": False}, {"kernel": numbers(4, 3)}),
        ("EinsumDense", {"equation": "abcd,de->abce"}, {"kernel": numbers(4, 3)}),
        ("Conv2D", {"padding": "same", "use_bias": False}, {"kernel": numbers(3, 3, 4, 2)}),
        ("Conv2DTranspose", {"strides": 2, "use_bias": False}, {"kernel": numbers(3, 3, 2, 4)}),
        ("LocallyConnected2D", {"kernel_size": 5, "use_bias": False}, {"kernel": numbers(2, 100, 3)}),
        ("AveragePooling2D", {"pool_size": 3, "padding": "same"}, {}),
        ("GlobalAveragePooling2D", {}, {}),
        ("LayerNormalization", {}, NORM),
        ("GroupNormalization", {"groups": 2}, NORM),
        ("UnitNormalization", {}, {}),
        ("Softmax", {}, {}),
        ("Resizing", {"height": 9, "width": 7}, {}),
        ("MultiHeadAttention", {"key_dim": 3, "use_bias": False}, HEADS),
    ],
)
def test_half_precision_is_close_to_double(
    kind: str, config: dict[str, Any], weights: dict[str, Any]
) -> None:
    x = (300 * numbers(*X) if kind.endswith("Normalization") else numbers(*X)).astype(np.float16)
    scope = scope_of(kind, config, weights)
    count = 2 if kind == "MultiHeadAttention" else 1
    exact = scope.call(*[Tensor(x.astype(np.float64))] * count).value
    half = replace(scope, precision=Precision(np.float16)).call(*[Tensor(x)] * count).value
    assert half.dtype == np.float16
    assert np.max(np.abs(half - exact)) < 0.01 * max(1.0, np.max(np.abs(exact)))
    assert not np.array_equal(half, exact)


def test_masked_scores_stay_finite_in_half_precision() -> None:
    x = Tensor(numbers(2, 4).astype(np.float16))
    mask = Tensor(np.array([[1, 0, 1, 1], [0, 0, 0, 0]], bool))
    scope = replace(scope_of("Softmax", {}), precision=Precision(np.float16))
    assert np.isfinite(scope.call(x, mask=mask).value).all()
