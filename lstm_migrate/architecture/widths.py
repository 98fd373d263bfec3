"""The input shape of a Sequential model that does not state it in an InputLayer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Layer

# For a first layer of this kind: how many free axes stand before the features.
FREE_AXES = {
    "LSTM": 1, "GRU": 1, "SimpleRNN": 1, "CuDNNLSTM": 1, "CuDNNGRU": 1, "RNN": 1, "Bidirectional": 1,
    "Dense": 0, "Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "ConvLSTM1D": 2, "ConvLSTM2D": 3, "ConvLSTM3D": 4,
}  # fmt: skip

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
        return tuple(stated), dtype
    built = settings.get("build_input_shape")
    if isinstance(built, list) and built and not isinstance(built[0], list):
        draft.note("assumed", layer.name, f"input shape {built}: the shape the model was built with")
        return (None, *built[1:]), dtype
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
