"""Recurrent layers and their cells: units that read the input and themselves, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.activations import gate
from lstm_migrate.resizing.followed import Dims

STATES = {"lstm": 2, "gru": 1, "simple_rnn": 1}
NORMALISED = "normalises over all units, so that each new one changes every other: never exact"
ONE_BY_ONE = "takes them for steps, one behind the other"
GATES = ("activation", "recurrent_activation")


@dataclass(frozen=True)
class Cell:
    """What a cell puts out at each step, and the units of each state that it carries on."""

    units: Ids
    states: tuple[Ids, ...]


def recurrent(flow: Flow, given: Given) -> list[Tensor]:
    """LSTM, GRU, SimpleRNN, or RNN around a cell: (batch, time, features)."""
    x, *states = given.tensors
    x = checked_rank(x, 3)
    made = cell(_cell_of(flow), x, 2)
    flow.read(x, 2)
    batch, time, _ = x.known
    flow.hold(time, 1, ONE_BY_ONE)
    wanted: list[Dims] = [(batch, units) for units in made.states]
    begin(flow, states, wanted)
    lead = (batch, time) if flow.config.get("return_sequences") else (batch,)
    found = [Tensor((*lead, made.units))]
    return [*found, *map(Tensor, wanted)] if flow.config.get("return_state") else found


def checked_rank(x: Tensor, rank: int) -> Tensor:
    """The input of a layer that takes tensors of this rank only."""
    if x.dims is None:
        return replace(x, dims=(None,) * rank)
    if x.rank != rank:
        raise Opaque(f"takes tensors of {rank} axes")
    return x


def begin(flow: Flow, given: Sequence[Tensor], wanted: Sequence[Dims]) -> None:
    """Ties the initial states to what they are the states of."""
    if given and len(given) != len(wanted):
        raise Opaque(f"is given {len(given)} initial states for {len(wanted)}")
    for tensor, state in zip(given, wanted, strict=False):
        for axis, ids in enumerate(state):
            if ids is not None and axis < tensor.rank:
                known = flow.features(tensor, axis, len(ids)) if axis else tensor.known[0]
                flow.ledger.tie(known, ids)


def _cell_of(flow: Flow) -> Flow:
    return flow.inside("cell") if "cell" in flow.layer.children else flow


def cell(flow: Flow, x: Tensor, axis: int) -> Cell:
    """One step of a cell of any kind, which reads `axis` of what its layer is called with."""
    if flow.layer.kind == "StackedRNNCells":
        return _stacked(flow, x, axis)
    if flow.word != "recurrent":
        raise Opaque("has a cell that computes what nobody can follow")
    count = flow.shape("recurrent_kernel")[0]
    read, own = flow.features(x, axis, flow.shape("kernel")[0]), flow.own("u", count)
    for role in flow.roles:
        flow.place(role, {"x": read, "h": own, "u": own}, AXES.get(role, "u"))
    flow.size("units", own)
    flow.ledger.read_state(flow.path, own)
    for key in GATES:
        if key in flow.config:
            gate(flow, own, key, axis)
    if any("gamma" in role for role in flow.roles):
        flow.pin(own, axis, NORMALISED)
    known = flow.ledger.target.cell(flow.layer)
    return Cell(own, (own,) * (STATES[known[0].cell] if known is not None else 1))


AXES = {"kernel": "x u", "recurrent_kernel": "h u"}
"""The arrays of a cell whose layout is not declared; the others have an axis of units."""


def _stacked(flow: Flow, x: Tensor, axis: int) -> Cell:
    """Cells one behind the other: each reads the units of the one before."""
    made = cell(flow.inside("0"), x, axis)
    states = made.states
    for number in range(1, len(flow.layer.children)):
        inner = flow.inside(str(number))
        below = made.units
        made = cell(inner, Tensor((None, below)), 1)
        # The cell is called by no graph, but by the layer around it: with what the one before puts out.
        flow.ledger.read(inner.path, 0, -1, below)
        states += made.states
    return Cell(made.units, states)
