"""Operations that stand in a model as layers, against keras.ops of the same name."""

from __future__ import annotations

from inspect import signature
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.reference.scope import NoReference
from lstm_migrate.reference.tensor_ops import OPERATIONS
from tests.unit.reference.against_keras import assert_close, numbers, reference, scope_of

A, B, FLAT = numbers(2, 3, 4), numbers(2, 3, 4, seed=1), numbers(4, 5)
POSITIVE = np.abs(A) + 0.5
BOOLS = A > 0
WHOLE = np.array([[0, 2, 1], [2, 2, 0]])
BINARY = "add subtract multiply divide true_divide maximum minimum floor_divide mod arctan2"
COMPARISONS = "equal not_equal greater greater_equal less less_equal"
POSITIVE_ONES = "log log1p log2 log10 sqrt rsqrt reciprocal"
UNARY = (
    "negative absolute abs square exp expm1 sign floor ceil round sin cos tan arctan sinh cosh"
    " erf tanh sigmoid relu relu6 leaky_relu elu selu celu softplus softsign silu swish hard_silu hard_swish"
    " hard_tanh tanh_shrink soft_shrink hard_shrink log_sigmoid hard_sigmoid gelu softmax log_softmax"
    " isnan isinf isfinite copy identity ones_like zeros_like ravel transpose stop_gradient convert_to_tensor"
)
REDUCTIONS = "sum mean max min amax amin prod var std logsumexp any all argmax argmin"

CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[(name, (A, B), {}) for name in BINARY.split()],
    *[(name, (A, B), {}) for name in COMPARISONS.split()],
    *[(name, (A, 0.5), {}) for name in "add multiply subtract maximum greater".split()],
    *[(name, (POSITIVE,), {}) for name in POSITIVE_ONES.split()],
    *[(name, (A,), {}) for name in UNARY.split() if name != "identity"],
    *[(name, (A / 10,), {}) for name in "arcsin arccos".split()],
    *[(name, (A,), {}) for name in REDUCTIONS.split()],
    *[(name, (A,), {"axis": 1, "keepdims": True}) for name in REDUCTIONS.split()],
    *[(name, (A,), {"axis": [0, 2]}) for name in "sum mean max min".split()],
    *[(name, (BOOLS, ~BOOLS), {}) for name in "logical_and logical_or logical_xor".split()],
    ("logical_not", (BOOLS,), {}),
    ("power", (POSITIVE, 1.5), {}),
    ("divide_no_nan", (A, np.where(BOOLS, B, 0)), {}),
    ("clip", (A, -0.5, 0.5), {}),
    ("where", (BOOLS, A, B), {}),
    ("where", (BOOLS, A, 0.0), {}),
    ("cumsum", (A,), {"axis": 1}),
    ("cumprod", (A,), {"axis": 1}),
    ("sort", (A,), {"axis": 1}),
    ("argsort", (A,), {}),
    ("top_k", (A, 2), {}),
    ("norm", (A,), {"axis": -1}),
    ("norm", (A,), {"ord": 1, "axis": 1, "keepdims": True}),
    ("normalize", (A,), {"axis": 1}),
    ("normalize", (A,), {"axis": -1, "order": 1}),
    ("matmul", (A, FLAT), {}),
    ("dot", (A, FLAT), {}),
    ("einsum", ("abc,cd->abd", A, FLAT), {}),
    ("tensordot", (A, FLAT), {"axes": 1}),
    ("outer", (FLAT[0], FLAT[1]), {}),
    ("transpose", (A,), {"axes": [0, 2, 1]}),
    ("reshape", (A, (2, -1)), {}),
    ("expand_dims", (A, 1), {}),
    ("expand_dims", (A,), {"axis": -1}),
    ("squeeze", (A[:, :1],), {"axis": 1}),
    ("concatenate", ([A, B],), {"axis": 1}),
    ("stack", ([A, B],), {"axis": 1}),
    ("hstack", ([A, B],), {}),
    ("vstack", ([A, B],), {}),
    ("split", (A, 2), {"axis": 2}),
    ("split", (A, [1, 3]), {"axis": 2}),
    ("unstack", (A,), {"axis": 1}),
    ("tile", (A, [1, 2, 1]), {}),
    ("repeat", (A, 2), {"axis": 1}),
    ("flip", (A,), {"axis": 1}),
    ("roll", (A, 1), {"axis": 1}),
    ("moveaxis", (A, 0, -1), {}),
    ("swapaxes", (A, 1, 2), {}),
    ("pad", (A, [[0, 0], [1, 2], [0, 1]]), {}),
    ("pad", (A, [[0, 0], [1, 2], [0, 1]]), {"mode": "reflect"}),
    ("pad", (A, [[0, 0], [1, 2], [0, 1]]), {"constant_values": 2.0}),
    ("broadcast_to", (A[:1], (5, 3, 4)), {}),
    ("take", (A, [2, 0]), {"axis": 1}),
    ("take_along_axis", (A, np.argsort(A, axis=1)), {"axis": 1}),
    ("cast", (A, "int32"), {}),
    ("cast", (WHOLE, "float16"), {}),
    ("full_like", (A, 3.0), {}),
    ("one_hot", (WHOLE, 4), {}),
    ("one_hot", (WHOLE, 4), {"axis": 1}),
    ("gelu", (A,), {"approximate": False}),
    ("relu", (A,), {}),
    ("leaky_relu", (A, 0.4), {}),
    ("softmax", (A,), {"axis": 1}),
]


@pytest.mark.parametrize(
    "name, args, kwargs", CASES, ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)]
)
def test_an_operation_is_that_of_keras(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    expected = getattr(keras.ops, name)(*args, **kwargs)
    ours = reference(scope_of(f"ops.{name}", {}), *args, **kwargs)
    assert_close(ours, list(expected) if isinstance(ours, list) else expected)


def test_every_operation_but_the_trivial_ones_is_compared() -> None:
    untested = set(OPERATIONS) - {case[0] for case in CASES}
    assert untested == {"identity", "shape", "get_item", "getitem"}


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"identity", "getitem", "shape"}))
def test_an_operation_has_the_parameters_of_keras(name: str) -> None:
    ours, theirs = (list(signature(call).parameters) for call in (OPERATIONS[name], getattr(keras.ops, name)))
    if ours != ["x", "parameters", "named"]:  # an activation: its parameters stand in another table
        assert ours == theirs[: len(ours)] or name == "einsum"


def test_items_are_taken_by_number_slice_and_ellipsis() -> None:
    key = (slice(None), 1, ...)
    for name in ("get_item", "getitem"):
        assert_close(reference(scope_of(f"ops.{name}", {}), A, key), [A[:, 1]])


def test_a_shape_is_a_list_of_sizes() -> None:
    sizes = reference(scope_of("ops.shape", {}), A)
    assert [int(size.value) for size in sizes] == [2, 3, 4]


def test_unknown_arguments_have_no_reference() -> None:
    with pytest.raises(NoReference, match=r"ops\.mean"):
        reference(scope_of("ops.mean", {}), A, weights=1)
