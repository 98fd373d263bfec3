"""The input shape of a Sequential model that does not state it in an InputLayer."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Layer

# For a first layer of this kind: how many free axes stand before the features.
FREE_AXES = {
    "LSTM": 1, "GRU": 1, "SimpleRNN": 1, "CuDNNLSTM": 1, "CuDNNGRU": 1, "RNN": 1, "Bidirectional": 1,
    "Dense": 0, "Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "ConvLSTM1D": 2, "ConvLSTM2D": 3, "ConvLSTM3D": 4,
}  # fmt: skip

# What the verifier would have to feed: more is a damaged config, not a model.
MAX_INPUT_ELEMENTS = 1 << 31

Shape = tuple[int | None, ...]


def batch_shape(
    draft: Draft, entry: Any, layer: Layer, settings: Mapping[str, Any], where: str
) -> tuple[Shape | None, str]:
    """(batch shape, dtype) of what the first layer is fed: stated, else built with, else from weights."""
    config = entry.get("config") if isinstance(entry, Mapping) else None
    config = config if isinstance(config, Mapping) else {}
    if layer.graph is not None and not isinstance(_stated(config), list):
        source = layer.graph.layers[layer.graph.inputs[0]].config
        return source["batch_shape"], str(source["dtype"])
    dtype = _dtype(config, layer, draft)
    stated = _stated(config)
    if isinstance(stated, list):
        return checked_shape(draft, stated, f"{where}/{layer.name}" if where else layer.name), dtype
    built = settings.get("build_input_shape")
    if isinstance(built, list) and built and not isinstance(built[0], list):
        draft.note("assumed", layer.name, f"input shape {built}: the shape the model was built with")
        return checked_shape(
            draft, [None, *built[1:]], f"{where}/{layer.name}" if where else layer.name
        ), dtype
    shape = _from_weights(draft, layer)
    if shape is None and draft.depth > 1:
        return None, dtype  # what the outer model feeds it will tell
    if shape is None:
        draft.problem(
            "the model does not say what it is fed",
            where or layer.name,
            found=f"a first layer {layer.kind} without an input shape: {text(dict(config))}",
            expected="batch_input_shape, an InputLayer, or a first layer whose weights tell",
        )
        return None, dtype
    draft.note("assumed", layer.name, f"input shape {list(shape)}: read off the first layer's weights")
    return shape, dtype


def checked_shape(draft: Draft, shape: Any, where: str) -> Shape:
    """The batch shape that a config states, unless it is none that a model can be fed with."""
    sizes = shape if isinstance(shape, list) else []
    known = [size for size in sizes if size is not None]
    if not sizes or not all(type(size) is int and size > 0 for size in known):
        draft.problem("the input has no shape", where, found=text(shape), expected="a list of sizes")
        return (None,)
    if prod(known) > MAX_INPUT_ELEMENTS:
        draft.problem(
            "the input is too large",
            where,
            found=text(shape),
            expected=f"at most {MAX_INPUT_ELEMENTS} values",
        )
    return tuple(sizes)


def _stated(config: Mapping[str, Any]) -> Any:
    return config.get("batch_input_shape", config.get("batch_shape"))


def _dtype(config: Mapping[str, Any], layer: Layer, draft: Draft) -> str:
    stated = config.get("dtype")
    if isinstance(stated, str) and not stated.startswith("mixed"):
        return stated
    return "int32" if layer.kind == "Embedding" else draft.floatx


def _from_weights(draft: Draft, layer: Layer) -> Shape | None:
    if layer.kind == "Embedding":
        return (None, None)
    width = draft.input_width.get(layer.name)
    inner = layer.children.get("layer")
    free = FREE_AXES.get(layer.kind)
    if layer.kind == "TimeDistributed" and inner is not None and inner.kind in FREE_AXES:
        free = FREE_AXES[inner.kind] + 1
    if width is None or free is None or layer.config.get("data_format") == "channels_first":
        return None
    return (None, *[None] * free, width)
