"""A recurrent layer or cell → its Keras 3 counterpart: layouts between, activations folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.derive import Way, content, ways
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Rearrange, Step
from lstm_migrate.planning.activations import target_activation, unfoldable
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.slots import gate_roles
from lstm_migrate.report import Note
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from lstm_migrate.rules.sum_biases import SumBiases


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
        config={**layer.config, **_activations(context, becomes.config if becomes else {})},
    )
    # A key that only told how the source packs its arrays ends here.
    kept = {key: value for key, value in target.config.items() if context.target.keeps(kind, key)}
    target = replace(target, config=kept)
    source_cell = context.source.cell(layer)
    target_cell = context.target.cell(target)
    assert source_cell is not None and target_cell is not None
    layout, sizes = source_cell
    sizes = context.solved(layout, path, sizes)
    source_layout = context.stored(layout, layer.kind)
    present = frozenset(role for role, names in stored_as(layout).items() if names <= context.roles(path))
    found = ways(source_layout, target_cell[0], sizes, present)
    config, folds = _fold(target, layout, "bias" in found, context, where)
    assignments = tuple(
        _assignment(role, way, layout, target_cell[0], folds, path, target, context)
        for role, way in found.items()
    )
    notes = [Note("converted", where, f"{layer.kind} → {kind}")] if becomes else []
    notes += [
        Note("converted", where, f"{key}={layer.config[key]} folded into the weights of {', '.join(gates)}")
        for key, (gates, *_) in folds.items()
    ]
    return Expansion((replace(target, config=config),), assignments, tuple(notes))


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
    source: Layout,
    target: Layout,
    folds: Folds,
    path: LayerPath,
    layer: Layer,
    context: Context,
) -> Assignment:
    steps: list[Step] = list(way.steps)
    form = way.form
    goal = replace(form, axes=target.tensors[role].axes, gates=target.gates, poured=())
    if "set" in form.axes.symbols and "set" not in goal.axes.symbols:
        summed = SumBiases(form)
        steps.append(summed)
        form = summed.after
        if (str(form.axes), form.gates) != (str(goal.axes), goal.gates):
            steps.append(Rearrange(form, goal))
    stored = target.tensors[role]
    bias = not content(goal.axes.symbols) and not stored.apart
    for gates, factor, shift in folds.values():
        if stored.feeds is None:
            steps.append(FoldHardSigmoid(goal, gates, factor, shift if bias else 0.0))
        elif set(gates) & set(stored.feeds):
            steps.append(FoldHardSigmoid(goal, (), factor))
    names = [name for held in way.sources for name in gate_roles(source, held)]
    tensors = tuple(context.bound[WeightKey(path, name)] for name in names)
    return context.assignment(layer, role, tensors, tuple(steps), goal.shape, (way.start, goal))
