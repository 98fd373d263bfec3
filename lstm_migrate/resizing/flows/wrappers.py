"""Layers around layers: TimeDistributed and Bidirectional."""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.merging import behind


def time_distributed(flow: Flow, given: Given) -> list[Tensor]:
    """The child on every step, as one large batch."""
    tensors = given.tensors
    batch, time = tensors[0].known[:2]
    inner = [replace(tensor, dims=(None, *tensor.known[2:])) for tensor in tensors]
    made = flow.inside("layer", shift=1).run(Given(tuple(inner)))
    return [replace(one, dims=(batch, time, *one.dims[1:])) for one in made if one.dims is not None]


def bidirectional(flow: Flow, given: Given) -> list[Tensor]:
    """Two recurrent layers; the first half of the initial states is the forward one's."""
    x, *states = given.tensors
    half = len(states) // 2
    forth = flow.inside("forward_layer").run(Given((x, *states[:half])))
    back = flow.inside("backward_layer").run(Given((x, *states[half:])))
    if not forth or not back:
        raise Opaque("has a layer inside that computes what nobody can follow")
    return [*_joined(flow, forth[0], back[0]), *forth[1:], *back[1:]]


def _joined(flow: Flow, forth: Tensor, back: Tensor) -> list[Tensor]:
    mode = flow.config.get("merge_mode", "concat")
    if mode is None:
        return [forth, back]
    first, second = forth.known[-1], back.known[-1]
    if mode == "concat":
        return [forth.with_axis(-1, behind([first, second]))]
    flow.ledger.tie(first, second)
    return [forth]
