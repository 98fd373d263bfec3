"""The closed lists of what a mapping file may say of a config value: `convert:` and `value_types:`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from lstm_migrate.errors import PlanError

MAX_SIZE = 2**31 - 1


def single(value: Any) -> Any:
    """[-1] → -1: a list of one where Keras 3 wants the value."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise PlanError("more than one value", found=shown(value), expected="one")
        return value[0]
    return value


def axes(value: Any) -> Any:
    """One axis, or a list of several; [-1] → -1."""
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    if not listed or any(isinstance(axis, bool) or not isinstance(axis, int) for axis in listed):
        raise PlanError("not an axis", found=shown(value), expected="a whole number or several")
    return listed[0] if len(listed) == 1 else listed


def number(value: Any) -> Any:
    """A number that an old config wrapped: {"type": "ndarray", "value": 0.3} and the like."""
    if isinstance(value, dict):
        inner = value.get("value", value.get("config"))
        return number(inner.get("value") if isinstance(inner, dict) else inner)
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return number(value[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PlanError("not a number", found=shown(value))
    return value


def size(value: Any) -> Any:
    """A whole number above zero; 16.0, as some scripts computed it, becomes 16."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_SIZE:
        raise PlanError("not a size", found=shown(value), expected=f"a whole number from 1 to {MAX_SIZE}")
    return value


def sizes(value: Any) -> Any:
    """One size for all axes or a list with one for each."""
    if isinstance(value, (list, tuple)) and value:
        return [size(item) for item in value]
    return size(value)


def integers(value: Any) -> Any:
    """A whole number, a list of them, or null for all axes."""
    listed = value if isinstance(value, (list, tuple)) else [0 if value is None else value]
    if any(type(item) is not int for item in listed):
        raise PlanError("no whole number", found=shown(value), expected="whole numbers")
    return value


def flag(value: Any) -> Any:
    """True or false; 0, 1 and null, which Python takes for them, become so."""
    if value in (None, 0, 1) and not isinstance(value, float):
        return bool(value)
    raise PlanError("not a flag", found=shown(value), expected="true or false")


def one_of(value: Any, allowed: Sequence[Any]) -> Any:
    """`value`, which must be one of the words that a mapping file lists."""
    if value not in allowed:
        raise PlanError(
            "unknown value", found=shown(value), expected=f"one of {', '.join(map(shown, allowed))}"
        )
    return value


def ordering(value: Any) -> Any:
    """Keras 1's dim_ordering in Keras 3's words, which `defaults` may use."""
    names = {"th": "channels_first", "tf": "channels_last"}
    if value not in (*names, *names.values()):
        raise PlanError("unknown dim_ordering", found=shown(value), expected="th or tf")
    return names.get(value, value)


def ends(value: Any) -> Any:
    """Keras 1's padding of sequences: {"left_pad": 1, "right_pad": 2} becomes [1, 2]."""
    return [value.get(f"{end}_pad", 0) for end in ("left", "right")] if isinstance(value, dict) else value


def sides(value: Any) -> Any:
    """Keras 1's padding of images: four numbers, or {"top_pad": 1, …}, become a pair for each axis."""
    if isinstance(value, dict):
        value = [value.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
    if isinstance(value, (list, tuple)) and len(value) == 4:
        return [[value[0], value[1]], [value[2], value[3]]]
    return value


def listed(value: Any) -> Any:
    """3 → [3]: one size where Keras 3 wants a list."""
    return [value] if isinstance(value, int) else value


def contracted(value: Any) -> Any:
    """[[1], [2]], the axes of a product as Keras 0 wrote them, becomes [1, 2]."""
    return [single(axis) for axis in value] if isinstance(value, list) else value


def none_in_a_list(value: Any) -> Any:
    """[null], which Keras 1 wrote for no axes at all, becomes null."""
    return None if value == [None] else value


def shown(value: Any) -> str:
    """`value` as JSON, short enough for a message."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "single": single,
    "axes": axes,
    "number": number,
    "ordering": ordering,
    "ends": ends,
    "sides": sides,
    "none_in_a_list": none_in_a_list,
    "listed": listed,
    "contracted": contracted,
}
CHECKED_TYPES: dict[str, Callable[[Any], Any]] = {
    "size": size,
    "sizes": sizes,
    "integers": integers,
    "flag": flag,
}
