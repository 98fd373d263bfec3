"""Costs: how far a resized model's outputs are from those of the full one, where it is not to be its equal.

Both are computed in NumPy float64; that Keras computes what NumPy does for the resized one is another check.
Both are given the same: tokens that the resized one lacks are replaced for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from lstm_migrate.graph import leaves
from lstm_migrate.reference.scope import Array, NoReference, ShapeTooSmall
from lstm_migrate.report import Cost
from lstm_migrate.restriction import NEW
from lstm_migrate.verification.behaviour import calls_of, raw_outputs
from lstm_migrate.verification.probes import probes
from lstm_migrate.verification.recorded import takes
from lstm_migrate.verification.resizing import Resizing
from lstm_migrate.verification.side import Part
from lstm_migrate.verification.subject import Model

Inputs = Literal["probes", "recorded", "given"]


def costs(
    resizing: Resizing, recorded: Sequence[Array] | None = None, given: Sequence[Array] | None = None
) -> tuple[Cost, ...]:
    """For each output, on probes and on these inputs, what the resizing costs; nothing where a part of the
    model cannot be computed, or where the resizing is exact."""
    if resizing.exact:
        return ()
    graph = resizing.subject.source.graph
    sets: list[tuple[Inputs, Sequence[Array] | None]] = [("recorded", recorded), ("given", given)]
    # Others are of another batch size or length.
    sets = [(what, inputs) for what, inputs in sets if inputs is not None and takes(graph, inputs)]
    try:
        found = list(_of(resizing, "probes", _probed(resizing)))
        for what, inputs in sets:
            found += [] if inputs is None else _of(resizing, what, [list(inputs)])
        return tuple(found)
    except (NoReference, ShapeTooSmall):
        return ()


def _probed(resizing: Resizing) -> list[list[Array]]:
    full = replace(resizing.subject.source, silences={})
    return [inputs for inputs, _ in probes(full.graph, lambda given: raw_outputs(full, given))]


def _of(resizing: Resizing, what: Inputs, given: Sequence[list[Array]]) -> Iterator[Cost]:
    """One cost an output, over all sets of inputs."""
    under, target = resizing.subject.source, resizing.subject.target
    full, plain = replace(under, silences={}), _uncompensated(under)
    names = [leaf.layer for leaf in leaves(under.graph.outputs)]
    found = [(Gaps(), Gaps()) for _ in names]
    for inputs in given:
        wanted, resized = _outputs(full, inputs), _outputs(target, inputs)
        cut = None if plain is None else _outputs(plain, inputs)
        for number in range(len(wanted)):
            one = number % len(names)
            parts = [_part(model, one) for model in (under, target)]
            found[one][0].add(wanted[number], resized[number], *parts)
            if cut is not None:
                found[one][1].add(wanted[number], cut[number], parts[0], parts[0])
    for name, (now, before) in zip(names, found, strict=True):
        yield now.cost(name, what, None if plain is None else before.cost(name, what))


def _outputs(model: Model, inputs: Sequence[Array]) -> list[Array]:
    """The whole outputs of as many calls as a stateful model needs."""
    states: dict[tuple[str, ...], list[Array]] = {}
    return [value for _ in range(calls_of(model)) for value in raw_outputs(model, inputs, states=states)]


def _uncompensated(under: Model) -> Model | None:
    """The full model with nothing in the place of what goes; None if nothing is there anyway."""
    silences = [one for each in under.silences.values() for one in each]
    if all(one.onto is None and one.constant is None for one in silences):
        return None
    plain = {
        path: tuple(replace(one, onto=None, constant=None) for one in each)
        for path, each in under.silences.items()
    }
    return replace(under, silences=plain)


def _part(model: Model, output: int) -> Part | None:
    return model.side.parts[output] if model.side.parts else None


@dataclass
class Gaps:
    """What is measured of one output, set by set."""

    max: float = 0.0
    total: float = 0.0
    numbers: int = 0
    scale: float = 0.0
    same: list[bool] = field(default_factory=list)

    def add(self, full: Array, other: Array, part: Part | None, of_other: Part | None) -> None:
        """One more output of both models, and which parts of them are the same things.

        Probabilities are compared as they are: what others take from them is a part of the cost.
        """
        one, two = _shared(full, part), _shared(other, of_other)
        gaps = np.abs(one - two)
        self.max = max(self.max, float(gaps.max(initial=0.0)))
        self.total, self.numbers = self.total + float(gaps.sum()), self.numbers + gaps.size
        self.scale = max(self.scale, float(np.abs(one).max(initial=0.0)))
        if part is not None and part.axis % full.ndim != full.ndim - 1:
            full, other, part, of_other = one, two, None, None
        if full.ndim > 1 and full.shape[-1] > 1 and other.shape[-1] > 1:
            places = _meant(full, other, part, of_other)
            self.same += list((full.argmax(axis=-1) == places[other.argmax(axis=-1)]).ravel())

    def cost(self, where: str, what: Inputs, plain: Cost | None = None) -> Cost:
        """The result."""
        agreement = float(np.mean(self.same)) if self.same else None
        return Cost(where, what, self.max, self.total / max(self.numbers, 1), self.scale, agreement, plain)


def _shared(value: Array, part: Part | None) -> Array:
    return value if part is None else replace(part, normalised=False).of(value)


def _meant(full: Array, other: Array, part: Part | None, of_other: Part | None) -> Array:
    """For each position of the last axis, which one it is in the full model; NEW if none."""
    if part is None or of_other is None:
        return np.arange(other.shape[-1])
    places = np.full(other.shape[-1], NEW)
    places[list(of_other.places)] = part.places
    return places
