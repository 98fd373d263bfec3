"""Attention between sequences: Attention and AdditiveAttention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_migrate.reference.elementwise import masked_softmax
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.scope import Array, Scope, Tensor, forward


@forward("Attention")
def attention(scope: Scope, inputs: Sequence[Tensor], **options: Any) -> Tensor | list[Tensor]:
    query, _, key = _query_value_key(inputs)
    if scope.config.get("score_mode", "dot") == "dot":
        scores = query @ key.swapaxes(-1, -2)
        if scope.config.get("use_scale", False):
            scores = scores * scope.weight("scale")
    else:
        scale = scope.weight("scale") if scope.config.get("use_scale", False) else 1.0
        sums = np.tanh(scale * (query[..., :, None, :] + key[..., None, :, :])).sum(axis=-1)
        scores = scope.weight("concat_score_weight") * sums
    return _attended(scope, inputs, scores, **options)


@forward("AdditiveAttention")
def additive_attention(scope: Scope, inputs: Sequence[Tensor], **options: Any) -> Tensor | list[Tensor]:
    query, _, key = _query_value_key(inputs)
    scale = scope.weight("scale") if scope.config.get("use_scale", True) else 1.0
    scores = (scale * np.tanh(query[..., :, None, :] + key[..., None, :, :])).sum(axis=-1)
    return _attended(scope, inputs, scores, **options)


def _query_value_key(inputs: Sequence[Tensor]) -> tuple[Array, Array, Array]:
    """The values of [query, value] or [query, value, key]; without a key the value is the key."""
    values = [summable(x.value) for x in inputs]
    return values[0], values[1], values[-1]


def _attended(
    scope: Scope,
    inputs: Sequence[Tensor],
    scores: Array,
    *,
    mask: Sequence[Tensor | None] | None = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
) -> Tensor | list[Tensor]:
    """The values weighed by the softmax of `scores` (batch, queries, values)."""
    masks = [x.mask for x in inputs] if mask is None else [None if m is None else m.value for m in mask]
    query_mask, value_mask = masks[:2]
    there = None if value_mask is None else value_mask[..., None, :]
    if use_causal_mask or scope.config.get("causal", False):
        earlier = causal(*scores.shape[-2:])
        there = earlier if there is None else there & earlier
    shares = scope.precision.cast(masked_softmax(scores, (-1,), there, zeroes=False))
    result = summable(shares) @ summable(inputs[1].value)
    if query_mask is not None:
        result = np.where(query_mask[..., None], result, 0)
    attended = Tensor(scope.precision.cast(result), query_mask)
    return [attended, Tensor(shares)] if return_attention_scores else attended


def causal(queries: int, values: int) -> Array:
    """(queries, values): True where a query may look, at its own step and earlier ones."""
    return np.tri(queries, values, dtype=bool)
