"""Plain layers whose arrays a mapping file declares in another order of axes than Keras's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Layer, Storage, StoredArray, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.keras_axes import KERAS_AXES
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import KERAS_3, chain_of, numbers


def run(layer: Layer, arrays: Mapping[str, Array], x: Array, semantics: Semantics = KERAS_3) -> Array:
    weights = {
        WeightKey((layer.name, *role.split(".")[:-1]), role.split(".")[-1]): array
        for role, array in arrays.items()
    }
    (output,) = evaluate(chain_of([layer]), weights, [x], semantics=semantics)
    return output


def declared(**axes: str) -> Storage:
    return Storage("fork", arrays={role: StoredArray(role, text) for role, text in axes.items()})


def test_a_linear_layer_of_pytorch_by_hand() -> None:
    layer = Layer("dense", "Dense", {"use_bias": True}, storage=declared(kernel="u x", bias="u"))
    arrays = {"kernel": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), "bias": np.array([0.1, 0.2, 0.3])}
    np.testing.assert_allclose(run(layer, arrays, np.array([[10.0, 1.0]])), [[12.1, 34.2, 56.3]])


CONV_1D = {"kernel_size": (3,), "filters": 4, "use_bias": False}
CONV_2D = {"kernel_size": (3, 2), "filters": 4, "use_bias": False}
DEPTHWISE = {"kernel_size": (3, 2), "depth_multiplier": 2, "use_bias": True}
SEPARABLE = {"kernel_size": (3,), "filters": 4, "depth_multiplier": 2, "use_bias": False}


@pytest.mark.parametrize(
    ("kind", "config", "shape", "keras", "axes", "stored"),
    [
        (
            "Conv1D",
            CONV_1D,
            (7, 2),
            {"kernel": (3, 2, 4)},
            {"kernel": "u x k0"},
            lambda k: k.transpose(2, 1, 0),
        ),
        ("Conv1D", CONV_1D, (7, 2), {"kernel": (3, 2, 4)}, {"kernel": "~k0 x u"}, lambda k: k[::-1]),
        (
            "Conv1D",
            CONV_1D,
            (7, 2),
            {"kernel": (3, 2, 4)},
            {"kernel": "k0 x u"},
            lambda k: k,
        ),
        (
            "Conv2D",
            CONV_2D,
            (6, 5, 2),
            {"kernel": (3, 2, 2, 4)},
            {"kernel": "u x k0 k1"},
            lambda k: k.transpose(3, 2, 0, 1),
        ),
        (
            "Conv2DTranspose",
            CONV_2D,
            (6, 5, 2),
            {"kernel": (3, 2, 4, 2)},
            {"kernel": "x u k0 k1"},
            lambda k: k.transpose(3, 2, 0, 1),
        ),
        (
            "DepthwiseConv2D",
            DEPTHWISE,
            (6, 5, 3),
            {"kernel": (3, 2, 3, 2), "bias": (6,)},
            {"kernel": "x m k0 k1", "bias": "(m x)"},
            lambda k: k.reshape(3, 2).T.ravel() if k.ndim == 1 else k.transpose(2, 3, 0, 1),
        ),
        (
            "SeparableConv1D",
            SEPARABLE,
            (7, 3),
            {"depthwise_kernel": (3, 3, 2), "pointwise_kernel": (1, 6, 4)},
            {"depthwise_kernel": "m x k0", "pointwise_kernel": "u (m x) p0"},
            lambda k: (
                k.transpose(2, 1, 0)
                if k.shape[0] == 3
                else k.reshape(3, 2, 4).transpose(2, 1, 0).reshape(4, 6, 1)
            ),
        ),
        ("LayerNormalization", {}, (5,), {"gamma": (5,), "beta": (5,)}, {"gamma": "~c"}, None),
    ],
)
def test_a_declared_order_computes_what_keras_order_computes(
    kind: str,
    config: dict[str, Any],
    shape: tuple[int, ...],
    keras: dict[str, tuple[int, ...]],
    axes: dict[str, str],
    stored: Any,
) -> None:
    layer = Layer("layer", kind, config)
    arrays = {role: numbers(*size, seed=len(role)) for role, size in keras.items()}
    turn = stored or (lambda array: array[::-1])
    moved = {role: turn(array) if role in axes else array for role, array in arrays.items()}
    x = numbers(2, *shape)
    ours = run(replace(layer, storage=declared(**axes)), moved, x)
    np.testing.assert_array_equal(ours, run(layer, arrays, x))


def test_an_embedding_may_hold_its_rows_as_columns_among_others() -> None:
    storage = replace(declared(embeddings="layer u n"), at={"layer": 1})
    layer = Layer("embedding", "Embedding", {}, storage=storage)
    table = numbers(9, 4)
    tokens = np.array([[0, 8, 3]])
    np.testing.assert_array_equal(
        run(layer, {"embeddings": np.stack([-table.T, table.T])}, tokens), table[tokens]
    )


def test_a_layer_inside_a_wrapper_is_reordered_too() -> None:
    dense = Layer("layer", "Dense", {"use_bias": False}, storage=declared(kernel="u x"))
    layer = Layer("wrapper", "TimeDistributed", children={"layer": dense})
    kernel, x = numbers(4, 3), numbers(2, 5, 3)
    np.testing.assert_allclose(run(layer, {"layer.kernel": kernel}, x), x.astype(np.float64) @ kernel.T)


@pytest.mark.parametrize(
    ("kind", "axes", "said"),
    [
        ("Dense", {"kernel": "u y"}, r"kernel: its axes are 'u y', and 'x u' is needed"),
        ("Dense", {"kernel": "u (x + y)"}, "is needed"),
        ("Dense", {"kernel": "u x k0"}, "does not have the axes of"),
        ("Dense", {"kernel": "(u x) y"}, "do not follow from the shapes"),
        ("PReLU", {"kernel": "u x"}, "no order of axes is known for it in a PReLU"),
    ],
)
def test_a_declaration_that_does_not_fit_is_named(kind: str, axes: dict[str, str], said: str) -> None:
    layer = Layer("layer", kind, {"use_bias": False}, storage=declared(**axes))
    arrays = {"kernel": numbers(4, 3), "alpha": numbers(3)}
    if kind == "PReLU":
        layer = replace(layer, storage=declared(alpha="c"))
    with pytest.raises(NoReference, match=said):
        run(layer, arrays, numbers(2, 3))


@pytest.mark.parametrize("rule", ["theano_convolutions", "kernels_follow_ordering"])
def test_a_declared_kernel_beside_kernels_of_other_rules_is_left_unproven(rule: str) -> None:
    layer = Layer("layer", "Conv1D", CONV_1D, storage=declared(kernel="k0 x u"))
    with pytest.raises(NoReference, match="lie by other rules"):
        run(layer, {"kernel": numbers(3, 2, 4)}, numbers(2, 7, 2), Semantics(**{rule: True}))


def test_every_order_has_each_symbol_once() -> None:
    for roles in KERAS_AXES.values():
        for expression in roles.values():
            symbols = expression.replace("(", "").replace(")", "").split()
            assert len(symbols) == len(set(symbols))
