"""Layers with several inputs beside Keras 3's, with and without masks, and their masks in older eras."""

from __future__ import annotations

from itertools import product
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Layer
from lstm_migrate.reference.merging import ELEMENTWISE
from lstm_migrate.reference.scope import Array, Precision, Scope, Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import KERAS_3, numbers

KERAS_2 = Semantics(merge_mask="all", merge_skips_masked=False, concatenate_mask="all")


def merged(kind: str, inputs: list[Tensor], semantics: Semantics = KERAS_3, **config: Any) -> Tensor:
    scope = Scope(Layer("merge", kind, config), ("merge",), {}, semantics, Precision(), {}, lambda *_: None)
    result = scope.call(inputs)
    assert isinstance(result, Tensor)
    return result


def assert_like_keras(kind: str, arrays: list[Array], masks: list[Array | None], **config: Any) -> None:
    tensors = []
    for array, mask in zip(arrays, masks, strict=True):
        tensor = keras.ops.convert_to_tensor(array)
        if mask is not None:
            tensor._keras_mask = keras.ops.convert_to_tensor(mask)
        tensors.append(tensor)
    expected = getattr(keras.layers, kind)(**config)(tensors)
    inputs = [Tensor(array.astype(np.float64), mask) for array, mask in zip(arrays, masks, strict=True)]
    ours = merged(kind, inputs, **config)
    np.testing.assert_allclose(ours.value, keras.ops.convert_to_numpy(expected), atol=1e-5)
    mask = getattr(expected, "_keras_mask", None)
    assert (ours.mask is None) == (mask is None)
    if mask is not None:
        np.testing.assert_array_equal(ours.mask, keras.ops.convert_to_numpy(mask))


def random_mask(seed: int) -> Array:
    return np.random.default_rng(seed).random((3, 5)) < 0.6


@pytest.mark.parametrize("kind", ELEMENTWISE)
@pytest.mark.parametrize("masked", list(product([False, True], repeat=2)))
def test_two_inputs_are_joined_as_keras_does(kind: str, masked: tuple[bool, bool]) -> None:
    arrays = [numbers(3, 5, 4, seed=seed) for seed in (1, 2)]
    masks = [random_mask(seed) if there else None for seed, there in enumerate(masked)]
    assert_like_keras(kind, arrays, masks)


@pytest.mark.parametrize("kind", [kind for kind in ELEMENTWISE if kind != "Subtract"])
@pytest.mark.parametrize("masked", [(True, True, True), (True, True, False), (False, True, True)])
def test_three_inputs_are_joined_as_keras_does(kind: str, masked: tuple[bool, ...]) -> None:
    arrays = [numbers(3, 5, 4, seed=seed) for seed in (1, 2, 3)]
    masks = [random_mask(seed) if there else None for seed, there in enumerate(masked)]
    assert_like_keras(kind, arrays, masks)


def test_an_input_of_lower_rank_gains_axes_behind_the_batch() -> None:
    assert_like_keras("Multiply", [numbers(3, 5, 4), numbers(3, 4)], [None, None])


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("masked", list(product([False, True], repeat=2)))
def test_concatenate_lays_masks_side_by_side(axis: int, masked: tuple[bool, bool]) -> None:
    arrays = [numbers(3, 5, 4, seed=seed) for seed in (1, 2)]
    masks = [random_mask(seed) if there else None for seed, there in enumerate(masked)]
    assert_like_keras("Concatenate", arrays, masks, axis=axis)


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [
        (((3, 5, 4), (3, 6, 4)), 2),
        (((3, 5, 4), (3, 5, 6)), (1, 1)),
        (((3, 4), (3, 4)), -1),
        (((3, 5, 4), (3, 4)), (2, 1)),
        (((3, 4), (3, 4, 5)), (1, 1)),
        (((3, 2, 5, 4), (3, 4, 6)), (3, 1)),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot_sums_over_one_axis_of_each(shapes: Any, axes: Any, normalize: bool) -> None:
    arrays = [numbers(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    assert_like_keras("Dot", arrays, [None, None], axes=axes, normalize=normalize)


def test_in_keras_2_a_step_counts_only_if_no_input_masks_it() -> None:
    first, second = random_mask(1), random_mask(2)
    x = numbers(3, 5, 4)
    joined = merged("Add", [Tensor(x, first), Tensor(x, second), Tensor(x)], KERAS_2)
    np.testing.assert_array_equal(joined.mask, first & second)
    joined = merged("Concatenate", [Tensor(x, first), Tensor(x, second)], KERAS_2, axis=-1)
    np.testing.assert_array_equal(joined.mask, first & second)


@pytest.mark.parametrize("kind", ["Multiply", "Maximum", "Minimum"])
def test_in_keras_2_masks_do_not_change_a_merged_value(kind: str) -> None:
    arrays = [numbers(3, 5, 4, seed=seed) for seed in (1, 2)]
    plain = merged(kind, [Tensor(array) for array in arrays], KERAS_2)
    masked = merged(kind, [Tensor(array, random_mask(1)) for array in arrays], KERAS_2)
    np.testing.assert_array_equal(plain.value, masked.value)
    assert not np.array_equal(
        plain.value, merged(kind, [Tensor(arrays[0], random_mask(1)), Tensor(arrays[1])]).value
    )
