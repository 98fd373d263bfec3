"""Features along the graph: whether each kernel takes as many as what its layer is fed has.

Only the last axis is followed, through the layers of which this is plain; elsewhere it is unknown and
nothing is said. It tells a config and arrays that do not belong together before anything is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.architecture.layers import CELLS, SEQUENCES
from lstm_migrate.errors import Problem
from lstm_migrate.graph import Call, Graph, Layer, LayerPath, Ref, leaves
from lstm_migrate.layouts.axes import solve
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.slots import own_slots

Width = int | None

FED = {kind for kind in SEQUENCES if not kind.startswith("Conv")} | CELLS | {"Dense"}
PASSING = frozenset(
    "Activation ActivityRegularization AlphaDropout BatchNormalization Dropout ELU GaussianDropout"
    " GaussianNoise LayerNormalization LeakyReLU Masking PReLU ReLU RepeatVector Softmax SpatialDropout1D"
    " ThresholdedReLU".split()
)
ELEMENTWISE = frozenset("Add Average Maximum Minimum Multiply Subtract".split())


@dataclass
class Features:
    """Follows the features through one model and the models in it; `problems` is what does not fit."""

    context: Context
    problems: list[Problem] = field(default_factory=list)

    def follow(self, graph: Graph, path: LayerPath = ()) -> Mapping[Ref, Width]:
        """How many features each tensor of the model has, as far as its layers tell."""
        found: dict[Ref, Width] = {}
        for name, layer in graph.layers.items():
            if layer.kind == "InputLayer":
                found[Ref(name, 0, 0)] = _last(layer.config.get("batch_shape"))
        inside = {
            name: self._outputs(layer.graph, (*path, name))
            for name, layer in graph.layers.items()
            if layer.graph is not None
        }
        for call in graph.calls:
            made = inside.get(call.layer)
            if made is None:
                layer = graph.layers[call.layer]
                made = [self._called(layer, (*path, call.layer), call, found)]
            found |= {Ref(call.layer, call.index, number): width for number, width in enumerate(made)}
        return found

    def _outputs(self, graph: Graph, path: LayerPath) -> list[Width]:
        found = self.follow(graph, path)
        return [found.get(ref) for ref in leaves(graph.outputs)]

    def _called(self, layer: Layer, path: LayerPath, call: Call, known: Mapping[Ref, Width]) -> Width:
        if not call.args:
            return None
        fed = [known.get(leaf) if isinstance(leaf, Ref) else None for leaf in leaves(call.args[0])]
        if layer.kind in ELEMENTWISE:
            return _all_alike(fed)
        if layer.kind == "Concatenate":
            return _sum(fed) if layer.config.get("axis") == -1 else None
        return self._through(layer, path, fed[0] if len(fed) == 1 else None)

    def _through(self, layer: Layer, path: LayerPath, fed: Width) -> Width:
        """The features that come out of a layer fed with so many."""
        if layer.kind in PASSING:
            return fed
        if layer.kind in WRAPPERS:
            return WRAPPERS[layer.kind](self, layer, path, fed)
        if layer.kind in FED:
            self._check(layer, path, fed)
            return _number(layer.config.get("units"))
        return _number(layer.config.get("output_dim")) if layer.kind == "Embedding" else None

    def _in_a_row(self, layer: Layer, path: LayerPath, fed: Width) -> Width:
        for label, child in layer.children.items():
            fed = None if child.graph is not None else self._through(child, (*path, label), fed)
        return fed

    def _both_ways(self, layer: Layer, path: LayerPath, fed: Width) -> Width:
        both = [self._through(child, (*path, label), fed) for label, child in layer.children.items()]
        merge = layer.config.get("merge_mode", "concat")
        return None if merge is None else _sum(both) if merge == "concat" else _all_alike(both)

    def _check(self, layer: Layer, path: LayerPath, fed: Width) -> None:
        for slot in own_slots(layer, path, (), True, self.context.source):
            if fed is None or slot.key not in self.context.bound or slot.axes is None:
                continue
            shape = self.context.info(slot.key).shape
            takes = (solve(slot.axes, shape, slot.sizes or {}) or {}).get("x")
            if "x" in slot.axes.symbols and takes not in (None, fed):
                self.problems.append(
                    Problem(
                        f"{self.context.bound[slot.key]!r} is for other inputs than this layer has",
                        f"{'/'.join(path)}: {slot.key.role}",
                        found=f"{shape}: {takes} features",
                        expected=f"{fed} features, as the layer is fed",
                        hint="Do the config and the weights belong together?",
                    )
                )


# How a layer that holds others hands its features on.
WRAPPERS: Mapping[str, Callable[[Features, Layer, LayerPath, Width], Width]] = {
    "Bidirectional": Features._both_ways,
    "RNN": Features._in_a_row,
    "StackedRNNCells": Features._in_a_row,
    "TimeDistributed": Features._in_a_row,
}


def _last(shape: Any) -> Width:
    return _number(shape[-1]) if shape else None


def _number(value: Any) -> Width:
    return value if type(value) is int else None


def _all_alike(widths: Iterable[Width]) -> Width:
    distinct = set(widths)
    return distinct.pop() if len(distinct) == 1 else None


def _sum(widths: Iterable[Width]) -> Width:
    known = list(widths)
    return None if None in known else sum(width for width in known if width is not None)
