"""Windows over spatial axes: sizes per axis, channels first or last, padding, and the taps of a kernel.

Everything here works on (batch, *spatial, channels); `channels_last` and `channels_as_configured`
translate from and to what a layer's data_format says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from lstm_migrate.reference.scope import Array, Scope, ShapeTooSmall

Pairs = tuple[tuple[int, int], ...]


def rank_of(scope: Scope) -> int:
    """How many spatial axes the layer works on: the digit in its kind."""
    digit = re.search(r"([123])D", scope.layer.kind)
    assert digit is not None, scope.layer.kind
    return int(digit[1])


def each_axis(value: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """A size for every axis, from one number for all or a list with one for each."""
    sizes = (value,) * rank if isinstance(value, int) else tuple(int(size) for size in value)
    return sizes * rank if len(sizes) == 1 else sizes


def before_and_after(value: Any, rank: int) -> Pairs:
    """(before, after) for every axis, from one number, one for each axis, or a pair for each axis."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if rank == 1 and len(value) == 2:
        return ((int(value[0]), int(value[1])),)
    return tuple((side, side) if isinstance(side, int) else (int(side[0]), int(side[1])) for side in value)


def channels_last(x: Array, config: Mapping[str, Any]) -> Array:
    """x with its channels moved behind the spatial axes, wherever the layer expects them."""
    return np.moveaxis(x, 1, -1) if config.get("data_format") == "channels_first" else x


def channels_as_configured(x: Array, config: Mapping[str, Any]) -> Array:
    """The way back from `channels_last`."""
    return np.moveaxis(x, -1, 1) if config.get("data_format") == "channels_first" else x


def pads(sizes: Sequence[int], extents: Sequence[int], strides: Sequence[int], padding: str) -> Pairs:
    """What to put before and after each axis.

    `padding`: "valid"; "same", the least that makes ceil(size / stride) windows, the odd one after;
    "half", Theano's "same": half a window on both sides whatever the stride, one less after an even
    one; "halves", the same without that; "causal", all before.
    """
    return tuple(
        _axis_pads(size, extent, stride, padding)
        for size, extent, stride in zip(sizes, extents, strides, strict=True)
    )


def _axis_pads(size: int, extent: int, stride: int, padding: str) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return extent - 1, 0
    if padding == "halves":
        return extent // 2, extent // 2
    if padding == "half":
        return extent // 2, (extent - 1) // 2
    missing = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return missing // 2, missing - missing // 2


def padded(x: Array, amounts: Pairs, fill: float = 0.0) -> Array:
    """x with `fill` around its spatial axes."""
    if not any(before or after for before, after in amounts):
        return x
    return np.pad(x, ((0, 0), *amounts, (0, 0)), constant_values=fill)


def taps(
    x: Array, kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """For each position in the kernel: its index, and the view of x that it meets as the window slides."""
    extents = [(size - 1) * step + 1 for size, step in zip(kernel, dilation, strict=True)]
    outputs = [(n - e) // s + 1 for n, e, s in zip(x.shape[1:-1], extents, strides, strict=True)]
    if min(outputs) < 1:
        raise ShapeTooSmall(f"a window of {tuple(extents)} does not fit {x.shape[1:-1]}")
    for index in product(*map(range, kernel)):
        slices = (
            slice(at * step, at * step + (count - 1) * stride + 1, stride)
            for at, step, count, stride in zip(index, dilation, outputs, strides, strict=True)
        )
        yield index, x[(slice(None), *slices)]
