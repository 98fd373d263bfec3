"""Reshapes to sizes that the old model reckoned with tf.shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Graph
from tests.unit.architecture.functional import (
    assert_same,
    computed,
    input_entry,
    operation,
    read,
    written,
)

X = np.arange(2 * 4 * 6, dtype="float32").reshape(2, 4, 6)
FREE = [None, 6]


def size(axis: int) -> list[Any]:
    """tf.shape(x)[axis], made by `sizes`."""
    return [f"size_{axis}", 0, 0]


def sizes() -> list[dict[str, Any]]:
    """tf.shape(x) and its three items."""
    items = [
        operation("__operators__.getitem", f"size_{axis}", ["shape", 0, 0, {"slice_spec": axis}])
        for axis in range(3)
    ]
    return [operation("compat.v1.shape", "shape", ["x", 0, 0, {"out_type": "int32"}]), *items]


def reshaped(shape: Any, *more: dict[str, Any], steps: Sequence[int | None] = FREE, of: str = "x") -> Graph:
    """x, with free or fixed sizes, reshaped to `shape`."""
    target = operation("reshape", "y", [of, 0, 0, {"shape": shape}])
    return read([input_entry("x", steps), *sizes(), *more, target], [["y", 0, 0]])


def test_one_unknown_size_follows_from_the_others() -> None:
    graph = reshaped([size(1), 2, 12])
    assert graph.calls[0].args[1] == [-1, 2, 12]
    assert set(graph.layers) == {"x", "y"}


@pytest.mark.parametrize(
    ("shape", "behind"),
    [([size(0), -1], (-1,)), ([size(0), size(1), 2, 3], (-1, 2, 3)), ([size(0), 24], (24,))],
)
def test_the_batch_and_one_more_unknown_size_are_a_reshape_layer(
    shape: list[Any], behind: tuple[int, ...], tmp_path: Path
) -> None:
    graph = reshaped(shape)
    assert (graph.layers["y"].kind, graph.layers["y"].config["target_shape"]) == ("Reshape", behind)
    expected = X.reshape(2, *behind)
    assert_same(computed(graph, [X]), [expected])
    assert_same(written(graph, tmp_path).outputs([X]), [expected])


def test_sizes_that_the_input_fixes_are_numbers() -> None:
    product = operation("math.multiply", "product", ["size_1", 0, 0, {"y": size(2)}])
    assert reshaped([-1, ["product", 0, 0]], product, steps=[4, 6]).calls[0].args[1] == [-1, 24]


def test_sizes_may_be_stacked() -> None:
    stack = operation("stack", "stack", [["size_0", 0, 0, {}], ["_CONSTANT_VALUE", -1, -1, {}]])
    assert reshaped(["stack", 0, 0], stack).layers["y"].kind == "Reshape"


def test_a_tensor_of_another_batch_keeps_no_batch() -> None:
    rows = operation("reshape", "rows", ["x", 0, 0, {"shape": [-1, 6]}])
    with pytest.raises(PlanError, match="more than one size"):
        reshaped([size(0), -1, 3], rows, of="rows")


@pytest.mark.parametrize("shape", [[size(1), -1], [-1, size(1), 2], [size(1), size(0), 6]])
def test_two_unknown_sizes_behind_each_other_are_refused(shape: list[Any]) -> None:
    with pytest.raises(PlanError, match="more than one size that is known at run time only"):
        reshaped(shape)


def test_a_size_among_the_numbers_of_a_tensor_is_refused() -> None:
    scaled = operation("math.multiply", "y", ["x", 0, 0, {"y": ["length", 0, 0]}])
    length = operation("cast", "length", ["size_1", 0, 0, {"dtype": "float32"}])
    with pytest.raises(PlanError, match="size at run time"):
        read([input_entry("x", FREE), *sizes(), length, scaled], [["y", 0, 0]])


def test_a_size_as_an_output_is_refused() -> None:
    with pytest.raises(PlanError, match="outputs"):
        read([input_entry("x", FREE), *sizes()], [["size_1", 0, 0]])


def test_a_shape_that_is_itself_an_input_is_refused() -> None:
    shape = input_entry("shape", np.zeros((2, 3), "int32"))
    target = operation("reshape", "y", ["x", 0, 0, {"shape": ["shape", 0, 0]}])
    with pytest.raises(PlanError, match="known at run time only"):
        read([input_entry("x", FREE), shape, target], [["y", 0, 0]])


def test_a_tensor_scaled_by_a_size_is_no_size() -> None:
    scaled = operation("math.multiply", "scaled", ["x", 0, 0, {"y": size(1)}])
    with pytest.raises(PlanError, match="size at run time"):
        reshaped([-1, 6], scaled, of="scaled")


def test_an_item_behind_the_last_size_is_refused() -> None:
    stack = operation("stack", "stack", [["size_0", 0, 0, {}], ["_CONSTANT_VALUE", -1, -1, {}]])
    item = operation("__operators__.getitem", "item", ["stack", 0, 0, {"slice_spec": 5}])
    with pytest.raises(PlanError, match="size at run time"):
        reshaped([["item", 0, 0], 6], stack, item)
