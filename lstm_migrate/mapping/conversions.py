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


def shown(value: Any) -> str:
    """`value` as JSON, short enough for a message."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


CONVERSIONS: dict[str, Callable[[Any], Any]] = {"single": single, "axes": axes, "number": number}
CHECKED_TYPES: dict[str, Callable[[Any], Any]] = {
    "size": size,
    "sizes": sizes,
    "integers": integers,
    "flag": flag,
}
