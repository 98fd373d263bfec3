"""Activities: what the layers of the full model see on given inputs, at every place where features are read.

The forward passes are the judge's own; what is fitted to them here is judged on them there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey, leaves
from lstm_migrate.layouts.steps import Array
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.masking import explicit_mask
from lstm_migrate.reference.scope import Scope, Tensor
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.followed import Read
from lstm_migrate.restriction import STATE, Silence

SAMPLES, BATCHES = 64, 32
"""So many sequences are computed at once, and so often; of more inputs some are left out evenly."""

NUMBERS = 1 << 24
"""Of one read at most so many numbers are kept: of longer ones every so-manieth row."""

Silences = Mapping[LayerPath, Sequence[Silence]]


@dataclass(frozen=True)
class Listener(Silence):
    """Silences nothing and notes what is seen."""

    seen: list[Array] = field(default_factory=list, compare=False)

    def __call__(self, value: Array) -> Array:
        # A cell is asked once a gate, with the same state.
        if not self.seen or self.seen[-1] is not value:
            self.seen.append(value)
        return value


@dataclass(frozen=True)
class Sight:
    """What was seen in a run: for each read its `rows`, (rows, features), and the model's `outputs`."""

    rows: list[Array]
    outputs: list[Array]


@dataclass(frozen=True)
class Laboratory:
    """A full model and inputs, in the order of the model's."""

    graph: Graph
    weights: Mapping[WeightKey, Array]
    semantics: Semantics
    inputs: Sequence[Array]

    def sight(self, reads: Sequence[Read], silences: Silences | None = None) -> Sight:
        """What reads get: a row for each sample, step and place, without steps that a mask hides.

        Under `silences` it is what the model would show, were they there; NoReference if a layer of the model
        has no forward pass.
        """
        rows: list[list[Array]] = [[] for _ in reads]
        outputs: list[list[Array]] = []
        batches = list(self._batches())
        for batch in batches:
            found, made = self._run(batch, reads, silences or {})
            outputs.append(made)
            for read, own, value in zip(reads, rows, found, strict=True):
                most = NUMBERS // (len(batches) * max(1, len(read.ids)))
                own.append(_thinned(value, max(1, most)))
        whole = [np.concatenate(parts) for parts in zip(*outputs, strict=True)]
        return Sight([np.concatenate(parts) for parts in rows], whole)

    def _batches(self) -> Iterator[list[Array]]:
        """The inputs in parts; a model that fixes the size of a batch gets whole ones."""
        shapes = [self.graph.layers[name].config.get("batch_shape") for name in self.graph.inputs]
        fixed = next((int(shape[0]) for shape in shapes if shape and shape[0]), None)
        total, size = len(self.inputs[0]), fixed or SAMPLES
        starts = range(0, total - size + 1, size) if fixed and total >= size else range(0, total, size)
        for start in starts[:: -(-len(starts) // BATCHES)]:
            yield [value[start : start + size] for value in self.inputs]

    def _run(
        self, inputs: Sequence[Array], reads: Sequence[Read], silences: Silences
    ) -> tuple[list[Array], list[Array]]:
        listeners = [Listener(read.argument, read.axis, (), ()) for read in reads]
        calls: dict[LayerPath, list[Masks]] = {}

        def watch(scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
            calls.setdefault(scope.path, []).append(_masks(args, kwargs))

        there: dict[LayerPath, list[Silence]] = {}
        for read, listener in zip(reads, listeners, strict=True):
            there.setdefault(read.path, []).append(listener)
        for path, own in silences.items():
            # Behind the listeners, who hear what is silenced as well.
            there.setdefault(path, []).extend(own)
        outputs = evaluate(
            self.graph, self.weights, inputs, semantics=self.semantics, watch=watch, silences=there
        )
        rows = [
            self._rows(read, listener.seen, self._around(read.path, calls))
            for read, listener in zip(reads, listeners, strict=True)
        ]
        return rows, outputs

    def _around(self, path: LayerPath, calls: Mapping[LayerPath, list[Masks]]) -> list[Masks]:
        """The calls of a layer, or of the one that it is inside of."""
        return next((calls[path[:n]] for n in range(len(path), 0, -1) if path[:n] in calls), [])

    def _rows(self, read: Read, seen: Sequence[Array], calls: Sequence[Masks]) -> Array:
        paths = [read.path[:n] for n in range(1, len(read.path) + 1)]
        around = [self._layers[path] for path in paths if path in self._layers]
        if read.argument == STATE or around[-1].kind.endswith("Cell"):
            return _of_steps(seen, calls, any(layer.config.get("go_backwards") for layer in around))
        return _of_tensors(read, seen, calls)

    @cached_property
    def _layers(self) -> dict[LayerPath, Layer]:
        return dict(self.graph.walk())


Masks = list[Array | None]
"""The masks of the tensors of one call, by their numbers."""


def _masks(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Masks:
    named = {key: value for key, value in kwargs.items() if not (key == "mask" or key.endswith("_mask"))}
    tensors = [leaf for leaf in leaves([list(args), named]) if isinstance(leaf, Tensor)]
    found = [tensor.mask for tensor in tensors]
    if tensors and kwargs.get("mask") is not None:
        found[0] = explicit_mask(kwargs["mask"], tensors[0])
    return found


def _of_tensors(read: Read, seen: Sequence[Array], calls: Sequence[Masks]) -> Array:
    """The rows of whole tensors, one a call."""
    found = []
    for number, value in enumerate(seen):
        masks = calls[number] if len(calls) == len(seen) else []
        mask = masks[read.argument] if read.argument < len(masks) else None
        axis = read.axis % value.ndim
        if mask is not None and mask.size == len(value):
            mask = mask.reshape(-1)  # steps as one large batch
        if mask is not None and mask.ndim <= axis and mask.shape == value.shape[: mask.ndim]:
            value, axis = value[mask.astype(bool)], axis - mask.ndim + 1
        found.append(np.moveaxis(value, axis, -1).reshape(-1, value.shape[axis]))
    return np.concatenate(found)


def _of_steps(seen: Sequence[Array], calls: Sequence[Masks], backwards: bool) -> Array:
    """The rows of what a cell hears step by step, of one sequence after the other."""
    found = []
    each = len(seen) // max(1, len(calls))
    for number, value in enumerate(seen):
        masks = calls[number // each] if calls and len(seen) == each * len(calls) else []
        mask = masks[0] if masks else None
        if mask is not None and mask.ndim == 2 and len(mask) == len(value) and each % mask.shape[1] == 0:
            step = number % each // (each // mask.shape[1])
            value = value[mask[:, -1 - step if backwards else step].astype(bool)]
        found.append(value.reshape(-1, value.shape[-1]))
    return np.concatenate(found)


def _thinned(rows: Array, most: int) -> Array:
    """At most so many rows, from the whole length."""
    return rows[:: -(-len(rows) // most)] if len(rows) > most else rows
