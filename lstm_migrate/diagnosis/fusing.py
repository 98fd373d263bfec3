"""Fusing: an Activation layer right behind one without activation is taken as that one's activation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from lstm_migrate.diagnosis.part import Part
from lstm_migrate.graph import Activation, Graph, Layer, LayerPath, Ref, leaves, references

LINEAR = Activation("linear")


def fused(parts: tuple[Part, ...], graph: Graph) -> tuple[Part, ...]:
    """The parts with such layers made one; Dense without activation and Activation are Dense with it."""
    behind = _behind(graph)
    found: list[Part] = []
    for part in parts:
        layer = part.layer
        before = found[-1] if found else None
        if (
            layer is not None
            and layer.kind == "Activation"
            and before is not None
            and behind.get(part.path) == before.path
            and _is_linear(before)
        ):
            found[-1] = _with(before, layer.config["activation"])
        else:
            found.append(part)
    return tuple(found)


def _behind(graph: Graph, path: LayerPath = ()) -> dict[LayerPath, LayerPath]:
    """For each layer that alone reads another one: which one that is."""
    found: dict[LayerPath, LayerPath] = {}
    read = Counter(ref.layer for call in graph.calls for ref in references(call))
    read.update(leaf.layer for leaf in leaves(graph.outputs) if isinstance(leaf, Ref))
    for call in graph.calls:
        given = [ref.layer for ref in references(call)]
        if len(given) == 1 and read[given[0]] == 1:
            found[*path, call.layer] = (*path, given[0])
        inner = graph.layers[call.layer].graph
        if inner is not None:
            found |= _behind(inner, (*path, call.layer))
    return found


def _is_linear(part: Part) -> bool:
    layer = part.layer
    return layer is not None and not layer.children and layer.config.get("activation") == LINEAR


def _with(part: Part, activation: Activation) -> Part:
    assert part.layer is not None
    layer = _acting(part.layer, activation)
    cores = tuple(replace(core, layer=_acting(core.layer, activation)) for core in part.cores)
    return replace(part, layer=layer, cores=cores)


def _acting(layer: Layer, activation: Activation) -> Layer:
    return replace(layer, config={**layer.config, "activation": activation})
