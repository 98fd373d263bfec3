"""The values that TensorFlow's operations are called with, in the form that keras.ops takes them."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

_DTYPES = {"half": "float16", "float": "float32", "double": "float64"}


def dtype_name(value: Any) -> str:
    """A dtype as Keras names it, from "int32", "<dtype: 'int32'>" or "DT_INT32"."""
    name = str(value).removeprefix("<dtype: '").removesuffix("'>")
    name = name.removeprefix("DT_").lower() if name.startswith("DT_") else name
    return _DTYPES.get(name, name)


def sizes_to_cuts(value: Any) -> Any:
    """TensorFlow splits by a number of parts or by sizes, keras.ops by a number or by where to cut."""
    if not isinstance(value, list):
        return value
    sizes = [int(size) for size in value]
    if any(size < 0 for size in sizes[:-1]):
        raise ValueError("a size of -1 stands before the last one")
    return list(accumulate(sizes[:-1]))


def axes(value: Any) -> Any:
    """A list of one axis as this axis; an empty one, which means all, as none."""
    if not isinstance(value, list) or len(value) > 1:
        return value
    return value[0] if value else None


def norm_order(value: Any) -> Any:
    """The order of a norm; the Euclidean one is keras.ops' own."""
    if value == "euclidean":
        return None
    if not isinstance(value, (int, float)):
        raise ValueError("this order of a norm cannot be carried over")
    return value


def slice_key(spec: Any) -> Any:
    """slice_spec as Python indices, always a tuple: {"start", "stop", "step"} is a slice, null a new axis."""
    items = spec if isinstance(spec, list) else [spec]
    return tuple(_index(item) for item in items)


def _index(item: Any) -> Any:
    if isinstance(item, Mapping) and {"start", "stop", "step"} <= item.keys():
        return slice(item["start"], item["stop"], item["step"])
    if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__":
        return Ellipsis
    if item is None or (isinstance(item, int) and not isinstance(item, bool)):
        return item
    raise ValueError("only numbers and slices can be carried over as an index")


def bounds(value: Any) -> tuple[Any, ...]:
    """tf.slice's begin and size as Python slices; a size of -1 reaches to the end."""
    begin, size = value
    return tuple(
        slice(start, None if length == -1 else start + length)
        for start, length in zip(begin, size, strict=True)
    )


def lower(value: Any) -> str:
    """A mode's name in keras.ops' letters."""
    return str(value).lower()


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "axes": axes,
    "dtype": dtype_name,
    "key": slice_key,
    "lower": lower,
    "norm_order": norm_order,
    "sizes_to_cuts": sizes_to_cuts,
    "square_root": math.sqrt,
}
"""What `convert:` may name in a mapping file's `operations`."""


def attribute(value: Any) -> Any:
    """A protobuf attribute as JSON: {"b": true}, {"i": "5"}, {"list": {"i": ["1"]}}, {"s": base64}, …"""
    if not isinstance(value, Mapping):
        return value
    if "i" in value:
        return int(value["i"])
    if "s" in value:
        return base64.b64decode(value["s"]).decode("utf-8", "replace")
    if "list" in value:
        return [int(item) for item in value["list"].get("i", [])]
    return next(iter(value.values()), False)


def strided_slice(values: Sequence[Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """begin, end and strides with their bit masks, as Python indices.

    Bounds that the model computes stay what they are, for the caller to refuse.
    """
    x, begin, end, strides = values
    if not all(isinstance(part, list) for part in (begin, end, strides)):
        return {"x": x, "key": (slice(begin, end, strides),)}

    def bit(mask: str, place: int) -> bool:
        return bool(int(attributes.get(mask, 0) or 0) >> place & 1)

    key: list[Any] = []
    for place, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        if bit("ellipsis_mask", place):
            key.append(Ellipsis)
        elif bit("new_axis_mask", place):
            key.append(None)
        elif bit("shrink_axis_mask", place):
            key.append(start)
        else:
            first = None if bit("begin_mask", place) else start
            key.append(slice(first, None if bit("end_mask", place) else stop, step))
    return {"x": x, "key": tuple(key)}
