"""Slots: the arrays that a layer must have, in the order in which its source writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.mapping.vocabulary import Vocabulary


@dataclass(frozen=True)
class Slot:
    """One array that a layer must have.

    `names`: what a tensor name may call the layers on the way to it, outermost first. `trained`: it
    stands among the trainable weights. `axes`/`sizes`: its shape as far as the config tells; None
    where nothing is declared.
    """

    key: WeightKey
    names: tuple[frozenset[str], ...]
    trained: bool
    axes: Axes | None = None
    sizes: Mapping[str, int] | None = None

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape can be it."""
        if self.axes is None:
            return True
        return solve(self.axes, shape, self.sizes or {}) is not None

    def expected(self) -> str:
        """The shape for messages, e.g. "(x, 16) as x (gate u)"."""
        if self.axes is None:
            return "any shape"
        sizes = dict(self.sizes or {})
        shown = []
        for axis in self.axes.items:
            one = Axes((axis,))
            shown.append(str(one.shape(sizes)[0]) if one.symbols <= sizes.keys() else str(axis))
        return f"({', '.join(shown)})" + (f" as {self.axes}" if self.axes.symbols - {"u", "x"} else "")


def slots_of_graph(graph: Graph, vocabulary: Vocabulary) -> Iterator[tuple[str, list[Slot]]]:
    """For each top-level layer, its slots in file order: trainable arrays first, then the others."""
    for name, layer in graph.layers.items():
        slots = list(_slots(layer, (name,), (frozenset({name}),), True, vocabulary))
        yield name, [slot for slot in slots if slot.trained] + [slot for slot in slots if not slot.trained]


def _slots(
    layer: Layer,
    path: LayerPath,
    names: tuple[frozenset[str], ...],
    trained: bool,
    vocabulary: Vocabulary,
) -> Iterator[Slot]:
    trained = trained and layer.trainable
    if layer.graph is not None:
        for name, inner in layer.graph.layers.items():
            yield from _slots(inner, (*path, name), (*names, frozenset({name})), trained, vocabulary)
        return
    yield from own_slots(layer, path, names, trained, vocabulary)
    for label, child in layer.children.items():
        # Bidirectional renames its layers; a cell's own name may or may not be part of the name.
        called = {child.name, f"forward_{child.name}", f"backward_{child.name}"}
        if label in ("forward_layer", "backward_layer"):
            called = {f"{label.removesuffix('_layer')}_{child.name}"}
        yield from _slots(child, (*path, label), (*names, frozenset(called)), trained, vocabulary)


def own_slots(
    layer: Layer,
    path: LayerPath,
    names: tuple[frozenset[str], ...],
    trained: bool,
    vocabulary: Vocabulary,
) -> Iterator[Slot]:
    """The arrays that the layer itself holds, without those of the layers inside it."""
    axes, sizes = _shapes(layer, vocabulary)
    for role in roles(layer, vocabulary):
        learns = trained and role not in vocabulary.document.never_trained
        yield Slot(WeightKey(path, role), names, learns, axes.get(role), sizes)


def roles(layer: Layer, vocabulary: Vocabulary) -> list[str]:
    """The roles of the arrays that this layer holds, given its config."""
    found = vocabulary.document.layers.get(layer.kind)
    if found is None:
        return []
    kept = []
    for entry in found.weights:
        role, _, condition = entry.partition("?")
        if not condition or _holds(condition, layer):
            kept.append(role)
    return kept


ON_UNLESS_SAID = frozenset({"use_bias", "scale", "center"})  # Keras's own defaults, in every version


def _holds(condition: str, layer: Layer) -> bool:
    """ "use_bias": the config value is truthy; "implementation=3": it equals the word."""
    key, equals, wanted = condition.partition("=")
    value = layer.config.get(key, True if key in ON_UNLESS_SAID else None)
    return str(value) == wanted if equals else bool(value)


def _shapes(layer: Layer, vocabulary: Vocabulary) -> tuple[dict[str, Axes], dict[str, int]]:
    declared = vocabulary.document.layers.get(layer.kind)
    cell = vocabulary.cell(layer)
    if cell is not None:
        layout, sizes = cell
        return {role: tensor.axes for role, tensor in layout.tensors.items()}, layout.sizes(sizes)
    if declared is None:
        return {}, {}
    sizes = {
        symbol: value
        for symbol, key in declared.sizes.items()
        if isinstance(value := layer.config.get(key), int)
    }
    return {role: Axes.parse(text) for role, text in declared.axes.items()}, sizes
