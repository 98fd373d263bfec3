"""Power: could the behaviour check have failed? Each step left out in turn must be seen.

Every recipe is run with one of its steps forgotten (a plain copy: not made at all), and the layer it
belongs to is computed with the wrong array on the inputs that it had in a probe. The error must stand
well above what rounding explains; if it does not, the evidence is inconclusive. A step that changes
nothing in this file (a sum with a zero bias) is idle and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_migrate.graph import LayerPath, WeightKey, leaves
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, Scope, ShapeTooSmall
from lstm_migrate.report import Check
from lstm_migrate.verification.probes import probes
from lstm_migrate.verification.subject import Recipe, Subject
from lstm_migrate.verification.tolerance import distance
from lstm_migrate.verification.transmission import hands_on

WELL_ABOVE = 2.0**-24 * 256  # relative to the size of the layer's outputs: far from float32 rounding

# Arrays that no output depends on, whatever they hold: to miss them is no weakness of the check.
WITHOUT_EFFECT = {
    ("MultiHeadAttention", "key/bias"): "adds the same to every key's score, which softmax cancels",
    ("BatchNormalization", "moving_stddev"): "corrects batches in training",
    ("Normalization", "count"): "says how many batches it was adapted to",
    ("BatchNormalization", "renorm_mean"): "corrects batches in training",
    ("BatchNormalization", "renorm_stddev"): "corrects batches in training",
    ("SpectralNormalization", "vector_u"): "is an estimate that training goes on with",
}


@dataclass
class Watched:
    """A layer's call as it happened in a probe."""

    scope: Scope
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    right: list[Array] | None = None

    def outputs(self, weights: Mapping[WeightKey, Array]) -> list[Array]:
        """The layer's outputs with these weights, from its first state on."""
        return self._run(weights, self.args, self.kwargs)

    def hands_on(self, weights: Mapping[WeightKey, Array]) -> bool:
        """Whether the layer's outputs depend on its inputs."""
        right = self.right if self.right is not None else self.outputs(weights)
        return hands_on(
            self.scope, self.args, self.kwargs, right, lambda args, kwargs: self._run(weights, args, kwargs)
        )

    def _run(
        self, weights: Mapping[WeightKey, Array], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> list[Array]:
        scope = replace(self.scope, weights=weights, states={})
        return [item.value for item in leaves(scope.call(*args, **kwargs))]


def check_power(subject: Subject) -> Check:
    """The check; its detail names the steps whose absence nobody would see."""
    try:
        watched = _watch(subject)
    except NoReference as gap:
        return Check("power", "unproven", "a part of the model has no reference", {}, (str(gap),))
    except ShapeTooSmall as error:
        return Check("power", "inconclusive", f"no probe fits the model: {error}", {})
    kinds = {path: layer.kind for path, layer in subject.target.graph.walk()}
    unseen, seen, idle, smallest = [], 0, 0, float("inf")
    for key, what, wrong in _all_mistakes(subject):
        if not wrong or (kinds.get(key.path), key.role) in WITHOUT_EFFECT:
            idle += 1
            continue
        jump = _largest_jump(_calls_of(key.path, watched), key, wrong, subject)
        if jump > WELL_ABOVE:
            seen, smallest = seen + 1, min(smallest, jump)
        else:
            unseen.append(f"{key}: {what}")
    unseen += _hidden(watched, subject)
    measured = {"steps_seen": seen, "idle": idle, "smallest_jump": smallest if seen else 0.0}
    if unseen:
        return Check(
            "power",
            "inconclusive",
            f"{len(unseen)} of {seen + len(unseen)} mistakes would not be seen: {'; '.join(unseen[:4])}",
            {**measured, "unseen": unseen},
        )
    return Check(
        "power",
        "verified",
        f"each of {seen} steps, left out, would be seen (smallest error {smallest if seen else 0:.1e} of a "
        f"layer's output; {idle} do nothing in this file)",
        measured,
    )


def _watch(subject: Subject) -> dict[LayerPath, list[Watched]]:
    found: dict[LayerPath, list[Watched]] = {}

    def keep(scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        found.setdefault(scope.path, []).append(Watched(scope, args, kwargs))

    def run(inputs: list[Array]) -> None:
        found.clear()
        target = subject.target
        evaluate(target.graph, target.weights, inputs, semantics=target.semantics, watch=keep)

    next(iter(probes(subject.target.graph, run)))
    return found


def _hidden(watched: Mapping[LayerPath, list[Watched]], subject: Subject) -> list[str]:
    """Layers that hand nothing on, where a layer with arrays comes before them."""
    made = {key.path[:length] for key in subject.target.weights for length in range(1, len(key.path) + 1)}
    found, before = [], False
    for path, calls in watched.items():
        if calls[0].scope.layer.graph is not None:
            continue
        if before and not any(call.hands_on(subject.target.weights) for call in calls):
            found.append(f"what comes before {'/'.join(path)}: its outputs do not depend on it")
        before = before or path in made
    return found


def _calls_of(path: LayerPath, watched: Mapping[LayerPath, list[Watched]]) -> list[Watched]:
    """The calls of the innermost watched layer that holds `path`."""
    for length in range(len(path), 0, -1):
        if path[:length] in watched:
            return watched[path[:length]]
    return []


def _all_mistakes(subject: Subject) -> Iterator[tuple[WeightKey, str, list[Array]]]:
    """(variable, what was forgotten, the arrays that it may leave), over all recipes.

    Variables that no recipe makes, in a file that somebody else made, are left out as a whole.
    """
    planned = [recipe for recipe in subject.recipes if subject.made(recipe)]
    for recipe in planned:
        for what, wrong in _mistakes(recipe, subject):
            yield recipe.target, what, wrong
    for key in subject.target.weights.keys() - {recipe.target for recipe in planned}:
        value = subject.target.weights[key]
        yield key, "the array is not there", [_nothing(value)] if value.any() else []


def _mistakes(recipe: Recipe, subject: Subject) -> Iterator[tuple[str, list[Array]]]:
    """(what was forgotten, the arrays that it may leave), or none if nothing changes."""
    right = subject.target.weights[recipe.target]
    if not recipe.steps:
        yield "the array is not copied", [_nothing(right)] if right.any() else []
        return
    values = [np.asarray(subject.read(name)) for name in recipe.tensors]
    # What was rounded on its way to the source and back is no mistake.
    made = recipe.run(subject.read) if subject.returned else right
    # New units that repeat old ones can stand in the place of those, which is no mistake. So of a resizing
    # it counts, too, that the values are poured into the new shape as they are.
    forgetting = [_omitted, _poured] if subject.resized else [_omitted]
    for left_out in recipe.steps:
        wrong: list[Array] = []
        for forget in forgetting:

            def move(step: Any, value: Array, left_out: Any = left_out, forget: Any = forget) -> Array:
                return np.asarray(forget(step, value) if step is left_out else step.apply(value))

            one = recipe.follow(values, move).astype(right.dtype)
            if one.shape != made.shape or not np.array_equal(one, made):
                wrong.append(np.resize(one, right.shape))
        yield str(left_out), wrong


def _omitted(step: Any, value: Array) -> Array:
    return np.asarray(step.omitted(value))


def _poured(step: Any, value: Array) -> Array:
    return np.resize(value, step.shape)


def _nothing(like: Array) -> Array:
    # Not zeros_like, which writes to memory that need not be there.
    return np.zeros(like.shape, like.dtype)


def _largest_jump(
    calls: Iterable[Watched], key: WeightKey, wrong: Iterable[Array], subject: Subject
) -> float:
    """The largest error, of the first of the wrong arrays with which it would be seen."""
    largest = 0.0
    for array in wrong:
        largest = max([largest, *(_jump(call, key, array, subject) for call in calls)])
        if largest > WELL_ABOVE:
            break
    return largest


def _jump(call: Watched, key: WeightKey, wrong: Array, subject: Subject) -> float:
    """The relative error of the layer's outputs with the wrong array."""
    if call.right is None:
        call.right = call.outputs(subject.target.weights)
    right = call.right
    scale = max([1e-30, *(float(np.abs(value).max(initial=0.0)) for value in right)])
    with np.errstate(all="ignore"):
        outputs = call.outputs(_Replaced(subject.target.weights, key, wrong))
    gap = distance(right, outputs)
    return gap / scale


class _Replaced(Mapping[WeightKey, Array]):
    """The weights with one array exchanged."""

    def __init__(self, weights: Mapping[WeightKey, Array], key: WeightKey, value: Array) -> None:
        self._weights, self._key, self._value = weights, key, value

    def __getitem__(self, key: WeightKey) -> Array:
        return self._value if key == self._key else self._weights[key]

    def __contains__(self, key: object) -> bool:
        return key in self._weights

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)
