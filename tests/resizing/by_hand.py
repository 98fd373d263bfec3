"""What a resized model must be, worked out by hand: from labels and NumPy alone.

The old arrays and the resized ones are held against the labels of a model that was built in the new sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from tests.resizing.models import Build, Draft, Label, Labels, Made, drafted

Keep = Mapping[str, Sequence[int]]
"""For each symbol the old number of every new one; a number beyond the old ones is new."""
Arrays = dict[str, list[Any]]


def arrays_of(model: Any) -> Arrays:
    """The arrays of each layer that has any."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def old_places(old: Labels, new: Labels, keep: Keep) -> Any:
    """For each place of the new axis the old one that stands there; -1 if it is new.

    Where a label stands several times (gates, directions, steps), the first is the first and so on.
    """
    seen: dict[Label, list[int]] = {}
    for place, label in enumerate(old):
        seen.setdefault(label, []).append(place)
    met: dict[Label, int] = {}
    return np.array([_place(label, seen, met, keep) for label in new])


def _place(label: Label, seen: Mapping[Label, list[int]], met: dict[Label, int], keep: Keep) -> int:
    nth = met.get(label, 0)
    met[label] = nth + 1
    former = label
    if label is not None and label[0] in keep:
        former = (label[0], keep[label[0]][label[1]])
    return seen[former][nth] if former in seen else -1


def places(build: Build, keep: Keep) -> Iterator[tuple[str, int, list[Any]]]:
    """Of every array that labels describe (layer, number): the old place of each new place, axis by axis."""
    sizes = tuple((symbol, len(kept)) for symbol, kept in keep.items())
    old, new = drafted(build).arrays, drafted(build, sizes).arrays
    for layer, arrays in old.items():
        for number, (before, after) in enumerate(zip(arrays, new[layer], strict=True)):
            yield layer, number, [old_places(a, b, keep) for a, b in zip(before, after, strict=True)]


def cut(arrays: Arrays, build: Build, keep: Keep) -> Arrays:
    """The arrays with nothing but what is kept."""
    found = {layer: list(values) for layer, values in arrays.items()}
    for layer, number, where in places(build, keep):
        found[layer][number] = found[layer][number][np.ix_(*where)]
    return found


def new_parts(build: Build, keep: Keep) -> Iterator[tuple[str, int, Any]]:
    """Of every array (layer, number) which elements are new, as a mask of its shape."""
    for layer, number, where in places(build, keep):
        yield layer, number, reduce(np.logical_or.outer, [place < 0 for place in where])


def differences(
    found: Arrays, wanted: Arrays, same: Callable[[Any, Any], bool] = np.array_equal
) -> list[str]:
    """The names of all arrays that are not as wanted."""
    assert list(found) == list(wanted)
    return [
        f"{layer}[{number}]"
        for layer, values in wanted.items()
        for number, value in enumerate(values)
        if found[layer][number].shape != value.shape or not same(found[layer][number], value)
    ]


def small_model(build: Build, keep: Keep, arrays: Arrays, gates: str = "sigmoid") -> Any:
    """A model built in the new sizes, with arrays that were cut by hand."""
    draft = Draft({symbol: len(kept) for symbol, kept in keep.items()}, gates=gates)
    model = build(draft)
    for layer, values in cut(arrays, build, keep).items():
        model.get_layer(layer).set_weights(values)
    return model


def opened(path: Path) -> Any:
    import keras

    return keras.models.load_model(path, compile=False)


def outputs(model: Any, inputs: Sequence[Any], calls: int = 1) -> list[Any]:
    """What Keras computes, flat, in one batch; a stateful model starts anew and may be called again."""
    import keras

    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()
    fed = [keras.ops.convert_to_tensor(value) for value in inputs]
    found = [model(fed if len(fed) > 1 else fed[0], training=False) for _ in range(calls)]
    return [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(found)]


def gap(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    """The largest difference."""
    return max(float(np.abs(a.astype("f8") - b).max()) for a, b in zip(found, wanted, strict=True))


def saved(made: Made, path: Path) -> Path:
    """Keras 3's file of a model."""
    made.model.save(path)
    return path
