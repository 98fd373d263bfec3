"""Convolutions: against the installed Keras, and against small sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.reference.convolution import convolve, convolve_transposed
from lstm_migrate.reference.scope import ShapeTooSmall
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import assert_like_keras, numbers, reference, scope_of

SHAPES = {1: (2, 9, 4), 2: (2, 8, 7, 4), 3: (2, 6, 5, 7, 4)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "config",
    [
        {"kernel_size": 3, "activation": "softmax"},
        {"kernel_size": 2, "padding": "same", "use_bias": False},
        {"kernel_size": 4, "padding": "same", "strides": 3},
        {"kernel_size": 2, "padding": "valid", "strides": 2, "activation": "tanh"},
        {"kernel_size": 2, "padding": "same", "dilation_rate": 2},
        {"kernel_size": 3, "padding": "valid", "dilation_rate": 2},
        {"kernel_size": 2, "groups": 2, "padding": "same"},
    ],
)
def test_convolutions_are_those_of_keras(rank: int, config: dict[str, object]) -> None:
    assert_like_keras(f"Conv{rank}D", numbers(*SHAPES[rank]), {"filters": 6, **config})


def test_a_causal_convolution_pads_before_the_first_step() -> None:
    config = {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}
    assert_like_keras("Conv1D", numbers(2, 7, 4), config)
    assert_like_keras("Conv1D", numbers(2, 7, 4), {**config, "dilation_rate": 1, "strides": 2})


@pytest.mark.parametrize(
    "kind, shape",
    [
        ("Conv1D", (2, 4, 9)),
        ("Conv2D", (2, 4, 8, 7)),
        ("Conv1DTranspose", (2, 4, 9)),
        ("Conv2DTranspose", (2, 4, 5, 6)),
        ("SeparableConv2D", (2, 4, 8, 7)),
        ("DepthwiseConv2D", (2, 4, 8, 7)),
    ],
)
def test_channels_first_is_channels_last_turned(kind: str, shape: tuple[int, ...]) -> None:
    """Compared with Keras's channels_last: TensorFlow convolves channels_first on a GPU alone."""
    own = {} if kind.startswith("Depthwise") else {"filters": 3}
    config = {**own, "kernel_size": 3, "padding": "same", "strides": 2, "activation": "linear"}
    outputs = own.get("filters", 4)
    weights = {
        "kernel": numbers(*(3,) * (len(shape) - 2), *((3, 4) if "Transpose" in kind else (4, 3))),
        "bias": numbers(outputs),
        "depthwise_kernel": numbers(3, 3, 4, 1),
        "pointwise_kernel": numbers(1, 1, 4, 3),
    }
    if kind == "DepthwiseConv2D":
        weights["kernel"] = weights["depthwise_kernel"]
    x = numbers(*shape)
    first = reference(scope_of(kind, {**config, "data_format": "channels_first"}, weights), x)
    last = reference(scope_of(kind, config, weights), np.moveaxis(x, 1, -1))
    np.testing.assert_array_equal(first.value, np.moveaxis(last.value, -1, 1))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "config",
    [
        {"kernel_size": 3, "strides": 2},
        {"kernel_size": 2, "strides": 3},
        {"kernel_size": 3, "strides": 2, "padding": "same"},
        {"kernel_size": 4, "strides": 3, "padding": "same"},
        {"kernel_size": 1, "strides": 2, "padding": "same"},
        {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        {"kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 2},
        {"kernel_size": 3, "strides": 2, "padding": "valid", "output_padding": 1},
        {"kernel_size": 3, "padding": "same", "activation": "tanh"},
    ],
)
def test_transposed_convolutions_are_those_of_keras(rank: int, config: dict[str, object]) -> None:
    assert_like_keras(f"Conv{rank}DTranspose", numbers(*SHAPES[rank]), {"filters": 3, **config})


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_dilated_transposed_convolutions_are_those_of_keras(padding: str) -> None:
    config = {"filters": 3, "kernel_size": 3, "dilation_rate": 2, "padding": padding}
    assert_like_keras("Conv2DTranspose", numbers(2, 5, 6, 4), config)


@pytest.mark.parametrize("kind", ["SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"])
@pytest.mark.parametrize(
    "config",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "padding": "same", "strides": 2, "depth_multiplier": 3},
        {"kernel_size": 2, "padding": "same", "dilation_rate": 2, "activation": "relu"},
        {"kernel_size": 2, "use_bias": False, "depth_multiplier": 2},
    ],
)
def test_convolutions_of_each_channel_are_those_of_keras(kind: str, config: dict[str, object]) -> None:
    own = {"filters": 5} if kind.startswith("Separable") else {}
    assert_like_keras(kind, numbers(*SHAPES[int(kind[-2])]), {**own, **config})


def test_a_convolution_by_hand() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])[None, :, None]
    kernel = np.array([10.0, 1.0])[:, None, None]
    result = convolve(x, kernel, (1,), "valid", (1,))
    np.testing.assert_array_equal(result[0, :, 0], [12.0, 23.0, 34.0])


def test_theano_reads_the_kernel_from_its_end_and_pads_both_sides() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32)[None, :, None]
    config = {"filters": 1, "kernel_size": 2, "padding": "same", "strides": 2, "use_bias": False}
    weights = {"kernel": np.array([10.0, 1.0])[:, None, None]}
    scope = scope_of("Conv1D", config, weights, Semantics(theano_convolutions=True))
    # Windows start at -1 and 1: [0, 1] and [2, 3], met by [1, 10].
    np.testing.assert_array_equal(reference(scope, x).value[0, :, 0], [10.0, 32.0])


def test_transposing_a_convolution_keeps_the_inner_product() -> None:
    """The law: ⟨convolve(x), y⟩ = ⟨x, convolve_transposed(y)⟩."""
    kernel = numbers(3, 2, 4, 5).astype(np.float64)
    for strides, padding in [((1, 1), "valid"), ((2, 3), "same"), ((2, 2), "same")]:
        x = numbers(2, 6, 6, 4).astype(np.float64)
        there = convolve(x, kernel, strides, padding, (1, 1))
        y = numbers(*there.shape).astype(np.float64)
        back = convolve_transposed(y, kernel, strides, padding, (1, 1))
        assert back.shape == x.shape
        assert np.sum(there * y) == pytest.approx(np.sum(x * back))


def test_an_input_shorter_than_the_kernel_asks_for_a_longer_probe() -> None:
    with pytest.raises(ShapeTooSmall, match="does not fit"):
        convolve(np.zeros((1, 2, 1)), np.zeros((3, 1, 1)), (1,), "valid", (1,))
