"""LocallyConnected layers, stored in any of three ways, as a gathering convolution and a product."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.layouts.steps import Gather
from lstm_migrate.planning.local_connections import Connections, in_list, in_matrix, in_windows, listed
from tests.unit.planning.rebuilding import Rebuilt, around, numbers, rebuilt

EXACT = 1e-12


def connections(**given: Any) -> Connections:
    known: dict[str, Any] = {
        "window": (3, 2),
        "strides": (1, 1),
        "inputs": (5, 4),
        "channels": 2,
        "filters": 3,
        "same": False,
        "channels_first": False,
        **given,
    }
    places = tuple(
        -(-size // step) if known["same"] else (size - window) // step + 1
        for size, window, step in zip(known["inputs"], known["window"], known["strides"], strict=True)
    )
    return Connections(places=places, **known)


def converted(sizes: Connections, implementation: int, *, bias: bool = True, **config: Any) -> Rebuilt:
    stored: dict[int, tuple[int, ...]] = {
        1: (prod(sizes.places), prod(sizes.window) * sizes.channels, sizes.filters),
        2: (*sizes.inputs, sizes.channels, *sizes.places, sizes.filters),  # type: ignore[misc]
        3: (listed(sizes) * sizes.channels * sizes.filters,),
    }
    if sizes.channels_first:
        stored[2] = (sizes.channels, *sizes.inputs, sizes.filters, *sizes.places)  # type: ignore[misc]
    layer = Layer(
        "local",
        f"LocallyConnected{sizes.rank}D",
        {
            "filters": sizes.filters,
            "kernel_size": list(sizes.window),
            "strides": list(sizes.strides),
            "padding": "same" if sizes.same else "valid",
            "data_format": "channels_first" if sizes.channels_first else "channels_last",
            "implementation": implementation,
            "use_bias": bias,
            **config,
        },
    )
    arrays = {("local", "kernel"): numbers(*stored[implementation])}
    if bias:
        arrays["local", "bias"] = numbers(*sizes.places, sizes.filters)
    return rebuilt(around(layer, shape_of(sizes)), arrays)


def shape_of(sizes: Connections) -> tuple[int, ...]:
    assert sizes.inputs is not None
    return (sizes.channels, *sizes.inputs) if sizes.channels_first else (*sizes.inputs, sizes.channels)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"strides": (2, 1)},
        {"window": (3,), "strides": (1,), "inputs": (6,)},
        {"window": (2,), "strides": (3,), "inputs": (7,)},
    ],
)
@pytest.mark.parametrize("implementation", [1, 2, 3])
def test_every_implementation_is_rebuilt_exactly(
    implementation: int, given: dict[str, Any], channels_first: bool
) -> None:
    sizes = connections(channels_first=channels_first, **given)
    assert converted(sizes, implementation).gap(numbers(2, *shape_of(sizes))) < EXACT


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("given", [{}, {"window": (4, 3)}, {"window": (2,), "strides": (1,), "inputs": (5,)}])
@pytest.mark.parametrize("implementation", [2, 3])
def test_windows_over_the_edge_read_zeros(
    implementation: int, given: dict[str, Any], channels_first: bool
) -> None:
    sizes = connections(same=True, channels_first=channels_first, **given)
    found = converted(sizes, implementation)
    assert f"ZeroPadding{sizes.rank}D" in found.kinds()
    assert found.gap(numbers(2, *shape_of(sizes))) < EXACT


@pytest.mark.parametrize("size", range(3, 9))
@pytest.mark.parametrize("stride", [2, 3])
def test_a_whole_matrix_tells_its_input_even_with_strides_over_the_edge(size: int, stride: int) -> None:
    sizes = connections(same=True, window=(3,), strides=(stride,), inputs=(size,))
    assert converted(sizes, 2, bias=False).gap(numbers(2, *shape_of(sizes))) < EXACT


def test_hard_sigmoid_and_other_activations_go_with_it() -> None:
    sizes = connections()
    hard = converted(sizes, 3, activation=Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5}))
    assert hard.gap(numbers(2, *shape_of(sizes))) < 1e-6  # scaled by 1.2 in float32
    leaky = converted(sizes, 2, activation=Activation("leaky_relu", {"negative_slope": 0.3}))
    assert leaky.kinds()[-1] == "LeakyReLU"
    assert leaky.gap(numbers(2, *shape_of(sizes))) < EXACT


@pytest.mark.parametrize("same", [False, True])
def test_each_connected_entry_is_taken_once(same: bool) -> None:
    sizes = connections(same=same, strides=(1, 1))
    for find in (in_matrix, in_list):
        taken = find(sizes)
        kept = taken[taken >= 0]
        assert len(np.unique(kept)) == len(kept) == listed(sizes) * sizes.channels * sizes.filters
    if not same:
        assert sorted(in_windows(sizes).ravel()) == list(range(prod(sizes.shape)))


def test_what_connects_nothing_is_declared_unused() -> None:
    sizes = connections(same=True)
    size = prod(sizes.inputs or ()) * sizes.channels * prod(sizes.places) * sizes.filters
    step = Gather("entries", sizes.shape, size, lambda: in_matrix(sizes))
    unused = step.unused
    assert unused is not None
    taken = step.positions[step.positions >= 0]
    assert len(taken) + len(unused) == size
    assert step.blank == prod(sizes.shape) - len(taken)
    assert not step.apply(np.ones(size))[step.positions < 0].any()


@pytest.mark.parametrize(
    "given, implementation, bias, message",
    [
        ({}, 3, False, "how many windows there are"),
        ({"inputs": (6, 4)}, 1, False, "how many windows lie along each axis"),
        ({"same": True, "strides": (2, 1)}, 3, True, "the size of the input"),
        ({"same": True}, 1, True, "implementation=1, padding='same' is not rebuilt"),
    ],
)
def test_what_the_file_does_not_tell_is_refused(
    given: dict[str, Any], implementation: int, bias: bool, message: str
) -> None:
    sizes = connections(**given)
    with pytest.raises(PlanError, match=message):
        converted(sizes, implementation, bias=bias)
