"""The order of a model's calls: each after those whose outputs it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Call, references

CallKey = tuple[str, int]


def in_order(draft: Draft, calls: Mapping[CallKey, Call], fed: Iterable[str], where: str) -> list[Call]:
    """The calls sorted, those that become ready together in the order of the file; `fed` are the inputs.

    Notes a problem, and returns nothing, where a call reads what nobody makes, or itself.
    """
    given = {(name, 0) for name in fed}
    reads = {key: {(ref.layer, ref.call) for ref in references(call)} - given for key, call in calls.items()}
    strangers = [(key, wanted) for key, needs in reads.items() for wanted in needs if wanted not in calls]
    for (name, _), (layer, index) in strangers:
        draft.problem(f"{name} reads call {index} of {layer}, which is not in the file", where)
    if strangers:
        return []
    sorter = TopologicalSorter(reads)
    try:
        sorter.prepare()
    except CycleError as error:
        draft.problem(
            "the layers feed each other in a circle",
            where,
            found=text(", ".join(sorted({name for name, _ in error.args[1]}))),
            expected="a graph from inputs to outputs",
        )
        return []
    place = {key: number for number, key in enumerate(calls)}
    found: list[Call] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        found += [calls[key] for key in ready]
        sorter.done(*ready)
    return found
