"""A layer that keeps its kind: every array goes over as it is, its activation folded if it must be."""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Form, Step
from lstm_migrate.planning.activations import Scaled, layer_behind, target_activation
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.slots import roles
from lstm_migrate.report import Note
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid


def translate_plain(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The same layer in Keras 3. An activation with another meaning there is folded into the weights
    in front of it or, where there are none, preceded by a Rescaling layer."""
    config = dict(layer.config)
    held = roles(layer, context.source)
    folds: dict[str, Scaled] = {}
    notes: list[Note] = []
    behind: tuple[Layer, ...] = ()
    for key, value in layer.config.items():
        if not isinstance(value, Activation):
            continue
        behind = layer_behind(layer, value, context.target)
        if behind:
            config[key] = context.target.activation("linear")
            notes.append(Note("rebuilt", "/".join(path), f"{key}={value} as a {behind[0].kind} layer"))
            continue
        wanted = target_activation(value, context.target, f"{'/'.join(path)}: {key}")
        config[key] = context.target.activation(wanted.name)
        if wanted.scaled is None:
            continue
        linear = context.source.document.linear.get(layer.kind, {}).get(key)
        if linear is None or (wanted.scaled.shift and linear[-1] not in held):
            config[key] = context.target.activation("linear")
            behind = _rescaled(layer, wanted.name, wanted.scaled, context)
            notes.append(Note("rebuilt", "/".join(path), f"{key}={value} as Rescaling and {wanted.name}"))
        else:
            folds |= {role: _share(wanted.scaled, role == linear[-1]) for role in linear if role in held}
            notes.append(Note("converted", "/".join(path), f"{key}={value} folded into {', '.join(folds)}"))
    assignments = tuple(_assignment(layer, role, path, folds.get(role), context) for role in held)
    if behind and config.get("activity_regularizer"):
        # It looks at what comes out, and that is the activation's output.
        regularised = {**behind[-1].config, "activity_regularizer": config.pop("activity_regularizer")}
        behind = (*behind[:-1], replace(behind[-1], config=regularised))
    own = replace(layer, config=config, storage=None)
    if behind and layer.kind == "Activation":
        return Expansion(behind, (), tuple(notes))
    return Expansion((own, *behind), assignments, tuple(notes))


def _share(scaled: Scaled, last: bool) -> Scaled:
    return scaled if last else replace(scaled, shift=0.0)


def _rescaled(layer: Layer, activation: str, scaled: Scaled, context: Context) -> tuple[Layer, ...]:
    scale = Layer(
        f"{layer.name}_rescaling",
        "Rescaling",
        {"scale": scaled.factor, "offset": scaled.shift},
        dtype=layer.dtype,
    )
    name = layer.name if layer.kind == "Activation" else f"{layer.name}_activation"
    after = Layer(
        name, "Activation", {"activation": context.target.activation(activation)}, dtype=layer.dtype
    )
    return scale, after


def _assignment(
    layer: Layer, role: str, path: LayerPath, scaled: Scaled | None, context: Context
) -> Assignment:
    key = WeightKey(path, role)
    if key not in context.bound:
        raise PlanError(f"no array in the file is the {role}", where="/".join(path))
    info = context.info(key)
    moved = context.in_order(layer, key)
    shape = moved[-1].shape if moved else info.shape
    steps: tuple[Step, ...] = moved
    if scaled is not None:
        names = [f"a{number}" for number in range(len(shape))]
        form = Form(Axes.parse(" ".join(names)), dict(zip(names, shape, strict=True)))
        steps = (*steps, FoldHardSigmoid(form, (), scaled.factor, scaled.shift))
    name = _target_role(layer, role, context)
    return context.assignment(layer, name, (context.bound[key],), steps, shape)


def _target_role(layer: Layer, role: str, context: Context) -> str:
    """The role by Keras 3's name: the same, or the one in the same place of the layer's list."""
    own, other = roles(layer, context.source), roles(layer, context.target)
    return role if role in other or len(own) != len(other) else other[own.index(role)]
