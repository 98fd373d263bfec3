"""Trials: chains of layers computed in NumPy one after the other, and held against a recording.

Chains that begin alike share the outputs of what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError, PlanError
from lstm_migrate.graph import Graph, Layer, WeightKey
from lstm_migrate.inference.assumptions import Inferred
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.make_plan import BINDERS
from lstm_migrate.reference.evaluate import import_forward_passes
from lstm_migrate.reference.scope import Array, NoReference, Precision, Scope, ShapeTooSmall, Tensor
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.verification.recorded import Recording
from lstm_migrate.verification.tolerance import SINGLE, derive, distance, last_place
from lstm_migrate.weights import Weights

ROWS = 4  # of the recorded batch; what fits them is held against all
PROBE_ROWS = 64  # on which chains that fit are told apart
KEPT_BYTES = 256 << 20  # outputs that chains may share
FAR = 1e-2  # relative to the outputs: what is further off is no rounding

DOUBLE = Precision(np.float64)


@dataclass(frozen=True)
class Trial:
    """What one combination gave: outputs of the recorded `shaped`, how far off, and whether that `fits`."""

    shaped: bool
    gap: float = float("inf")
    fits: bool = False


class Trials:
    """Runs chains on what was recorded. `obstacle`: why one of them could not be computed."""

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary, recording: Recording) -> None:
        import_forward_passes()
        self.checkpoint, self.vocabulary = checkpoint, vocabulary
        self.semantics = Semantics(**vocabulary.semantics(checkpoint.writer.backend, None)[0])
        self.inputs, self.outputs = recording.inputs[0], recording.outputs[0]
        self.obstacle = ""
        self._read: dict[str, Array] = {}
        self._weights: dict[str, Mapping[WeightKey, Array]] = {}
        self._kept: dict[Any, Tensor] = {}
        self._bytes = 0

    def run(self, inferred: Inferred) -> Trial:
        """The trial on a part of the recorded batch, and on all of it if that fits."""
        trial = self._held(inferred, self.inputs[:ROWS], self.outputs[:ROWS], "recorded")
        if trial.fits and len(self.inputs) > ROWS:
            return self._held(inferred, self.inputs, self.outputs, "")
        return trial

    def compute_the_same(self, one: Inferred, other: Inferred) -> bool:
        """Whether two chains that both fit give the same outputs on inputs of other kinds as well."""
        for inputs in self._probes(one.graph):
            first, second = (self._outputs(chain, inputs, DOUBLE, "") for chain in (one, other))
            rounded = self._outputs(one, inputs, SINGLE, "")
            if first is None or second is None or rounded is None:
                return False
            if distance([first], [second]) > self._allowed(one.graph, first, rounded):
                return False
        return True

    def _held(self, inferred: Inferred, inputs: Array, wanted: Array, batch: str) -> Trial:
        found = self._outputs(inferred, inputs, DOUBLE, batch)
        if found is None or found.shape != wanted.shape:
            return Trial(False)
        gap = distance([found], [wanted])
        if not gap <= FAR * max(1e-3, float(np.abs(wanted).max(initial=0.0))):
            return Trial(True, gap)
        rounded = self._outputs(inferred, inputs, SINGLE, "")
        fits = rounded is not None and gap <= self._allowed(inferred.graph, found, rounded)
        return Trial(True, gap, fits)

    def _allowed(self, graph: Graph, exact: Array, rounded: Array) -> float:
        policies = [layer.dtype for _, layer in graph.walk()]
        # The old system rounded too, as in the check of recorded outputs.
        return 2 * derive([exact], [rounded], last_place(policies), bitwise=False).keras

    def _outputs(self, inferred: Inferred, inputs: Array, precision: Precision, batch: str) -> Array | None:
        """The chain's outputs; None where its layers do not take what they are given."""
        weights = self._bound(inferred.graph)
        try:
            with np.errstate(all="ignore"):
                return self._chain(inferred.graph, weights, inputs, precision, batch)
        except (NoReference, ShapeTooSmall, ValueError, IndexError, LstmMigrateError) as error:
            self.obstacle = f"cannot be computed: {str(error)[:120]}"
            return None

    def _chain(
        self,
        graph: Graph,
        weights: Mapping[WeightKey, Array],
        inputs: Array,
        precision: Precision,
        batch: str,
    ) -> Array:
        tensor = Tensor(precision.cast(inputs))
        known: Any = batch
        for call in graph.calls:
            layer = graph.layers[call.layer]
            known = (known, repr(layer)) if batch else ""
            kept = self._kept.get(known) if batch else None
            if kept is None:
                kept = self._called(layer, weights, tensor, precision)
                self._keep(known, kept)
            tensor = kept
        return tensor.value

    def _called(
        self, layer: Layer, weights: Mapping[WeightKey, Array], tensor: Tensor, precision: Precision
    ) -> Tensor:
        scope = Scope(layer, (layer.name,), weights, self.semantics, precision, {}, _no_models)
        result = scope.call(tensor)
        if not isinstance(result, Tensor):
            raise PlanError(f"{layer.name} gives several outputs")
        return result

    def _keep(self, key: Any, tensor: Tensor) -> None:
        if not key:
            return
        if self._bytes > KEPT_BYTES:
            self._kept.clear()
            self._bytes = 0
        self._kept[key] = tensor
        self._bytes += tensor.value.nbytes + 200

    def _bound(self, graph: Graph) -> Mapping[WeightKey, Array]:
        kinds = repr([(path, layer.kind, layer.config.get("reset_after")) for path, layer in graph.walk()])
        if kinds not in self._weights:
            binder = BINDERS.get(self.checkpoint.format, bind)
            bound, _ = binder(graph, self.checkpoint, self.vocabulary)
            self._weights[kinds] = Weights(bound, self._tensor)
        return self._weights[kinds]

    def _tensor(self, name: str) -> Array:
        if name not in self._read:
            self._read[name] = self.checkpoint.read(name)
        return self._read[name]

    def _probes(self, graph: Graph) -> Iterator[Array]:
        """Inputs of other values than those recorded, also with steps that a mask would hide."""
        draw = np.random.default_rng(7)
        shape = (PROBE_ROWS, *self.inputs.shape[1:])
        words = [layer.config["input_dim"] for layer in graph.layers.values() if layer.kind == "Embedding"]
        scale = max(1e-3, float(np.std(self.inputs)))
        for stretch in (2, 32):
            if words:
                value = draw.integers(0, words[0], shape).astype(self.inputs.dtype)
            else:
                value = (stretch * scale * draw.standard_normal(shape)).astype(self.inputs.dtype)
            yield value
            hidden = value.copy()
            if len(shape) > 1:
                part = max(1, shape[1] // 3)
                hidden[::3, -part:] = _hidden(graph, 0)
                hidden[1::3, :part] = _hidden(graph, 0)
                hidden[2::3, part : 2 * part] = _hidden(graph, -1)
            yield hidden


def _hidden(graph: Graph, otherwise: float) -> float:
    masks = [layer.config["mask_value"] for layer in graph.layers.values() if layer.kind == "Masking"]
    words = any(layer.kind == "Embedding" for layer in graph.layers.values())
    return 0 if words else float(masks[0]) if masks and otherwise == 0 else otherwise


def _no_models(*_: Sequence[Any]) -> Any:
    raise PlanError("a chain holds no model")
