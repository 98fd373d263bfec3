"""The dtypes of a functional model's tensors, as far as its operations depend on them.

A config does not state them. They decide in which numbers a constant is held, whether a cast does
anything, and where TensorFlow reckons in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.graph import Activation, Call, Graph, Layer, Ref, leaves, references

FLOATS = ("float16", "bfloat16", "float32", "float64")
BOOLEAN = frozenset(
    "ops.equal ops.not_equal ops.greater ops.greater_equal ops.less ops.less_equal ops.logical_and "
    "ops.logical_or ops.logical_not ops.logical_xor ops.any ops.all ops.isnan ops.isinf ops.isfinite".split()
)
INDICES = frozenset("ops.argmax ops.argmin ops.argsort".split())
# Layers that hand whole numbers on; all others compute in their policy's floats.
PASSING = frozenset(
    "Reshape Flatten Permute RepeatVector Concatenate Cropping1D ZeroPadding1D Identity Activation".split()
)
# In TensorFlow whole numbers have a mean that is one too; in Keras 3 it is a fraction.
WHOLE_IN_TENSORFLOW = frozenset({"ops.mean"})

Types = dict[Ref, str]


def settle_types(draft: Draft, layers: dict[str, Layer], calls: Sequence[Call], where: str) -> list[Call]:
    """The calls with constants as arrays of the right dtype; operations in `layers` get their dtype.

    A cast that changes nothing becomes a linear Activation: TensorFlow returns the same tensor, with
    its mask, where every other operation ends the mask.
    """
    if not any(layer.kind.startswith("ops.") for layer in layers.values()):
        return list(calls)
    types = _inputs(layers)
    found = []
    for call in calls:
        layer = layers[call.layer]
        if layer.kind == "ops.cast" and types.get(call.args[0]) == call.args[1]:
            layer = Layer(layer.name, "Activation", {"activation": Activation("linear")}, dtype=call.args[1])
            call = replace(call, args=call.args[:1])
        if layer.kind.startswith("ops."):
            call = _with_arrays(layer, call, types)
            if any(isinstance(leaf, np.ndarray) and leaf.dtype == object for leaf in leaves(call.args)):
                draft.problem("Keras 3 keeps no array of bfloat16 in a file", f"{where}/{call.layer}")
        _add_outputs(layer, call, types)
        made = types[Ref(call.layer, call.index, 0)]
        if layer.kind.startswith("ops.") and made in FLOATS:
            layer = replace(layer, dtype=made)
        if layer.kind in WHOLE_IN_TENSORFLOW and made not in FLOATS:
            draft.problem(
                "the mean of whole numbers is a whole number in TensorFlow, and none in Keras 3",
                f"{where}/{call.layer}",
                hint="Cast its input to float32 in the old model and save it again.",
            )
        layers[call.layer] = layer
        found.append(call)
    return found


def compute_dtype(policy: str) -> str:
    """The dtype that a layer of this policy puts out."""
    return policy.removeprefix("mixed_")


def _inputs(layers: Mapping[str, Layer]) -> Types:
    return {
        Ref(name, 0, 0): str(layer.config.get("dtype"))
        for name, layer in layers.items()
        if layer.kind == "InputLayer"
    }


def _add_outputs(layer: Layer, call: Call, types: Types) -> None:
    """Adds the dtypes of what the call puts out."""
    for number, dtype in enumerate(_outputs(layer, call, types)):
        types[Ref(call.layer, call.index, number)] = dtype


def _outputs(layer: Layer, call: Call, types: Types) -> Iterator[str]:
    given = [types.get(ref, compute_dtype(layer.dtype)) for ref in references(call)]
    if layer.graph is not None:
        yield from _of_graph(layer.graph)
    elif layer.kind == "ops.top_k":
        yield from (given[0], "int32")
    elif layer.kind in BOOLEAN:
        yield "bool"
    elif layer.kind in INDICES:
        yield "int64"
    elif layer.kind == "ops.cast":
        yield str(call.args[1])
    elif layer.kind == "ops.one_hot":
        yield str(call.kwargs.get("dtype", "float32"))
    elif layer.kind == "ops.where":
        values = [types[arg] for arg in call.args[1:] if isinstance(arg, Ref)]
        yield values[0] if values else _natural(call.args[1:], "float32")
    elif layer.kind.startswith("ops."):
        yield from [given[0] if given else compute_dtype(layer.dtype)] * _MOST_OUTPUTS
    elif layer.kind in PASSING and given and given[0] not in FLOATS:
        yield given[0]
    else:
        yield from [compute_dtype(layer.dtype)] * _MOST_OUTPUTS


_MOST_OUTPUTS = 64


def _of_graph(graph: Graph) -> Iterator[str]:
    types = _inputs(graph.layers)
    for call in graph.calls:
        _add_outputs(graph.layers[call.layer], call, types)
    for leaf in leaves(graph.outputs):
        yield types.get(leaf, "float32")


def _with_arrays(layer: Layer, call: Call, types: Types) -> Call:
    """The call with nested lists of numbers, where tensors may stand, as arrays."""
    if layer.kind in _TAKES_NO_ARRAYS:
        return call
    count = _TENSORS.get(layer.kind, 2)
    beside = [types[ref] for ref in references(call) if ref in types and types[ref] != "bool"]
    dtype = beside[0] if beside else compute_dtype(layer.dtype)

    def array(value: Any) -> Any:
        if not isinstance(value, list) or any(isinstance(leaf, Ref) for leaf in leaves(value)):
            return [array(item) for item in value] if isinstance(value, list) else value
        own = _natural(value, dtype if dtype in FLOATS else compute_dtype(layer.dtype))
        if own == "int32" and dtype in FLOATS and layer.kind != "ops.take":
            own = dtype
        return np.array(value, object if own == "bfloat16" else own)

    return replace(call, args=(*(array(arg) for arg in call.args[:count]), *call.args[count:]))


# How many leading arguments are tensors, where it is not two; of the others all are numbers.
_TENSORS = {"ops.where": 3, "ops.einsum": 3}
_TAKES_NO_ARRAYS = frozenset(
    "ops.reshape ops.transpose ops.tile ops.repeat ops.flip ops.pad ops.split ops.squeeze ops.get_item "
    "ops.sum ops.mean ops.max ops.min ops.prod ops.std ops.var ops.any ops.all ops.logsumexp ops.expand_dims "
    "ops.cast ops.roll ops.norm ops.normalize ops.broadcast_to".split()
)


def _natural(value: Any, floating: str) -> str:
    kinds = {type(leaf) for leaf in leaves(value)}
    if kinds <= {bool}:
        return "bool"
    return "int32" if kinds <= {int, bool} else floating
