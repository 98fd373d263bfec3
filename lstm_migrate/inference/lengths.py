"""Lengths: how many steps or pixels a layer leaves of what it is given, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lstm_migrate.graph import Layer

LONGEST = 1 << 31

Size = int | None


def after(layer: Layer, sizes: Sequence[Size]) -> tuple[Size, ...]:
    """The sizes between batch and features behind a layer; a size below 1 means that none is left."""
    rule = _RULES.get(layer.kind)
    if rule is None:
        return tuple(sizes)
    return tuple(None if size is None else rule(layer, size, place) for place, size in enumerate(sizes))


def before(layers: Sequence[Layer], wanted: int) -> int | None:
    """The smallest length that `layers` in a row make `wanted`; None if none does."""

    def made(length: int) -> int:
        (size,) = (length,)
        for layer in layers:
            (found,) = after(layer, (size,))
            size = found if found is not None else 0
        return size

    low, high = 1, LONGEST
    while low < high:
        middle = (low + high) // 2
        if made(middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low if made(low) == wanted else None


def _one(value: Any, place: int) -> int:
    return int(value[place] if isinstance(value, tuple) else value)


def _window(key: str) -> Callable[[Layer, int, int], int]:
    def left(layer: Layer, size: int, place: int) -> int:
        window, stride = (_one(layer.config[name], place) for name in (key, "strides"))
        if layer.config["padding"] == "valid":
            size = size - window + 1
        return -(-size // stride)

    return left


def _conv_lstm(layer: Layer, size: int, place: int) -> int:
    # The first of its sizes is time, which no kernel crosses.
    return size if place == 0 else _window("kernel_size")(layer, size, place - 1)


_RULES: dict[str, Callable[[Layer, int, int], int]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "SeparableConv1D", "SeparableConv2D"), _window("kernel_size")),
    **dict.fromkeys(
        ("MaxPooling1D", "AveragePooling1D", "MaxPooling2D", "AveragePooling2D"), _window("pool_size")
    ),
    "ConvLSTM2D": _conv_lstm,
    "UpSampling1D": lambda layer, size, place: size * int(layer.config["size"]),
    "ZeroPadding1D": lambda layer, size, place: size + 2 * int(layer.config["padding"]),
}
