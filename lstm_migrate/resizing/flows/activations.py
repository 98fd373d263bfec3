"""What an activation means for its elements: alone or together, zero for zero or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Activation
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor
from lstm_migrate.resizing.followed import Move

ZERO_FOR_ZERO = frozenset(
    "linear relu relu6 leaky_relu elu selu celu gelu silu hard_silu hard_swish mish softsign tanh tanh_shrink"
    " hard_tanh hard_shrink soft_shrink".split()
)
OTHER_FOR_ZERO = frozenset(
    "sigmoid hard_sigmoid softplus log_sigmoid squareplus sparse_plus sparse_sigmoid exponential".split()
)
SHARES = "softmax"
"""What a vector becomes that sums to 1, each by its own score."""

SILENT: frozenset[Move] = frozenset({"silent"})
NOT_ZERO = "gives another number than 0 for 0"
OVER_ALL = "puts them all through one function ({})"


def function_of(activation: Any) -> str:
    """The function that a config's activation computes; "linear" for none."""
    return "linear" if activation is None else str(getattr(activation, "function", activation))


def zero_for_zero(activation: Any) -> bool:
    """Whether zeros stay zeros, whatever stands beside them."""
    function = function_of(activation)
    if function == "relu" and isinstance(activation, Activation):
        known = activation.parameters
        # Below the threshold a line runs through it: off zero unless it is flat.
        return known.get("threshold", 0.0) <= 0 or not known.get("negative_slope", 0.0)
    return function in ZERO_FOR_ZERO


def activated(flow: Flow, made: Tensor, activation: Any, axis: int = -1) -> Tensor:
    """What comes out of an activation; `axis` is the one of features."""
    function = function_of(activation)
    if function == SHARES:
        return shared_out(flow, made, -1)
    if function in ZERO_FOR_ZERO or function in OTHER_FOR_ZERO:
        if not zero_for_zero(activation):
            flow.hold_all(made, NOT_ZERO, SILENT)
        return made
    flow.hold(made.known[-1], made.at(-1), OVER_ALL.format(function))
    if axis % made.rank != made.rank - 1:
        flow.pin(made.known[axis], made.at(axis), OVER_ALL.format(function))
    last = made.known[-1]
    if function == "glu" and last is not None:
        return made.with_axis(-1, flow.fixed(len(last) // 2, made.at(-1), OVER_ALL.format(function)))
    return made.computed


def shared_out(flow: Flow, made: Tensor, axis: int) -> Tensor:
    """The outcome of a softmax along one axis."""
    ids = made.known[axis]
    if ids is None:
        return made.computed
    for other in range(1, made.rank):
        if other != made.at(axis):
            flow.hold(made.known[other], other, NOT_ZERO, SILENT)
    number = flow.ledger.softmax(ids, flow.path, made.at(axis) + flow.shift)
    return replace(made, shares=frozenset({number}))


def gate(flow: Flow, units: Ids, key: str, axis: int) -> None:
    """A cell's activation: one over all units pins them, one that is not 0 for 0 keeps none silent."""
    activation = flow.config.get(key)
    function = function_of(activation)
    if function not in ZERO_FOR_ZERO | OTHER_FOR_ZERO:
        flow.pin(units, axis, OVER_ALL.format(function))
    elif key == "activation" and not zero_for_zero(activation):
        flow.pin(units, axis, NOT_ZERO, SILENT)


def activation(flow: Flow, given: Given) -> Tensor:
    """Activation("…"): a layer that is nothing else."""
    return activated(flow, given.first, flow.config.get("activation"))


def softmax(flow: Flow, given: Given) -> Tensor:
    """Softmax along one axis, or several together."""
    said = given.get(1, "axis") if flow.layer.kind.startswith("ops.") else flow.config.get("axis")
    said = -1 if said is None else said
    if isinstance(said, int):
        return shared_out(flow, given.first, said)
    for axis in said:
        flow.hold(given.first.known[axis], given.first.at(axis), OVER_ALL.format("softmax"))
    return given.first.computed
