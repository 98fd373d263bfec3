"""Behaviour: the source's equations on its stored arrays, against the written file.

Three computations of the same inputs: the source model in NumPy float64; the written file's own
config and values in NumPy float64; the written file run by Keras.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_migrate.errors import VerificationError
from lstm_migrate.graph import LayerPath
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, ShapeTooSmall
from lstm_migrate.report import Check
from lstm_migrate.verification.before_gap import before_gap
from lstm_migrate.verification.probes import probes
from lstm_migrate.verification.subject import Model, Subject
from lstm_migrate.verification.tolerance import Tolerance, derive, distance, last_place, run_precision

NAMED = 6  # layers that a message names
CALLS = 2  # a stateful model is called twice: the second call starts from the first one's states


@dataclass(frozen=True)
class Comparison:
    """One probe's outcome."""

    shapes: tuple[tuple[int, ...], ...]
    pair: float
    keras: float
    tolerance: Tolerance

    @property
    def holds(self) -> bool:
        return self.pair <= self.tolerance.pair and self.keras <= self.tolerance.keras


def check_behaviour(subject: Subject) -> Check:
    """The check over all probes; names the first layer whose output differs if one does."""
    strange = _takes_otherwise(subject)
    if strange:
        return Check("behaviour", "failed", strange, {})
    policies = [layer.dtype for _, layer in subject.source.graph.walk()]
    bitwise = all(recipe.effect == "bitwise" for recipe in subject.recipes)
    found: list[Comparison] = []
    try:
        for inputs, exact in probes(subject.source.graph, lambda given: run(subject.source, given)):
            found.append(_compare(subject, inputs, exact, last_place(policies), bitwise))
            if not found[-1].holds:
                return _failed(subject, inputs, found[-1])
            doubt = _doubt(subject, inputs, exact, found[-1].tolerance)
            if doubt:
                return Check("behaviour", "unproven", doubt, {}, (doubt,))
    except NoReference as gap:
        return _partly(subject, gap)
    except ShapeTooSmall as error:
        return Check("behaviour", "inconclusive", f"no probe fits the model: {error}", {})
    except VerificationError as error:
        return Check("behaviour", "failed", str(error), {})
    return _passed(found, subject)


def _partly(subject: Subject, gap: NoReference) -> Check:
    """The check of a model of which a part cannot be computed: as far as it can."""
    if subject.resized:
        said = "a part of the model has no reference: its outputs could not be computed independently"
        return Check("behaviour", "unproven", said, {}, (str(gap),))
    try:
        before = before_gap(subject)
    except ShapeTooSmall as error:
        return Check("behaviour", "inconclusive", f"no probe fits the model: {error}", {}, (str(gap),))
    if before.differs:
        said = f"the written weights, in float64, differ from the source's equations by {before.by:.2e}"
        measured = {"first_layer": before.differs}
        return Check("behaviour", "failed", f"{said}; first in {before.differs}", measured)
    said = "a part of the model has no reference: its outputs could not be computed independently"
    if before.layers:
        said += f"; before it, {', '.join(before.layers[:NAMED])} put out what they should"
    return Check("behaviour", "unproven", said, {"layers_before": list(before.layers)}, (str(gap),))


def _takes_otherwise(subject: Subject) -> str:
    """In words, how the target's inputs differ from the source's; "" if it takes what the source takes."""
    wanted, found = (
        [model.graph.layers[name].config["batch_shape"] for name in model.graph.inputs]
        for model in (subject.source, subject.target)
    )
    wanted = [subject.target.side.takes(number, shape) for number, shape in enumerate(wanted)]
    if len(wanted) == len(found) and all(map(fits, wanted, found)):
        return ""
    return f"the target takes inputs of shapes {found}, the source {wanted}"


def fits(one: Sequence[int | None] | None, other: Sequence[int | None] | None) -> bool:
    """Whether an array can have both shapes; None, for a size or for a whole shape, is any."""
    if one is None or other is None:
        return True
    return len(one) == len(other) and all(
        None in pair or pair[0] == pair[1] for pair in zip(one, other, strict=True)
    )


def _doubt(subject: Subject, inputs: list[Array], exact: list[Array], tolerance: Tolerance) -> str:
    """Why the source's own meaning is not settled, if it is not."""
    for other in subject.alternatives:
        gap = distance(exact, run(replace(subject.source, semantics=other), inputs))
        if gap > tolerance.keras:
            return (
                "the version in the file fits several frameworks, and on this model they differ "
                f"(by {gap:.1e}, in what masks do); recorded outputs would tell"
            )
    return ""


def run(model: Model, inputs: Sequence[Array], **options: Any) -> list[Array]:
    """The model's outputs in NumPy; of a stateful model, those of several calls one after the other."""
    states: dict[LayerPath, list[Array]] = {}
    return [
        output
        for _ in range(calls_of(model))
        for output in model.side.shared(raw_outputs(model, inputs, states=states, **options))
    ]


def raw_outputs(model: Model, inputs: Sequence[Array], **options: Any) -> list[Array]:
    """The whole outputs of one call, shared or not."""
    given = model.side.given(inputs)
    return evaluate(
        model.graph, model.weights, given, semantics=model.semantics, silences=model.silences, **options
    )


def calls_of(model: Model) -> int:
    """How often a model must be called: more than once if any layer carries its state to the next call."""
    return CALLS if any(layer.config.get("stateful") for _, layer in model.graph.walk()) else 1


def _compare(
    subject: Subject, inputs: list[Array], exact: list[Array], ulp: float, bitwise: bool
) -> Comparison:
    rounded = run(subject.source, inputs, precisions=run_precision)
    tolerance = derive(exact, rounded, ulp, bitwise=bitwise)
    pair = distance(exact, run(subject.target, inputs))
    keras = distance(exact, live_outputs(subject, inputs, calls_of(subject.source)))
    return Comparison(tuple(value.shape for value in inputs), pair, keras, tolerance)


def live_outputs(subject: Subject, inputs: Sequence[Array], calls: int) -> list[Array]:
    """Keras's outputs of so many calls, one after the other, from its first state on.

    VerificationError if Keras cannot run the file that it could open.
    """
    side = subject.target.side
    try:
        subject.live.reset_states()
        given = side.given(inputs)
        return [output for _ in range(calls) for output in side.shared(subject.live.outputs(given))]
    except NoReference:  # from a target that nothing but NumPy runs
        raise
    except Exception as error:
        # Keras raises any kind of exception here.
        said = " ".join(str(error).split())[:300]
        raise VerificationError(f"Keras cannot run the target: {type(error).__name__}: {said}") from error


def _passed(found: Sequence[Comparison], subject: Subject) -> Check:
    words = subject.words
    worst = max(found, key=lambda item: item.keras / item.tolerance.keras)
    return Check(
        "behaviour",
        "verified",
        f"{len(found)} probes: {words.runner} is within {worst.keras:.1e} of {words.source} (allowed "
        f"{worst.tolerance.keras:.1e}), and {words.target} within {_worst_pair(found):.1e} in float64",
        {
            f"{words.key}_error": worst.keras,
            f"{words.key}_tolerance": worst.tolerance.keras,
            "float64_error": _worst_pair(found),
            "float64_tolerance": max(item.tolerance.pair for item in found),
            "tolerance_is": worst.tolerance.described(),
            "probes": [[list(shape) for shape in item.shapes] for item in found],
        },
    )


def _worst_pair(found: Sequence[Comparison]) -> float:
    return max(item.pair for item in found)


def _failed(subject: Subject, inputs: list[Array], outcome: Comparison) -> Check:
    layer = _first_difference(subject, inputs, outcome)
    words = subject.words
    pair = outcome.pair > outcome.tolerance.pair
    who = f"{words.target}, in float64" if pair else f"{words.runner}'s own run"
    error = outcome.pair if pair else outcome.keras
    return Check(
        "behaviour",
        "failed",
        f"{who}, differs from {words.source} by {error:.2e}; first in {layer}",
        {
            f"{words.key}_error": outcome.keras,
            f"{words.key}_tolerance": outcome.tolerance.keras,
            "float64_error": outcome.pair,
            "float64_tolerance": outcome.tolerance.pair,
            "tolerance_is": outcome.tolerance.described(),
            "first_layer": layer,
        },
    )


def _tapped(model: Model, inputs: list[Array]) -> dict[tuple[LayerPath, int, int], list[Array]]:
    """What each call of each layer put out, by layer, call and how often that call had run before."""
    outputs: dict[tuple[LayerPath, int, int], list[Array]] = {}
    counts: Counter[tuple[LayerPath, int]] = Counter()

    def keep(path: LayerPath, call: int, values: list[Array]) -> None:
        outputs[path, call, counts[path, call]] = values
        counts[path, call] += 1

    run(model, inputs, tap=keep)
    return outputs


def _first_difference(subject: Subject, inputs: list[Array], outcome: Comparison) -> str:
    """The first source layer, in the order of computing, whose output the target's does not equal."""
    target = _tapped(subject.target, inputs)
    for (path, call, again), values in _tapped(subject.source, inputs).items():
        other = target.get((subject.moved.get(path, path), call, again))
        if subject.resized and other is not None and _shapes(other) != _shapes(values):
            continue
        scale = max([1.0, *(float(np.abs(value).max(initial=0.0)) for value in values)])
        if other is not None and distance(values, other) > outcome.tolerance.pair * scale:
            return "/".join(path)
    if outcome.pair > outcome.tolerance.pair:
        return "a layer of another size" if subject.resized else "a layer that has no counterpart by name"
    return "no layer in NumPy: Keras computes something else from the same weights"


def _shapes(values: Sequence[Array]) -> list[tuple[int, ...]]:
    return [value.shape for value in values]
