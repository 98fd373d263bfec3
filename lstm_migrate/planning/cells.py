"""A recurrent layer or cell → its Keras 3 counterpart: layouts between, activations folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.derive import Way, absent, content, ways
from lstm_migrate.layouts.layout import Layout, StoredTensor
from lstm_migrate.layouts.steps import Form, Step
from lstm_migrate.planning.activations import target_activation, unfoldable
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.slots import gate_role, gate_roles
from lstm_migrate.report import Note
from lstm_migrate.rules.completion import completed
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid


def translate_cell(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The Keras 3 layer that computes the same, with how each of its variables is made.

    `path` is where the layer is in the source Graph.
    """
    where = "/".join(path)
    declared = context.source.document.cells[layer.kind]
    becomes = declared.becomes
    kind = (becomes and becomes.kind) or layer.kind
    target = replace(
        layer,
        kind=kind,
        storage=None,
        config={**layer.config, **_activations(context, becomes.config if becomes else {})},
    )
    # A key that only told how the source packs its arrays ends here.
    kept = {key: value for key, value in target.config.items() if context.target.keeps(kind, key)}
    target = replace(target, config=kept)
    source_cell, target_cell = context.source.cell(layer), context.target.cell(target)
    assert source_cell is not None and target_cell is not None
    layout, goal = source_cell[0], target_cell[0]
    _check_symmetric(layer, layout, where)
    found = _ways(layer, path, layout, source_cell[1], goal, context)
    config, folds = _fold(target, layout, "bias" in found, context, where)
    assignments = tuple(
        _assignment(role, way, goal, folds, path, target, context) for role, way in found.items()
    )
    notes = [Note("converted", where, f"{layer.kind} → {kind}")] if becomes else []
    notes += [
        Note("converted", where, f"{key}={layer.config[key]} folded into the weights of {', '.join(gates)}")
        for key, (gates, *_) in folds.items()
    ]
    return Expansion((replace(target, config=config),), assignments, tuple(notes))


def _ways(
    layer: Layer,
    path: LayerPath,
    layout: Layout,
    known: Mapping[str, int],
    goal: Layout,
    context: Context,
) -> dict[str, Way]:
    """For each array of the new layer the way to it, with what the old cell computes beside its arrays."""
    sizes = context.solved(layout, path, known)
    stored = context.stored(layout, layer.kind)
    present = frozenset(role for role, names in stored_as(layout).items() if names <= context.roles(path))
    at = layer.storage.at if layer.storage else {}
    found = ways(stored, goal, sizes, present, at, fill=layer.storage is not None)
    if "bias" not in found and layer.storage is not None and _wants_bias(layer, goal):
        found["bias"] = absent("bias", stored, goal, sizes)
    return {role: completed(way, role, stored, goal) for role, way in found.items()}


def stored_as(layout: Layout) -> dict[str, frozenset[str]]:
    """For each role of the layout, the roles of the arrays that hold it."""
    return {role: frozenset(gate_roles(layout, role)) for role in layout.tensors}


def _activations(context: Context, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: context.source.activation(value) if "activation" in key else value
        for key, value in config.items()
    }


Folds = dict[str, tuple[tuple[str, ...], float, float]]


def _fold(
    layer: Layer, layout: Layout, biased: bool, context: Context, where: str
) -> tuple[dict[str, Any], Folds]:
    config = dict(layer.config)
    folds: Folds = {}
    for key, gates in layout.computes.items():
        activation = config.get(key)
        if not isinstance(activation, Activation):
            continue
        wanted = target_activation(activation, context.target, f"{where}: {key}")
        config[key] = context.target.activation(wanted.name)
        if wanted.scaled is None:
            continue
        if "output" in gates:
            raise unfoldable(key, activation, gates, where)
        if wanted.scaled.shift and not biased:
            raise PlanError(f"{key}={activation} needs a bias to fold its offset into", where=where)
        folds[key] = (gates, wanted.scaled.factor, wanted.scaled.shift)
    return config, folds


def _assignment(
    role: str,
    way: Way,
    target: Layout,
    folds: Folds,
    path: LayerPath,
    layer: Layer,
    context: Context,
) -> Assignment:
    steps = (*way.steps, *_folded(target.tensors[role], way.goal, folds))
    names = [gate_role(part.role, part.gate) if part.gate else part.role for part in way.parts]
    tensors = tuple(context.bound[WeightKey(path, name)] for name in names)
    return context.assignment(layer, role, tensors, steps, way.goal.shape, way.forms)


def _folded(stored: StoredTensor, goal: Form, folds: Folds) -> Iterator[Step]:
    """The activations' factors, where this array feeds what they act on."""
    bias = not content(goal.axes.symbols) and not stored.apart
    for gates, factor, shift in folds.values():
        if stored.feeds is None:
            yield FoldHardSigmoid(goal, gates, factor, shift if bias else 0.0)
        elif set(gates) & set(stored.feeds):
            yield FoldHardSigmoid(goal, (), factor)


def _wants_bias(layer: Layer, target: Layout) -> bool:
    return "bias" in target.tensors and bool(layer.config.get("use_bias", True))


SYMMETRIC = (Activation("sigmoid"),)
"""Activations with 1 − f(x) = f(−x), beside hard sigmoids that are 1/2 at 0."""


def _check_symmetric(layer: Layer, layout: Layout, where: str) -> None:
    """Gates that are 1 minus another, or turned round, are negated weights under such activations alone."""
    activation = layer.config.get("recurrent_activation")
    if not (layout.coupled or layout.update_gate != "keeps") or not isinstance(activation, Activation):
        return
    hard = activation.function == "hard_sigmoid" and activation.parameters.get("offset") == 0.5
    if not hard and activation not in SYMMETRIC:
        raise PlanError(
            f"recurrent_activation={activation} is not symmetric about 1/2",
            where=where,
            found=f"layout {layout.name} with "
            + (f"the {layout.coupled} gate coupled" if layout.coupled else "an update gate that renews"),
            expected="sigmoid, or a hard sigmoid with the offset 0.5",
            hint="1 − f(x) is f(−x) for these alone: no weights of a stock layer compute the old cell.",
        )
