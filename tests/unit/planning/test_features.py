"""Features along the graph: arrays for other inputs than the config's are told before anything is built."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.architecture.configs import Config, an_input, dense, entry, fed, functional, lstm
from tests.unit.planning.made_up import plan, refused


def lstm_arrays(
    name: str, features: int, units: int = 2, scope: str = ""
) -> list[tuple[str, tuple[int, ...]]]:
    shapes = {"kernel": (features, 4 * units), "recurrent_kernel": (units, 4 * units), "bias": (4 * units,)}
    return [(f"{name}/{scope}{role}:0", shape) for role, shape in shapes.items()]


def dense_arrays(name: str, features: int, units: int = 2) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{name}/kernel:0", (features, units)), (f"{name}/bias:0", (units,))]


def model(*entries: Config) -> Config:
    last = entries[-1]["name"]
    return functional([an_input("x", 5, 3), *entries], [["x", 0, 0]], [[last, 0, 0]])


BOTH_WAYS = {"layer": lstm("l", return_sequences=True), "merge_mode": "concat"}
TWO_WAYS = [array for side in ("forward", "backward") for array in lstm_arrays("b", 3, scope=f"{side}_l/")]
CELLS = {
    "cells": [
        entry("LSTMCell", "a", {"units": 2, "use_bias": True}),
        entry("LSTMCell", "c", {"units": 4, "use_bias": True}),
    ]
}
STACK = {"class_name": "StackedRNNCells", "config": {"name": "s", **CELLS}}

# What stands before a Dense layer, its arrays, and how many features the Dense layer is fed.
BEFORE: dict[str, tuple[list[Config], dict[str, Any], int]] = {
    "nothing": ([], {}, 3),
    "an LSTM": ([lstm("l", fed("x"))], {"l": lstm_arrays("l", 3)}, 2),
    "what passes them on": (
        [entry("Masking", "m", {"mask_value": 0}, fed("x")), entry("Dropout", "l", {"rate": 0}, fed("m"))],
        {},
        3,
    ),
    "both ways": ([entry("Bidirectional", "l", {**BOTH_WAYS}, fed("x"))], {"l": TWO_WAYS}, 4),
    "both ways summed": (
        [entry("Bidirectional", "l", {**BOTH_WAYS, "merge_mode": "sum"}, fed("x"))], {"l": TWO_WAYS}, 2,
    ),
    "cells": (
        [entry("RNN", "l", {"cell": STACK}, fed("x"))],
        {"l": [*lstm_arrays("a", 3), *lstm_arrays("c", 2, 4)]},
        4,
    ),
    "branches side by side": (
        [lstm("a", fed("x"), return_sequences=True), entry("Concatenate", "l", {"axis": -1}, fed("x", "a"))],
        {"a": lstm_arrays("a", 3)},
        5,
    ),
    "branches added": (
        [dense("a", fed("x"), units=7), dense("c", fed("x"), units=7), entry("Add", "l", {}, fed("a", "c"))],
        {"a": dense_arrays("a", 3, 7), "c": dense_arrays("c", 3, 7)},
        7,
    ),
    "a layer at each step": (
        [entry("TimeDistributed", "l", {"layer": dense("d", units=6)}, fed("x"))],
        {"l": [("d/kernel:0", (3, 6)), ("d/bias:0", (6,))]},
        6,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BEFORE)
def test_a_layer_takes_the_features_that_it_is_fed_and_no_others(name: str) -> None:
    before, arrays, features = BEFORE[name]
    config = model(*before, dense("y", fed("l" if before else "x")))
    plan(config, {**arrays, "y": dense_arrays("y", features)})
    (problem,) = refused(config, {**arrays, "y": dense_arrays("y", features + 1)})
    assert problem.where == "y: kernel"
    assert problem.found == f"({features + 1}, 2): {features + 1} features"
    assert problem.expected == f"{features} features, as the layer is fed"


@pytest.mark.parametrize(
    "between",
    [
        entry("Flatten", "l", {}, fed("x")),
        entry("Reshape", "l", {"target_shape": [-1]}, fed("x")),
        entry("Permute", "l", {"dims": [2, 1]}, fed("x")),
        entry("Concatenate", "l", {"axis": 1}, fed("x", "x")),
    ],
)
def test_where_features_are_not_known_nothing_is_said(between: Config) -> None:
    config = model(between, dense("y", fed("l")))
    assert plan(config, {"y": dense_arrays("y", 15)}).assignments


def test_features_are_followed_into_models_and_out_of_them() -> None:
    inner = functional(
        [an_input("i", 5, 3), dense("d", fed("i"), units=6)], [["i", 0, 0]], [["d", 0, 0]], "inner"
    )
    config = model({**inner, "name": "inner", "inbound_nodes": [fed("x")]}, dense("y", [["inner", 1, 0]]))
    right = {"inner": dense_arrays("d", 3, 6), "y": dense_arrays("y", 6)}
    plan(config, right)
    (inside,) = refused(config, {**right, "inner": dense_arrays("d", 4, 6)})
    assert inside.where == "inner/d: kernel"
    (outside,) = refused(config, {**right, "y": dense_arrays("y", 5)})
    assert outside.where == "y: kernel"


def test_both_directions_and_every_call_are_looked_at() -> None:
    config = model(entry("Bidirectional", "b", BOTH_WAYS, fed("x")))
    wrong = [array for side in ("forward", "backward") for array in lstm_arrays("b", 4, scope=f"{side}_l/")]
    problems = refused(config, {"b": wrong})
    assert [problem.where for problem in problems] == ["b/forward_layer: kernel", "b/backward_layer: kernel"]
