"""Configs of Keras 2 and tf.keras 1.13–2.15 → Graph: Sequential and functional, nested at any depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.calls import CallReader
from lstm_migrate.architecture.chains import chain_graph
from lstm_migrate.architecture.drafting import MAX_LAYERS, MAX_NESTING, Draft, text
from lstm_migrate.architecture.layers import MODEL_CLASSES, LayerReader
from lstm_migrate.architecture.widths import batch_shape, checked_shape
from lstm_migrate.errors import PlanError, SourceError
from lstm_migrate.graph import Graph, Layer, leaves


def read(architecture: Mapping[str, Any], draft: Draft) -> Graph:
    """The Graph of a model's config; PlanError with every problem found in it."""
    class_name = architecture.get("class_name")
    if not isinstance(class_name, str) or class_name not in MODEL_CLASSES:
        raise PlanError(
            f"the model is a {text(class_name)!r}, not a stock model class",
            expected=", ".join(sorted(MODEL_CLASSES)),
            hint="A subclassed model's code is not in the file; convert its weights with an architecture.",
        )
    return draft.finish(read_model(draft, architecture, ""))


def read_model(draft: Draft, entry: Mapping[str, Any], where: str) -> Graph | None:
    """A model, top-level or nested; None if problems were noted."""
    draft.depth += 1
    if draft.depth > MAX_NESTING or draft.layer_count > MAX_LAYERS:
        raise SourceError(
            "models nest too deep, or too many layers",
            where=where or "model_config",
            expected=f"at most {MAX_NESTING} levels and {MAX_LAYERS} layers",
        )
    config = entry.get("config")
    sequential = entry.get("class_name") == "Sequential"
    if sequential and isinstance(config, Mapping) and "input_layers" in config:
        sequential = False
    if sequential:
        graph = _sequential(draft, config, str(entry.get("name") or ""), where)
    elif isinstance(config, Mapping) and isinstance(config.get("layers"), list):
        graph = _functional(draft, config, where)
    else:
        draft.problem("the model's config has no layers", where or "model_config", found=text(config))
        graph = None
    draft.depth -= 1
    return graph


def _functional(draft: Draft, config: Mapping[str, Any], where: str) -> Graph | None:
    name = str(config.get("name") or "model")
    reader = LayerReader(draft, read_model)
    layers: dict[str, Layer] = {}
    entries: list[Mapping[str, Any]] = []
    for entry in config["layers"]:
        if not isinstance(entry, Mapping):
            draft.problem("not a layer", where or name, found=text(entry))
            continue
        own = entry.get("name")
        layer = input_layer(draft, entry, where) or reader.layer(entry, where)
        if layer is None:
            continue
        layer = replace(layer, name=str(own)) if isinstance(own, str) else layer
        if layer.name in layers:
            draft.problem(f"two layers are named {layer.name!r}", where or name)
        layers[layer.name] = layer
        entries.append({**entry, "name": layer.name})
    if draft.problems:
        return None
    calls = CallReader(draft, layers, entries, config.get("output_layers"), where or name)
    ordered = calls.ordered()
    inputs = calls.inputs(config.get("input_layers"))
    outputs = calls.outputs(config.get("output_layers"))
    if draft.problems:
        return None
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


def _sequential(draft: Draft, config: Any, name: str, where: str) -> Graph | None:
    listed = config.get("layers") if isinstance(config, Mapping) else config
    if not isinstance(listed, list) or not listed:
        draft.problem("the Sequential model has no layers", where or "model_config", found=text(config))
        return None
    settings: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
    name = name or str(settings.get("name") or "sequential")
    reader = LayerReader(draft, read_model)
    first = input_layer(draft, listed[0], where)
    listed = listed[1:] if first else listed
    chain = [reader.layer(_named(draft, entry, place, where), where) for place, entry in enumerate(listed)]
    if draft.problems or not chain:
        if not chain:
            draft.problem("the Sequential model has no layers besides its input", where or name)
        return None
    layers = [layer for layer in chain if layer is not None]
    if not _told_apart(draft, layers, where or name):
        return None
    if first is None:
        shape, dtype = batch_shape(draft, listed[0], layers[0], settings, where)
        if shape is None and draft.problems:
            return None
        first = Layer(f"{layers[0].name}_input", "InputLayer", {"batch_shape": shape, "dtype": dtype})
    return chain_graph(name, first, layers, bool(settings.get("trainable", True)))


def _told_apart(draft: Draft, layers: list[Layer], where: str) -> bool:
    """Whether layers of one name are one layer, shared; else that is a problem."""
    known: dict[str, Layer] = {}
    for layer in layers:
        if known.setdefault(layer.name, layer) != layer:
            draft.problem(f"two layers are named {layer.name!r}", where)
    return not draft.problems


def _named(draft: Draft, entry: Any, place: int, where: str) -> Any:
    """Keras 2 up to 2.2.2 wrote no name for a Sequential model inside another; its group of arrays has it."""
    nameless = isinstance(entry, Mapping) and isinstance(entry.get("config"), list)
    if nameless and draft.depth == 1 and place < len(draft.group_names) and "name" not in entry:
        return {**entry, "name": draft.group_names[place]}
    return entry


def input_layer(draft: Draft, entry: Any, where: str) -> Layer | None:
    """The InputLayer that `entry` describes, or None if it is another layer."""
    if not isinstance(entry, Mapping) or entry.get("class_name") != "InputLayer":
        return None
    config = entry.get("config")
    config = config if isinstance(config, Mapping) else {}
    name = str(config.get("name") or entry.get("name") or "input")
    fate = draft.vocabulary.fate("InputLayer", config, f"{where}/{name}" if where else name)
    draft.problems += fate.problems
    shape = checked_shape(
        draft,
        config.get("batch_input_shape", config.get("batch_shape")),
        f"{where}/{name}" if where else name,
    )
    dtype = config.get("dtype")
    return Layer(
        name,
        "InputLayer",
        {"batch_shape": shape, "dtype": dtype if isinstance(dtype, str) else draft.floatx},
    )
