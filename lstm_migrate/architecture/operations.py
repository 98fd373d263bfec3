"""Tensor operations that stand in a functional model as layers: TFOpLambda, SlicingOpLambda, TensorFlowOpLayer.

Each becomes a layer of kind "ops.<name>" whose call has keras.ops' own arguments. What each operation
is called there, and how its arguments are named, is data: `operations` and `node_operations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Call, Layer

CLASSES = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})

STRIDED_SLICE = "StridedSlice"
TRANSPOSED = "transposed"


def operation_layer(draft: Draft, class_name: str, config: Mapping[str, Any], where: str) -> Layer | None:
    """The layer, its kind "Operation" until its call is known; None if problems were noted."""
    name = str(config.get("name") or where)
    if class_name == "TensorFlowOpLayer":
        node = config.get("node_def")
        function = str(node.get("op")) if isinstance(node, Mapping) else ""
        table = draft.vocabulary.document.node_operations
        name = f"tf_op_layer_{name}" if not name.startswith("tf_op_layer_") else name
    else:
        function = str(config.get("function"))
        table = draft.vocabulary.document.operations
    declared = table.get(function)
    if declared is None and function != STRIDED_SLICE:
        draft.problem(
            f"no keras.ops operation is declared for {function!r}",
            where,
            expected=f"one of {', '.join(sorted(table))}",
            hint="Replace it by a layer in the old model and save again.",
        )
        return None
    op = declared["op"] if declared else "get_item"
    if op == "identity":
        return Layer(name, "Identity", dtype=draft.floatx)
    return Layer(name, f"ops.{op}", {"declared": declared or {}, "source": dict(config)})


def operation_call(
    draft: Draft, layer: Layer, index: int, fed: list[Any], keywords: dict[str, Any], where: str
) -> Call | None:
    """The call in keras.ops' arguments."""
    if layer.kind == "Identity":
        return Call(layer.name, index, (fed[0],))
    if "node_def" in layer.config["source"]:
        arguments = _node_arguments(draft, layer, fed, where)
    else:
        arguments = _function_arguments(draft, layer, fed, keywords, where)
    if arguments is None:
        return None
    if TRANSPOSED in arguments:
        subscripts = arguments.pop(TRANSPOSED)
        return Call(layer.name, index, (subscripts, arguments["x1"], arguments["x2"]))
    return Call(layer.name, index, (), arguments)


def _function_arguments(
    draft: Draft, layer: Layer, fed: list[Any], keywords: Mapping[str, Any], where: str
) -> dict[str, Any] | None:
    declared = layer.config["declared"]
    names = declared.get("names", {})
    first = fed[0] if len(fed) == 1 else fed
    found: dict[str, Any] = {declared["args"][0]: first}
    for key, value in keywords.items():
        if key == "name" or key in declared.get("drop", ()):
            continue
        if key in declared.get("only", {}):
            if value != declared["only"][key]:
                draft.problem(
                    f"{key} of {layer.config['source'].get('function')} cannot be carried over",
                    where,
                    found=text(value),
                    expected=text(declared["only"][key]),
                )
            continue
        if key in declared.get("transposes", {}):
            continue
        found[names.get(key, key)] = value
    return _transposed(declared, keywords, _finished(declared, found))


def _transposed(
    declared: Mapping[str, Any], flags: Mapping[str, Any], found: dict[str, Any]
) -> dict[str, Any]:
    """A matmul that transposes an argument first, as the einsum that does both."""
    turned = {name for flag, name in declared.get("transposes", {}).items() if flags.get(flag)}
    if turned:
        left = "...ji" if "x1" in turned else "...ij"
        right = "...kj" if "x2" in turned else "...jk"
        found[TRANSPOSED] = f"{left},{right}->...ik"
    return found


def _finished(declared: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    for key, value in declared.get("defaults", {}).items():
        if found.get(key) is None:
            found[key] = value
    found |= declared.get("set", {})
    for key in declared.get("lower", ()):
        if isinstance(found.get(key), str):
            found[key] = found[key].lower()
    if "key" in found:
        found["key"] = _slices(found["key"])
    if "dtype" in found and isinstance(found["dtype"], str):
        found["dtype"] = found["dtype"].removeprefix("<dtype: '").removesuffix("'>")
    return {key: value for key, value in found.items() if value is not None}


def _slices(spec: Any) -> Any:
    """slice_spec as Python indices: {"start", "stop", "step"} is a slice, null a new axis."""
    if isinstance(spec, Mapping) and {"start", "stop", "step"} <= spec.keys():
        return slice(spec["start"], spec["stop"], spec["step"])
    if isinstance(spec, Mapping) and "value" in spec:
        return Ellipsis if spec["value"] == "..." else spec["value"]
    if isinstance(spec, list):
        return tuple(_slices(item) for item in spec)
    return Ellipsis if spec == "..." else spec


def _node_arguments(draft: Draft, layer: Layer, fed: list[Any], where: str) -> dict[str, Any] | None:
    source, declared = layer.config["source"], layer.config["declared"]
    node = source["node_def"]
    constants = {int(key): value for key, value in source.get("constants", {}).items()}
    tensors = iter(fed)
    count = len(fed) + len(constants)
    values = [constants[place] if place in constants else next(tensors) for place in range(count)]
    attributes = {key: _attribute(value) for key, value in node.get("attr", {}).items()}
    if node.get("op") == STRIDED_SLICE:
        return _strided_slice(values, attributes)
    found: dict[str, Any] = {}
    names = declared["args"]
    if names and names[0].startswith("*"):
        more = len(names) - 1
        found[names[0][1:]] = values[: len(values) - more]
        names, values = names[1:], values[len(values) - more :]
    found |= dict(zip(names, values, strict=False))
    for key, name in declared.get("attributes", {}).items():
        if key in attributes:
            found[name] = attributes[key]
    for key, allowed in declared.get("only", {}).items():
        if attributes.get(key, allowed) != allowed:
            draft.problem(f"{key}={attributes[key]} of {node.get('op')} cannot be carried over", where)
    return _transposed(declared, attributes, _finished(declared, found))


def _attribute(value: Any) -> Any:
    """A protobuf attribute as JSON: {"b": true}, {"i": "5"}, {"list": {"i": ["1"]}}, {"type": …}."""
    if not isinstance(value, Mapping):
        return value
    if "i" in value:
        return int(value["i"])
    if "list" in value:
        return [int(item) for item in value["list"].get("i", [])]
    return next(iter(value.values()), False)


def _strided_slice(values: list[Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """begin, end and strides with their bit masks, as Python indices."""
    x, begin, end, strides = values

    def bit(mask: str, place: int) -> bool:
        return bool(int(attributes.get(mask, 0) or 0) >> place & 1)

    key: list[Any] = []
    for place, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        if bit("ellipsis_mask", place):
            key.append(Ellipsis)
        elif bit("new_axis_mask", place):
            key.append(None)
        elif bit("shrink_axis_mask", place):
            key.append(start)
        else:
            key.append(
                slice(
                    None if bit("begin_mask", place) else start,
                    None if bit("end_mask", place) else stop,
                    step,
                )
            )
    return {"x": x, "key": tuple(key)}
