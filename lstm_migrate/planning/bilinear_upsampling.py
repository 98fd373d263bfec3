"""Bilinear UpSampling2D of Keras 2, which aligns corners of pixels and Keras 3's their centres.

Keras 2 puts x[m] at the place k·m and draws straight lines between, the last value going on to the
edge. Each value repeated k times and averaged over the k places from there on is the same, exactly:
of the k places from k·m + r on, k − r lie in x[m] and r in x[m + 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Call, Layer, LayerPath, Ref
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.report import Note


def translate_up_sampling(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """Keras 3's layer, or, for bilinear samples from the corners, repetition, padding and an average."""
    bilinear = layer.config.get("interpolation") == "bilinear"
    if not (bilinear and context.semantics.get("upsampling_from_corners")):
        return translate_plain(layer, path, context)
    size = layer.config.get("size", 2)
    factors = (size, size) if isinstance(size, int) else tuple(size)
    first = layer.config.get("data_format") == "channels_first"
    repeated = replace(
        layer, name=f"{layer.name}_repeated", config={**layer.config, "interpolation": "nearest"}
    )
    padded = Layer(f"{layer.name}_edge", "ops.pad")
    config = {"pool_size": factors, "strides": 1, "data_format": layer.config.get("data_format")}
    average = Layer(layer.name, "AveragePooling2D", config, dtype=layer.dtype)
    nothing, behind = [[0, 0]], [[0, factor - 1] for factor in factors]
    # The last k values along an axis are all the same, so their mirror image goes on with the edge.
    width = [*nothing, *nothing, *behind] if first else [*nothing, *behind, *nothing]

    def wire(
        index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        edge = {"x": Ref(repeated.name, index, 0), "pad_width": width, "mode": "symmetric"}
        calls = [
            Call(repeated.name, index, args, kwargs),
            Call(padded.name, index, (), edge),
            Call(average.name, index, (Ref(padded.name, index, 0),)),
        ]
        return calls, lambda output: Ref(average.name, index, output)

    note = Note("rebuilt", "/".join(path), "bilinear from the corners as repetition and an average")
    return Expansion((repeated, padded, average), notes=(note,), wiring=wire)
