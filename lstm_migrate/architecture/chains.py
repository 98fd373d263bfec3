"""Chains: models whose layers are called one on the other."""

from __future__ import annotations

from collections import Counter

from lstm_migrate.graph import Call, Graph, Layer, Ref


def chain_graph(name: str, first: Layer, layers: list[Layer], trainable: bool = True) -> Graph:
    """A Sequential model's Graph: each layer called once on the one before it."""
    table = {first.name: first}
    calls: list[Call] = []
    times: Counter[str] = Counter()
    last = Ref(first.name, 0, 0)
    for layer in layers:
        # A layer that stands twice in the list is a shared one: a further call, not a further layer.
        table[layer.name] = layer
        calls.append(Call(layer.name, times[layer.name], (last,)))
        last = Ref(layer.name, times[layer.name], 0)
        times[layer.name] += 1
    return Graph(name, table, tuple(calls), (first.name,), last, sequential=True, trainable=trainable)
