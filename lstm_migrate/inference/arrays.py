"""What a layer's arrays tell: which kinds of layer store such arrays, and with which sizes.

The mapping file's declarations are read backwards: a kind fits if its arrays, in the order of the
file, can have these shapes and, where the file has names, are called so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.graph import Layer
from lstm_migrate.layouts.axes import solve
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.slots import Slot, own_slots

BESIDE = "packed"  # says that arrays are not packed as an architecture beside them has it; here is none
_COUNTER = re.compile(r"_\d+$")
_NUMBERED = re.compile(r"(param_)?\d+$")  # a file that calls its arrays by numbers


@dataclass(frozen=True)
class Fit:
    """One reading of some arrays: a layer with its sizes in its config.

    `width`: the features that it takes, `gives` those it puts out; None if any, or as many.
    `other`: config keys that could as well be otherwise, with these values.
    """

    layer: Layer
    width: int | None
    gives: int | None
    other: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def fit(kind: str, name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as those of a `kind` layer; None if they cannot be."""
    found = [
        (flags, sizes)
        for flags in _variants(kind, vocabulary)
        if (sizes := _sizes(Layer(name, kind, flags), arrays, vocabulary)) is not None
    ]
    if not found:
        return None
    flags, sizes = found[0]
    other = {
        key: tuple(dict.fromkeys(further.get(key) for further, _ in found))
        for key in flags
        if any(further.get(key) != flags[key] for further, _ in found)
    }
    config = {**flags, **_named_sizes(kind, sizes, vocabulary)}
    width = sizes.get("x", sizes.get("c"))
    gives = sizes.get("u", width * sizes["m"] if width is not None and "m" in sizes else None)
    return Fit(Layer(name, kind, config), width, gives, other)


def leaf(name: str) -> str:
    """The last part of a tensor's name, without TensorFlow's output number."""
    return re.sub(r":\d+$", "", name).rpartition("/")[2]


def _sizes(layer: Layer, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> dict[str, int] | None:
    slots = list(own_slots(layer, (layer.name,), (), True, vocabulary))
    slots = [slot for slot in slots if slot.trained] + [slot for slot in slots if not slot.trained]
    if len(slots) != len(arrays):
        return None
    if not all(_may_be_called(slot, leaf(info.name)) for slot, info in zip(slots, arrays, strict=True)):
        return None
    return _solved(list(zip(slots, arrays, strict=True)), {})


def _solved(pairs: Sequence[tuple[Slot, TensorInfo]], sizes: dict[str, int]) -> dict[str, int] | None:
    """The sizes under which every array has its shape, in one of the ways in which it may lie."""
    if not pairs:
        return sizes if all(size >= 1 for size in sizes.values()) else None
    slot, info = pairs[0]
    if slot.axes is None:
        return _solved(pairs[1:], sizes)
    for axes in (slot.axes, *slot.others):
        known = solve(axes, info.shape, {**(slot.sizes or {}), **sizes})
        if known is None:
            continue
        if "gate" in known and known.setdefault("h", known.get("u", 0)) != known.get("u", 0):
            continue
        found = _solved(pairs[1:], {**sizes, **known})
        if found is not None:
            return found
    return None


def _may_be_called(slot: Slot, word: str) -> bool:
    if _NUMBERED.match(word):
        return True
    role = slot.called or slot.key.role.rpartition("/")[2]
    return any(form == role or form.endswith(f"_{role}") for form in (word, _COUNTER.sub("", word)))


def _variants(kind: str, vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    """The values of all config keys on which it depends which arrays there are; usual ones first."""
    declared = vocabulary.document.classes.get(kind)
    cell = vocabulary.document.cells.get(kind)
    conditions = [entry.partition("?")[2] for entry in declared.weights] if declared else []
    conditions += list(cell.when) if cell else []
    conditions += list(declared.stored_when) if declared else []
    values: dict[str, list[Any]] = {}
    for condition in dict.fromkeys(filter(None, conditions)):
        key, equals, wanted = condition.partition("=")
        if key == BESIDE:
            continue
        values.setdefault(key, [None] if equals else [True, False])
        if equals:
            values[key].append(wanted)
    for chosen in product(*values.values()):
        yield {key: value for key, value in zip(values, chosen, strict=True) if value is not None}


def _named_sizes(kind: str, sizes: Mapping[str, int], vocabulary: Vocabulary) -> dict[str, Any]:
    declared, cell = vocabulary.document.classes.get(kind), vocabulary.document.cells.get(kind)
    named = {**(declared.sizes if declared else {}), **(cell.sizes if cell else {})}
    found: dict[str, Any] = {
        key: sizes[symbol] for symbol, key in named.items() if isinstance(key, str) and symbol in sizes
    }
    window = tuple(sizes[symbol] for symbol in ("k0", "k1", "k2") if symbol in sizes)
    return {**found, "kernel_size": window} if window else found
