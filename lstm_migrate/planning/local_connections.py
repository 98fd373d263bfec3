"""Where a LocallyConnected layer stores the entry for a place, a tap of its window, a channel and a filter.

The config's `implementation` says how: 1, window by window; 2, one matrix from every input to every
output, of which only connected entries count; 3, the connected entries alone, output by output. With
channels_first, channels stand before the spatial axes, in the arrays as in the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Connections:
    """The sizes of one layer. `inputs`: the spatial sizes of its input; for "valid" they may be None."""

    window: tuple[int, ...]
    strides: tuple[int, ...]
    places: tuple[int, ...]
    inputs: tuple[int, ...] | None
    channels: int
    filters: int
    same: bool
    channels_first: bool

    @property
    def rank(self) -> int:
        return len(self.window)

    @property
    def shape(self) -> tuple[int, ...]:
        """(*places, taps and channels, filters): the kernel of what the layer is rebuilt as."""
        return (*self.places, prod(self.window) * self.channels, self.filters)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """How many zeros in front of and behind each spatial axis bring every window inside."""
        if not self.same or self.inputs is None:
            return ((0, 0),) * self.rank
        return tuple(
            (window // 2, max(0, (places - 1) * stride - window // 2 + window - size))
            for window, stride, places, size in zip(
                self.window, self.strides, self.places, self.inputs, strict=True
            )
        )

    def taps(self, axis: int) -> tuple[Indices, NDArray[np.bool_]]:
        """(places, window) of one axis: the input that each tap reads, and whether there is one."""
        first = np.arange(self.places[axis], dtype=np.int64) * self.strides[axis]
        if self.same:
            first -= self.window[axis] // 2
        read = first[:, None] + np.arange(self.window[axis])
        if self.inputs is None:
            return read, np.ones(read.shape, bool)
        return read, (read >= 0) & (read < self.inputs[axis])

    def lifted(self, values: NDArray[Any], *axes: int) -> NDArray[Any]:
        """`values` laid along these axes of (*places, *window, channels, filters)."""
        shape = [1] * (2 * self.rank + 2)
        for axis, size in zip(axes, values.shape, strict=True):
            shape[axis] = size
        return values.reshape(shape)

    def connected(self) -> NDArray[np.bool_]:
        """True where a tap reads an input, along (*places, *window, channels, filters)."""
        found = np.ones((1,) * (2 * self.rank + 2), bool)
        for axis in range(self.rank):
            found = found & self.lifted(self.taps(axis)[1], axis, self.rank + axis)
        return found

    def finished(self, positions: Indices) -> Indices:
        """Positions as the rebuilt kernel has them, −1 where nothing is connected."""
        whole = (*self.places, *self.window, self.channels, self.filters)
        found = np.where(self.connected(), positions, -1)
        return np.broadcast_to(found, whole).reshape(self.shape)


def in_windows(layer: Connections) -> Indices:
    """Implementation 1: (places, window and channels, filters); the window's order is its data's."""
    taps = prod(layer.window)
    inside = (layer.channels, taps) if layer.channels_first else (taps, layer.channels)
    stored = np.arange(prod(layer.shape), dtype=np.int64).reshape(*layer.places, *inside, layer.filters)
    loose = np.moveaxis(stored, layer.rank, layer.rank + 1) if layer.channels_first else stored
    return loose.reshape(layer.shape)


def in_matrix(layer: Connections) -> Indices:
    """Implementation 2: (*inputs, channels, *places, filters) or (channels, *inputs, filters, *places)."""
    assert layer.inputs is not None
    channel_axis, filter_axis = 2 * layer.rank, 2 * layer.rank + 1
    ins = [
        (size, layer.lifted(layer.taps(axis)[0], axis, layer.rank + axis))
        for axis, size in enumerate(layer.inputs)
    ]
    outs = [(size, layer.lifted(np.arange(size), axis)) for axis, size in enumerate(layer.places)]
    channels = (layer.channels, layer.lifted(np.arange(layer.channels), channel_axis))
    filters = (layer.filters, layer.lifted(np.arange(layer.filters), filter_axis))
    order = [channels, *ins, filters, *outs] if layer.channels_first else [*ins, channels, *outs, filters]
    return layer.finished(_flat(order))


def in_list(layer: Connections) -> Indices:
    """Implementation 3: the connected entries, output by output, in each in the order of the inputs."""
    there = [layer.taps(axis)[1] for axis in range(layer.rank)]
    # How many inputs each place reads along each axis, and how many of them come before a tap.
    counts = [mask.sum(axis=1) for mask in there]
    before = [
        layer.lifted(mask.cumsum(axis=1) - 1, axis, layer.rank + axis) for axis, mask in enumerate(there)
    ]
    each = np.ones(layer.places, np.int64) * layer.channels
    for axis, count in enumerate(counts):
        each = each * count.reshape([-1 if other == axis else 1 for other in range(layer.rank)])
    starts = (np.cumsum(each) - each.ravel()).reshape(layer.places)
    filters = layer.lifted(np.arange(layer.filters), 2 * layer.rank + 1)
    starts, each = (layer.lifted(item, *range(layer.rank)) for item in (starts, each))
    if layer.channels_first:
        start = filters * int(each.sum()) + starts
    else:
        start = starts * layer.filters + filters * each
    spatial = [
        (layer.lifted(count, axis), place)
        for axis, (count, place) in enumerate(zip(counts, before, strict=True))
    ]
    channel = (np.int64(layer.channels), layer.lifted(np.arange(layer.channels), 2 * layer.rank))
    order = [channel, *spatial] if layer.channels_first else [*spatial, channel]
    return layer.finished(start + _flat(order))


def listed(layer: Connections) -> int:
    """How many entries implementation 3 lists for one channel and one filter."""
    return prod(int(layer.taps(axis)[1].sum()) for axis in range(layer.rank))


def bias(layer: Connections) -> Indices:
    """(*places, filters). With channels_first the array has that shape, but is filled filter by filter."""
    size = prod(layer.places) * layer.filters
    if not layer.channels_first:
        return np.arange(size, dtype=np.int64).reshape(*layer.places, layer.filters)
    return np.moveaxis(np.arange(size, dtype=np.int64).reshape(layer.filters, *layer.places), 0, -1)


def _flat(order: list[tuple[Any, Indices]]) -> Indices:
    """The position in an array whose axes have these sizes, at these coordinates."""
    found = np.int64(0)
    for size, coordinate in order:
        found = found * size + coordinate
    return np.asarray(found)
