"""Layers that Keras 3 lacks or computes otherwise, against what old frameworks recorded (data/make.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.reference.scope import Array, NoReference, Scope, ShapeTooSmall, Tensor
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import assert_close, numbers, reference, scope_of

DATA = Path(__file__).parent / "data"
ERAS = {
    "keras231": Semantics(upsampling_from_corners=True),
    "tf24": Semantics(multi_head_attention_masks=False, softmax_zeroes_masked=False),
    "tf215": Semantics(random_crop_resizes=True, softmax_zeroes_masked=False),
    "theano224": Semantics(theano_convolutions=True),
}


def recorded() -> Iterator[tuple[str, str]]:
    for era in ERAS:
        with np.load(DATA / f"{era}.npz") as file:
            yield from ((era, name.removesuffix("/config")) for name in file if name.endswith("/config"))


RECORDED = sorted(recorded())


def test_every_case_of_the_script_was_recorded() -> None:
    assert len(RECORDED) == 56


@pytest.mark.parametrize("era, name", RECORDED)
def test_a_layer_is_that_of_the_framework_which_recorded_it(era: str, name: str) -> None:
    with np.load(DATA / f"{era}.npz") as file:
        arrays: dict[str, Any] = {
            key.removeprefix(f"{name}/"): file[key] for key in file if key.startswith(f"{name}/")
        }
    layer = json.loads(str(arrays.pop("config")))
    x, y = arrays.pop("x"), arrays.pop("y")
    scope = scope_of(layer["kind"], layer["config"], arrays, ERAS[era])
    assert_close(masked(scope, x) if name.startswith("masked_") else reference(scope, x), [y])


def masked(scope: Scope, x: Array) -> Tensor:
    """The layer on x with the mask that Masking gives it."""
    given = Tensor(x.astype(np.float64), np.any(x != 0, axis=-1))
    if scope.layer.kind == "GlobalAveragePooling1D":
        result: Tensor = scope.call(given)
    elif scope.layer.kind == "MultiHeadAttention":
        result = scope.call(given, given)
    else:
        result = scope.call([given, given])
    return result


def test_a_locally_connected_layer_by_hand() -> None:
    x = np.array([1.0, 2.0, 3.0], np.float32)[None, :, None]
    kernel = np.array([[10.0, 1.0], [100.0, 1000.0]])[:, :, None]
    config = {"filters": 1, "kernel_size": [2], "use_bias": False}
    result = reference(scope_of("LocallyConnected1D", config, {"kernel": kernel}), x)
    np.testing.assert_array_equal(result.value[0, :, 0], [12.0, 3200.0])


def test_an_unknown_way_of_storing_has_no_reference() -> None:
    with pytest.raises(NoReference, match="implementation 4"):
        config = {"filters": 1, "kernel_size": 2, "implementation": 4}
        reference(scope_of("LocallyConnected1D", config), numbers(1, 3, 1))


@pytest.mark.parametrize("implementation", [1, 2])
def test_an_input_shorter_than_the_window_asks_for_a_longer_probe(implementation: int) -> None:
    with pytest.raises(ShapeTooSmall):
        config = {"filters": 1, "kernel_size": 4, "implementation": implementation}
        reference(scope_of("LocallyConnected1D", config), numbers(1, 3, 1))
