"""Stored sizes: how many units, rows and inputs the arrays have, where a rule says what they are to become.

The architecture of such layers may be that of the new model, given beside the old arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.graph import Graph, Layer, LayerPath, Ref, WeightKey, leaves
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.mapping.rule_grammar import UNITS
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.make_plan import BINDERS
from lstm_migrate.planning.packing import as_packed
from lstm_migrate.planning.sizes import Sized, Sizes
from lstm_migrate.planning.slots import gate_roles, own_slots

HAND_ON = frozenset(
    "Activation ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity Masking "
    "SpatialDropout1D".split()
)
"""Layers behind which a tensor has the features that it had before."""

Bound = Mapping[WeightKey, str]


def sizes_as_stored(
    graph: Graph, sized: Sized, checkpoint: Checkpoint, vocabulary: Vocabulary, bound: Bound | None
) -> Graph:
    """The graph with the sizes that the arrays have, where rules change them."""
    free = graph.changed(lambda path, layer: _freed(layer, _keys(path, layer, sized)))
    inputs = [path for path, said in sized.items() if said.inputs is not None or said.features is not None]
    if free == graph and not inputs:
        return graph
    if bound is None:
        free, _ = as_packed(free, checkpoint, vocabulary)
        bound, _ = BINDERS.get(checkpoint.format, bind)(free, checkpoint, vocabulary)
    stored = _Stored(free, bound, checkpoint.tensors, vocabulary)

    def sized_again(path: LayerPath, layer: Layer) -> Layer:
        keys = _keys(path, layer, sized)
        told = stored.sizes(path) if keys else {}
        known = {key: told.get(symbol, layer.config[key]) for key, symbol in keys.items()}
        return replace(layer, config={**layer.config, **known}) if known else layer

    widths = {name: width for path in inputs for name, width in stored.fed(path, sized[path])}
    return _fed(graph.changed(sized_again), widths)


def _keys(path: LayerPath, layer: Layer, sized: Sized) -> dict[str, str]:
    """Which numbers of its config a rule on the layer, or on one around it, changes, with their symbols."""
    found: dict[str, str] = {}
    for above, said in sized.items():
        if path[: len(above)] != above:
            continue
        tokens = said.vocabulary is not None
        if said.units is not None or (tokens and layer.kind == "Dense"):
            found |= {key: "u" for key in UNITS if key in layer.config}
        if (said.rows is not None or tokens) and "input_dim" in layer.config:
            found["input_dim"] = "n"
    return found


def _freed(layer: Layer, keys: Mapping[str, str]) -> Layer:
    if not keys:
        return layer
    return replace(layer, config={key: value for key, value in layer.config.items() if key not in keys})


def _fed(graph: Graph, widths: Mapping[str, int]) -> Graph:
    """The graph whose inputs have so many features."""
    layers = {
        name: replace(layer, config={**layer.config, "batch_shape": (*shape[:-1], widths[name])})
        for name, layer in graph.layers.items()
        if name in widths and (shape := layer.config.get("batch_shape"))
    }
    return replace(graph, layers={**graph.layers, **layers}) if layers else graph


@dataclass(frozen=True)
class _Stored:
    """The arrays of a model whose config does not say all sizes."""

    graph: Graph
    bound: Bound
    tensors: Mapping[str, TensorInfo]
    vocabulary: Vocabulary

    @cached_property
    def _layers(self) -> dict[LayerPath, Layer]:
        return dict(self.graph.walk())

    def sizes(self, path: LayerPath) -> dict[str, int]:
        """What a layer's arrays tell, by symbol."""
        layer = self._layers[path]
        cell = self.vocabulary.cell(layer)
        found: dict[str, int] = {}
        for slot in own_slots(layer, path, (), True, self.vocabulary):
            if slot.key not in self.bound or slot.axes is None:
                continue
            shape = self.tensors[self.bound[slot.key]].shape
            known = {**(slot.sizes or {}), **found}
            ways = (solve(axes, shape, known) for axes in (slot.axes, *slot.others))
            found = {**(next((way for way in ways if way is not None), {})), **found}
        units = None if cell is None else self._units_of(path, cell[0])
        return found if units is None else {**found, "u": units}

    def _units_of(self, path: LayerPath, layout: Layout) -> int | None:
        """A cell's units by the recurrent arrays, the only ones that have as many rows; None if these
        disagree."""
        found: set[int] = set()
        for role, tensor in layout.tensors.items():
            for name in gate_roles(layout, role):
                key = WeightKey(path, name)
                if "h" in tensor.axes.symbols and key in self.bound:
                    shape = self.tensors[self.bound[key]].shape
                    found |= set(_counted(tensor.axes, shape, layout.sizes_of(tensor, {})))
        return found.pop() if len(found) == 1 else None

    def fed(self, path: LayerPath, said: Sizes) -> Iterator[tuple[str, int]]:
        """The inputs of the model that a rule on a layer is about, with the features that the arrays take."""
        names = [path[0]] if path[0] in self.graph.inputs else self._inputs(path[0])
        wanted = said.inputs if said.features is None else len(said.features)
        for name in names:
            shape = self.graph.layers[name].config.get("batch_shape") or (None,)
            width = self._widths.get(name)
            # Only an architecture that has the new size already says another one than the arrays.
            if width is not None and shape[-1] == wanted:
                yield name, width

    @cached_property
    def _widths(self) -> dict[str, int]:
        """How many features the layers take that read an input."""
        found: dict[str, int] = {}
        for name, layer in self.graph.layers.items():
            width = self._read(layer)
            if width is not None:
                found |= {source: width for source in self._inputs(name) if source not in found}
        return found

    def _read(self, layer: Layer) -> int | None:
        for path, inner in layer.walk():
            width = self.sizes(path).get("x") if inner.graph is None else None
            if width is not None:
                return width
        return None

    def _inputs(self, name: str) -> list[str]:
        """The inputs whose features a layer takes as they are."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            here = waiting.pop()
            for call in (one for one in self.graph.calls if one.layer == here):
                for leaf in leaves(list(call.args[:1])):
                    if not isinstance(leaf, Ref):
                        continue
                    if leaf.layer in self.graph.inputs:
                        found[leaf.layer] = None
                    elif self.graph.layers[leaf.layer].kind in HAND_ON:
                        waiting.append(leaf.layer)
        return list(found)


def _counted(axes: Axes, shape: tuple[int, ...], known: Mapping[str, int]) -> Iterator[int]:
    """What each axis of an array by itself says of u, or of h."""
    for axis, size in zip(axes.items, shape, strict=False):
        one = Axes((axis,))
        solved = solve(one, (size,), known) if len(one.symbols - known.keys()) == 1 else None
        yield from (solved[symbol] for symbol in ("u", "h") if solved and symbol in one.symbols)
