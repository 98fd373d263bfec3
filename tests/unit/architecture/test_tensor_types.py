"""The dtypes of tensors that no config states, and what follows from them for constants, casts and means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from tests.unit.architecture.functional import input_entry, operation, read

ROW = [0.1, 0.2, 0.3]


def constant_beside(dtype: str, function: str = "math.add", value: Any = ROW) -> Any:
    """The second argument of `function` beside a tensor of this dtype."""
    cast = operation("cast", "cast", ["x", 0, 0, {"dtype": dtype}])
    after = operation(function, "y", ["cast", 0, 0, {"y": value}])
    graph = read([input_entry("x", [3]), cast, after], [["y", 0, 0]])
    return graph.calls[-1].args[1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_array_has_the_dtype_of_the_tensor_beside_it(dtype: str) -> None:
    assert constant_beside(dtype).dtype == dtype


def test_whole_numbers_beside_floats_are_floats() -> None:
    assert constant_beside("float32", value=[1, 2, 3]).dtype == "float32"
    assert constant_beside("int32", value=[1, 2, 3]).dtype == "int32"


def test_a_number_stays_a_number() -> None:
    assert constant_beside("float16", value=2.0) == 2.0


def test_an_array_beside_bfloat16_is_refused() -> None:
    with pytest.raises(PlanError, match="bfloat16"):
        constant_beside("bfloat16")


def test_an_operation_has_the_dtype_of_what_it_computes() -> None:
    cast = operation("cast", "cast", ["x", 0, 0, {"dtype": "float16"}])
    after = operation("math.tanh", "y", ["cast", 0, 0, {}])
    graph = read([input_entry("x", [3]), cast, after], [["y", 0, 0]])
    assert [graph.layers[name].dtype for name in ("cast", "y")] == ["float16", "float16"]


def test_the_mean_of_whole_numbers_is_refused() -> None:
    x = input_entry("x", np.zeros((2, 3), "int32"))
    with pytest.raises(PlanError, match="mean of whole numbers"):
        read([x, operation("math.reduce_mean", "y", ["x", 0, 0, {"axis": 1}])], [["y", 0, 0]])
