"""Calls of keras.ops on symbolic tensors, under names that no layer has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from string import ascii_lowercase
from typing import Any

import keras
import numpy as np


def call_operation(
    kind: str, args: Sequence[Any], kwargs: Mapping[str, Any], name: str, taken: Collection[str]
) -> Any:
    """The tensors that keras.ops.<kind> puts out; its operation is called `name`.

    keras.ops counts names of its own ("add_1"), which may be those of layers; a written file keeps what is
    set here. `taken`: the names of the model's other layers.
    """
    if kind == "add":
        return _sum(*args, name=name, taken=taken)
    if kind == "tensordot" and not isinstance(kwargs["axes"], int):
        kind, args, kwargs = "einsum", (_equation(args[0], args[1], kwargs["axes"]), *args), {}
    return _named(getattr(keras.ops, kind)(*args, **kwargs), name)


def _named(made: Any, name: str) -> Any:
    keras.tree.flatten(made)[0]._keras_history.operation.name = name
    return made


def _sum(x1: Any, x2: Any, *, name: str, taken: Collection[str]) -> Any:
    """x1 + x2, whatever their shapes are at run time.

    On TensorFlow, keras.ops.add takes an x2 with a single axis longer than one for a bias if that length
    is x1's second or last, and adds it along that axis: in (3, 3) + (3, 1) x2 comes out transposed. It looks
    at the shapes at run time, so any batch may meet it (Keras 3.7 to 3.15 at least). An x2 along which
    x1 is broadcast comes out right. Subtraction has no such shortcut, and x1 - (-x2) is the same to the bit.
    """
    first, second = _shape(x1), _shape(x2)
    if len(first) < 2 or not second or _fills(second, first):
        return _named(keras.ops.add(x1, x2), name)
    if len(second) < 2 or _fills(first, second):
        return _named(keras.ops.add(x2, x1), name)
    if not isinstance(x2, keras.KerasTensor):
        return _named(keras.ops.subtract(x1, -x2), name)
    negated = _named(keras.ops.negative(x2), _free(f"{name}_negated", taken))
    return _named(keras.ops.subtract(x1, negated), name)


def _fills(shape: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Whether a tensor of `shape` has the shape of its sum with one of `other`, which has the same rank."""
    same = len(shape) == len(other)
    return same and all(own == size or size == 1 for own, size in zip(shape, other, strict=True))


def _equation(x1: Any, x2: Any, axes: Sequence[Sequence[int]]) -> str:
    """The einsum that sums over these axes: Python 3.14 refuses how Keras finds the shape of a tensordot."""
    first, second = len(_shape(x1)), len(_shape(x2))
    left, right = list(ascii_lowercase[:first]), list(ascii_lowercase[first : first + second])
    for own, other in zip(*axes, strict=True):
        right[other] = left[own]
    kept = [letter for letter in (*left, *right) if (letter in left) != (letter in right)]
    return f"{''.join(left)},{''.join(right)}->{''.join(kept)}"


def _shape(x: Any) -> tuple[int | None, ...]:
    return tuple(x.shape) if isinstance(x, keras.KerasTensor) else np.shape(x)


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = f"{name}_"
    return name
