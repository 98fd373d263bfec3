"""Part: one layer of either side of a diagnosis, with its arrays, its sizes and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lstm_migrate.custom import is_custom
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.slots import Slot, own_slots

# Kinds that compute alike, by the one that people know.
FAMILIES = {
    **dict.fromkeys(("LSTMCell", "CuDNNLSTM"), "LSTM"),
    **dict.fromkeys(("GRUCell", "CuDNNGRU"), "GRU"),
    "SimpleRNNCell": "SimpleRNN",
}
CELLS = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
WITH_FILTERS = frozenset({"Conv1D", "Conv2D", "Conv3D", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
MADE_BY_LAYOUT = ("gate", "set", "h", "one", "dir", "layer")  # sizes that nobody chose
WRAPPERS = frozenset({"Bidirectional", "TimeDistributed", "RNN", "StackedRNNCells"})

COUNTED = re.compile(r"(.*?)(?:_(\d+))?$")

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Held:
    """One array: what the file calls it ("" in a model without arrays), its role, its shape as far as it is
    known; None where nobody declares one."""

    role: str
    shape: Shape | None
    name: str = ""
    dtype: str = ""


@dataclass(frozen=True)
class Core:
    """A layer that holds arrays of its own; `label`: where it is in its wrapper ("forward_layer").

    `layout`: how its arrays lie, "" if it is no cell. `sizes`: by symbol, u units, x inputs, n rows, k0 …
    """

    label: str
    layer: Layer
    layout: str
    arrays: tuple[Held, ...]
    sizes: Mapping[str, int]

    @property
    def family(self) -> str:
        return FAMILIES.get(self.layer.kind, self.layer.kind)

    def array(self, role: str) -> Held | None:
        """The array in a role, if there is one."""
        return next((held for held in self.arrays if held.role == role), None)


@dataclass(frozen=True)
class Entry:
    """A rule of a mapping file for the layer: what it is called there, what must be said of it anyway, and
    what stands behind the name of the model's layer (a direction)."""

    called: str
    facts: Mapping[str, Any]
    behind: str = ""


@dataclass(frozen=True)
class Part:
    """One layer of a model or of a file of weights, wrappers with what they wrap.

    `layer` is None where the arrays tell no kind. `stated`: its config is known, not only what its arrays
    tell. `group`: what the file calls its arrays' group; `store`: its path in Keras's weight stores;
    `entries`: its rules, where the file knows no layers.
    """

    path: LayerPath
    layer: Layer | None
    cores: tuple[Core, ...]
    arrays: tuple[Held, ...]
    stated: bool = True
    group: str = ""
    store: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        return "/".join(self.path)

    @property
    def wrapper(self) -> str:
        """What changes the arrays or the outputs around the cores; RNN and TimeDistributed do not."""
        return "Bidirectional" if self.layer is not None and self.layer.kind == "Bidirectional" else ""

    @cached_property
    def families(self) -> tuple[str, ...]:
        return tuple(core.family for core in self.cores)

    @property
    def kind(self) -> str:
        """ "Bidirectional(LSTM)", "Dense" … for people."""
        if self.layer is None:
            return "unknown"
        return kind_of(self.layer)

    def described(self) -> str:
        """Kind and sizes: "LSTM, 128 units"."""
        size = next((core.sizes["u"] for core in self.cores if "u" in core.sizes), None)
        if size is None:
            return self.kind
        word = word_for_units(self.cores[0])
        return f"{self.kind}, {size} {word if size != 1 else word[:-1]}"


def word_for_units(core: Core) -> str:
    """What people call the outputs of such a layer."""
    if core.family in WITH_FILTERS:
        return "filters"
    return "features" if core.family == "Embedding" else "units"


def kind_of(layer: Layer) -> str:
    """The kind with what is wrapped: "Bidirectional(LSTM)"."""
    inner = [child for label, child in layer.children.items() if label != "backward_layer"]
    if is_custom(layer.kind):
        return layer.kind.rpartition(":")[2]
    if not inner:
        return layer.kind
    return f"{layer.kind}({', '.join(map(kind_of, inner))})"


def layers_of(graph: Graph, path: LayerPath = ()) -> Iterator[tuple[LayerPath, Layer]]:
    """The layers of a model and of the models in it, in their order; inputs left out."""
    for layer in graph.layers.values():
        if layer.kind == "InputLayer":
            continue
        if layer.graph is not None:
            yield from layers_of(layer.graph, (*path, layer.name))
        else:
            yield (*path, layer.name), layer


def cores_of(
    path: LayerPath, layer: Layer, vocabulary: Vocabulary, held: Mapping[WeightKey, Held]
) -> tuple[Core, ...]:
    """The layers inside, or the layer itself, that compute; with those of their arrays that are `held`."""
    found = []
    for inner_path, inner in layer.walk(path[:-1]):
        if inner.kind in WRAPPERS or inner.graph is not None:
            continue
        slots = list(own_slots(inner, inner_path, (), True, vocabulary))
        arrays = tuple(held[slot.key] for slot in slots if slot.key in held)
        cell = vocabulary.cell(inner)
        layout = cell[0].name if cell is not None else ""
        found.append(
            Core("/".join(inner_path[len(path) :]), inner, layout, arrays, sizes_of(inner, slots, held))
        )
    return tuple(found)


def sizes_of(layer: Layer, slots: Sequence[Slot], held: Mapping[WeightKey, Held]) -> dict[str, int]:
    """What the config and the arrays tell of the layer's sizes."""
    sizes: dict[str, int] = {}
    for slot in slots:
        sizes = {**(slot.sizes or {}), **sizes}
    for slot in slots:
        known = _complete(held[slot.key].shape) if slot.key in held else None
        if known is None or slot.axes is None:
            continue
        ways = (solve(axes, known, sizes) for axes in (slot.axes, *slot.others))
        sizes = next((found for found in ways if found is not None), sizes)
    vectors = {held[slot.key].shape for slot in slots if slot.key in held and slot.axes is None}
    if not sizes and len(vectors) == 1 and (shape := _complete(vectors.pop())) and len(shape) == 1:
        sizes = {"c": shape[0]}  # of undeclared arrays: a number for each feature
    sizes = {**stated_sizes(layer), **sizes}
    return {symbol: size for symbol, size in sizes.items() if symbol not in MADE_BY_LAYOUT}


def stated_sizes(layer: Layer) -> dict[str, int]:
    """What the layer's arguments say of its sizes."""
    found = {}
    for key, symbol in (("units", "u"), ("filters", "u"), ("output_dim", "u"), ("input_dim", "n")):
        value = layer.config.get(key)
        if isinstance(value, int):
            found[symbol] = value
    window = layer.config.get("kernel_size")
    listed = window if isinstance(window, (list, tuple)) else [window]
    return {**found, **{f"k{axis}": size for axis, size in enumerate(listed) if isinstance(size, int)}}


def expected_shape(axes: Axes | None, sizes: Mapping[str, int]) -> Shape | None:
    """The shape of an array as far as its sizes are known."""
    if axes is None:
        return None
    found: list[int | None] = []
    for axis in axes.items:
        one = Axes((axis,))
        found.append(one.shape(sizes)[0] if one.symbols <= sizes.keys() else None)
    return tuple(found)


def counted(step: str) -> tuple[str, int]:
    """A step of a store's path: the class and its number."""
    match = COUNTED.match(step)
    return (match[1], int(match[2] or 0)) if match else (step, 0)


def store_order(at: str) -> list[tuple[str, int]]:
    """Sorts paths of weight stores, "lstm_2" before "lstm_10"."""
    return [counted(step) for step in at.split("/")]


def _complete(shape: Shape | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    known = tuple(size for size in shape if size is not None)
    return known if len(known) == len(shape) else None
