"""Padding, cropping, up-sampling and resizing against the installed Keras."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.reference.scope import NoReference, ShapeTooSmall
from lstm_migrate.reference.semantics import Semantics
from tests.unit.reference.against_keras import assert_like_keras, numbers, reference, scope_of

IMAGE = (2, 7, 9, 3)


@pytest.mark.parametrize(
    "kind, shape, config",
    [
        ("ZeroPadding1D", (2, 5, 3), {"padding": 2}),
        ("ZeroPadding1D", (2, 5, 3), {"padding": (1, 3)}),
        ("ZeroPadding2D", IMAGE, {"padding": 1}),
        ("ZeroPadding2D", IMAGE, {"padding": (1, 2)}),
        ("ZeroPadding2D", IMAGE, {"padding": ((1, 2), (0, 3)), "data_format": "channels_first"}),
        ("ZeroPadding3D", (2, 3, 4, 5, 2), {"padding": ((1, 0), (0, 2), (3, 1))}),
        ("Cropping1D", (2, 5, 3), {"cropping": (1, 2)}),
        ("Cropping2D", IMAGE, {"cropping": (1, 2)}),
        ("Cropping2D", IMAGE, {"cropping": ((1, 2), (0, 3))}),
        ("Cropping2D", (2, 3, 7, 9), {"cropping": 2, "data_format": "channels_first"}),
        ("Cropping3D", (2, 3, 4, 5, 2), {"cropping": ((1, 0), (0, 2), (3, 1))}),
        ("UpSampling1D", (2, 5, 3), {"size": 3}),
        ("UpSampling2D", IMAGE, {"size": (2, 3)}),
        ("UpSampling2D", IMAGE, {"size": (2, 3), "interpolation": "bilinear"}),
        ("UpSampling2D", IMAGE, {"size": 2, "interpolation": "bicubic"}),
        ("UpSampling2D", IMAGE, {"size": 2, "interpolation": "lanczos3"}),
        ("UpSampling2D", IMAGE, {"size": 2, "interpolation": "bilinear", "data_format": "channels_first"}),
        ("UpSampling3D", (2, 3, 4, 5, 2), {"size": (2, 1, 3)}),
        ("Rescaling", IMAGE, {"scale": 0.5, "offset": -1.0}),
        ("Rescaling", IMAGE, {"scale": [0.5, 2.0, 3.0], "offset": [1.0, 0.0, -1.0]}),
    ],
)
def test_spatial_layers_are_those_of_keras(
    kind: str, shape: tuple[int, ...], config: dict[str, object]
) -> None:
    assert_like_keras(kind, numbers(*shape), config)


@pytest.mark.parametrize("size", [(5, 4), (14, 18), (3, 20), (7, 9)])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"interpolation": "nearest"},
        {"interpolation": "bicubic"},
        {"interpolation": "lanczos5"},
        {"antialias": True},
        {"antialias": True, "interpolation": "bicubic"},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "fill_value": 0.5},
    ],
)
def test_resizing_is_that_of_keras(size: tuple[int, int], config: dict[str, object]) -> None:
    height, width = size
    assert_like_keras("Resizing", numbers(*IMAGE), {"height": height, "width": width, **config})


@pytest.mark.parametrize("size", [(4, 5), (7, 4), (9, 4), (12, 14)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_center_crop_is_that_of_keras(size: tuple[int, int], data_format: str) -> None:
    shape = IMAGE if data_format == "channels_last" else (2, 3, 7, 9)
    config = {"height": size[0], "width": size[1], "data_format": data_format}
    assert_like_keras("CenterCrop", numbers(*shape), config)


def test_tensorflow_1_enlarged_from_the_corners() -> None:
    x = np.array([0.0, 4.0], np.float32)[None, :, None, None] * np.ones((1, 2, 1, 1), np.float32)
    config = {"size": (2, 1), "interpolation": "bilinear"}
    old = reference(scope_of("UpSampling2D", config, semantics=Semantics(upsampling_from_corners=True)), x)
    np.testing.assert_array_equal(old.value.ravel(), [0, 2, 4, 4])
    new = reference(scope_of("UpSampling2D", config), x)
    np.testing.assert_array_equal(new.value.ravel(), [0, 1, 3, 4])


def test_random_crop_resizes_in_tf_keras_and_does_nothing_in_keras_3() -> None:
    x, config = numbers(2, 6, 8, 3), {"height": 3, "width": 4}
    assert reference(scope_of("RandomCrop", config), x).value.shape == x.shape
    old = scope_of("RandomCrop", config, semantics=Semantics(random_crop_resizes=True))
    assert reference(old, x).value.shape == (2, 3, 4, 3)


def test_an_unknown_interpolation_has_no_reference() -> None:
    with pytest.raises(NoReference, match="mitchellcubic"):
        config = {"size": 2, "interpolation": "mitchellcubic"}
        reference(scope_of("UpSampling2D", config), numbers(*IMAGE))


def test_cropping_everything_asks_for_a_longer_probe() -> None:
    with pytest.raises(ShapeTooSmall):
        reference(scope_of("Cropping1D", {"cropping": (2, 2)}), numbers(1, 4, 1))
