"""The tolerance is derived, not picked; and nothing that is no number passes as close."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.graph import Activation, Call, Graph, Layer, Ref, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.verification.tolerance import (
    FLOOR,
    MARGIN,
    Tolerance,
    derive,
    distance,
    last_place,
    run_precision,
)

ULP = 2.0**-24


def tolerance_of(depth: int, length: int, dtype: str = "float32") -> Tolerance:
    """Of a chain of simple RNNs whose states grow, so that rounding does."""
    rnn = {"use_bias": False, "activation": Activation("linear"), "return_sequences": True}
    layers = [Layer(f"r{n}", "SimpleRNN", rnn, dtype=dtype) for n in range(depth)]
    source = Layer("x", "InputLayer", {"batch_shape": (None, None, 4)})
    refs = [Ref("x", 0, 0), *(Ref(layer.name, 0, 0) for layer in layers)]
    calls = tuple(Call(layer.name, 0, (ref,)) for layer, ref in zip(layers, refs, strict=False))
    graph = Graph("m", {layer.name: layer for layer in (source, *layers)}, calls, ("x",), [refs[-1]])
    random = np.random.default_rng(0)
    weights = {
        WeightKey((layer.name,), role): random.normal(size=(4, 4)).astype("f4") / 3
        for layer in layers
        for role in ("kernel", "recurrent_kernel")
    }
    x = random.normal(size=(3, length, 4)).astype("f4")
    exact = evaluate(graph, weights, [x], semantics=Semantics())
    rounded = evaluate(graph, weights, [x], semantics=Semantics(), precisions=run_precision)
    return derive(exact, rounded, last_place([dtype]), bitwise=True)


def relative(tolerance: Tolerance) -> float:
    return tolerance.rounding / tolerance.scale


def test_rounding_grows_with_the_depth_and_the_length_of_the_model() -> None:
    assert relative(tolerance_of(8, 10)) > relative(tolerance_of(1, 10))
    assert relative(tolerance_of(2, 200)) > relative(tolerance_of(2, 3))


def test_coarser_numbers_are_allowed_more() -> None:
    single, half, brain = (tolerance_of(2, 10, name).keras for name in ("float32", "float16", "bfloat16"))
    assert single < half < brain


def test_the_tolerance_is_the_measured_rounding_and_a_floor() -> None:
    exact, rounded = [np.array([1.0, -2.0])], [np.array([1.0 + 1e-6, -2.0])]
    made = derive(exact, rounded, ULP, bitwise=False)
    assert made.scale == 2.0
    assert made.keras == pytest.approx(MARGIN * 1e-6 + FLOOR * ULP * 2.0)
    assert made.pair == made.keras
    assert derive(exact, rounded, ULP, bitwise=True).pair < 1e-11
    assert "1.0e-06" in made.described()


def test_a_right_conversion_stays_far_below_what_a_mistake_makes() -> None:
    assert tolerance_of(3, 12).keras < 1e-4 * tolerance_of(3, 12).scale


@pytest.mark.parametrize(
    ("left", "right", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([1.0, np.nan], [1.0, np.nan], 0.0),
        ([1.0, np.nan], [1.0, 2.0], np.inf),
        ([1.0, 2.0], [np.nan, 2.0], np.inf),
        ([np.inf], [np.inf], 0.0),
        ([np.inf], [-np.inf], np.inf),
        ([np.inf], [1.0], np.inf),
        ([], [], 0.0),
    ],
)
def test_distance_takes_what_is_no_number_for_far(left: list[float], right: list[float], gap: float) -> None:
    assert distance([np.array(left)], [np.array(right)]) == gap


def test_other_shapes_and_another_number_of_outputs_are_infinitely_far() -> None:
    one = np.zeros((2, 3))
    assert distance([one], [one.T]) == np.inf
    assert distance([one], [one, one]) == np.inf
    assert distance([np.zeros((2, 1))], [np.zeros((2,))]) == np.inf


def test_booleans_and_integers_have_a_distance() -> None:
    assert distance([np.array([True, False])], [np.array([True, True])]) == 1.0
    assert distance([np.array([3], np.uint8)], [np.array([5], np.uint8)]) == 2.0


def test_outputs_that_overflow_do_not_make_the_tolerance_infinite() -> None:
    made = derive([np.array([np.inf, 1.0])], [np.array([np.nan, 1.0])], ULP, bitwise=False)
    assert np.isfinite([made.keras, made.pair]).all()
