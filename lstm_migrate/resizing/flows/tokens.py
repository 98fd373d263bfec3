"""Layers that make numbers of rows, or a place for each of them: lookups, bins, one-hot vectors."""

from __future__ import annotations

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor

ONE_EACH = "has a place for each number"
WIDTHS = ("num_tokens", "num_bins")


def tokens(flow: Flow, given: Given) -> Tensor:
    """Preprocessing: a number for each element, or a vector."""
    if len(given.tensors) != 1:
        raise Opaque("makes one number of several")
    x, mode = Tensor(given.first.known), flow.config.get("output_mode", "int")
    if mode == "int":
        return x
    width = next((flow.config[key] for key in WIDTHS if isinstance(flow.config.get(key), int)), None)
    last: Ids | None = None if width is None else flow.fixed(width, x.at(-1), ONE_EACH)
    flow.hold(x.known[-1], x.at(-1), ONE_EACH)
    if mode == "one_hot" and (x.known[-1] is None or len(x.known[-1]) != 1):
        return Tensor((*x.known, last))
    return x.with_axis(-1, last)


def one_hot(flow: Flow, given: Given) -> Tensor:
    """ops.one_hot: a vector for each number."""
    x, axis = given.first, int(given.get(2, "axis", -1))
    place = axis % (x.rank + 1)
    ids = flow.fixed(int(given.get(1, "num_classes")), place, ONE_EACH)
    return Tensor((*x.known[:place], ids, *x.known[place:]))
