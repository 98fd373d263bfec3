"""Matching: what to say of each pair of layers, put together from everything that may differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from lstm_migrate.diagnosis.carrying import Carried, Carrying, carrying, core_path
from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.kinds import built_as, comparable, kind_findings, shown
from lstm_migrate.diagnosis.meaning import meaning_findings
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.pairing import Pair
from lstm_migrate.diagnosis.part import Core, Part
from lstm_migrate.diagnosis.sizes import size_findings
from lstm_migrate.diagnosis.storing import storing_findings

Matched = Sequence[tuple[Pair, Sequence[Finding]]]
"""Every pair with what was found of it."""


def findings(sides: tuple[Side, Side], pairs: Sequence[Pair]) -> Matched:
    """Everything in which the layers of each pair differ; nothing for those that are alike."""
    sizes = carrying(sides[1], pairs)
    places = _crossing(pairs)
    return [(pair, _distinct(_of(pair, sides, sizes, pair in places))) for pair in pairs]


def _distinct(found: Iterator[Finding]) -> list[Finding]:
    """Both directions of a Bidirectional have the same to say."""
    listed: list[Finding] = []
    for finding in found:
        if finding not in listed:
            listed.append(finding)
    return listed


def _of(pair: Pair, sides: tuple[Side, Side], sizes: Carrying | None, crossing: bool) -> Iterator[Finding]:
    source, target = pair.source, pair.target
    if source is None and target is not None:
        yield _missing(target)
    elif target is None and source is not None:
        yield _extra(source)
    elif source is not None and target is not None:
        if crossing:
            yield _order(pair, sides)
        if not comparable(source, target):
            yield from kind_findings(source, target)
            return
        yield from _name(source, target)
        for own, other in zip(source.cores, target.cores, strict=True):
            yield from size_findings(own, other, partial(_carried, sizes, source, target, other))
            yield from storing_findings(own, other)
        yield from meaning_findings(source, target, sides)


def _carried(
    sizes: Carrying | None, source: Part, target: Part, core: Core, symbol: str, own: int
) -> Carried | None:
    """What is known of a size of one core; of units nothing where a rule for the whole layer would not do."""
    several = {one.sizes.get("u") for one in source.cores}, {one.sizes.get("u") for one in target.cores}
    if sizes is None or (symbol == "u" and any(len(found) > 1 for found in several)):
        return None
    return sizes.of(core_path(target, core), symbol, own)


def _missing(target: Part) -> Finding:
    if not target.arrays:
        return Finding(
            target.described(),
            "missing",
            f"the source has no {target.kind} layer here",
            way_out=f"leave {target.name} out of the target",
        )
    arrays = shown([held.shape for held in target.arrays])
    return Finding(
        target.described(),
        "missing",
        f"the file has no layer for it: nothing for its arrays {arrays}",
        way_out=f"leave {target.name} out of the target, or train it",
    )


def _extra(source: Part) -> Finding:
    arrays = (
        f": its arrays {shown([held.shape for held in source.arrays])} go nowhere" if source.arrays else ""
    )
    way_out = f"add {built_as(source)} to the target at this place"
    return Finding(source.described(), "extra", f"the target has no layer for it{arrays}", way_out=way_out)


def _name(source: Part, target: Part) -> Iterator[Finding]:
    if source.store and source.store == target.store and not source.stated:
        return  # a store has no names of layers, only classes
    if len(source.path) != len(target.path) and not source.entries:
        places = [
            f"inside the model {part.path[0]!r}" if len(part.path) > 1 else "at the top"
            for part in (source, target)
        ]
        why = f"it stands {places[0]} in the source and {places[1]} in the target"
        yield Finding("place", "differs", why, Cure({"to": target.name}))
    elif source.name != target.name:
        why = "another name; paired by kind, sizes and order"
        yield Finding("name", "fits", why, Cure({"to": target.name}))


def _order(pair: Pair, sides: tuple[Side, Side]) -> Finding:
    why = f"number {pair.source_place + 1} in the source, number {pair.target_place + 1} in the target"
    chains = [side.graph is not None and side.graph.sequential for side in sides]
    if all(chains):
        return Finding("order", "differs", why, way_out="put the target's layers in the source's order")
    return Finding("order", "fits", f"{why}: Keras pairs by place where this tool pairs by name")


def _crossing(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that stand in another order in the file than in the model."""
    found, furthest = [], -1
    for pair in pairs:
        if pair.source is None or pair.target is None or pair.source_place < 0:
            continue
        if pair.source_place < furthest:
            found.append(pair)
        furthest = max(furthest, pair.source_place)
    return found
