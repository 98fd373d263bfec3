"""Clues: keys in a config that tell, or rule out, what its version leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.mapping.document import Clue


def stands(clue: Clue | None, config: Any, inside: bool = False) -> bool:
    """Whether the clue's key stands anywhere inside a layer of the clue's class."""
    if clue is None:
        return False
    if isinstance(config, Mapping):
        inside = inside or config.get("class_name") == clue.class_
        return (inside and clue.key in config) or any(stands(clue, item, inside) for item in config.values())
    return isinstance(config, list) and any(stands(clue, item, inside) for item in config)


def lacks(clue: Clue | None, config: Any) -> bool:
    """Whether a layer of the clue's class stands there without the key that it would have."""
    if clue is None:
        return False
    if isinstance(config, Mapping):
        if config.get("class_name") == clue.class_ and not stands(clue, config):
            return not any(_has_class(config, name) for name in clue.unless)
        return any(lacks(clue, item) for item in config.values())
    return isinstance(config, list) and any(lacks(clue, item) for item in config)


def _has_class(config: Any, name: str) -> bool:
    if isinstance(config, Mapping):
        return config.get("class_name") == name or any(_has_class(item, name) for item in config.values())
    return isinstance(config, list) and any(_has_class(item, name) for item in config)
