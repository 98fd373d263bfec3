"""MultiHeadAttention: projected queries, keys and values; heads side by side; one or more attention axes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lstm_migrate.reference.attention import causal
from lstm_migrate.reference.elementwise import masked_softmax
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.scope import Array, Scope, Tensor, forward

Masks = tuple[Array | None, Array | None, Array | None]


class Heads(NamedTuple):
    """`flat` (batch, axes without attention …, heads, places, size); `sizes` of the axes in `places`."""

    flat: Array
    sizes: tuple[int, ...]


@forward("MultiHeadAttention")
def multi_head_attention(
    scope: Scope,
    query: Tensor,
    value: Tensor,
    key: Tensor | None = None,
    *,
    attention_mask: Tensor | Array | None = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
    query_mask: Tensor | None = None,
    value_mask: Tensor | None = None,
    key_mask: Tensor | None = None,
) -> Tensor | list[Tensor]:
    """Weights: kernel and bias of "query", "key", "value" and "attention_output", as "<part>/<role>"."""
    key = value if key is None else key
    axes = _attention_axes(scope, query.value.ndim)
    masks: Masks = (_mask(query, query_mask), _mask(value, value_mask), _mask(key, key_mask))
    if not scope.semantics.multi_head_attention_masks:
        masks = (None, None, None)
    given = attention_mask.value if isinstance(attention_mask, Tensor) else attention_mask
    there = _may_look(masks, given)
    if use_causal_mask:
        earlier = causal(query.value.shape[1], value.value.shape[1])[None]
        there = earlier if there is None else there & earlier
    inputs = {"query": query, "key": key, "value": value}
    heads = {part: _flat(_projected(scope, part, x.value), axes) for part, x in inputs.items()}
    # Keras 3 computes scores by hand, with its own Softmax layer, only where it must.
    by_hand = return_attention_scores or scope.config.get("dropout", 0) > 0 or query.value.ndim != 3
    zeroes = by_hand and scope.semantics.softmax_zeroes_masked
    shares = scope.precision.cast(
        masked_softmax(*_scores(scope, heads["query"], heads["key"], there), zeroes)
    )
    attended = _combined(shares, heads["value"], axes)
    result = Tensor(scope.precision.cast(_output(scope, attended)), masks[0])
    return [result, Tensor(shares)] if return_attention_scores else result


def _mask(x: Tensor, given: Tensor | None) -> Array | None:
    return x.mask if given is None else given.value.astype(bool)


def _may_look(masks: Masks, given: Any) -> Array | None:
    """(batch, queries, values): where all of these masks allow it; None if there are none."""
    query, *others = masks
    parts = [] if given is None else [np.asarray(given).astype(bool)]
    if query is not None:
        parts.append(query[..., :, None])
    parts.extend(mask[..., None, :] for mask in others if mask is not None)
    return np.logical_and.reduce(np.broadcast_arrays(*parts)) if parts else None


def _projected(scope: Scope, part: str, x: Array) -> Array:
    """x (batch, …, features) as (batch, …, heads, size)."""
    value = np.tensordot(summable(x), scope.weight(f"{part}/kernel"), axes=1)
    if scope.config.get("use_bias", True):
        value = value + scope.weight(f"{part}/bias")
    return scope.precision.cast(value)


def _output(scope: Scope, attended: Array) -> Array:
    value = np.tensordot(summable(attended), scope.weight("attention_output/kernel"), axes=2)
    return value + scope.weight("attention_output/bias") if scope.config.get("use_bias", True) else value


def _attention_axes(scope: Scope, ndim: int) -> tuple[int, ...]:
    """The axes of the input along which positions look at each other: all between batch and features."""
    axes = scope.config.get("attention_axes")
    if axes is None:
        return tuple(range(1, ndim - 1))
    return tuple(axis % ndim for axis in ((axes,) if isinstance(axes, int) else axes))


def _flat(x: Array, axes: tuple[int, ...]) -> Heads:
    """x (batch, …, heads, size) as (batch, others …, heads, places, size)."""
    sizes = tuple(x.shape[axis] for axis in axes)
    x = np.moveaxis(x, axes, tuple(range(x.ndim - 2 - len(axes), x.ndim - 2)))
    x = np.moveaxis(x, -2, -2 - len(axes))
    return Heads(x.reshape(*x.shape[: -1 - len(axes)], int(np.prod(sizes)), x.shape[-1]), sizes)


def _scores(
    scope: Scope, query: Heads, key: Heads, there: Array | None
) -> tuple[Array, tuple[int, ...], Array | None]:
    """(batch, others …, heads, query axes …, key axes …), the key axes, and `there` in the same axes."""
    count = len(key.sizes)
    products = summable(query.flat) @ summable(key.flat).swapaxes(-1, -2) / np.sqrt(scope.config["key_dim"])
    scores = products.reshape(*products.shape[:-2], *query.sizes, *key.sizes)
    while there is not None and there.ndim < scores.ndim:
        there = np.expand_dims(there, max(-2 * count - 1, -there.ndim - 1))
    return scores, tuple(range(-count, 0)), there


def _combined(shares: Array, value: Heads, axes: tuple[int, ...]) -> Array:
    """The values in their shares, as (batch, …, heads, size) with the axes where the queries have them."""
    count = len(axes)
    outside, queries = shares.shape[: -2 * count], shares.shape[-2 * count : -count]
    flat = summable(shares).reshape(*outside, int(np.prod(queries)), -1) @ summable(value.flat)
    attended = np.moveaxis(flat.reshape(*outside, *queries, -1), -2 - count, -2)
    places = range(attended.ndim - 2 - count, attended.ndim - 2)
    return np.moveaxis(attended, tuple(places), axes)
