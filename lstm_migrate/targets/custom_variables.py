"""The variables of a user's own layer, paired with the arrays that the file has for it.

By name where names agree; what remains, by order. A layer of a store has numbers for names: there the
number is the variable's place in the object that holds it, as Keras itself saves and loads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lstm_migrate.graph import Layer

Pair = tuple[str, Any, bool]
"""A role, the variable that plays it, and whether their names say so."""


def paired(item: Any, layer: Layer, own: Sequence[Any]) -> Iterator[Pair]:
    """Each of the layer's variables `own` with its role; those that no array is for by their own names."""
    numbered = {role: _numbered(item, role) for role in layer.arrays}
    if layer.arrays and all(variable is not None for variable in numbered.values()):
        taken = numbered
        named = set(numbered)
    else:
        taken = _by_name(layer, own)
        named = set(taken)
        left = [variable for variable in own if not any(variable is other for other in taken.values())]
        taken |= zip([role for role in layer.arrays if role not in taken], left, strict=False)
    roles = {id(variable): role for role, variable in taken.items()}
    for variable in own:
        role = roles.get(id(variable))
        if role is None:
            yield _label(variable, own), variable, True
        else:
            yield role, variable, role in named


def _by_name(layer: Layer, own: Sequence[Any]) -> dict[str, Any]:
    """The variables that one array alone is called like, from the exactest way to compare to the loosest."""
    found: dict[str, Any] = {}
    for norm in _NORMS:
        roles = [role for role in layer.arrays if role not in found]
        left = [variable for variable in own if not any(variable is other for other in found.values())]
        called = [norm(role, layer.name) for role in roles]
        known = [norm(_label(variable, own), layer.name) for variable in left]
        once = {name for name, count in Counter(known).items() if count == 1 and called.count(name) == 1}
        found |= {
            role: left[known.index(name)] for role, name in zip(roles, called, strict=True) if name in once
        }
    return found


def _leaf(name: str, layer: str) -> str:
    return name.split("/")[-1]


def _loose(name: str, layer: str) -> str:
    """Without the counter, and without the layer's name, which old code puts in front."""
    return re.sub(r"_\d+$", "", _leaf(name, layer)).removeprefix(f"{layer}_")


_NORMS: tuple[Callable[[str, str], str], ...] = (lambda name, layer: name, _leaf, _loose)


def _label(variable: Any, own: Sequence[Any]) -> str:
    """The variable's name, with what is in front of it where that alone tells it from others."""
    alone = sum(other.name == variable.name for other in own) == 1
    return str(variable.name) if alone else "/".join(variable.path.split("/")[-2:])


def _numbered(item: Any, role: str) -> Any:
    """The variable behind a role like "dense/0"; None if it is no such role, or there is none."""
    *attributes, number = role.split("/")
    if not number.isdigit():
        return None
    for name in attributes:
        item = getattr(item, name, None) or getattr(item, f"_{name}", None)
    own = [*getattr(item, "_trainable_variables", ()), *getattr(item, "_non_trainable_variables", ())]
    return own[int(number)] if int(number) < len(own) else None
