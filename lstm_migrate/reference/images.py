"""Images resized and cropped: Resizing, CenterCrop, RandomCrop, and interpolation between pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lstm_migrate.graph import LayerPath
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward
from lstm_migrate.reference.spatial import channels_as_configured, channels_last


def _triangle(distance: Array) -> Array:
    return np.asarray(np.maximum(1 - distance, 0))


def _cubic(distance: Array) -> Array:
    """Keys's cubic convolution with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance <= 1, near, np.where(distance <= 2, far, 0))


def _tabulated_cubic(distance: Array) -> Array:
    """TensorFlow looks the curve up in a table with 1024 places between two pixels."""
    return _cubic(np.rint(distance * 1024) / 1024)


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda distance: np.where(distance < radius, np.sinc(distance) * np.sinc(distance / radius), 0)


KERNELS: Mapping[str, Callable[[Array], Array]] = {
    "bilinear": _triangle,
    "bicubic": _tabulated_cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
"""How much a pixel counts at a distance, in pixels."""

ANTIALIASED = {**KERNELS, "bicubic": _cubic}


def resized(
    x: Array, target: Sequence[int], method: str, *, antialias: bool = False, path: LayerPath = ()
) -> Array:
    """x (batch, *spatial, channels) with spatial sizes `target`, pixels standing for their centres."""
    if method != "nearest" and method not in KERNELS:
        raise NoReference(path, f"no reference for the interpolation {method!r}")
    kernels = ANTIALIASED if antialias else KERNELS
    for axis, wanted in enumerate(target, start=1):
        if method == "nearest":
            nearest = np.floor((np.arange(wanted) + 0.5) * x.shape[axis] / wanted).astype(int)
            x = np.take(x, np.minimum(nearest, x.shape[axis] - 1), axis=axis)
        elif wanted != x.shape[axis]:
            x = _along(x, axis, _shares(x.shape[axis], wanted, kernels[method], antialias))
    return x


def _shares(size: int, wanted: int, kernel: Callable[[Array], Array], antialias: bool) -> Array:
    """(wanted, size): how much of each old pixel goes into each new one."""
    step = size / wanted
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    reach = max(step, 1.0) if antialias else 1.0
    shares = kernel(np.abs(centres[:, None] - np.arange(size)) / reach)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def from_corners(x: Array, target: Sequence[int]) -> Array:
    """Bilinear as TensorFlow 1 did it: new pixel i reads at i * old / new, the last one beyond its edge."""
    for axis, wanted in enumerate(target, start=1):
        size = x.shape[axis]
        at = np.arange(wanted) * (size / wanted)
        x = _along(x, axis, _triangle(np.abs(np.minimum(at, size - 1)[:, None] - np.arange(size))))
    return x


def _along(x: Array, axis: int, shares: Array) -> Array:
    mixed = np.moveaxis(summable(x), axis, -1) @ summable(shares.T.astype(x.dtype))
    return np.moveaxis(mixed.astype(x.dtype, copy=False), -1, axis)


def _to_aspect(x: Array, target: tuple[int, int]) -> Array:
    """The middle of x, in the proportions of `target`."""
    height, width = x.shape[1:3]
    kept_height = max(min(height, int(width * target[0] / target[1])), 1)
    kept_width = max(min(width, int(height * target[1] / target[0])), 1)
    return _middle(x, (kept_height, kept_width))


def _middle(x: Array, kept: tuple[int, int]) -> Array:
    top, left = ((size - keep) // 2 for size, keep in zip(x.shape[1:3], kept, strict=True))
    return x[:, top : top + kept[0], left : left + kept[1]]


def _pad_to_aspect(x: Array, target: tuple[int, int], fill: float) -> Array:
    """x in the middle of a canvas in the proportions of `target`."""
    height, width = x.shape[1:3]
    vertical = (max(height, int(width * target[0] / target[1])) - height) // 2
    horizontal = (max(width, int(height * target[1] / target[0])) - width) // 2
    around = ((0, 0), (vertical, vertical), (horizontal, horizontal), (0, 0))
    return np.pad(x, around, constant_values=fill)


def _target(scope: Scope) -> tuple[int, int]:
    return int(scope.config["height"]), int(scope.config["width"])


@forward("Resizing")
def resizing(scope: Scope, x: Tensor) -> Tensor:
    config, target = scope.config, _target(scope)
    value = channels_last(x.value, config)
    if config.get("crop_to_aspect_ratio"):
        value = _to_aspect(value, target)
    elif config.get("pad_to_aspect_ratio"):
        value = _pad_to_aspect(value, target, config.get("fill_value", 0.0))
    method = str(config.get("interpolation", "bilinear")).lower()
    value = resized(value, target, method, antialias=bool(config.get("antialias")), path=scope.path)
    return without_mask(scope, channels_as_configured(value, config))


@forward("CenterCrop")
def center_crop(scope: Scope, x: Tensor) -> Tensor:
    """The middle; an image smaller than that is cropped to the proportions and enlarged."""
    target = _target(scope)
    value = channels_last(x.value, scope.config)
    if all(size >= wanted for size, wanted in zip(value.shape[1:3], target, strict=True)):
        value = _middle(value, target)
    else:
        value = resized(_to_aspect(value, target), target, "bilinear", path=scope.path)
    return without_mask(scope, channels_as_configured(value, scope.config))


@forward("RandomCrop")
def random_crop(scope: Scope, x: Tensor) -> Tensor:
    """Nothing random at inference: nothing at all in Keras 3, a resize in tf.keras."""
    if not scope.semantics.random_crop_resizes:
        return without_mask(scope, x.value)
    target = _target(scope)
    value = _to_aspect(channels_last(x.value, scope.config), target)
    value = resized(value, target, "bilinear", path=scope.path)
    return without_mask(scope, channels_as_configured(value, scope.config))
