"""Following: a walk through the calls of the full Keras 3 model that finds which element stands where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from lstm_migrate.graph import Call, Graph, LayerPath, Ref, WeightKey, leaves, map_leaves
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.resizing.flow import Flow, Given, Made, Opaque, Passing, Tensor, is_mask
from lstm_migrate.resizing.flows import FLOWS
from lstm_migrate.resizing.followed import Dims, Followed
from lstm_migrate.resizing.ledger import Ledger


def follow(graph: Graph, arrays: Mapping[WeightKey, tuple[int, ...]], target: Vocabulary) -> Followed:
    """Which elements stand along every axis of the model's arrays, tensors and config numbers.

    `graph`: a whole Keras 3 model; `arrays`: the shapes of all its variables.
    """
    shapes: dict[LayerPath, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for key, shape in arrays.items():
        shapes[key.path][key.role] = tuple(shape)
    walk = Walk(Ledger(target, shapes))
    walk.model(graph)
    return walk.ledger.settled()


class Walk:
    """One walk: what is noted on it, and the table of flows with the one for nested models."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.table: Mapping[str, Passing] = {**FLOWS, "model": self.nested}

    def model(self, graph: Graph) -> None:
        """The outermost model: its inputs make elements."""
        followed = self.ledger.followed
        for name in graph.inputs:
            dims = self._input(graph, name)
            followed.inputs.append(dims)
            if dims and len(dims) > 1 and dims[-1] is not None:
                self.ledger.features.update(dims[-1].tolist())
        given = [Tensor(dims, fed=number) for number, dims in enumerate(followed.inputs)]
        made = self.graph(graph, (), given)
        for number, tensor in enumerate(leaves(made)):
            followed.outputs.append(tensor.dims)
            whole = {share for share in tensor.shares if self._whole(tensor, share)}
            self.ledger.consumed |= tensor.shares - whole
            if whole:
                followed.softmaxed.add(number)

    def _input(self, graph: Graph, name: str) -> Dims | None:
        shape = graph.layers[name].config.get("batch_shape")
        if shape is None:
            return None
        return tuple(None if size is None else self.ledger.elements.new(int(size)) for size in shape)

    def _whole(self, tensor: Tensor, share: int) -> bool:
        """Whether a softmax runs along the whole last axis of an output."""
        last, over = tensor.known[-1], self.ledger.softmax_over(share)
        return last is not None and np.array_equal(last, over)

    def graph(self, graph: Graph, path: LayerPath, given: Sequence[Tensor]) -> Any:
        """Tensors nested like the graph's outputs."""
        values: dict[Ref, Tensor] = {}
        for name, tensor in zip(graph.inputs, given, strict=True):
            values[Ref(name, 0, 0)] = self._entered(graph, (*path, name), tensor)
        for call in graph.calls:
            for number, tensor in enumerate(self._call(graph, path, call, values)):
                values[Ref(call.layer, call.index, number)] = tensor
        for ref, tensor in values.items():
            self.ledger.followed.tensors[path, ref] = tensor.dims
        return map_leaves(graph.outputs, lambda ref: values.get(ref, Tensor(None)))

    def _entered(self, graph: Graph, path: LayerPath, tensor: Tensor) -> Tensor:
        """What an InputLayer hands on: axes that it alone knows are fixed."""
        shape = graph.layers[path[-1]].config.get("batch_shape")
        if shape is None:
            return tensor
        dims: list[Any] = list(tensor.dims if tensor.dims is not None else (None,) * len(shape))
        if len(dims) != len(shape):
            return tensor
        for axis, size in enumerate(shape):
            if size is None:
                continue
            if dims[axis] is None:
                dims[axis] = self.ledger.elements.new(int(size))
                self.ledger.pin(dims[axis], path, axis, "says how many there are, and nothing else does")
            self.ledger.size(path, "batch_shape", dims[axis], axis)
        return replace(tensor, dims=tuple(dims))

    def _call(self, graph: Graph, path: LayerPath, call: Call, values: Mapping[Ref, Tensor]) -> list[Tensor]:
        here = (*path, call.layer)
        flow = Flow(self.ledger, self.table, graph.layers[call.layer], here)
        numbers = count()

        def value_of(leaf: Any) -> Any:
            return values.get(leaf, Tensor(None)) if isinstance(leaf, Ref) else leaf

        def counted(leaf: Any) -> Any:
            return replace(value_of(leaf), argument=next(numbers)) if isinstance(leaf, Ref) else leaf

        args = tuple(map_leaves(call.args, counted))
        kwargs = {
            key: map_leaves(call.kwargs[key], value_of if is_mask(key) else counted)
            for key in sorted(call.kwargs)
        }
        return flow.run(Given(args, kwargs))

    def nested(self, flow: Flow, given: Given) -> Made:
        """A model called as a layer."""
        graph = flow.layer.graph
        assert graph is not None
        first = given.args[0] if given.args else None
        if isinstance(first, Mapping) and graph.input_keys:
            tensors = [first[key] for key in graph.input_keys]
        else:
            tensors = given.tensors
        if len(tensors) != len(graph.inputs):
            raise Opaque(f"is called with {len(tensors)} tensors for {len(graph.inputs)} inputs")
        return list(leaves(self.graph(graph, flow.path, tensors)))
