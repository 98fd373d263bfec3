"""The closed list of value conversions that a mapping file may name under `convert:`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_migrate.errors import PlanError


def single(value: Any) -> Any:
    """[-1] → -1: a list of one where Keras 3 wants the value."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise PlanError("more than one value", found=str(value), expected="one")
        return value[0]
    return value


def number(value: Any) -> Any:
    """A number that an old config wrapped: {"type": "ndarray", "value": 0.3}, {"class_name": "__numpy__" …}."""
    if isinstance(value, dict):
        inner = value.get("value", value.get("config"))
        return number(inner.get("value") if isinstance(inner, dict) else inner)
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return number(value[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PlanError("not a number", found=str(value)[:80])
    return value


CONVERSIONS: dict[str, Callable[[Any], Any]] = {"single": single, "number": number}
