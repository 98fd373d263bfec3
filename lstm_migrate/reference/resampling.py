"""Layers that pad, crop and repeat along spatial axes, and rescale values."""

from __future__ import annotations

import numpy as np

from lstm_migrate.reference.images import from_corners, resized
from lstm_migrate.reference.outcome import with_mask, without_mask
from lstm_migrate.reference.scope import Scope, ShapeTooSmall, Tensor, forward
from lstm_migrate.reference.spatial import (
    before_and_after,
    channels_as_configured,
    channels_last,
    each_axis,
    padded,
    rank_of,
)


@forward("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(scope: Scope, x: Tensor) -> Tensor:
    amounts = before_and_after(scope.config.get("padding", 1), rank_of(scope))
    value = padded(channels_last(x.value, scope.config), amounts)
    return without_mask(scope, channels_as_configured(value, scope.config))


@forward("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(scope: Scope, x: Tensor) -> Tensor:
    value = channels_last(x.value, scope.config)
    amounts = before_and_after(scope.config["cropping"], rank_of(scope))
    kept = [(before, size - after) for size, (before, after) in zip(value.shape[1:-1], amounts, strict=True)]
    if any(stop <= start for start, stop in kept):
        raise ShapeTooSmall(f"cropping leaves nothing of {value.shape[1:-1]}")
    value = value[(slice(None), *(slice(start, stop) for start, stop in kept))]
    return without_mask(scope, channels_as_configured(value, scope.config))


@forward("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(scope: Scope, x: Tensor) -> Tensor:
    rank = rank_of(scope)
    value = channels_last(x.value, scope.config)
    factors = each_axis(scope.config.get("size", 2), rank)
    method = scope.config.get("interpolation", "nearest")
    target = tuple(size * factor for size, factor in zip(value.shape[1:-1], factors, strict=True))
    if method == "nearest":
        for axis, factor in enumerate(factors, start=1):
            value = np.repeat(value, factor, axis=axis)
    elif method == "bilinear" and scope.semantics.upsampling_from_corners:
        value = from_corners(value, target)
    else:
        value = resized(value, target, method, path=scope.path)
    return without_mask(scope, channels_as_configured(value, scope.config))


@forward("Rescaling")
def rescaling(scope: Scope, x: Tensor) -> Tensor:
    scale, offset = (np.asarray(scope.config.get(key, 0)) for key in ("scale", "offset"))
    return with_mask(scope, x.value * scale + offset, x)
