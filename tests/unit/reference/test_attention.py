"""Attention layers against the installed Keras: scores, masks of every kind, several axes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.reference.scope import Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import assert_close, fill, numbers, roles_of, scope_of

MASK_Q = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)
MASK_V = np.array([[1, 0, 1, 1, 1], [1, 1, 0, 0, 0]], bool)
QUERY, VALUE, KEY = numbers(2, 4, 6), numbers(2, 5, 6), numbers(2, 5, 6, seed=1)


def wide(x: np.ndarray[Any, Any], mask: np.ndarray[Any, Any] | None = None) -> Tensor:
    return Tensor(x.astype(np.float64), mask)


@pytest.mark.parametrize(
    "kind, config",
    [
        ("Attention", {}),
        ("Attention", {"use_scale": True}),
        ("Attention", {"score_mode": "concat"}),
        ("Attention", {"score_mode": "concat", "use_scale": True, "dropout": 0.3}),
        ("AdditiveAttention", {}),
        ("AdditiveAttention", {"use_scale": False}),
    ],
)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_that_of_keras(kind: str, config: dict[str, Any], masked: bool, causal: bool) -> None:
    layer = getattr(keras.layers, kind)(**config)
    options = {"return_attention_scores": True, "use_causal_mask": causal}
    masks = [MASK_Q, MASK_V] if masked else None
    layer([QUERY, VALUE, KEY])
    fill(layer)
    expected = layer([QUERY, VALUE, KEY], mask=masks, **options)
    inputs = [wide(QUERY, MASK_Q), wide(VALUE, MASK_V)] if masked else [wide(QUERY), wide(VALUE)]
    ours = scope_of(kind, config, roles_of(layer)).call([*inputs, wide(KEY)], **options)
    assert_close(ours, list(expected))
    assert (ours[0].mask is MASK_Q) is masked


def test_a_causal_constructor_is_a_causal_call() -> None:
    inputs = [wide(QUERY), wide(VALUE)]
    by_config = scope_of("Attention", {"causal": True}).call(inputs)
    by_call = scope_of("Attention", {}).call(inputs, use_causal_mask=True)
    np.testing.assert_array_equal(by_config.value, by_call.value)
    assert not np.array_equal(by_config.value, scope_of("Attention", {}).call(inputs).value)


def test_a_query_that_sees_nothing_takes_the_mean_as_float32_does() -> None:
    nothing = np.zeros((2, 5), bool)
    expected = keras.layers.Attention()([QUERY, VALUE], mask=[MASK_Q, nothing])
    ours = scope_of("Attention", {}).call([wide(QUERY, MASK_Q), wide(VALUE, nothing)])
    assert_close(ours, expected)


@pytest.mark.parametrize(
    "config",
    [
        {"num_heads": 3, "key_dim": 2},
        {"num_heads": 2, "key_dim": 3, "value_dim": 4, "use_bias": False},
        {"num_heads": 2, "key_dim": 3, "output_shape": 5, "dropout": 0.4},
        {"num_heads": 1, "key_dim": 3, "output_shape": (2, 5)},
    ],
)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"use_causal_mask": True}, {"return_attention_scores": True}], ids=str
)
def test_multi_head_attention_is_that_of_keras(
    config: dict[str, Any], masked: bool, options: dict[str, Any]
) -> None:
    layer = keras.layers.MultiHeadAttention(**config)
    layer(QUERY, VALUE, KEY)
    fill(layer)
    query, value, key = (keras.ops.convert_to_tensor(x) for x in (QUERY, VALUE, KEY))
    if masked:
        query._keras_mask, value._keras_mask = MASK_Q, MASK_V
    expected = layer(query, value, key, **options)
    expected = list(expected) if isinstance(expected, tuple) else expected
    inputs = [wide(QUERY, MASK_Q), wide(VALUE, MASK_V)] if masked else [wide(QUERY), wide(VALUE)]
    scope = scope_of("MultiHeadAttention", config, roles_of(layer))
    ours = scope.call(*inputs, wide(KEY), **options)
    assert_close(ours, expected)
    first = ours[0] if isinstance(ours, list) else ours
    assert (first.mask is MASK_Q) is masked


@pytest.mark.parametrize("axes", [None, (1, 2), (1,), (2,), (-2,), (2, 3), (1, 3)])
def test_multi_head_attention_along_chosen_axes_is_that_of_keras(axes: tuple[int, ...] | None) -> None:
    x = numbers(2, 3, 4, 5, 6) if axes in ((2, 3), (1, 3)) else numbers(2, 3, 4, 6)
    config = {"num_heads": 2, "key_dim": 3, "attention_axes": axes}
    layer = keras.layers.MultiHeadAttention(**config)
    layer(x, x)
    fill(layer)
    expected = list(layer(x, x, return_attention_scores=True))
    scope = scope_of("MultiHeadAttention", config, roles_of(layer))
    assert_close(scope.call(wide(x), wide(x), return_attention_scores=True), expected)


def test_an_explicit_attention_mask_joins_the_others() -> None:
    allowed = np.random.default_rng(0).random((2, 4, 5)) < 0.7
    config = {"num_heads": 2, "key_dim": 3}
    layer = keras.layers.MultiHeadAttention(**config)
    layer(QUERY, VALUE)
    fill(layer)
    expected = layer(QUERY, VALUE, attention_mask=allowed, use_causal_mask=True)
    scope = scope_of("MultiHeadAttention", config, roles_of(layer))
    ours = scope.call(wide(QUERY), wide(VALUE), attention_mask=allowed, use_causal_mask=True)
    assert_close(ours, expected)


def test_multi_head_attention_ignored_masks_before_2_10() -> None:
    config = {"num_heads": 2, "key_dim": 3}
    layer = keras.layers.MultiHeadAttention(**config)
    layer(QUERY, VALUE)
    fill(layer)
    old = Semantics(multi_head_attention_masks=False)
    scope = scope_of("MultiHeadAttention", config, roles_of(layer), old)
    ours = scope.call(wide(QUERY, MASK_Q), wide(VALUE, MASK_V))
    assert_close(ours, layer(QUERY, VALUE))
    assert ours.mask is None
