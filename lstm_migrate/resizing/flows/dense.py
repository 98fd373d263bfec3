"""Layers that make units of the last axis, and tables of them: Dense, Embedding."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor
from lstm_migrate.resizing.flows.activations import activated
from lstm_migrate.resizing.followed import Side


def dense(flow: Flow, given: Given) -> Tensor:
    """Every unit reads every feature of the last axis."""
    x = given.first
    rows, units = flow.shape("kernel")
    features, own = flow.features(x, -1, rows), flow.own("u", units)
    flow.read(x, -1)
    place_all(flow, {"x": features, "u": own})
    flow.size("units", own)
    return activated(flow, Tensor(x.known).with_axis(-1, own), flow.config.get("activation"))


def embedding(flow: Flow, given: Given) -> Tensor:
    """A row of the table for each token."""
    tokens = given.first
    rows, width = flow.shape("embeddings")
    table, own = flow.own("n", rows), flow.own("u", width)
    place_all(flow, {"n": table, "u": own})
    flow.size("input_dim", table)
    flow.size("output_dim", own)
    flow.ledger.no_features(tokens.known)
    flow.ledger.tokens(flow.path, tokens.fed)
    return Tensor((*tokens.known, own))


def place_all(flow: Flow, ids: Mapping[str, Ids], sides: Mapping[str, Side] | None = None) -> None:
    """Notes all arrays of a layer whose class declares their axes."""
    for role in flow.roles:
        flow.place(role, ids, sides=sides)
