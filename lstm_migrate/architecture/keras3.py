"""Configs of Keras 3 → Graph: of its `.keras` and `.h5` files, and of those that the verifier reads back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.chains import chain_graph
from lstm_migrate.architecture.custom_layers import WAYS_OUT
from lstm_migrate.architecture.drafting import MAX_LAYERS, MAX_NESTING, Draft, text
from lstm_migrate.architecture.keras3_values import Values, history, stranger
from lstm_migrate.architecture.layers import MODEL_CLASSES, RECURRENT, LayerReader
from lstm_migrate.architecture.ordering import in_order
from lstm_migrate.architecture.widths import batch_shape, checked_shape
from lstm_migrate.errors import PlanError, SourceError
from lstm_migrate.graph import Call, Graph, Layer, Ref, leaves, map_leaves

# What stands behind the first argument in a call, where keras.ops' function has an attribute in that place.
CALLED_WITH = {"ops.pad": ("constant_values",), "ops.full_like": ("fill_value",)}
# Arguments of recurrent layers behind their input, which are always given by name in a Graph.
RECURRENT_ARGUMENTS = ("initial_state", "mask", "training")
OPERATIONS = "keras.src.ops."


def read(config: Mapping[str, Any], draft: Draft) -> Graph:
    """The Graph of a model's config; PlanError with every problem found in it."""
    class_name = config.get("class_name")
    if not isinstance(class_name, str) or class_name not in MODEL_CLASSES or stranger(config):
        raise PlanError(
            f"the model is a {text(class_name)!r}, not a stock model class",
            found=stranger(config),
            expected=", ".join(sorted(MODEL_CLASSES)),
            hint="A subclassed model's code is not in the file; convert its weights with an architecture.",
        )
    return draft.finish(read_model(draft, config, ""))


def read_model(draft: Draft, entry: Mapping[str, Any], where: str) -> Graph | None:
    """A model, top-level or nested; None if problems were noted."""
    draft.depth += 1
    if draft.depth > MAX_NESTING or draft.layer_count > MAX_LAYERS:
        raise SourceError(
            "models nest too deep, or too many layers",
            where=where or "config.json",
            expected=f"at most {MAX_NESTING} levels and {MAX_LAYERS} layers",
        )
    config = entry.get("config")
    graph = None
    if stranger(entry):
        _refuse_stranger(draft, entry, where)
    elif not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        draft.problem("the model's config has no layers", where or "config.json", found=text(config))
    elif entry.get("class_name") == "Sequential":
        graph = _sequential(draft, config, where)
    else:
        graph = _functional(draft, config, where)
    draft.depth -= 1
    return graph


def _refuse_stranger(draft: Draft, entry: Mapping[str, Any], where: str) -> None:
    draft.problem(
        f"no stock layer {text(entry.get('class_name'))!r}",
        where,
        found=stranger(entry),
        expected="a layer that Keras ships",
        hint=WAYS_OUT,
    )


def _layer(draft: Draft, reader: LayerReader, entry: Any, where: str) -> Layer | None:
    """A layer, an operation or an InputLayer; None if problems were noted."""
    if not isinstance(entry, Mapping):
        draft.problem("not a layer", where or "config.json", found=text(entry))
        return None
    if _is_operation(draft, entry):
        return _operation(draft, entry, where)
    return _input(draft, entry, where) or reader.layer(entry, where)


def _is_operation(draft: Draft, entry: Mapping[str, Any]) -> bool:
    """Whether it is an operation of keras.ops. An `.h5` file does not say so: Add is a layer as well."""
    module, config = entry.get("module"), entry.get("config")
    if isinstance(module, str) and module:
        return module.startswith(OPERATIONS)
    layer = isinstance(config, Mapping) and ("trainable" in config or "layers" in config)
    return not layer and str(entry.get("class_name")) in draft.vocabulary.document.operations


def _sequential(draft: Draft, config: Mapping[str, Any], where: str) -> Graph | None:
    reader = LayerReader(draft, read_model)
    name = str(config.get("name") or "sequential")
    listed = list(config["layers"])
    before = len(draft.problems)
    chain = [_layer(draft, reader, entry, where) for entry in listed]
    layers = [layer for layer in chain if layer is not None]
    if len(layers) != len(chain) or not layers or len(draft.problems) > before:
        if not listed:
            draft.problem("the Sequential model has no layers", where or name)
        return None
    names = [layer.name for layer in layers]
    if len(set(names)) < len(names):
        draft.problem("two layers have one name", where or name, found=text(", ".join(names)))
        return None
    if layers[0].kind == "InputLayer":
        return chain_graph(name, layers[0], layers[1:], bool(config.get("trainable", True)))
    return chain_graph(
        name, _unsaid_input(draft, listed, layers, config, where), layers, bool(config.get("trainable", True))
    )


def _unsaid_input(
    draft: Draft, listed: list[Any], layers: list[Layer], config: Mapping[str, Any], where: str
) -> Layer:
    """The input of a Sequential model that states none: what it was built with tells, or what feeds it."""
    name = f"{config.get('name') or 'sequential'}_input"
    if draft.depth > 1:
        return Layer(name, "InputLayer", {"batch_shape": None, "dtype": draft.floatx})
    shape, dtype = batch_shape(draft, listed[0], layers[0], config, where)
    return Layer(name, "InputLayer", {"batch_shape": shape, "dtype": dtype})


def _input(draft: Draft, entry: Mapping[str, Any], where: str) -> Layer | None:
    if entry.get("class_name") != "InputLayer":
        return None
    config = entry.get("config")
    config = config if isinstance(config, Mapping) else {}
    name = str(config.get("name") or entry.get("name") or "input")
    place = f"{where}/{name}" if where else name
    fate = draft.vocabulary.fate("InputLayer", config, place)
    draft.problems += fate.problems
    shape = checked_shape(draft, Values(draft, place).value(config.get("batch_shape")), place)
    dtype = config.get("dtype")
    dtype = dtype if isinstance(dtype, str) else draft.floatx
    return Layer(name, "InputLayer", {"batch_shape": shape, "dtype": dtype})


def _functional(draft: Draft, config: Mapping[str, Any], where: str) -> Graph | None:
    name = str(config.get("name") or "functional")
    place = where or name
    reader = LayerReader(draft, read_model)
    layers: dict[str, Layer] = {}
    nodes: dict[str, list[Any]] = {}
    before = len(draft.problems)
    for entry in config["layers"]:
        layer = _layer(draft, reader, entry, where)
        if layer is None:
            continue
        layer = replace(layer, name=str(entry.get("name") or layer.name))
        if layer.name in layers:
            draft.problem(f"two layers are named {layer.name!r}", place)
        layers[layer.name] = layer
        listed = entry.get("inbound_nodes")
        nodes[layer.name] = listed if isinstance(listed, list) else []
    if len(draft.problems) > before:
        return None
    reading = _Calls(draft, layers, nodes, place)
    calls = reading.calls()
    fed = [layer.name for layer in layers.values() if layer.kind == "InputLayer"]
    inputs = reading.tensors(config.get("input_layers"), "input")
    outputs = reading.tensors(config.get("output_layers"), "output")
    if len(draft.problems) > before:
        return None
    ordered = in_order(draft, calls, fed, place)
    keys = tuple(sorted(inputs)) if isinstance(inputs, Mapping) else None
    return Graph(
        name,
        layers,
        tuple(ordered),
        tuple(ref.layer for ref in leaves(inputs)),
        outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs,
        input_keys=keys,
        trainable=bool(config.get("trainable", True)),
    )


def _operation(draft: Draft, entry: Mapping[str, Any], where: str) -> Layer | None:
    """An Operation of keras.ops: class GetItem → "ops.get_item"; its attributes are keyword arguments."""
    class_name, config = str(entry.get("class_name")), entry.get("config")
    declared = draft.vocabulary.document.operations.get(class_name)
    name = str(entry.get("name") or class_name)
    place = f"{where}/{name}" if where else name
    draft.layer_count += 1
    if declared is None or not isinstance(config, Mapping):
        draft.problem(
            f"the operation {text(class_name)} cannot be carried over",
            place,
            found=f"class {text(class_name)} of {text(entry.get('module'))}",
            expected="an operation of keras.ops that is known here",
            hint="Replace it by a layer in the old model and save again.",
        )
        return None
    own = {key: value for key, value in config.items() if key != "name"}
    return Layer(name, f"ops.{declared['op']}", own)


class _Calls:
    """Reads the nodes of one functional model."""

    def __init__(
        self, draft: Draft, layers: Mapping[str, Layer], nodes: Mapping[str, list[Any]], where: str
    ) -> None:
        self.draft, self.layers, self.nodes, self.where = draft, layers, nodes, where

    def calls(self) -> dict[tuple[str, int], Call]:
        """Every call by layer and number."""
        found = {}
        for name, listed in self.nodes.items():
            if listed and self.layers[name].kind == "InputLayer":
                self.draft.problem("an input is fed by a layer", f"{self.where}/{name}", found=text(listed))
            for index, node in enumerate(listed):
                call = self._call(name, index, node)
                if call is not None:
                    found[name, index] = call
        return found

    def tensors(self, structure: Any, side: str) -> Any:
        """input_layers or output_layers: a nesting of Refs to tensors that the model has."""
        found = self._counted(self._refs(structure))
        listed = list(leaves(found))
        if not listed or not all(isinstance(leaf, Ref) and self._known(leaf, side) for leaf in listed):
            self.draft.problem(
                f"the model's {side}s are no tensors of its own",
                self.where,
                found=text(structure),
                expected=f"{side}_layers that name {'its InputLayers' if side == 'input' else 'its layers'}",
            )
        return [found] if isinstance(found, Ref) and side == "input" else found

    def _call(self, name: str, index: int, node: Any) -> Call | None:
        layer = self.layers[name]
        args, kwargs = (node.get("args"), node.get("kwargs")) if isinstance(node, Mapping) else (None, None)
        if not isinstance(args, list) or not isinstance(kwargs, Mapping):
            found, expected = text(node), "args and kwargs"
            self.draft.problem(
                "a call that cannot be read", f"{self.where}/{name}", found=found, expected=expected
            )
            return None
        values = Values(self.draft, f"{self.where}/{name}", self._known_ref)
        given = [values.value(item) for item in args]
        named = {key: value for key, value in values.table(kwargs).items() if value is not None}
        if layer.kind.startswith("ops."):
            return _operation_call(layer, index, given, named, values)
        if layer.kind in RECURRENT and len(given) > 1:
            behind = zip(RECURRENT_ARGUMENTS, given[1:], strict=False)
            named = {**{key: value for key, value in behind if value is not None}, **named}
            given = given[:1]
        if not any(isinstance(leaf, Ref) for leaf in leaves([given, named])):
            self.draft.problem("a call without inputs", f"{self.where}/{name}", found=text(node))
            return None
        return Call(name, index, tuple(given), named)

    def _known_ref(self, ref: Ref) -> Ref:
        """A layer that is called once has no other call, whatever number the whole program gave it."""
        return Ref(ref.layer, 0, ref.output) if len(self.nodes.get(ref.layer, ())) == 1 else ref

    def _known(self, ref: Ref, side: str) -> bool:
        layer = self.layers.get(ref.layer)
        if layer is None or ref.output < 0:
            return False
        if layer.kind == "InputLayer":
            return ref.call == 0
        return side == "output" and 0 <= ref.call < len(self.nodes[ref.layer])

    def _refs(self, structure: Any) -> Any:
        ref = history(structure)
        if ref is not None:
            return ref
        if isinstance(structure, Mapping):
            return {key: self._refs(value) for key, value in structure.items()}
        return [self._refs(item) for item in structure] if isinstance(structure, list) else structure

    def _counted(self, found: Any) -> Any:
        """In these two lists alone, Keras counts a nested functional model's own node as its first call."""

        def counted(leaf: Any) -> Any:
            layer = self.layers.get(leaf.layer) if isinstance(leaf, Ref) else None
            if layer is None or layer.graph is None or layer.graph.sequential:
                return leaf
            return Ref(leaf.layer, leaf.call - 1, leaf.output)

        return map_leaves(found, counted)


def _operation_call(
    layer: Layer, index: int, args: list[Any], kwargs: dict[str, Any], values: Values
) -> Call:
    named = kwargs | {key: value for key, value in values.table(layer.config).items() if value is not None}
    if layer.kind == "ops.einsum" and "subscripts" in named:
        args = [named.pop("subscripts"), *args]
    if layer.kind in CALLED_WITH:
        named |= zip(CALLED_WITH[layer.kind], args[1:], strict=False)
        args = args[:1]
    return Call(layer.name, index, tuple(args), named)
