"""LocallyConnected layers: convolutions with a kernel of its own at every place.

The arrays are stored in one of three ways, which the config calls `implementation`:
1: (places, window * in, filters), one window after the other;
2: (*input, in, *places, filters), the whole matrix, of which only connected entries count;
3: (connections,), the connected entries of that matrix, output by output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, ShapeTooSmall, Tensor, forward
from lstm_migrate.reference.spatial import channels_as_configured, channels_last, each_axis, rank_of, taps


@forward("LocallyConnected1D", "LocallyConnected2D")
def locally_connected(scope: Scope, x: Tensor) -> Tensor:
    implementation = scope.config.get("implementation", 1)
    if implementation not in (1, 2, 3):
        raise NoReference(scope.path, f"unknown implementation {implementation!r}")
    compute = _window_by_window if implementation == 1 else _one_matrix
    value = compute(scope, summable(x.value))
    if scope.config.get("use_bias", True):
        value = value + _bias(scope)
    value = scope.precision.cast(value)
    return without_mask(scope, activate(scope.config.get("activation"), value, path=scope.path))


def _bias(scope: Scope) -> Array:
    """Stored as (*places, filters); for channels_first Keras reshapes it and does not transpose it."""
    bias = scope.weight("bias")
    if scope.config.get("data_format") == "channels_first":
        return bias.reshape(bias.shape[-1], *bias.shape[:-1])
    return bias


def _window_by_window(scope: Scope, value: Array) -> Array:
    rank = rank_of(scope)
    window = each_axis(scope.config["kernel_size"], rank)
    strides = each_axis(scope.config.get("strides", 1), rank)
    views = [view for _, view in taps(channels_last(value, scope.config), window, strides, (1,) * rank)]
    # A window is flattened in the order of its data_format: channels inside or outside the taps.
    inside = scope.config.get("data_format") != "channels_first"
    windows = np.stack(views, axis=-2 if inside else -1)
    places = windows.shape[1:-2]
    flat = windows.reshape(len(value), int(np.prod(places)), -1)
    result = np.einsum("bpi,pif->bpf", flat, scope.weight("kernel"), optimize=True)
    return channels_as_configured(result.reshape(len(value), *places, -1), scope.config)


def _one_matrix(scope: Scope, value: Array) -> Array:
    rank = rank_of(scope)
    window = each_axis(scope.config["kernel_size"], rank)
    strides = each_axis(scope.config.get("strides", 1), rank)
    last = channels_last(value, scope.config)
    same = scope.config.get("padding", "valid") == "same"
    near = [_neighbours(*sizes, same) for sizes in zip(last.shape[1:-1], window, strides, strict=True)]
    connected = _connections(near, last.shape[-1], int(scope.config["filters"]))
    places = connected.shape[rank + 1 : -1]
    if scope.config.get("data_format") == "channels_first":
        connected = np.moveaxis(np.moveaxis(connected, rank, 0), -1, rank + 1)
    matrix = _matrix(scope.weight("kernel"), connected.reshape(value[0].size, -1))
    result = value.reshape(len(value), -1) @ matrix
    if scope.config.get("data_format") == "channels_first":
        return result.reshape(len(value), -1, *places)
    return result.reshape(len(value), *places, -1)


def _neighbours(size: int, window: int, stride: int, same: bool) -> Array:
    """Which inputs (rows) each place (column) of one axis sees; "same" centres the window on its place."""
    places = -(-size // stride) if same else (size - window) // stride + 1
    if places < 1:
        raise ShapeTooSmall(f"a window of {window} does not fit {size}")
    first = np.arange(places) * stride - (window // 2 if same else 0)
    distance = np.arange(size)[:, None] - first
    return (distance >= 0) & (distance < window)


def _connections(near: Sequence[Array], channels: int, filters: int) -> Array:
    """(*input, channels, *places, filters): True where an input reaches an output."""
    rank = len(near)
    everything = np.array(True)
    for axis, one in enumerate(near):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = one.shape
        everything = everything & one.reshape(shape)
    spread = everything.reshape(*everything.shape[:rank], 1, *everything.shape[rank:], 1)
    return np.broadcast_to(spread, (*everything.shape[:rank], channels, *everything.shape[rank:], filters))


def _matrix(kernel: Array, connected: Array) -> Array:
    """(inputs, outputs), zero where nothing is connected."""
    if kernel.ndim > 1:
        return np.where(connected, kernel.reshape(connected.shape), 0)
    # Implementation 3 lists the connections output by output, in each by the number of the input.
    by_output = np.zeros(connected.T.shape, kernel.dtype)
    by_output[connected.T] = kernel
    return by_output.T
