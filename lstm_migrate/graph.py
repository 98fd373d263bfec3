"""The model as its source meant it: layers, what they are called on, and what comes out.

A Graph says nothing of files and nothing of Keras objects. Layer kinds and config keys are
Keras 3's words; their values keep the source's meaning, with the defaults of its era written out.
`architecture/` makes Graphs, `planning/` turns a source Graph into a target Graph, `targets/`
builds one in Keras, `reference/` computes one in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

LayerPath = tuple[str, ...]
"""Names from the outermost model down, e.g. ("backbone", "bidirectional_1", "forward_layer")."""


class WeightKey(NamedTuple):
    """Where an array belongs: a layer and the role it plays there (kernel, bias, gamma …)."""

    path: LayerPath
    role: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path)}.{self.role}"


class Ref(NamedTuple):
    """One output tensor: output number `output` of call number `call` of layer `layer`."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Activation:
    """An activation with its meaning, e.g. Activation("hard_sigmoid", {"slope": .2, "offset": .5}).

    The name alone is no meaning: Keras 2's hard_sigmoid is clip(0.2x + 0.5), Keras 3's clip(x/6 + 0.5).
    """

    function: str
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.parameters:
            return self.function
        inside = ", ".join(f"{name}={value:g}" for name, value in self.parameters.items())
        return f"{self.function}({inside})"


Change = Callable[[LayerPath, "Layer"], "Layer"]


@dataclass(frozen=True)
class StoredArray:
    """One array as a mapping file declares it.

    `name`: what the file calls it behind the layer's name, with "{gate}" in it if each gate has an array of
    its own (`each_gate`; `axes` is then one gate's). `axes`: an axis expression such as "(x + h) (gate u)".
    `gates`: those that it holds, in its order, if not all of the cell's. `poured`: inside each gate's block,
    values stand row-major in this order of symbols.
    """

    name: str
    axes: str
    gates: tuple[str, ...] = ()
    each_gate: bool = False
    poured: str = ""


@dataclass(frozen=True)
class Storage:
    """How a layer stores its arrays, and what its cell computes otherwise than Keras's, where a mapping file
    says so.

    `layout`: its name in the mapping file. `cell`: "lstm", "gru" or "simple_rnn", "" for other layers.
    `gates`: the order of gates in arrays that hold all of them; a coupled gate is not among them.
    `arrays`: by role; two biases in two arrays are "bias" (the input's) and "recurrent_bias".
    `forget_bias`: added to the forget gate's argument at run time. `update_gate`: "keeps" as in Keras,
    h' = z h + (1 − z) h̃, or "renews", h' = (1 − z) h + z h̃. `coupled`: the gate ("input" or "forget")
    that is 1 minus the other, or "". `at`: which position of the axes "layer" and "dir" is this layer's.
    """

    layout: str
    cell: str = ""
    gates: tuple[str, ...] = ()
    arrays: Mapping[str, StoredArray] = field(default_factory=dict)
    forget_bias: float = 0.0
    update_gate: str = "keeps"
    coupled: str = ""
    at: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """One layer.

    `kind`: Keras 3's class name where it has one ("LSTM", "Dense"), "CuDNNLSTM" and the like where
    not, "Model" for a nested model (then `graph` holds it).
    `config`: the constructor's arguments by Keras 3's names, in the source's meaning; activations are
    `Activation` values; name, trainable and dtype are not in it.
    `children`: wrapped layers by label: TimeDistributed {"layer"}; Bidirectional {"forward_layer",
    "backward_layer"}, both always there, the backward one with its own go_backwards; RNN {"cell"};
    StackedRNNCells {"0", "1", …}.
    `dtype`: a dtype policy: "float32", "float64", "mixed_float16", "mixed_bfloat16", …
    `arrays`: the roles of a custom layer's arrays, in the order of the file; others' are declared.
    `storage`: how its arrays lie where a mapping file says so; else as its source's era has them.
    """

    name: str
    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    children: Mapping[str, Layer] = field(default_factory=dict)
    graph: Graph | None = None
    trainable: bool = True
    dtype: str = "float32"
    arrays: tuple[str, ...] = ()
    storage: Storage | None = None

    def walk(self, path: LayerPath = ()) -> Iterator[tuple[LayerPath, Layer]]:
        """This layer and everything inside it, each with its path; a parent before its children."""
        here = (*path, self.name)
        yield here, self
        yield from self._inner(here)

    def changed(self, change: Change, path: LayerPath = ()) -> Layer:
        """The layer with `change(path, layer)` in the place of itself and of each one inside it."""
        children = {label: child.changed(change, (*path, label)) for label, child in self.children.items()}
        graph = None if self.graph is None else self.graph.changed(change, path)
        return change(path, replace(self, children=children, graph=graph))

    def _inner(self, here: LayerPath) -> Iterator[tuple[LayerPath, Layer]]:
        for label, child in self.children.items():
            yield (*here, label), child
            yield from child._inner((*here, label))
        if self.graph is not None:
            yield from self.graph.walk(here)


@dataclass(frozen=True)
class Call:
    """Layer `layer` called for the `index`-th time.

    `args` and `kwargs` hold nested lists, tuples and dicts whose leaves are Refs or plain constants.
    """

    layer: str
    index: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A model. `layers` by name, InputLayers among them (kind "InputLayer", config shape/dtype/batch).

    An InputLayer's config has "batch_shape": a tuple with None for unknown sizes, and its output is
    Ref(name, 0, 0) though no Call names it. `calls` are in an order in which each finds its inputs
    ready. `inputs` are names of InputLayers in the order of the model's inputs; `outputs` is a nested
    structure (list, tuple or dict) of Refs. `input_keys` are the names of a dict-fed model's inputs.
    `sequential` marks a plain chain, written back as keras.Sequential.
    """

    name: str
    layers: Mapping[str, Layer]
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    outputs: Any
    sequential: bool = False
    input_keys: tuple[str, ...] | None = None
    trainable: bool = True

    def walk(self, path: LayerPath = ()) -> Iterator[tuple[LayerPath, Layer]]:
        """Every layer at every depth with its path."""
        for layer in self.layers.values():
            yield from layer.walk(path)

    def changed(self, change: Change, path: LayerPath = ()) -> Graph:
        """The graph with `change(path, layer)` in the place of each layer, what is inside it first."""
        layers = {name: layer.changed(change, (*path, name)) for name, layer in self.layers.items()}
        return replace(self, layers=layers)


def leaves(structure: Any) -> Iterator[Any]:
    """The leaves of a nested list, tuple or dict; a dict's in the order of its sorted keys, as Keras does."""
    if isinstance(structure, Ref):
        yield structure
    elif isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from leaves(structure[key])
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from leaves(item)
    else:
        yield structure


def map_leaves(structure: Any, function: Any) -> Any:
    """The same nesting with `function` applied to every leaf."""
    if isinstance(structure, Ref):
        return function(structure)
    if isinstance(structure, Mapping):
        return {key: map_leaves(value, function) for key, value in structure.items()}
    if isinstance(structure, list):
        return [map_leaves(item, function) for item in structure]
    if isinstance(structure, tuple):
        return tuple(map_leaves(item, function) for item in structure)
    return function(structure)


def references(call: Call) -> Iterator[Ref]:
    """The tensors that a call reads."""
    for leaf in leaves([list(call.args), dict(call.kwargs)]):
        if isinstance(leaf, Ref):
            yield leaf
