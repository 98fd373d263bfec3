"""TimeDistributed and Bidirectional around any layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_migrate.graph import leaves, map_leaves
from lstm_migrate.reference.masking import explicit_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward

MERGES: Mapping[str, Callable[[Array, Array], Array]] = {
    "concat": lambda forth, back: np.concatenate([forth, back], axis=-1),
    "sum": lambda forth, back: forth + back,
    "mul": lambda forth, back: forth * back,
    "ave": lambda forth, back: (forth + back) / 2,
}
"""How Bidirectional joins its two outputs; None keeps both."""


@forward("TimeDistributed")
def time_distributed(scope: Scope, inputs: Any, *, mask: Any = None, **_: Any) -> Any:
    """The child on every time step, as one large batch."""
    child = scope.inside("layer")
    if any(layer.config.get("stateful") for _, layer in child.layer.walk()):
        raise NoReference(scope.path, "a stateful layer inside TimeDistributed")
    tensors = map_leaves(inputs, lambda tensor: _with_mask(tensor, mask))
    first = next(leaves(tensors))
    batch, time = first.value.shape[:2]
    child_sees_mask = scope.semantics.time_distributed_child_sees_mask and _static_batch(scope) != "alone"
    merged = map_leaves(tensors, lambda tensor: _merge_time(tensor, child_sees_mask))

    def split(tensor: Tensor) -> Tensor:
        value = tensor.value.reshape(batch, time, *tensor.value.shape[1:])
        return Tensor(value, _output_mask(scope, tensor.mask, first))

    return map_leaves(child.call(merged), split)


def _static_batch(scope: Scope) -> str:
    return scope.semantics.time_distributed_static_batch if scope.static_batch else "same"


def _with_mask(tensor: Tensor, mask: Any) -> Tensor:
    if mask is None:
        return tensor
    return Tensor(tensor.value, explicit_mask(mask, tensor))


def _merge_time(tensor: Tensor, with_mask: bool) -> Tensor:
    mask = tensor.mask if with_mask else None
    if mask is not None:
        mask = mask.reshape(-1, *mask.shape[2:])
    return Tensor(tensor.value.reshape(-1, *tensor.value.shape[2:]), mask)


def _output_mask(scope: Scope, inner: Array | None, source: Tensor) -> Array | None:
    if scope.semantics.time_distributed_mask == "outer" or _static_batch(scope) != "same":
        return source.mask
    if inner is not None:
        return inner.reshape(*source.value.shape[:2], *inner.shape[1:])
    if source.mask is None:
        return None
    return np.asarray(source.mask.any(axis=tuple(range(2, source.mask.ndim))))


@forward("Bidirectional")
def bidirectional(
    scope: Scope, sequences: Any, *more: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    """Two recurrent layers over one sequence; the first half of the initial states is the forward one's."""
    x, *states = [leaf for leaf in leaves([sequences, list(more), initial_state]) if isinstance(leaf, Tensor)]
    x = _with_mask(x, mask)
    half = len(states) // 2
    named = {} if mask is None else {"mask": "input"}
    forth = _direction(scope, "forward_layer").call(x, *states[:half], **named)
    back = _direction(scope, "backward_layer").call(x, *states[half:], **named)
    outputs, new_states = _joined(scope, list(leaves(forth)), list(leaves(back)))
    results = [*outputs, *new_states]
    return results if len(results) > 1 else results[0]


def _direction(scope: Scope, label: str) -> Scope:
    """The child as the wrapper changes it."""
    child, semantics = scope.inside(label), scope.semantics
    config = dict(child.config)
    if semantics.bidirectional_zeroes_masked:
        # Without return_sequences the wrapper switches the zeros off, whatever the child's config says.
        zeroes = bool(config.get("return_sequences")) or semantics.bidirectional_zeroes_last
        config["zero_output_for_mask"] = zeroes
    if not semantics.bidirectional_keeps_states:
        config["stateful"] = False
    return replace(child, layer=replace(child.layer, config=config))


def _joined(scope: Scope, forth: list[Tensor], back: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    child = scope.layer.children["forward_layer"]
    first, second = forth[0].value, back[0].value
    if child.config.get("return_sequences"):
        by_time = child.config.get("time_major") and not scope.semantics.bidirectional_flips_batch
        second = np.flip(second, axis=0 if by_time else 1)
    mode, mask = scope.config["merge_mode"], forth[0].mask
    if mode is None:
        outputs = [Tensor(first, mask), Tensor(second, mask)]
    else:
        outputs = [Tensor(scope.precision.cast(MERGES[mode](first, second)), mask)]
    return outputs, [*forth[1:], *back[1:]]
