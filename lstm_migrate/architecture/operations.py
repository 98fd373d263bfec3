"""Tensor operations that stand in a model as layers: TFOpLambda, SlicingOpLambda, TensorFlowOpLayer.

Each becomes a layer of kind "ops.<name>" whose call has keras.ops' own arguments. What each operation
is called there, and how its arguments are named, is data: `operations` and `node_operations`. What
depends on other calls of the model is settled afterwards: `dynamic_shapes.py`, `tensor_types.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.arguments import CONVERSIONS, attribute, bounds, strided_slice
from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Call, Layer, Ref, leaves

CLASSES = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})

STRIDED_SLICE = "StridedSlice"
TENSOR_ARGUMENTS = frozenset({"x", "x1", "x2", "xs", "condition", "indices", "variable"})
"""Arguments of keras.ops that may be tensors. `newshape` may name sizes of tensors: `dynamic_shapes.py`."""


def operation_layer(draft: Draft, class_name: str, config: Mapping[str, Any], where: str) -> Layer | None:
    """The layer as far as it is known without its call; None if problems were noted."""
    name, where = str(config.get("name") or where), where.lstrip("/")
    if class_name == "TensorFlowOpLayer":
        node = config.get("node_def")
        function = str(node.get("op")) if isinstance(node, Mapping) else ""
        table = draft.vocabulary.document.node_operations
        name = f"tf_op_layer_{name}" if not name.startswith("tf_op_layer_") else name
    else:
        function = str(config.get("function"))
        table = draft.vocabulary.document.operations
    declared = table.get(function)
    if declared is None or "refuse" in declared:
        draft.problem(
            f"TensorFlow's {function} cannot be carried over",
            where,
            expected="an operation that keras.ops computes alike",
            hint=(declared or {}).get("refuse", "Replace it by a layer in the old model and save again."),
        )
        return None
    kind = declared["layer"] if "layer" in declared else f"ops.{declared['op']}"
    return Layer(name, kind, {"declared": declared, "source": dict(config)}, dtype=draft.floatx)


def is_operation(layer: Layer) -> bool:
    """Whether `operation_layer` made this layer, and `operation_call` has to finish it."""
    return "declared" in layer.config


def operation_call(
    draft: Draft, layer: Layer, index: int, fed: Any, keywords: Mapping[str, Any], where: str
) -> tuple[Layer, Call] | None:
    """The layer in full and its call in keras.ops' arguments; `fed` is a list where the file has one."""
    declared, source = layer.config["declared"], layer.config["source"]
    if "node_def" in source:
        given = _from_node(source, declared, fed if isinstance(fed, list) else [fed])
    else:
        given = _from_keywords(declared, fed, keywords)
    before = len(draft.problems)
    for what, facts in _unfit(declared, given):
        draft.problem(f"{_source_name(source)}: {what}", where, **facts)
    arguments = {} if len(draft.problems) > before else _converted(draft, declared, given, source, where)
    if len(draft.problems) > before:
        return None
    finished = replace(layer, config=dict(declared.get("config", {})))
    return _finished(finished, index, declared, arguments, given)


def _source_name(source: Mapping[str, Any]) -> str:
    return str(source["node_def"].get("op")) if "node_def" in source else str(source.get("function"))


def _from_keywords(declared: Mapping[str, Any], fed: Any, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a Python function by keras.ops' names; null is what was not given."""
    names = declared.get("names", {})
    first = declared["args"][0]
    if first.startswith("*"):
        fed = fed if isinstance(fed, list) else [fed]
    given = {first.lstrip("*"): fed}
    for key, value in keywords.items():
        if key != "name" and key not in declared.get("drop", ()) and value is not None:
            given[names.get(key, key)] = value
    return given


def _from_node(source: Mapping[str, Any], declared: Mapping[str, Any], fed: Sequence[Any]) -> dict[str, Any]:
    """The arguments of a node: its inputs by position, constants among them, and its attributes."""
    node = source["node_def"]
    constants = {int(key): value for key, value in source.get("constants", {}).items()}
    tensors = iter(fed)
    count = len(fed) + len(constants)
    values = [constants[place] if place in constants else next(tensors) for place in range(count)]
    attributes = {key: attribute(value) for key, value in node.get("attr", {}).items()}
    if node.get("op") == STRIDED_SLICE:
        return strided_slice(values, attributes)
    given: dict[str, Any] = {}
    names = list(declared["args"])
    if names[0].startswith("*"):
        more = len(names) - 1
        given[names[0][1:]] = values[: len(values) - more]
        names, values = names[1:], values[len(values) - more :]
    given |= dict(zip(names, values, strict=False))
    known = declared.get("attributes", {})
    wanted = {*known, *declared.get("only", {}), *declared.get("transposes", {})}
    return given | {known.get(key, key): value for key, value in attributes.items() if key in wanted}


def _unfit(declared: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """What cannot be carried over: values without a counterpart, missing or computed arguments."""
    for key, allowed in declared.get("only", {}).items():
        if key in given and given[key] != allowed:
            yield f"this {key} cannot be carried over", {"found": text(given[key]), "expected": text(allowed)}
    for key in declared.get("required", ()):
        if given.get(key) is None:
            yield f"cannot be carried over without {key}", {}
    listed = declared["args"][0]
    if listed.startswith("*") and not isinstance(given.get(listed[1:]), list):
        yield "cannot be carried over from a single tensor", {}
    for key, value in given.items():
        computed = any(isinstance(leaf, Ref) for leaf in leaves(_inside_slices(value)))
        if not computed or key == "newshape":
            continue
        if key not in TENSOR_ARGUMENTS:
            yield f"{key} is computed by the model, where Keras 3 takes a fixed one", {}
        elif isinstance(value, list) and key != listed[1:]:
            # TensorFlow stacks such a list unasked.
            yield f"{key} is a list of tensors, where Keras 3 takes one tensor", {}


def _inside_slices(value: Any) -> Any:
    """A value with the slices in it opened, so that what stands in them is seen."""
    if isinstance(value, slice):
        return [value.start, value.stop, value.step]
    opened = isinstance(value, tuple) and not isinstance(value, Ref)
    return [_inside_slices(item) for item in value] if opened else value


def _converted(
    draft: Draft, declared: Mapping[str, Any], given: dict[str, Any], source: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """The arguments with defaults written out and values in keras.ops' form."""
    silent = {*declared.get("only", {}), *declared.get("transposes", {})}
    found = {key: value for key, value in given.items() if key not in silent}
    for key, value in declared.get("defaults", {}).items():
        if found.get(key) is None:
            found[key] = value
    for key, conversion in declared.get("convert", {}).items():
        if key in found:
            try:
                found[key] = CONVERSIONS[conversion](found[key])
            except (ValueError, TypeError) as error:
                draft.problem(f"{_source_name(source)}: {error}", where, found=text(found[key]))
    if "slices" in declared:
        found["key"] = bounds([found.pop(name) for name in declared["slices"]])
    for key, (other, value) in declared.get("with", {}).items():
        if found.get(other, value) != value:
            found.pop(key, None)
    found |= declared.get("set", {})
    return {key: value for key, value in found.items() if value is not None}


def _finished(
    layer: Layer, index: int, declared: Mapping[str, Any], found: dict[str, Any], given: Mapping[str, Any]
) -> tuple[Layer, Call]:
    """The call: the leading arguments by position in keras.ops' order, the others by name."""
    turned = {name for flag, name in declared.get("transposes", {}).items() if given.get(flag)}
    if turned:
        # A product that transposes an argument first, as the einsum that does both.
        left = "...ji" if "x1" in turned else "...ij"
        right = "...kj" if "x2" in turned else "...jk"
        equation = f"{left},{right}->...ik"
        return replace(layer, kind="ops.einsum"), Call(
            layer.name, index, (equation, found["x1"], found["x2"])
        )
    arguments: tuple[Any, ...] = ()
    for name in declared.get("positional", [name.lstrip("*") for name in declared["args"]]):
        if name not in found:
            break
        arguments = (*arguments, found.pop(name))
    return layer, Call(layer.name, index, arguments, found)
