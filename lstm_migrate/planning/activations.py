"""Activations on their way to Keras 3: the same name, the same function by scaling, or refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lstm_migrate.custom import is_custom
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.rules.hard_sigmoid import fold_factor


@dataclass(frozen=True)
class Scaled:
    """source(x) = keras3(factor·x + shift): what the weights in front of an activation must absorb."""

    factor: float
    shift: float


@dataclass(frozen=True)
class TargetActivation:
    """Keras 3's name for the activation, and what the weights must absorb, if anything."""

    name: str
    scaled: Scaled | None = None


def target_activation(activation: Activation, target: Vocabulary, where: str) -> TargetActivation:
    """The same function in Keras 3's words; PlanError if it has none."""
    if is_custom(activation.function):
        return TargetActivation(_own_name(activation, target, where))
    for name, declared in target.document.activations.items():
        same = declared.function == activation.function
        if same and dict(declared.model_extra or {}) == dict(activation.parameters):
            return TargetActivation(name)
    if activation.function == "hard_sigmoid":
        parameters = activation.parameters
        factor, shift = fold_factor(parameters["slope"], parameters["offset"])
        return TargetActivation("hard_sigmoid", Scaled(factor, shift))
    raise PlanError(
        f"Keras 3 has no activation that computes {activation}",
        where=where,
        expected=f"one of {', '.join(sorted(target.document.activations))}",
        hint="Keras 3 has it as a layer, which cannot act inside a cell."
        if layer_for(activation, target)
        else "",
    )


def _own_name(activation: Activation, target: Vocabulary, where: str) -> str:
    """The name of a user's own function; PlanError if the file would mean Keras's own by it."""
    name = target.activation_name(activation)
    if name in target.document.activations:
        home = target.custom.part(activation.function).__module__
        raise PlanError(
            f"Keras 3 has an activation called {name!r}, which the new file would be opened with",
            where=where,
            found=f"a function of your own with that name, of {home}",
            expected="another name",
            hint=f"Rename the function, and let the old name stand for it: {name} = my_{name}.",
        )
    return name


def layer_for(activation: Activation, target: Vocabulary) -> tuple[str, dict[str, Any]] | None:
    """(kind, config) of the Keras 3 layer that computes an activation for which Keras 3 has no name."""
    named = any(
        declared.function == activation.function
        and dict(declared.model_extra or {}) == dict(activation.parameters)
        for declared in target.document.activations.values()
    )
    return None if named else target.activation_layer(activation)


def layer_behind(layer: Layer, activation: Activation, target: Vocabulary) -> tuple[Layer, ...]:
    """The stock layer that computes `activation` behind `layer`; none where Keras 3 has a name for it.

    Where `layer` is itself but an activation, the stock layer has its name and takes its place.
    """
    found = layer_for(activation, target)
    if found is None:
        return ()
    kind, config = found
    name = layer.name if layer.kind == "Activation" else f"{layer.name}_activation"
    return (Layer(name, kind, config, dtype=layer.dtype),)


def unfoldable(key: str, activation: Activation, gates: Iterable[str], where: str) -> PlanError:
    """The error for an activation that also acts where no weight can scale its argument."""
    return PlanError(
        f"{key}={activation} acts on the cell's {', '.join(gates)}, where no weight can scale it",
        where=where,
        hint="Stock Keras 3 layers have no such function: retrain this layer with another activation.",
    )
