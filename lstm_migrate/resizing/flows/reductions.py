"""Operations along axes: sums, means, extremes, and those that leave the axis but mix it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.normalization import ADDING, BY_MEANS, BY_NORM, GROWING
from lstm_migrate.resizing.followed import EVERY_MOVE, Move


@dataclass(frozen=True)
class Mixing:
    """What an operation makes of all elements along an axis. `over`: even of a zero; None if it depends on
    their places."""

    why: str
    against: frozenset[Move]
    over: bool | None = False


SUMS = Mixing("sums them, to which each new one that is not zero adds", ADDING)
MEANS = Mixing(BY_MEANS, GROWING, over=True)
NORMS = Mixing(BY_NORM, ADDING)
EXTREMES = Mixing(
    "takes the greatest or the smallest of them", frozenset({"silent", "loud", "fed"}), over=True
)
ANY = Mixing("asks whether any of them is true", frozenset({"loud"}))
ALL = Mixing("asks whether all of them are true", frozenset({"silent", "loud", "fed"}), over=True)
PLACES = Mixing("goes by their places", EVERY_MOVE, over=None)
TOGETHER = Mixing("makes one number of them all", GROWING, over=True)

MIXINGS: Mapping[str, Mixing] = {
    "sum": SUMS,
    "mean": MEANS,
    "var": MEANS,
    "std": MEANS,
    "max": EXTREMES,
    "min": EXTREMES,
    "amax": EXTREMES,
    "amin": EXTREMES,
    "any": ANY,
    "all": ALL,
    "prod": TOGETHER,
    "logsumexp": TOGETHER,
    "log_softmax": TOGETHER,
    "norm": NORMS,
    "normalize": NORMS,
}
"""The other operations go by places."""

AXIS_AT: Mapping[str, int] = {"norm": 2, "pad": -1, "roll": 2}
"""Where the axis stands among an operation's arguments, if not second."""

EUCLIDEAN = (None, 2, "euclidean")


def reduced(flow: Flow, given: Given) -> Tensor:
    """One number for all along some axes; all axes if none is named."""
    axes = _mixed(flow, given, None)
    x, kind = given.first, flow.layer.kind.removeprefix("ops.")
    keep = given.get(AXIS_AT.get(kind, 1) + 1, "keepdims", False)
    if not keep:
        return Tensor(tuple(ids for axis, ids in enumerate(x.known) if axis not in axes))
    made = Tensor(x.known)
    for axis in axes:
        made = made.with_axis(axis, flow.fixed(1, axis, "leaves one for all"))
    return made


def along(flow: Flow, given: Given) -> Tensor:
    """Something made of all of them, as many as before."""
    kind = flow.layer.kind.removeprefix("ops.")
    if kind == "flip":
        return _flipped(flow, given)
    if kind == "pad":
        return _padded(flow, given)
    _mixed(flow, given, -1 if kind in LAST_BY_ITSELF else None)
    if kind in ("cumsum", "cumprod", "roll") and given.get(AXIS_AT.get(kind, 1), "axis") is None:
        raise Opaque("lays all axes in one")
    return Tensor(given.first.known)


LAST_BY_ITSELF = frozenset({"sort", "argsort", "log_softmax", "normalize"})


def _mixed(flow: Flow, given: Given, plain: int | None) -> list[int]:
    """The axes of an operation, with what it does to them noted."""
    x, kind = given.first, flow.layer.kind.removeprefix("ops.")
    mixing = MIXINGS.get(kind, PLACES)
    if mixing is NORMS and given.get(*NORM_ORDER[kind]) not in EUCLIDEAN:
        mixing = TOGETHER
    axes = axes_of(x, given.get(AXIS_AT.get(kind, 1), "axis", plain))
    for axis in axes:
        flow.hold(x.known[axis], axis, mixing.why, mixing.against)
        if mixing.over is not None:
            flow.read(x, axis, over=mixing.over)
    return axes


NORM_ORDER: Mapping[str, tuple[int, str]] = {"norm": (1, "ord"), "normalize": (2, "order")}


def axes_of(x: Tensor, said: int | Sequence[int] | None) -> list[int]:
    """The axes that an argument names; all for None."""
    if said is None:
        return list(range(x.rank))
    return [x.at(int(axis)) for axis in (said if isinstance(said, (list, tuple)) else [said])]  # type: ignore[arg-type]


def _flipped(flow: Flow, given: Given) -> Tensor:
    made = Tensor(given.first.known)
    for axis in axes_of(made, given.get(1, "axis")):
        ids = made.known[axis]
        made = made.with_axis(axis, None if ids is None else ids[::-1])
    return made


def _padded(flow: Flow, given: Given) -> Tensor:
    made, widths = Tensor(given.first.known), given.get(1, "pad_width")
    if not isinstance(widths, (list, tuple)) or len(widths) != made.rank:
        raise Opaque("pads in a way that nobody can follow")
    for axis, ends in enumerate(widths):
        more: Any = 2 * ends if isinstance(ends, int) else sum(ends)
        ids = made.known[axis]
        if more and ids is not None:
            made = made.with_axis(axis, flow.derive(ids, len(ids) + int(more), axis))
    return made
