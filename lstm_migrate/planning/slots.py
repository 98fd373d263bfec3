"""Slots: the arrays that a layer must have, in the order in which its source writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.mapping.vocabulary import Vocabulary, holds


@dataclass(frozen=True)
class Slot:
    """One array that a layer must have.

    `names`: what a tensor name may call the layers on the way to it, outermost first. `trained`: it
    stands among the trainable weights. `axes`/`sizes`: its shape as far as the config tells; None
    where nothing is declared; `others`: further ways in which it may lie. `called`: what the file calls
    it behind its layer's name, if that is not its role; `declared`: a mapping file says so.
    """

    key: WeightKey
    names: tuple[frozenset[str], ...]
    trained: bool
    axes: Axes | None = None
    sizes: Mapping[str, int] | None = None
    called: str = ""
    others: tuple[Axes, ...] = ()
    declared: bool = False

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape can be it."""
        if self.axes is None:
            return True
        return first_fit((self.axes, *self.others), shape, self.sizes or {}) is not None

    def title(self) -> str:
        """The slot for messages, with what the file must call it if a mapping file says so."""
        return f"{self.key} called {self.called}" if self.declared else str(self.key)

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
        yield name, slots_of(layer, vocabulary, name)


def slots_of(layer: Layer, vocabulary: Vocabulary, name: str = "") -> list[Slot]:
    """The slots of one top-level layer in file order."""
    name = name or layer.name
    slots = list(_slots(layer, (name,), (frozenset({name}),), True, vocabulary))
    return [slot for slot in slots if slot.trained] + [slot for slot in slots if not slot.trained]


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
    ways, sizes = shapes(layer, vocabulary)
    declared = vocabulary.document.classes.get(layer.kind)
    called = dict(declared.names) if declared else {}
    if layer.storage is not None:
        called = {role: array.name for role, array in layer.storage.arrays.items()}
    for role in _apart(layer, roles(layer, vocabulary), vocabulary, ways, called):
        learns = trained and role not in vocabulary.document.never_trained
        axes, *others = ways.get(role, (None,))
        own, name = _own_sizes(layer, role, sizes, vocabulary), called.get(role, "")
        said = layer.storage is not None and name not in ("", role)
        yield Slot(WeightKey(path, role), names, learns, axes, own, name, tuple(others), said)


def _own_sizes(
    layer: Layer, role: str, sizes: Mapping[str, int], vocabulary: Vocabulary
) -> Mapping[str, int]:
    """The sizes with the number of gates that an array of some gates holds."""
    cell = vocabulary.cell(layer) if layer.storage is not None else None
    tensor = cell[0].tensors.get(role) if cell is not None else None
    return sizes if cell is None or tensor is None else cell[0].sizes_of(tensor, sizes)


def _apart(
    layer: Layer,
    held: list[str],
    vocabulary: Vocabulary,
    ways: dict[str, tuple[Axes, ...]],
    called: dict[str, str],
) -> list[str]:
    """The roles with those stored gate by gate as one a gate: a gate's arrays stand together."""
    cell = vocabulary.cell(layer)
    apart = [] if cell is None else [role for role in held if cell[0].tensors[role].each_gate]
    if cell is None or not apart:
        return held
    layout = cell[0]
    letters = vocabulary.letters(layer)
    found = []
    for gate in layout.gates.gates:
        for role in apart:
            tensor, name = layout.tensors[role], gate_role(role, gate)
            if tensor.gates and gate not in tensor.gates:
                continue
            ways[name] = (tensor.axes,)
            called[name] = tensor.name.replace("{gate}", letters.get(gate, gate))
            found.append(name)
    return [*found, *(role for role in held if role not in apart)]


def gate_role(role: str, gate: str) -> str:
    """The role of one gate's array where each gate has its own: "kernel_i"."""
    return f"{role}_{gate}"


def gate_roles(layout: Layout, role: str) -> list[str]:
    """The roles of the arrays that hold `role`: itself, or one for each gate in the layout's order."""
    if not layout.tensors[role].each_gate:
        return [role]
    return [gate_role(role, gate) for gate in layout.tensors[role].gates or layout.gates.gates]


def roles(layer: Layer, vocabulary: Vocabulary) -> list[str]:
    """The roles of the arrays that this layer holds, given its config."""
    if layer.storage is not None:
        return list(layer.storage.arrays)
    found = vocabulary.document.classes.get(layer.kind)
    if found is None:
        return list(layer.arrays)
    kept = []
    for entry in found.weights:
        role, _, condition = entry.partition("?")
        if not condition or holds(condition, layer.config):
            kept.append(role)
    return kept


def shapes(layer: Layer, vocabulary: Vocabulary) -> tuple[dict[str, tuple[Axes, ...]], dict[str, int]]:
    """The ways in which each array of the layer may lie, and the sizes that its config tells."""
    declared = vocabulary.document.classes.get(layer.kind)
    cell = vocabulary.cell(layer)
    if cell is not None:
        layout, sizes = cell
        return {role: (tensor.axes,) for role, tensor in layout.tensors.items()}, layout.sizes(sizes)
    if declared is None:
        return {}, {}
    sizes = {
        symbol: value
        for symbol, key in declared.sizes.items()
        if isinstance(value := key if isinstance(key, int) else layer.config.get(key), int)
    }
    return stored_axes(layer, vocabulary), sizes


def stored_axes(layer: Layer, vocabulary: Vocabulary) -> dict[str, tuple[Axes, ...]]:
    """For each array of the layer the ways in which the file may have it, as far as they are declared."""
    if layer.storage is not None:
        arrays = layer.storage.arrays.items()
        return {role: (Axes.parse(array.axes),) for role, array in arrays if array.axes}
    declared = vocabulary.document.classes.get(layer.kind)
    if declared is None:
        return {}
    found: dict[str, str | list[str]] = {**declared.axes, **declared.stored}
    for condition, axes in declared.stored_when.items():
        if holds(condition, layer.config):
            found |= axes
    return {
        role: tuple(Axes.parse(text) for text in ([said] if isinstance(said, str) else said))
        for role, said in found.items()
    }


def first_fit(ways: tuple[Axes, ...], shape: tuple[int, ...], sizes: Mapping[str, int]) -> Axes | None:
    """The first of several ways in which an array of this shape can lie."""
    return next((axes for axes in ways if solve(axes, shape, sizes) is not None), None)
