"""Target Graph → a live Keras model, built by calling its layers along the Graph.

Keras is imported in this package and nowhere else; it is imported when one of its modules is, so that
commands that need no Keras never wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from lstm_migrate import layers
from lstm_migrate.custom import CustomParts, is_custom
from lstm_migrate.errors import LstmMigrateError, PlanError
from lstm_migrate.graph import Activation, Call, Graph, Layer, LayerPath, Ref, map_leaves
from lstm_migrate.targets.lending import zeros
from lstm_migrate.targets.operations import call_operation

ActivationName = Callable[[Activation], str]


@contextmanager
def no_initial_values() -> Iterator[None]:
    """Inside it, initializers give zeros: values are about to be replaced, and an orthogonal matrix
    of a few thousand units takes longer to make than to load."""
    classes: set[Any] = {
        item
        for item in vars(keras.initializers).values()
        if isinstance(item, type) and issubclass(item, keras.initializers.Initializer)
    }
    kept = {item: item.__dict__["__call__"] for item in classes if "__call__" in item.__dict__}

    def nothing(self: Any, shape: Any, dtype: Any = None, **_: Any) -> Any:
        return zeros(tuple(shape), keras.backend.standardize_dtype(dtype))

    try:
        for item in kept:
            item.__call__ = nothing
        yield
    finally:
        for item, call in kept.items():
            item.__call__ = call


# Keras's sum on TensorFlow takes a second operand with one axis longer than 1 for a bias, and adds it
# along another axis where the lengths happen to agree. As the first operand it is broadcast as it should.
SUMMING = frozenset({"Add", "Average"})


def _stretched(tensor: Any) -> int:
    """Along how many axes broadcasting may stretch the tensor."""
    return sum(size == 1 for size in tensor.shape)


class Builder:
    """Builds Keras models from Graphs. `activation_name` gives Keras 3's name of an activation, `custom`
    holds the user's own layers and activations."""

    def __init__(self, activation_name: ActivationName, custom: CustomParts | None = None) -> None:
        self.activation_name, self.custom = activation_name, custom or CustomParts()

    def model(self, graph: Graph) -> Any:
        """The Keras model, with every variable zero."""
        with no_initial_values(), keras.saving.custom_object_scope(self.custom.for_keras()):
            return self._model(graph, ())

    def _model(self, graph: Graph, path: LayerPath) -> Any:
        objects = {
            name: self._layer(layer, (*path, name))
            for name, layer in graph.layers.items()
            if layer.kind != "InputLayer" and not layer.kind.startswith("ops.")
        }
        names = [call.layer for call in graph.calls]
        if graph.sequential and len(set(names)) == len(names):
            model = self._sequential(graph, [objects[name] for name in names], path)
        else:
            model = self._functional(graph, objects, path)
        return model

    def _sequential(self, graph: Graph, layers: list[Any], path: LayerPath) -> Any:
        first = graph.layers[graph.inputs[0]]
        start = [] if first.config["batch_shape"] is None else [self._input(first)]
        with located(path or (graph.name,)):
            return keras.Sequential([*start, *layers], name=graph.name)

    def _input(self, layer: Layer) -> Any:
        return keras.Input(
            batch_shape=layer.config["batch_shape"], dtype=layer.config["dtype"], name=layer.name
        )

    def _functional(self, graph: Graph, objects: Mapping[str, Any], path: LayerPath) -> Any:
        tensors: dict[Ref, Any] = {}
        for name in graph.layers:
            if graph.layers[name].kind == "InputLayer":
                tensors[Ref(name, 0, 0)] = self._input(graph.layers[name])
        for call in graph.calls:
            with located((*path, call.layer)):
                layer, item = graph.layers[call.layer], objects.get(call.layer)
                outputs = self._call(layer, item, call, tensors, graph.layers)
            for number, tensor in enumerate(keras.tree.flatten(outputs)):
                tensors[Ref(call.layer, call.index, number)] = tensor
        inputs = [tensors[Ref(name, 0, 0)] for name in graph.inputs]
        fed: Any = dict(zip(graph.input_keys, inputs, strict=True)) if graph.input_keys else inputs
        if isinstance(fed, list) and len(fed) == 1:
            fed = fed[0]
        outputs = map_leaves(graph.outputs, lambda leaf: tensors[leaf])
        with located(path or (graph.name,)):
            return keras.Model(fed, outputs, name=graph.name)

    def _call(
        self, layer: Layer, item: Any, call: Call, tensors: Mapping[Ref, Any], taken: Collection[str]
    ) -> Any:
        def value(leaf: Any) -> Any:
            return tensors[leaf] if isinstance(leaf, Ref) else leaf

        args = [map_leaves(arg, value) for arg in call.args]
        kwargs = {key: map_leaves(arg, value) for key, arg in call.kwargs.items()}
        if item is None:
            name = layer.name if call.index == 0 else f"{layer.name}_call_{call.index}"
            return call_operation(layer.kind.removeprefix("ops."), args, kwargs, name, taken)
        if layer.kind in SUMMING and isinstance(args[0], list):
            args[0] = sorted(args[0], key=_stretched, reverse=True)
        return item(*args, **kwargs)

    def _layer(self, layer: Layer, path: LayerPath) -> Any:
        if layer.graph is not None:
            return self._model(layer.graph, path)
        arguments: dict[str, Any] = {
            key: self._activation(value) if isinstance(value, Activation) else value
            for key, value in layer.config.items()
        }
        arguments |= self._children(layer, path)
        with located(path):
            arguments |= {"name": layer.name, "dtype": layer.dtype}
            if is_custom(layer.kind):
                item = self.custom.part(layer.kind).from_config(arguments)
            else:
                item = _class_of(layer.kind)(**arguments)
            if not layer.trainable:
                item.trainable = False
            return item

    def _activation(self, activation: Activation) -> Any:
        own = is_custom(activation.function)
        return self.custom.part(activation.function) if own else self.activation_name(activation)

    def _children(self, layer: Layer, path: LayerPath) -> dict[str, Any]:
        made = {label: self._layer(child, (*path, label)) for label, child in layer.children.items()}
        if layer.kind == "StackedRNNCells":
            return {"cells": [made[label] for label in sorted(made, key=int)]}
        if layer.kind == "Bidirectional":
            return {"layer": made["forward_layer"], "backward_layer": made["backward_layer"]}
        return made


def _class_of(kind: str) -> Any:
    return getattr(layers if kind in layers.__all__ else keras.layers, kind)


@contextmanager
def located(path: LayerPath) -> Iterator[None]:
    """Turns whatever Keras raises inside it into a PlanError that names the layer."""
    try:
        yield
    except LstmMigrateError:
        raise
    except Exception as error:
        # Keras raises any kind of exception here; all of them mean that the layer does not fit.
        said = " ".join(str(error).split())
        raise PlanError(
            "Keras 3 cannot build this layer",
            where="/".join(path),
            found=f"{type(error).__name__}: {said[:300]}",
        ) from error
