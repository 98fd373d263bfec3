"""The second half of a proof: the written file against the full model that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_migrate.graph import Graph, LayerPath
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from lstm_migrate.report import Check
from lstm_migrate.restriction import Restriction
from lstm_migrate.verification.probes import wishes_of_graph
from lstm_migrate.verification.recorded import Recording, check_recorded, takes
from lstm_migrate.verification.side import sides
from lstm_migrate.verification.subject import Live, Model, Recipe, Subject, Words
from lstm_migrate.verification.tolerance import run_precision

NUMPY = "NumPy in the model's own precision"


@dataclass(frozen=True)
class Resizing:
    """`subject`: from the full model, under its restriction, to the file. `exact`: both are to compute the
    same without any restriction, so that the file's outputs are the old model's."""

    subject: Subject
    exact: bool

    @property
    def target(self) -> Model:
        """The file."""
        return self.subject.target


class Computed:
    """A model run in NumPy in the numbers in which Keras would run it, in the place of Keras."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._states: dict[LayerPath, list[Array]] = {}

    def outputs(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs of one call, which starts from the states that the last one left."""
        model = self._model
        return evaluate(
            model.graph,
            model.weights,
            inputs,
            semantics=model.semantics,
            states=self._states,
            precisions=run_precision,
        )

    def reset_states(self) -> None:
        """Forgets every state."""
        self._states.clear()


def of_full(first: Subject) -> Subject:
    """The first half, in words that name its target: nobody has written the full model."""
    return replace(first, words=Words(target="the full model's weights", runner=NUMPY, key="numpy"))


def resizing(
    first: Subject,
    graph: Graph,
    restriction: Restriction,
    target: Model,
    live: Live,
    recipes: Sequence[Recipe],
    settle: Callable[[str, Callable[[], Array]], None],
    *,
    exact: bool,
) -> Resizing:
    """The second half, behind the `first`, whose target is the full model.

    `graph`: that model's, with the batch and time sizes of the file. Recipes read its arrays under the
    names of their keys. An `exact` resizing must do without silences, whatever the restriction says.
    """
    one, other = sides(restriction, _mask_values(graph))
    full = first.target
    names = {str(recipe.target): recipe.target for recipe in first.recipes}
    silences = {} if exact else restriction.silences
    less = " without what is left out" if silences else ""
    subject = Subject(
        replace(full, graph=graph, silences=silences, side=one),
        replace(target, side=other),
        live,
        recipes,
        {},
        lambda name: full.weights[names[name]],
        {str(recipe.target): recipe.shape for recipe in first.recipes},
        settle=settle,
        resized=True,
        words=Words(source=f"the full model's equations{less}"),
    )
    return Resizing(subject, exact)


def _mask_values(graph: Graph) -> dict[int, float]:
    """By the number of an input, which value marks a step that is not there."""
    wanted = wishes_of_graph(graph)
    values = {number: wanted[name].mask_value for number, name in enumerate(graph.inputs) if name in wanted}
    return {number: value for number, value in values.items() if value is not None}


def check_resized_recorded(check: Check, source: Subject, recording: Recording, resized: Resizing) -> Check:
    """What was recorded of the old model, of the file too, if its outputs should be the same.

    `check`: the same of the full model. Where that has a part without reference, the file alone can tell.
    """
    if check.verdict == "failed" or not resized.exact or not _takes(resized.subject, recording):
        return check
    subject = resized.subject
    old = replace(source.source, side=subject.source.side)
    whole = replace(source, source=old, target=subject.target, live=subject.live, words=subject.words)
    found = check_recorded(whole, recording)
    detail = f"{check.detail}; resized: {found.detail}"
    if found.verdict != "verified":
        return replace(check, verdict="failed", detail=detail)
    numbers = {f"resized_{name}": found.measured[name] for name in ("error", "tolerance")}
    return Check("recorded", "verified", detail, {**check.measured, **numbers})


def _takes(subject: Subject, recording: Recording) -> bool:
    """Whether the file can be given the recorded inputs, all of them."""
    old, new = subject.source.side, subject.target
    for before, after in zip(recording.inputs, old.given(recording.inputs), strict=True):
        if not np.array_equal(before, after):
            return False
    return takes(new.graph, new.side.given(recording.inputs))
