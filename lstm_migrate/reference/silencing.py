"""Silencing: what the layers of a model are called with, without what a smaller model lacks.

Tensors are counted as `leaves` gives them: those of the positional arguments, then those of the named ones
in the order of their names. Masks have no number, be they carried by a tensor or stated ("mask",
"attention_mask" …), nor have constants. A layer inside a wrapper counts what the wrapper calls it with, a
TimeDistributed's in one large batch. A cell has argument 0, its input, and STATE; of both, features are
the last axis, whatever the layer around it calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from lstm_migrate.graph import LayerPath, WeightKey, map_leaves
from lstm_migrate.reference.scope import Array, Forward, NoReference, Scope, Tensor
from lstm_migrate.restriction import STATE, Silence

ALONG_THEIR_AXIS = frozenset({"LayerNormalization", "GroupNormalization"})
"""Layers whose arrays have a number for each position of the axes that their config names."""


@dataclass(frozen=True)
class Silencing:
    """Stands between the layers of one model and what they are called with."""

    silences: Mapping[LayerPath, Sequence[Silence]]

    def run(self, forward: Forward, scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The layer's forward pass on what it is to see."""
        own = [one for one in self.silences.get(scope.path, ()) if one.argument != STATE]
        if not own:
            return forward(scope, *args, **kwargs)
        for silence in own:
            if not silence.over:
                args, kwargs = _replaced(scope, silence.argument, args, kwargs, silence)
        over = [silence for silence in own if silence.over]
        return _without(forward, scope, args, kwargs, over) if over else forward(scope, *args, **kwargs)

    def state(self, path: LayerPath, state: Array) -> Array:
        """What the cell at `path` hears of its hidden state."""
        return self._last_axis(path, STATE, state)

    def input(self, path: LayerPath, value: Array) -> Array:
        """What the cell at `path` sees of its input, of one step or of all."""
        return self._last_axis(path, 0, value)

    def _last_axis(self, path: LayerPath, argument: int, value: Array) -> Array:
        for silence in self.silences.get(path, ()):
            if silence.argument == argument:
                value = replace(silence, axis=-1)(value)
        return value


def _replaced(
    scope: Scope,
    argument: int,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    change: Callable[[Array], Array],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call with `change` made to the tensor of this number."""
    numbers = count()
    found: list[Tensor] = []

    def seen(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or next(numbers) != argument:
            return leaf
        found.append(leaf)
        return Tensor(scope.precision.cast(change(leaf.value)), leaf.mask)

    args = map_leaves(args, seen)
    named = {key: kwargs[key] if _is_mask(key) else map_leaves(kwargs[key], seen) for key in sorted(kwargs)}
    if not found:
        raise NoReference(scope.path, f"it is called with no tensor number {argument}")
    return args, named


def _is_mask(name: str) -> bool:
    return name == "mask" or name.endswith("_mask")


def _without(
    forward: Forward,
    scope: Scope,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    silences: Sequence[Silence],
) -> Any:
    """The layer on the features that are left alone, for to one that takes means a zero says something.

    What it puts out for the others is zero; its readers do not see that.
    """
    narrowings = [_Narrowing(silence) for silence in silences]
    for narrowing in narrowings:
        args, kwargs = _replaced(scope, narrowing.silence.argument, args, kwargs, narrowing)
    first = narrowings[0]
    result = forward(_narrowed(scope, first), *args, **kwargs)
    return result if kwargs.get("keepdims") else map_leaves(result, first.widened)


@dataclass
class _Narrowing:
    """Leaves features out of a tensor, and puts zeros there into one that is shaped like what is left."""

    silence: Silence
    full: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()

    @property
    def axis(self) -> int:
        return self.silence.axis % len(self.full)

    def __call__(self, value: Array) -> Array:
        self.full = value.shape
        gone = set(self.silence.gone)
        self.kept = tuple(place for place in range(value.shape[self.axis]) if place not in gone)
        return np.take(value, self.kept, axis=self.axis)

    def widened(self, tensor: Tensor) -> Tensor:
        left = (*self.full[: self.axis], len(self.kept), *self.full[self.axis + 1 :])
        if tensor.value.shape != left:
            return tensor
        value = np.zeros(self.full, tensor.value.dtype)
        np.moveaxis(value, self.axis, 0)[list(self.kept)] = np.moveaxis(tensor.value, self.axis, 0)
        return Tensor(value, tensor.mask)


def _narrowed(scope: Scope, narrowing: _Narrowing) -> Scope:
    """The layer with its own arrays without what is gone."""
    own = [key for key in scope.weights if key.path == scope.path]
    if not own:
        return scope
    if scope.layer.kind not in ALONG_THEIR_AXIS:
        raise NoReference(scope.path, "it takes means over features that are left out")
    named = scope.config.get("axis", -1)
    axes = sorted(one % len(narrowing.full) for one in ([named] if isinstance(named, int) else named))
    if narrowing.axis not in axes:
        return scope
    along = axes.index(narrowing.axis)
    return replace(scope, weights=_Narrowed(scope.weights, scope.path, along, narrowing.kept))


class _Narrowed(Mapping[WeightKey, Array]):
    """A model's arrays, those of one layer with some positions of an axis alone."""

    def __init__(
        self, weights: Mapping[WeightKey, Array], path: LayerPath, axis: int, kept: tuple[int, ...]
    ) -> None:
        self._weights, self._path, self._axis, self._kept = weights, path, axis, kept

    def __getitem__(self, key: WeightKey) -> Array:
        value = self._weights[key]
        return np.take(value, self._kept, axis=self._axis) if key.path == self._path else value

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)
