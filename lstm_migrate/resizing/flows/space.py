"""Layers over steps of time or space: pooling, padding, cropping, images; and how many steps come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor

NEIGHBOURS = "takes them for steps, each beside the next"

Config = Mapping[str, Any]
Count = Callable[[Config, int, int, int], int]
"""(config, number of spatial axes, which of them, how many steps go in) → how many come out."""


def channel_axis(config: Config, rank: int) -> int:
    """Where the features of a tensor with `rank` spatial axes are."""
    return 1 if config.get("data_format") == "channels_first" else rank + 1


def spatial_axes(config: Config, rank: int) -> range:
    """Where its steps are, in the order of a kernel's."""
    return range(2, rank + 2) if channel_axis(config, rank) == 1 else range(1, rank + 1)


def each_axis(value: Any, rank: int, number: int) -> int:
    """What a config says for one spatial axis: one number for all, or a list."""
    return int(value[number]) if isinstance(value, (list, tuple)) else int(value)


def space(flow: Flow, given: Given) -> Tensor:
    """Another number of steps; every feature passes by itself."""
    x, kind = given.first, flow.layer.kind
    rank, count = int(kind[-2]), COUNTS[kind[:-2]]
    made = Tensor(x.known)
    for number, axis in enumerate(spatial_axes(flow.config, rank)):
        before = x.known[axis]
        after = None if before is None else count(flow.config, rank, number, len(before))
        flow.hold(before, axis, NEIGHBOURS)
        made = made.with_axis(axis, steps(flow, before, after, axis))
    return made


def steps(flow: Flow, before: Ids | None, after: int | None, axis: int) -> Ids | None:
    """The steps that come out: the same if they are as many as went in."""
    if before is not None and after == len(before):
        return before
    return flow.derive(before, after, axis)


def _pooled(config: Config, rank: int, number: int, before: int) -> int:
    size = each_axis(config.get("pool_size", 2), rank, number)
    said = config.get("strides")
    stride = size if said is None else each_axis(said, rank, number)
    return windows(before, size, stride, str(config.get("padding", "valid")))


def windows(before: int, extent: int, stride: int, padding: str) -> int:
    """How many windows of `extent` steps fit; padded ones begin at every stride."""
    return (before - extent) // stride + 1 if padding == "valid" else -(-before // stride)


def _repeated(config: Config, rank: int, number: int, before: int) -> int:
    return before * each_axis(config.get("size", 2), rank, number)


def _padded(config: Config, rank: int, number: int, before: int) -> int:
    return before + _ends(config.get("padding", 1), rank, number)


def _cropped(config: Config, rank: int, number: int, before: int) -> int:
    return before - _ends(config.get("cropping", 0), rank, number)


def _ends(said: Any, rank: int, number: int) -> int:
    """How many steps are meant at both ends of one axis: n, (n, n) or ((before, behind), …)."""
    if isinstance(said, int):
        return 2 * said
    if rank == 1 and isinstance(said[0], int):
        return int(sum(said))
    one = said[number] if isinstance(said, Sequence) and len(said) > number else said[0]
    return 2 * one if isinstance(one, int) else int(sum(one))


COUNTS: Mapping[str, Count] = {
    "AveragePooling": _pooled,
    "MaxPooling": _pooled,
    "UpSampling": _repeated,
    "ZeroPadding": _padded,
    "Cropping": _cropped,
}


def global_pooling(flow: Flow, given: Given) -> Tensor:
    """One number for each feature, whatever the number of steps."""
    x, rank = given.first, int(flow.layer.kind[-2])
    channels = channel_axis(flow.config, rank)
    features = x.known[channels]
    for axis in spatial_axes(flow.config, rank):
        flow.hold(x.known[axis], axis, "makes one number of them all")
    if not flow.config.get("keepdims"):
        return Tensor((x.known[0], features))
    ones = [flow.fixed(1, axis, "leaves one for all") for axis in range(1, rank + 2)]
    return Tensor((x.known[0], *ones)).with_axis(channels, features)


def image(flow: Flow, given: Given) -> Tensor:
    """A picture of a size that the config says."""
    made = Tensor(given.first.known)
    first = made.rank - (2 if flow.config.get("data_format") == "channels_first" else 3)
    for axis, key in ((first, "height"), (first + 1, "width")):
        flow.hold(made.known[axis], axis, NEIGHBOURS)
        made = made.with_axis(axis, flow.ledger.elements.new(int(flow.config[key])))
    return made
