"""time_major, which Keras 3 lacks → the layer on batches first, between two transpositions.

Bidirectional turned its backward output around along the second axis in every version up to
TensorFlow 2.2, which with time_major is the batch; that is put back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Call, Layer, LayerPath, Ref
from lstm_migrate.planning.bidirectional import MERGES
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note


def is_time_major(layer: Layer) -> bool:
    """Whether the first axis of a layer's sequences is time."""
    return any(side.config.get("time_major") for side in _sides(layer))


def batch_first(layer: Layer) -> Layer:
    """The layer without the word time_major, which Keras 3 does not know."""
    if not any("time_major" in side.config for side in _sides(layer)):
        return layer
    config = {key: value for key, value in layer.config.items() if key != "time_major"}
    children = layer.children
    if layer.kind == "Bidirectional":
        children = {label: batch_first(child) for label, child in children.items()}
    return replace(layer, config=config, children=children)


def translate_time_major(
    layer: Layer, path: LayerPath, context: Context, translate: Callable[[Layer], Expansion]
) -> Expansion:
    """What `translate` makes of the layer on batches first, wired between transpositions."""
    if len({bool(side.config.get("time_major")) for side in _sides(layer)}) > 1:
        raise PlanError("one direction has time_major, the other has not", where="/".join(path))
    sequences = bool(_sides(layer)[0].config.get("return_sequences"))
    inner = batch_first(layer)
    flips = bool(context.semantics.get("bidirectional_flips_batch"))
    apart = layer.kind == "Bidirectional" and sequences and flips
    if apart:
        inner = replace(inner, config={**inner.config, "merge_mode": None})
    found = translate(inner)
    wiring = _Wiring(layer, found, sequences, apart)
    note = Note("rebuilt", "/".join(path), "time_major as a transposition before and behind")
    return replace(
        found,
        layers=(*found.layers, *wiring.layers()),
        notes=(*found.notes, note),
        wiring=wiring,
    )


def _sides(layer: Layer) -> tuple[Layer, ...]:
    return tuple(layer.children.values()) if layer.kind == "Bidirectional" else (layer,)


class _Wiring:
    """The calls around the inner layers. `apart`: a Bidirectional's outputs are merged behind it."""

    def __init__(self, layer: Layer, inner: Expansion, sequences: bool, apart: bool) -> None:
        self.name, self.inner, self.sequences, self.apart = layer.name, inner, sequences, apart
        self.merge = layer.config.get("merge_mode", "concat")
        self.dtype = layer.dtype

    def layers(self) -> tuple[Layer, ...]:
        """The layers besides the inner ones; the last one's output is the source layer's."""
        made = [self._operation("batch_first"), self._operation("mask_batch_first")]
        if self.apart:
            made.append(self._operation("flip", "flip"))
        if self.apart and self.merge is not None:
            kind, config = MERGES[self.merge]
            made.append(Layer(self._called("merge"), kind, config, dtype=self.dtype))
        if self.sequences:
            made += [self._operation("other_time_first"), self._operation("time_first")]
        return tuple(made)

    def __call__(
        self, index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        calls: list[Call] = []

        def call(part: str, ref: Any, **settings: Any) -> Ref:
            name = self._called(part)
            calls.append(Call(name, index, (), {"x": ref, **settings}))
            return Ref(name, index, 0)

        fed = (call("batch_first", args[0], axes=(1, 0, 2)), *args[1:])
        if isinstance(kwargs.get("mask"), Ref):
            kwargs = {**kwargs, "mask": call("mask_batch_first", kwargs["mask"], axes=(1, 0))}
        made, result = self.inner.wire(index, fed, kwargs)
        calls += made
        if not self.sequences:
            return calls, result
        outputs = [result(0)]
        if self.merge is None or self.apart:
            outputs.append(result(1))
        further = len(outputs)
        if self.apart:
            outputs[1] = call("flip", outputs[1], axis=(0, 1))
            outputs = self._merged(calls, index, outputs)
        states = further - len(outputs)
        turned = [
            call(part, ref, axes=(1, 0, 2))
            for part, ref in zip(("time_first", "other_time_first"), outputs, strict=False)
        ]
        return calls, lambda output: turned[output] if output < len(turned) else result(output + states)

    def _merged(self, calls: list[Call], index: int, outputs: list[Ref]) -> list[Ref]:
        if self.merge is None:
            return outputs
        calls.append(Call(self._called("merge"), index, (outputs,)))
        return [Ref(self._called("merge"), index, 0)]

    def _operation(self, part: str, operation: str = "transpose") -> Layer:
        return Layer(self._called(part), f"ops.{operation}")

    def _called(self, part: str) -> str:
        return f"{self.name}_{part}"
