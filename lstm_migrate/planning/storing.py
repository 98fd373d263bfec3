"""Storing: layers of the Graph as a mapping file says that they are stored, and what their cells compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import StoredTensor
from lstm_migrate.mapping.layouts import BIASES, Declared
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.slots import roles, stored_axes
from lstm_migrate.report import Note

AS_KERAS = Axes(())
"""The axes of an array that lies as Keras has it, where nothing is declared."""


def kind_of(layer: Layer, vocabulary: Vocabulary) -> str:
    """What a layout must be of to be this layer's: a cell ("lstm"), or the class of another layer."""
    cell = vocabulary.cell(replace(layer, storage=None))
    return layer.kind if cell is None else cell[0].cell


def usual(layer: Layer, vocabulary: Vocabulary) -> Declared:
    """How the source's own era stores such a layer."""
    cell = vocabulary.cell(layer)
    if cell is not None:
        layout = cell[0]
        letters = {gate: gate for gate in layout.gates.gates}
        there = roles(layer, vocabulary)
        held = {
            role: tensor if role in there else replace(tensor, optional=True)
            for role, tensor in layout.tensors.items()
        }
        return Declared(
            layout.name,
            layout.cell,
            gates=layout.gates.gates,
            letters=letters,
            tensors=held,
            computes=layout.computes,
            usual=True,
            stated=False,
        )
    axes = stored_axes(layer, vocabulary)
    tensors = {
        role: StoredTensor(role, axes.get(role, (AS_KERAS,))[0], role) for role in roles(layer, vocabulary)
    }
    return Declared(f"Keras's own {layer.kind}", layer=layer.kind, tensors=tensors, usual=True, stated=False)


def stored(
    layer: Layer,
    path: LayerPath,
    declared: Declared,
    present: frozenset[str],
    at: Mapping[str, int],
) -> tuple[Layer, list[Note]]:
    """The layer as `declared` has it, with the arrays of the roles that are `present`.

    PlanError where its config contradicts what is declared.
    """
    where = "/".join(path)
    config: dict[str, Any] = dict(layer.config)
    notes = []
    for key, meant in declared.activations.items():
        said = config.get(key)
        if isinstance(said, Activation) and said != meant:
            notes.append(Note("declared", where, f"{key}={meant} as layout {declared.name} says, not {said}"))
        config[key] = meant
    if declared.reset_after is not None:
        if "reset_after" in config and bool(config["reset_after"]) != declared.reset_after:
            raise PlanError(
                f"the layout {declared.name} computes another GRU than the model has",
                where=where,
                found=f"reset_after={config['reset_after']} in the model",
                expected=f"reset_after={declared.reset_after}",
                hint="No change of weights turns one into the other: "
                f"build the model with reset_after={declared.reset_after}.",
            )
        config["reset_after"] = declared.reset_after
    _check_bias(layer, where, declared, present)
    notes.append(Note("declared", where, f"stored as layout {declared.name} says{_facts(declared)}"))
    return replace(layer, config=config, storage=declared.storage(at, present)), notes


def _check_bias(layer: Layer, where: str, declared: Declared, present: frozenset[str]) -> None:
    wanted = bool(layer.config.get("use_bias", True))
    if not wanted and (present & set(BIASES) or declared.forget_bias):
        found = ", ".join(sorted(present & set(BIASES))) or f"forget_bias {declared.forget_bias:g}"
        raise PlanError(
            "the file's layer has a bias and the model's has none",
            where=where,
            found=f"{found} in layout {declared.name}, use_bias=False in the model",
            hint="Build the model with use_bias=True.",
        )


def _facts(declared: Declared) -> str:
    """What of the layout no array tells, in words."""
    said = []
    if len(declared.gates) > 1:
        said.append(f"gates {', '.join(declared.letters.get(gate, gate) for gate in declared.gates)}")
    if declared.coupled:
        said.append(f"the {declared.coupled} gate is 1 minus the other")
    if declared.forget_bias:
        said.append(f"{declared.forget_bias:g} is added to the forget gate at run time")
    if declared.update_gate != "keeps":
        said.append("the update gate lets in the new state")
    if declared.reset_after is not None:
        said.append(f"the reset gate acts {'after' if declared.reset_after else 'before'} the product")
    said += [f"{key} {meant}" for key, meant in declared.activations.items()]
    return f": {'; '.join(said)}" if said else ""
