"""Whole graphs: order, sharing, nesting, masks through models, precision and taps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Activation, Call, Graph, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference, Precision
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.chains import KERAS_3, numbers

RNN = {"use_bias": False, "activation": Activation("tanh"), "return_sequences": True}


def source(name: str = "x") -> Layer:
    return Layer(name, "InputLayer", {"batch_shape": (None, None, 2)})


def graph_of(*layers: Layer, calls: list[Call], outputs: Any, inputs: tuple[str, ...] = ("x",)) -> Graph:
    everything = {layer.name: layer for layer in (*map(source, inputs), *layers)}
    return Graph("model", everything, tuple(calls), inputs, outputs)


def simple(name: str) -> Layer:
    return Layer(name, "SimpleRNN", RNN)


def arrays(*path: str, seed: int = 0) -> dict[WeightKey, Array]:
    roles = ("kernel", "recurrent_kernel")
    return {WeightKey(path, role): numbers(2, 2, seed=seed + n) for n, role in enumerate(roles)}


X = Ref("x", 0, 0)
MASKING = Layer("masking", "Masking", {"mask_value": 0.0})


def test_a_shared_layer_is_called_twice_with_the_same_weights() -> None:
    add = Layer("add", "Add")
    graph = graph_of(
        simple("rnn"),
        add,
        calls=[
            Call("rnn", 0, (X,)),
            Call("rnn", 1, (Ref("rnn", 0, 0),)),
            Call("add", 0, ([Ref("rnn", 0, 0), Ref("rnn", 1, 0)],)),
        ],
        outputs={"second": Ref("rnn", 1, 0), "first": Ref("rnn", 0, 0), "sum": Ref("add", 0, 0)},
    )
    first, second, total = evaluate(graph, arrays("rnn"), [numbers(1, 4, 2)], semantics=KERAS_3)
    np.testing.assert_array_equal(total, first + second)
    assert not np.array_equal(first, second)


def test_one_tensor_may_be_read_by_several_and_be_an_output() -> None:
    add = Layer("add", "Add")
    graph = graph_of(add, calls=[Call("add", 0, ([X, X],))], outputs=[X, Ref("add", 0, 0)])
    x = numbers(1, 4, 2)
    given, doubled = evaluate(graph, {}, [x], semantics=KERAS_3)
    np.testing.assert_array_equal(2 * given, doubled)


def nested(*, masks_inside: bool) -> tuple[Graph, dict[WeightKey, Array]]:
    """A model in a model; the mask is made on one side and needed on the other."""
    before = [Call("masking", 0, (X,))]
    within = graph_of(
        simple("inner"),
        *([MASKING] if masks_inside else []),
        calls=[
            *(before if masks_inside else []),
            Call("inner", 0, (Ref("masking", 0, 0) if masks_inside else X,)),
        ],
        outputs=[Ref("inner", 0, 0)],
    )
    model = Layer("part", "Model", graph=within)
    outer = graph_of(
        model,
        simple("outer"),
        *([] if masks_inside else [MASKING]),
        calls=[
            *([] if masks_inside else before),
            Call("part", 0, (X if masks_inside else Ref("masking", 0, 0),)),
            Call("outer", 0, (Ref("part", 0, 0),)),
        ],
        outputs=Ref("outer", 0, 0),
    )
    return outer, arrays("part", "inner") | arrays("outer", seed=5)


@pytest.mark.parametrize("masks_inside", [False, True])
def test_masks_go_into_a_nested_model_and_come_out(masks_inside: bool) -> None:
    x = numbers(1, 4, 2)
    x[:, 1] = 0
    graph, weights = nested(masks_inside=masks_inside)
    (output,) = evaluate(graph, weights, [x], semantics=KERAS_3)
    shorter = evaluate(graph, weights, [np.delete(x, 1, axis=1)], semantics=KERAS_3)[0]
    np.testing.assert_allclose(np.delete(output, 1, axis=1), shorter, rtol=1e-12)


def test_in_tf_keras_1_13_a_nested_model_ends_the_mask() -> None:
    x = numbers(1, 4, 2)
    x[:, 1] = 0
    graph, weights = nested(masks_inside=True)
    passes, ends = (
        evaluate(graph, weights, [x], semantics=Semantics(nested_model_passes_mask=flag))[0]
        for flag in (True, False)
    )
    assert not np.array_equal(passes, ends)


def test_a_tap_sees_every_call_with_its_path() -> None:
    seen: list[tuple[LayerPath, int, tuple[int, ...]]] = []
    graph, weights = nested(masks_inside=True)
    tap = lambda path, call, values: seen.append((path, call, values[0].shape))  # noqa: E731
    evaluate(graph, weights, [numbers(1, 4, 2)], semantics=KERAS_3, tap=tap)
    paths = [("part", "masking"), ("part", "inner"), ("part",), ("outer",)]
    assert seen == [(path, 0, (1, 4, 2)) for path in paths]


@pytest.mark.parametrize(
    ("precision", "low", "high"),
    [
        (Precision(np.float32), 1e-9, 1e-5),
        (Precision(np.float16), 1e-5, 1e-2),
        (Precision(np.float32, mantissa_bits=8), 1e-4, 1e-1),
    ],
)
def test_a_narrow_precision_rounds_and_no_more(precision: Precision, low: float, high: float) -> None:
    graph, weights = nested(masks_inside=False)
    x = numbers(2, 8, 2)
    (exact,) = evaluate(graph, weights, [x], semantics=KERAS_3)
    (rounded,) = evaluate(graph, weights, [x], semantics=KERAS_3, precision=precision)
    assert low < np.abs(exact - rounded).max() < high


def test_each_layer_may_have_a_precision_of_its_own() -> None:
    graph, weights = nested(masks_inside=False)
    x = numbers(2, 8, 2)
    half: Callable[[Layer], Precision] = lambda layer: Precision(  # noqa: E731
        np.float16 if layer.name == "outer" else np.float64
    )
    (mixed,) = evaluate(graph, weights, [x], semantics=KERAS_3, precisions=half)
    assert mixed.dtype == np.float16


def test_integers_stay_integers() -> None:
    graph = graph_of(calls=[], outputs=[X])
    (tokens,) = evaluate(graph, {}, [np.array([[1, 2]], np.int32)], semantics=KERAS_3)
    assert tokens.dtype == np.int32


def test_a_layer_without_forward_pass_is_named() -> None:
    graph = graph_of(Layer("odd", "Oddity"), calls=[Call("odd", 0, (X,))], outputs=Ref("odd", 0, 0))
    with pytest.raises(NoReference, match="odd: no reference for a Oddity layer"):
        evaluate(graph, {}, [numbers(1, 2, 2)], semantics=KERAS_3)


def test_too_few_inputs_are_no_reference() -> None:
    graph = graph_of(calls=[], outputs=[X], inputs=("x", "y"))
    with pytest.raises(NoReference, match="1 inputs for the 2"):
        evaluate(graph, {}, [numbers(1, 2, 2)], semantics=KERAS_3)
