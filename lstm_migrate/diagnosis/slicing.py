"""Slicing: which layers read fewer inputs because layers before them are cut to fewer units.

Followed along the calls of the model, through layers that hand each feature on, as the cut itself is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lstm_migrate.diagnosis.pairing import Pair
from lstm_migrate.diagnosis.part import Part
from lstm_migrate.graph import Call, Graph, LayerPath, Ref, leaves
from lstm_migrate.planning.resizable import hands_on, resizable


class Cut(NamedTuple):
    """So many features there were, so many are left."""

    total: int
    left: int


def can_be_cut(part: Part) -> bool:
    """Whether units of the layer can be left out: of a recurrent one, in no model inside the model."""
    kind = None if part.layer is None else resizable(part.layer, part.path)
    return kind is not None and bool(kind.loops) and len(part.path) == 1


def following(graph: Graph, pairs: Sequence[Pair]) -> dict[LayerPath, Cut]:
    """For the model's layers that are fed by cut ones: what they have left of their inputs."""
    by_name = {
        pair.target.path[0]: (pair.source, pair.target)
        for pair in pairs
        if pair.source is not None and pair.target is not None and len(pair.target.path) == 1
    }
    known: dict[Ref, Cut] = {}
    found: dict[LayerPath, Cut] = {}
    for call in graph.calls:
        fed = _fed(call, known)
        layer = graph.layers[call.layer]
        out: Cut | None = None
        if resizable(layer, (call.layer,)) is not None:
            if fed is not None:
                found[call.layer,] = fed
            out = _cut(*by_name[call.layer]) if call.layer in by_name else None
        elif fed is not None and hands_on(layer):
            out = fed
        if out is not None:
            known |= {Ref(call.layer, call.index, number): out for number in range(2)}
    return found


def _fed(call: Call, known: dict[Ref, Cut]) -> Cut | None:
    given = [leaf for leaf in leaves(call.args[:1]) if isinstance(leaf, Ref)]
    return known.get(given[0]) if len(given) == 1 else None


def _cut(source: Part, target: Part) -> Cut | None:
    """What the pair puts out, if the model's layer has fewer units."""
    layer = target.layer
    own, wanted = ([core.sizes.get("u") for core in part.cores] for part in (source, target))
    if layer is None or not can_be_cut(target) or not own or own[0] is None or wanted[0] is None:
        return None
    if own[0] <= wanted[0] or len(set(own)) > 1 or len(set(wanted)) > 1:
        return None
    joined = layer.kind == "Bidirectional" and layer.config.get("merge_mode", "concat") == "concat"
    return Cut(own[0] * (1 + joined), wanted[0] * (1 + joined))
