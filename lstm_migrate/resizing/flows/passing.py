"""Layers that leave every element where it is: each is computed of itself alone."""

from __future__ import annotations

from lstm_migrate.resizing.flow import OPERATION, Flow, Given, Tensor
from lstm_migrate.resizing.flows.activations import NOT_ZERO, SILENT, ZERO_FOR_ZERO
from lstm_migrate.resizing.flows.merging import NOTHING_ELSE, zero_for_zeros

AS_IT_WAS = frozenset(
    f"{OPERATION}{name}" for name in ("stop_gradient", "copy", "identity", "cast", "convert_to_tensor")
)


def passes(flow: Flow, given: Given) -> Tensor:
    """The same elements; layers do nothing, operations compute something of each."""
    x, kind = given.first, flow.layer.kind
    if not kind.startswith(OPERATION) or kind in AS_IT_WAS:
        return x
    name = kind.removeprefix(OPERATION)
    if name not in ZERO_FOR_ZERO and kind not in NOTHING_ELSE and not zero_for_zeros(kind, given):
        flow.hold_all(x, NOT_ZERO, SILENT)
    return x.computed


def rescaling(flow: Flow, given: Given) -> Tensor:
    """x · scale + offset, each a number or one for each feature."""
    x = given.first.computed
    said = [flow.config.get("scale", 1.0), flow.config.get("offset", 0.0)]
    if any(isinstance(one, (list, tuple)) and len(one) > 1 for one in said):
        flow.pin(x.known[-1], x.at(-1), "computes with a number of its config for each")
    elif said[1] not in (0, 0.0):
        flow.hold_all(x, NOT_ZERO, SILENT)
    return x
