"""Layers with a number for each feature, and those that normalise features by one another."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_migrate.graph import Activation
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor
from lstm_migrate.resizing.flows.activations import NOT_ZERO, SILENT, zero_for_zero
from lstm_migrate.resizing.followed import Move

BY_MEANS = "takes means over them, so that each new one changes every other: never exact"
BY_NORM = "divides by the norm of them all, to which each new one that is not zero adds"
GROWING: frozenset[Move] = frozenset({"grow", "copy", "silent", "loud", "fed"})
ADDING: frozenset[Move] = frozenset({"copy", "loud", "fed"})


def axes_of(flow: Flow, x: Tensor) -> list[int]:
    """The axes that the config names, from the first."""
    said = flow.config.get("axis", -1)
    if said is None:
        return []
    return sorted(x.at(int(axis)) for axis in ([said] if isinstance(said, int) else said))


def place_along(flow: Flow, x: Tensor, axes: Sequence[int]) -> None:
    """Notes arrays that hold a number for each place along some axes.

    To what passes along another axis these numbers are added: nothing stays 0 there.
    """
    symbols = ["c"] if len(axes) == 1 else [f"c{number}" for number in range(len(axes))]
    for role in flow.roles:
        shape = flow.shape(role)
        if len(shape) != len(axes) or not shape:
            continue
        sizes = zip(symbols, axes, shape, strict=True)
        ids: dict[str, Ids] = {symbol: flow.features(x, axis, size) for symbol, axis, size in sizes}
        flow.place(role, ids, " ".join(symbols))
        if role not in FACTORS:
            for axis in set(range(1, x.rank)) - set(axes):
                flow.hold(x.known[axis], axis, NOT_ZERO, SILENT)


FACTORS = frozenset({"gamma", "moving_variance", "variance", "moving_stddev", "renorm_stddev"})


def each(flow: Flow, given: Given) -> Tensor:
    """BatchNormalization and Normalization at inference: every feature by numbers of its own."""
    x = given.first.computed
    axes = axes_of(flow, x)
    place_along(flow, x, axes)
    listed = [flow.config.get(key) for key in ("mean", "variance")]
    if any(isinstance(one, (list, tuple)) for one in listed):
        for axis in axes:
            flow.pin(x.known[axis], axis, "computes with a number of its config for each")
    elif listed[0]:
        flow.hold_all(x, NOT_ZERO, SILENT)
    return x


def layer_normalization(flow: Flow, given: Given) -> Tensor:
    """Every feature by the mean and the deviation of all."""
    x = given.first.computed
    axes = axes_of(flow, x)
    for axis in axes:
        flow.hold(x.known[axis], axis, BY_MEANS, GROWING)
        flow.read(x, axis, over=True)
    place_along(flow, x, axes)
    return x


def unit_normalization(flow: Flow, given: Given) -> Tensor:
    """Every feature by the length of the vector, which zeros leave as it is."""
    x = given.first.computed
    for axis in axes_of(flow, x):
        flow.hold(x.known[axis], axis, BY_NORM, ADDING)
        flow.read(x, axis)
    return x


def held(flow: Flow, given: Given) -> Tensor:
    """Everything stays as it is."""
    x = given.first.computed
    for axis in range(1, x.rank):
        flow.hold(x.known[axis], axis, "computes each by means over groups of them")
    return x


def masking(flow: Flow, given: Given) -> Tensor:
    """A step is masked if all its features are the mask value."""
    x = given.first.computed
    if flow.config.get("mask_value", 0.0) == 0:
        flow.hold(x.known[-1], x.at(-1), "masks the steps at which all of them are 0", frozenset({"loud"}))
        flow.read(x, -1)
    else:
        moves: frozenset[Move] = frozenset({"cut", "silent", "loud"})
        flow.hold(x.known[-1], x.at(-1), "masks the steps at which all of them are one number", moves)
    return x


def prelu(flow: Flow, given: Given) -> Tensor:
    """A slope for each place of the input, or of the axes that do not share one."""
    x = given.first.computed
    symbols = [f"c{number}" for number in range(1, x.rank)]
    shared = {int(axis) for axis in flow.config.get("shared_axes") or ()}
    sizes = zip(range(1, x.rank), flow.shape("alpha"), strict=True)
    ids = {f"c{axis}": flow.features(x, axis, size) for axis, size in sizes if axis not in shared}
    flow.place("alpha", ids, " ".join(symbols))
    return x


def relu(flow: Flow, given: Given) -> Tensor:
    """ReLU as a layer, with its slopes and thresholds."""
    x = given.first.computed
    said = {key: flow.config.get(key) or 0.0 for key in ("threshold", "negative_slope")}
    if not zero_for_zero(Activation("relu", said)):
        flow.hold_all(x, NOT_ZERO, SILENT)
    return x
