"""Keras 3's order of axes in the arrays of plain layers, and arrays that are declared otherwise put into it.

Cells are read gate by gate (`declared_arrays.py`); every other layer's forward pass takes Keras's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.graph import Graph, Layer, WeightKey
from lstm_migrate.reference.axis_digits import Misdeclared, Stack, axes_of, blocks_of, length, solved, spelled
from lstm_migrate.reference.declared_arrays import SAME, Held
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.reference.semantics import Semantics

SCALES = dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), "c")

# x: inputs, u: units or filters, n: tokens, c: channels, m: depth_multiplier, k and p: places in a kernel.
KERAS_AXES: Mapping[str, Mapping[str, str]] = {
    "Dense": {"kernel": "x u", "bias": "u"},
    "Embedding": {"embeddings": "n u"},
    "Conv1D": {"kernel": "k0 x u", "bias": "u"},
    "Conv2D": {"kernel": "k0 k1 x u", "bias": "u"},
    "Conv3D": {"kernel": "k0 k1 k2 x u", "bias": "u"},
    "Conv1DTranspose": {"kernel": "k0 u x", "bias": "u"},
    "Conv2DTranspose": {"kernel": "k0 k1 u x", "bias": "u"},
    "Conv3DTranspose": {"kernel": "k0 k1 k2 u x", "bias": "u"},
    "SeparableConv1D": {"depthwise_kernel": "k0 x m", "pointwise_kernel": "p0 (x m) u", "bias": "u"},
    "SeparableConv2D": {"depthwise_kernel": "k0 k1 x m", "pointwise_kernel": "p0 p1 (x m) u", "bias": "u"},
    "DepthwiseConv1D": {"kernel": "k0 x m", "depthwise_kernel": "k0 x m", "bias": "(x m)"},
    "DepthwiseConv2D": {"kernel": "k0 k1 x m", "depthwise_kernel": "k0 k1 x m", "bias": "(x m)"},
    "BatchNormalization": SCALES,
    "LayerNormalization": SCALES,
    "GroupNormalization": SCALES,
}


def in_keras_order(
    graph: Graph, weights: Mapping[WeightKey, Array], semantics: Semantics
) -> Mapping[WeightKey, Array]:
    """The same arrays, those of plain layers with a declared storage in Keras 3's order of axes."""
    layers = {path: layer for path, layer in graph.walk() if layer.storage and not layer.storage.cell}
    declared = {
        WeightKey(path, role): layer
        for path, layer in layers.items()
        if layer.storage
        for role in layer.storage.arrays
    }
    return _Reordered(weights, declared, semantics) if declared else weights


@dataclass(frozen=True, eq=False)
class _Reordered(Mapping[WeightKey, Array]):
    """Arrays that are reordered when they are asked for, so that none is held twice for long."""

    weights: Mapping[WeightKey, Array]
    declared: Mapping[WeightKey, Layer]
    semantics: Semantics

    def __getitem__(self, key: WeightKey) -> Array:
        if key not in self.declared or key not in self.weights:
            return self.weights[key]
        try:
            return self._reordered(key, self._wanted(key))
        except Misdeclared as error:
            raise NoReference(key.path, f"{key.role}: {error}") from None

    def _wanted(self, key: WeightKey) -> tuple[Stack, ...]:
        kind = self.declared[key].kind
        expression = KERAS_AXES.get(kind, {}).get(key.role)
        if expression is None:
            raise Misdeclared(f"no order of axes is known for it in a {kind}")
        follows = self.semantics.kernels_follow_ordering or self.semantics.theano_convolutions
        if "k0" in expression and follows:
            raise Misdeclared(
                "a kernel that a mapping file declares, where the source's own lie by other rules"
            )
        return axes_of(expression)

    def _reordered(self, key: WeightKey, wanted: tuple[Stack, ...]) -> Array:
        held = self._held(key)
        if held.axes == wanted:
            return held.array
        blocks = list(blocks_of(held.axes))
        names = [digit.name for (part,) in wanted for digit in part]
        if len(blocks) > 1 or not blocks[0].names >= set(names):
            raise Misdeclared(f"its axes are {spelled(held.axes)!r}, and {spelled(wanted)!r} is needed")
        storage = self.declared[key].storage
        assert storage is not None
        sizes = self._sizes(key)
        taken = held.taken(blocks[0], sizes, names, storage.at)
        return taken.reshape([length(stack, sizes) for stack in wanted])

    def _held(self, key: WeightKey) -> Held:
        storage = self.declared[key].storage
        assert storage is not None
        stored = storage.arrays[key.role]
        return Held(key.role, self.weights[key], axes_of(stored.axes), poured=tuple(stored.poured.split()))

    def _sizes(self, key: WeightKey) -> dict[str, int]:
        """From the layer's arrays together: "(x m)" alone leaves open how large each is."""
        storage = self.declared[key].storage
        assert storage is not None
        keys = [WeightKey(key.path, role) for role in storage.arrays]
        return solved([self._held(each).declared for each in keys if each in self.weights], {}, SAME)

    def __contains__(self, key: object) -> bool:
        return key in self.weights

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)
