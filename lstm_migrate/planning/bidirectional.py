"""Bidirectional → Keras 3's, or, where that one computes something else, its two layers and a merge.

Keras 3 takes the output of its two layers to be alike in shape, so a backward layer of other units
makes it size what follows wrongly. Then the pair is written as two stock layers; the backward one
runs from the end and its sequence is flipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.layers import states_of
from lstm_migrate.graph import Call, Layer, LayerPath, Ref, leaves
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion, Wiring, labelled, placed
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.stacked_states import with_ordered_states
from lstm_migrate.report import Note

TranslateChild = Callable[[Layer, LayerPath, LayerPath], Expansion]

APART = "apart"  # set in the config of a layer that must be written as two, for what it does to masks

MERGES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "concat": ("Concatenate", {"axis": -1}),
    "sum": ("Add", {}),
    "mul": ("Multiply", {}),
    "ave": ("Average", {}),
}


def translate_bidirectional(
    layer: Layer, path: LayerPath, child: TranslateChild, here: LayerPath, context: Context
) -> Expansion:
    """The Bidirectional layer with both translated layers; `here` is its path in the target."""
    layer, notes = _with_states_kept_as(layer, path, context)
    found = {label: child(inner, (*path, label), (*here, label)) for label, inner in layer.children.items()}
    if _alike(layer) and APART not in layer.config:
        children = {label: expansion.layers[0] for label, expansion in found.items()}
        assignments: tuple[Assignment, ...] = ()
        for label, expansion in found.items():
            assignments += labelled(expansion, (layer.name,), label)
        made = Expansion((replace(layer, children=children),), assignments, notes)
        return with_ordered_states(made, layer)
    return _apart(layer, path, found, notes)


def _with_states_kept_as(layer: Layer, path: LayerPath, context: Context) -> tuple[Layer, tuple[Note, ...]]:
    """The layer without `stateful` if its era forgot the states all the same."""
    stateful = any(child.config.get("stateful") for child in layer.children.values())
    if not stateful or context.semantics.get("bidirectional_keeps_states", True):
        return layer, ()
    children = {
        label: replace(child, config={**child.config, "stateful": False})
        for label, child in layer.children.items()
    }
    note = Note(
        "converted",
        "/".join(path),
        "stateful=False: this version's Bidirectional forgot its states at every call",
    )
    return replace(layer, children=children), (note,)


def _alike(layer: Layer) -> bool:
    sizes = {child.config.get("units", child.config.get("filters")) for child in layer.children.values()}
    return len(sizes) == 1


def _apart(
    layer: Layer, path: LayerPath, found: Mapping[str, Expansion], notes: tuple[Note, ...]
) -> Expansion:
    forward, backward = (
        replace(found[label].layers[0], name=f"{layer.name}_{label.removesuffix('_layer')}")
        for label in ("forward_layer", "backward_layer")
    )
    assignments: tuple[Assignment, ...] = ()
    for side, label in ((forward, "forward_layer"), (backward, "backward_layer")):
        # Known by their own names now, no longer by the labels of a Bidirectional layer.
        renamed = labelled(found[label], (), side.name)
        assignments += placed(renamed, ())
    layers = [forward, backward]
    sequences = bool(forward.config.get("return_sequences"))
    flip = f"{layer.name}_flip"
    if sequences:
        layers.append(Layer(flip, "ops.flip"))
    merge = layer.config.get("merge_mode")
    why = "masked steps come out otherwise" if APART in layer.config else "they have different units"
    product = merge == "mul" and APART in layer.config
    if product:
        # Not Multiply, which leaves masked steps out in Keras 3.
        layers.append(Layer(layer.name, "ops.multiply"))
    elif merge is not None:
        kind, config = MERGES[merge]
        layers.append(Layer(layer.name, kind, config, dtype=layer.dtype))
    wiring = _wiring(forward, backward, flip if sequences else None, layer.name if merge else None, product)
    note = Note("rebuilt", "/".join(path), f"Bidirectional as two layers: {why}")
    return Expansion(tuple(layers), assignments, (*notes, note), wiring)


def _wiring(forward: Layer, backward: Layer, flip: str | None, merge: str | None, product: bool) -> Wiring:
    def wire(
        index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        states = list(leaves(kwargs.get("initial_state", [])))
        others = {key: value for key, value in kwargs.items() if key != "initial_state"}
        half = len(states) // 2
        calls = []
        for side, given in ((forward, states[:half]), (backward, states[half:])):
            keywords = {**others, "initial_state": given} if given else others
            calls.append(Call(side.name, index, args, keywords))
        left, right = Ref(forward.name, index, 0), Ref(backward.name, index, 0)
        if flip is not None:
            calls.append(Call(flip, index, (), {"x": right, "axis": 1}))
            right = Ref(flip, index, 0)
        results = [left, right]
        if merge is not None:
            calls.append(Call(merge, index, (left, right) if product else ([left, right],)))
            results = [Ref(merge, index, 0)]
        for side in (forward, backward):
            if side.config.get("return_state"):
                results += [Ref(side.name, index, number + 1) for number in range(states_of(side))]
        return calls, lambda output: results[output]

    return wire
