"""evaluate(): a whole Graph on arrays, layer by layer, in the source's own semantics."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import lstm_migrate.reference
from lstm_migrate.graph import Call, Graph, Layer, LayerPath, Ref, WeightKey, leaves, map_leaves, references
from lstm_migrate.reference.keras_axes import in_keras_order
from lstm_migrate.reference.scope import Array, NoReference, Precision, Scope, Tensor, forward
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.reference.silencing import Silencing
from lstm_migrate.restriction import Silence

DOUBLE = Precision(np.float64)

Tap = Callable[[LayerPath, int, list[Array]], None]
Watch = Callable[[Scope, tuple[Any, ...], Mapping[str, Any]], None]
Precisions = Callable[[Layer], Precision]


def evaluate(
    graph: Graph,
    weights: Mapping[WeightKey, Array],
    inputs: Sequence[Array],
    *,
    semantics: Semantics,
    precision: Precision = DOUBLE,
    states: MutableMapping[LayerPath, list[Array]] | None = None,
    precisions: Precisions | None = None,
    tap: Tap | None = None,
    watch: Watch | None = None,
    silences: Mapping[LayerPath, Sequence[Silence]] | None = None,
) -> list[Array]:
    """The outputs of `graph`, flattened as `leaves(graph.outputs)` orders them.

    `inputs` stand in the order of `graph.inputs`; floats are cast to `precision`, integers stay.
    `states` carries what stateful layers remember from one evaluation to the next, by path.
    `precisions` gives a layer its own precision; `tap(path, call index, outputs)` sees every call,
    `watch(scope, args, kwargs)` what it was called with.
    `silences`: what the layers at these paths are not to see, as `silencing.py` counts it.
    Raises NoReference where a layer has no forward pass here.
    """
    import_forward_passes()
    kept = {} if states is None else states
    weights = in_keras_order(graph, weights, semantics)
    silencer = Silencing(silences) if silences else None
    run = _Run(weights, semantics, precision, kept, precisions, tap, watch, _names_batch(graph), silencer)
    tensors = [Tensor(precision.cast(np.asarray(value))) for value in inputs]
    outputs = run.graph(graph, (), tensors)
    return [tensor.value for tensor in leaves(outputs)]


@dataclass(frozen=True)
class _Run:
    """One evaluation: what every layer of every depth shares."""

    weights: Mapping[WeightKey, Array]
    semantics: Semantics
    precision: Precision
    states: MutableMapping[LayerPath, list[Array]]
    precisions: Precisions | None
    tap: Tap | None
    watch: Watch | None
    static_batch: bool
    silencer: Silencing | None

    def graph(self, graph: Graph, path: LayerPath, inputs: Sequence[Tensor]) -> Any:
        """Tensors nested like `graph.outputs`."""
        if len(inputs) != len(graph.inputs):
            raise NoReference(path, f"{len(inputs)} inputs for the {len(graph.inputs)} of {graph.name!r}")
        values = {Ref(name, 0, 0): tensor for name, tensor in zip(graph.inputs, inputs, strict=True)}
        wanted = Counter(ref for call in graph.calls for ref in references(call))
        wanted.update(leaf for leaf in leaves(graph.outputs) if isinstance(leaf, Ref))
        for call in graph.calls:
            for index, tensor in enumerate(self._call(graph, path, call, values)):
                values[Ref(call.layer, call.index, index)] = tensor
            for ref in references(call):
                wanted[ref] -= 1
                if not wanted[ref]:
                    values.pop(ref, None)
        return map_leaves(graph.outputs, values.__getitem__)

    def _call(self, graph: Graph, path: LayerPath, call: Call, values: Mapping[Ref, Tensor]) -> list[Tensor]:
        layer, here = graph.layers[call.layer], (*path, call.layer)
        precision = self.precisions(layer) if self.precisions else self.precision

        def value_of(leaf: Any) -> Any:
            if not isinstance(leaf, Ref):
                return leaf
            tensor = values[leaf]
            return Tensor(precision.cast(tensor.value), tensor.mask)

        scope = Scope(
            layer,
            here,
            self.weights,
            self.semantics,
            precision,
            self.states,
            self.graph,
            self.static_batch,
            self.silencer,
        )
        args = map_leaves(call.args, value_of)
        kwargs = map_leaves(dict(call.kwargs), value_of)
        if kwargs.pop("training", None) and not self.semantics.model_decides_training:
            _refuse_training(layer, here)
        args, kwargs = _settled(layer, args, kwargs)
        if self.watch is not None:
            self.watch(scope, args, kwargs)
        try:
            result = scope.call(*args, **kwargs)
        except NoReference as gap:
            # An activation does not know which layer asks for it.
            raise gap if gap.path else NoReference(here, gap.reason) from None
        outputs = list(leaves(result))
        if self.tap is not None:
            self.tap(here, call.index, [tensor.value for tensor in outputs])
        return outputs


ACTS_OTHERWISE_IN_TRAINING = ("Dropout", "Noise", "BatchNormalization", "Random")


# They are given the mask as an argument: beside an initial state, only a stated one counts in Keras 3.
READ_THEIR_MASK = frozenset(
    "Model LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional "
    "TimeDistributed".split()
)


def _refuse_training(layer: Layer, path: LayerPath) -> None:
    if any(_acts_otherwise(inner) for _, inner in layer.walk()):
        raise NoReference(path, "it is called with training=True, so its outputs are random")


def _acts_otherwise(layer: Layer) -> bool:
    """Whether a layer computes something else in training; recurrent and attention layers may drop out."""
    if any(word in layer.kind for word in ACTS_OTHERWISE_IN_TRAINING):
        return bool(layer.config.get("rate", True))
    return any(layer.config.get(key) for key in ("dropout", "recurrent_dropout"))


def _settled(layer: Layer, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The call with a `mask` that it states put on its tensors.

    Keras 3 writes the masks of functional models out as such arguments; a stated mask outranks the
    one that a tensor carries.
    """
    if kwargs.get("mask") is None or not args or layer.kind in READ_THEIR_MASK:
        return args, kwargs
    masks = kwargs.pop("mask")
    if isinstance(args[0], (list, tuple)):
        given = list(masks) if isinstance(masks, (list, tuple)) else [masks]
        given += [None] * (len(args[0]) - len(given))
        first: Any = [_masked(tensor, mask) for tensor, mask in zip(args[0], given, strict=True)]
    else:
        first = _masked(args[0], masks)
    return (first, *args[1:]), kwargs


def _masked(tensor: Tensor, mask: Any) -> Tensor:
    return tensor if mask is None else Tensor(tensor.value, mask.value if isinstance(mask, Tensor) else mask)


@forward("Model")
def nested_model(scope: Scope, inputs: Any, *more: Any, mask: Any = None, **_: Any) -> Any:
    """A model called as a layer: masks go in with its inputs and come out with its outputs."""
    graph = scope.layer.graph
    if graph is None:
        raise NoReference(scope.path, "a nested model without its graph")
    if isinstance(inputs, Mapping) and graph.input_keys:
        inputs = [inputs[key] for key in graph.input_keys]
    tensors = [leaf for leaf in leaves([inputs, list(more)]) if isinstance(leaf, Tensor)]
    for index, given in enumerate(leaves(mask)):
        if given is not None:
            value = given.value if isinstance(given, Tensor) else given
            tensors[index] = Tensor(tensors[index].value, value)
    outputs = scope.run_graph(graph, scope.path, tensors)
    if scope.semantics.nested_model_passes_mask:
        return outputs
    return map_leaves(outputs, lambda tensor: Tensor(tensor.value))


def _names_batch(graph: Graph) -> bool:
    shapes = [graph.layers[name].config.get("batch_shape") for name in graph.inputs]
    return bool(shapes) and all(shape and shape[0] is not None for shape in shapes)


def import_forward_passes() -> None:
    """Every module of this package registers its forward passes when it is imported."""
    for module in pkgutil.iter_modules(lstm_migrate.reference.__path__):
        importlib.import_module(f"{lstm_migrate.reference.__name__}.{module.name}")
