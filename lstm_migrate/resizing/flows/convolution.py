"""Convolutions: filters that read every channel, or a few for each channel."""

from __future__ import annotations

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor
from lstm_migrate.resizing.flows.activations import activated
from lstm_migrate.resizing.flows.recurrent import checked_rank
from lstm_migrate.resizing.flows.space import (
    NEIGHBOURS,
    channel_axis,
    each_axis,
    spatial_axes,
    steps,
    windows,
)
from lstm_migrate.resizing.followed import Dims

IN_GROUPS = "reads them in groups"


def convolution(flow: Flow, given: Given) -> Tensor:
    """Plain, transposed, depthwise or separable, as the declared axes of its kernel say."""
    role = "depthwise_kernel" if "depthwise_kernel" in flow.declared.axes else "kernel"
    symbols = flow.declared.axes[role].split()
    rank = len(symbols) - 2
    shape = dict(zip(symbols, flow.shape(role), strict=True))
    x, channels = checked_rank(given.first, rank + 2), channel_axis(flow.config, rank)
    if flow.config.get("groups", 1) != 1:
        return _grouped(flow, x, rank, shape["u"])
    made = _filters(flow, x, channels, shape)
    return activated(flow, _shaped(flow, x, rank, made), flow.config.get("activation"), channels)


def _filters(flow: Flow, x: Tensor, channels: int, shape: dict[str, int]) -> Ids:
    """The channels that come out, with everything noted of the arrays."""
    features = flow.features(x, channels, shape["x"])
    ids, each = {"x": features}, "m" in shape
    if "filters" in flow.config:
        ids["u"] = flow.own("u", int(flow.config["filters"]))
        flow.read(x, channels)
        flow.size("filters", ids["u"])
    for role in flow.roles:
        flow.place(role, ids, sides={"x": "each"} if each and role != "pointwise_kernel" else {})
    return ids["u"] if "u" in ids else features.repeat(shape["m"])


def _grouped(flow: Flow, x: Tensor, rank: int, filters: int) -> Tensor:
    channels = channel_axis(flow.config, rank)
    flow.pin(x.known[channels], channels, IN_GROUPS)
    return _shaped(flow, x, rank, flow.fixed(filters, channels, "makes them in groups"))


def _shaped(flow: Flow, x: Tensor, rank: int, features: Ids) -> Tensor:
    return Tensor(output_dims(flow, x.known, rank)).with_axis(channel_axis(flow.config, rank), features)


def output_dims(flow: Flow, dims: Dims, rank: int, *, ahead: int = 0) -> Dims:
    """The axes of a convolution's output, those of its input but for the steps; `ahead` axes stand before."""
    made = list(dims)
    for number, place in enumerate(spatial_axes(flow.config, rank)):
        axis = place + ahead
        before = dims[axis]
        after = None if before is None else _count(flow, rank, number, len(before))
        flow.hold(before, axis, NEIGHBOURS)
        made[axis] = steps(flow, before, after, axis)
    return tuple(made)


def _count(flow: Flow, rank: int, number: int, before: int) -> int:
    config = flow.config
    size = each_axis(config["kernel_size"], rank, number)
    stride = each_axis(config.get("strides", 1), rank, number)
    extent = (size - 1) * each_axis(config.get("dilation_rate", 1), rank, number) + 1
    padding = str(config.get("padding", "valid"))
    if not flow.layer.kind.endswith("Transpose"):
        return windows(before, extent, stride, padding)
    extra = config.get("output_padding")
    if extra is None:
        return before * stride + (max(extent - stride, 0) if padding == "valid" else 0)
    cut = 0 if padding == "valid" else 2 * (extent // 2)
    return (before - 1) * stride + extent - cut + each_axis(extra, rank, number)
