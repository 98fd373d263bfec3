"""Sifting: combinations tried one after the other, in NumPy, on what was recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.computing import Computed
from lstm_migrate.diagnosis.reproducing import Reproduced
from lstm_migrate.diagnosis.variants import Combination, Variants
from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.graph import Activation, Graph
from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, Precision, ShapeTooSmall
from lstm_migrate.verification.recorded import Recording
from lstm_migrate.verification.tolerance import SINGLE, derive, distance, last_place
from lstm_migrate.weights import Weights

MOST_SECONDS = 60.0
SECONDS_BEYOND = 20.0  # after the first that fits: is it the only one?
ROWS = 3  # of the recorded batch; what fits them is held against all
FAR = 1e-2  # relative to the outputs: what is further off is no rounding

DOUBLE = Precision(np.float64)
Advance = Callable[[str, int, int], None]


def reproduced(model: Computed, opened: Checkpoint, recording: Recording, advance: Advance) -> Reproduced:
    """The combinations under which the model computes `recording`, for MOST_SECONDS at most."""
    return _Sieve(model, Weights(model.names, opened.read), recording, advance).run()


@dataclass
class _Sieve:
    model: Computed
    weights: Mapping[Any, Array]
    recording: Recording
    advance: Advance
    closest: float = float("inf")
    obstacle: str = ""
    computed: int = 0
    fitting: list[Combination] = field(default_factory=list)

    def run(self) -> Reproduced:
        variants = Variants(self.model)
        combinations = variants.likely_first()
        deadline = time.monotonic() + MOST_SECONDS
        tried = 0
        for tried, combination in enumerate(combinations, 1):
            self.advance("search", tried, len(combinations))
            found = list(self._fitting(variants, combination))
            self.fitting += found
            if found:
                deadline = min(deadline, time.monotonic() + SECONDS_BEYOND)
            if time.monotonic() > deadline:
                break
        many = len(variants.heads)
        return Reproduced(
            variants,
            tuple(self.fitting),
            tried * many,
            len(combinations) * many,
            self.closest,
            "" if self.computed else self.obstacle,
        )

    def _fitting(self, variants: Variants, combination: Combination) -> Iterator[Combination]:
        """The combination with each activation of the last layer under which it fits."""
        graph = variants.graph(combination)
        exact = self._outputs(graph, ROWS, DOUBLE)
        if exact is None:
            return
        for head in variants.heads:
            acting = variants.acting(head)
            few = self._near(exact, acting, ROWS) and self._rounding_alone(graph, exact, acting, ROWS)
            if few and (len(self.recording.inputs[0]) <= ROWS or self._fits_all(graph, acting)):
                yield variants.with_head(combination, head)

    def _fits_all(self, graph: Graph, acting: Activation | None) -> bool:
        exact = self._outputs(graph, None, DOUBLE)
        return exact is not None and self._rounding_alone(graph, exact, acting, None)

    def _near(self, exact: Sequence[Array], acting: Activation | None, rows: int | None) -> bool:
        """Whether the outputs are so near to what was recorded that rounding may explain it."""
        found, wanted = _acted(exact, acting), self._recorded(rows)
        shapes = [[item.shape for item in each] for each in (found, wanted)]
        if shapes[0] != shapes[1]:
            self.obstacle = self.obstacle or f"outputs of shape {shapes[0]}, recorded {shapes[1]}"
            return False
        self.computed += 1
        gap = distance(found, wanted)
        scale = max([1e-3, *(float(np.abs(item).max(initial=0.0)) for item in wanted)])
        if gap <= FAR * scale:
            return True
        self.closest = min(self.closest, gap)
        return False

    def _rounding_alone(
        self, graph: Graph, exact: Sequence[Array], acting: Activation | None, rows: int | None
    ) -> bool:
        rounded = self._outputs(graph, rows, SINGLE)
        if rounded is None:
            return False
        ulp = last_place([layer.dtype for _, layer in graph.walk()])
        found = _acted(exact, acting)
        gap = distance(found, self._recorded(rows))
        # The old system rounded too, as in the check of recorded outputs.
        if gap <= 2 * derive(found, _acted(rounded, acting), ulp, bitwise=False).keras:
            return True
        self.closest = min(self.closest, gap)
        return False

    def _recorded(self, rows: int | None) -> list[Array]:
        return [item[:rows] for item in self.recording.outputs]

    def _outputs(self, graph: Graph, rows: int | None, precision: Precision) -> list[Array] | None:
        inputs = [item[:rows] for item in self.recording.inputs]
        try:
            with np.errstate(all="ignore"):
                return evaluate(
                    graph, self.weights, inputs, semantics=self.model.semantics, precision=precision
                )
        except (NoReference, ShapeTooSmall, ValueError, IndexError, KeyError, LstmMigrateError) as error:
            self.obstacle = self.obstacle or str(error)[:160]
            return None


def _acted(outputs: Sequence[Array], acting: Activation | None) -> list[Array]:
    """The outputs of the last layer as it acts on them."""
    with np.errstate(all="ignore"):
        return [activate(acting, value) for value in outputs]
