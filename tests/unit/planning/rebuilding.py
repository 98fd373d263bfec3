"""A tiny source model and what the planning makes of it, both computed in NumPy: no file, no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_migrate.checkpoint import TensorInfo, Writer
from lstm_migrate.graph import Call, Graph, Layer, Ref, WeightKey, leaves
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.translate import Translator
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from lstm_migrate.reference.semantics import Semantics

Arrays = Mapping[Any, Array]
"""Values by path and role as one tuple, e.g. ("layer", "kernel")."""


def numbers(*shape: int, seed: int = 0) -> Array:
    """Normally distributed, the same ones each time."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def around(layer: Layer, *shapes: tuple[int | None, ...], **kwargs: Any) -> Graph:
    """A model of one layer called once, on inputs of these shapes (without the batch) or one of them."""
    inputs = [
        Layer(f"in_{place}", "InputLayer", {"batch_shape": (None, *shape), "dtype": "float32"})
        for place, shape in enumerate(shapes)
    ]
    refs = [Ref(item.name, 0, 0) for item in inputs]
    call = Call(layer.name, 0, (refs[0] if len(refs) == 1 else refs,), kwargs)
    table = {item.name: item for item in (*inputs, layer)}
    return Graph("model", table, (call,), tuple(item.name for item in inputs), Ref(layer.name, 0, 0))


@dataclass(frozen=True)
class Rebuilt:
    """Both models with their arrays, and what was said."""

    source: Graph
    target: Graph
    bound: Mapping[WeightKey, Array]
    made: Mapping[WeightKey, Array]
    semantics: Semantics
    notes: tuple[str, ...]

    def kinds(self) -> list[str]:
        """The target's layers in the order in which they are called."""
        return [self.target.layers[call.layer].kind for call in self.target.calls]

    def gap(self, *inputs: Array) -> float:
        """By how much the two models' outputs differ."""
        old = evaluate(self.source, self.bound, inputs, semantics=self.semantics)
        target = Semantics(**target_vocabulary().semantics()[0])
        new = evaluate(self.target, self.made, inputs, semantics=target)
        assert [value.shape for value in old] == [value.shape for value in new]
        return max(float(np.abs(one - other).max(initial=0)) for one, other in zip(old, new, strict=True))


def rebuilt(graph: Graph, arrays: Arrays, writer: Writer | None = None) -> Rebuilt:
    """The planning's answer for a model with these arrays, of TensorFlow 2.15 unless told otherwise."""
    writer = writer or Writer("tf.keras", "2.15.0", "tensorflow")
    words, target = source_vocabulary(writer), target_vocabulary()
    bound = {WeightKey(path[:-1], path[-1]): value for path, value in arrays.items()}
    named = {key: str(key) for key in bound}
    infos = {str(key): TensorInfo(str(key), value.shape, str(value.dtype)) for key, value in bound.items()}
    semantics = words.semantics(writer.backend)[0]
    context = Context(words, target, named, infos, writer.backend, semantics)
    translator = Translator(context)
    made = translator.graph(graph)
    by_name = {str(key): value for key, value in bound.items()}
    values = {item.target: item.run(by_name.__getitem__) for item in translator.assignments}
    notes = tuple(f"{note.where}: {note.text}" for note in translator.notes)
    return Rebuilt(_settled(graph), _settled(made), bound, values, Semantics(**semantics), notes)


def _settled(graph: Graph) -> Graph:
    """Outputs as a list, as evaluate gives them."""
    return replace(graph, outputs=list(leaves(graph.outputs)))
