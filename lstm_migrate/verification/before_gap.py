"""Before the gap: what can still be compared of a model of which a part has no reference.

Both models are computed in NumPy as far as they go; what the layers before the gap put out must agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lstm_migrate.graph import LayerPath
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.verification.probes import probes
from lstm_migrate.verification.subject import Model, Subject
from lstm_migrate.verification.tolerance import derive, distance, last_place, run_precision

Outputs = Mapping[tuple[LayerPath, int, int], list[Array]]
"""What each call of each layer put out, by layer, call, and how often that call had run before."""


@dataclass(frozen=True)
class Before:
    """The layers whose outputs were compared, and the first of them that differs ("" if none does)."""

    layers: tuple[str, ...]
    differs: str = ""
    by: float = 0.0


def before_gap(subject: Subject) -> Before:
    """The comparison over all probes."""
    source, target = subject.source, subject.target
    ulp = last_place([layer.dtype for _, layer in source.graph.walk()])
    bitwise = all(recipe.effect == "bitwise" for recipe in subject.recipes)
    agreed: dict[str, None] = {}
    for inputs, exact in probes(source.graph, lambda given: reached(source, given)):
        rounded, found = reached(source, inputs, precisions=run_precision), reached(target, inputs)
        for (path, call, again), values in exact.items():
            other = found.get((subject.moved.get(path, path), call, again))
            near = rounded.get((path, call, again))
            if other is None or near is None:
                continue
            gap = distance(values, other)
            if gap > derive(values, near, ulp, bitwise=bitwise).pair:
                return Before(tuple(agreed), "/".join(path), gap)
            agreed["/".join(path)] = None
    return Before(tuple(agreed))


def reached(model: Model, inputs: list[Array], **options: Any) -> Outputs:
    """What the model's layers put out until one of them has no reference."""
    outputs: dict[tuple[LayerPath, int, int], list[Array]] = {}
    counts: Counter[tuple[LayerPath, int]] = Counter()

    def keep(path: LayerPath, call: int, values: list[Array]) -> None:
        outputs[path, call, counts[path, call]] = values
        counts[path, call] += 1

    with suppress(NoReference):
        evaluate(model.graph, model.weights, inputs, semantics=model.semantics, tap=keep, **options)
    return outputs
