"""Layers whose arrays are called and shaped as a shipped layout, or a plain layer of Keras, says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from lstm_migrate.drafting.found import KINDS, Found, suits
from lstm_migrate.drafting.sizes import Shape, sizes_of
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import StoredTensor
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.layouts import Declared, resolved
from lstm_migrate.planning.naming import DIRECTIONS, name_pattern

# Keras's plain layers, likeliest first, of which arrays alone may tell.
PLAIN = ("Dense", "Embedding", "Conv1D", "BatchNormalization", "LayerNormalization", "PReLU")

Key = tuple[str, str, str]
"""Prefix, number of the layer and direction, as the arrays' names say."""


@dataclass
class Match:
    """The tensors that play the roles of one layout under one prefix."""

    layout: Declared
    key: Key
    roles: dict[str, dict[str, str]] = field(default_factory=dict)  # role → gate → tensor

    @property
    def tensors(self) -> list[str]:
        return [name for gates in self.roles.values() for name in gates.values()]

    @property
    def kind(self) -> str:
        return KINDS.get(self.layout.cell, self.layout.layer)

    def complete(self) -> bool:
        """Whether no array is missing without which there is no such layer."""
        return all(
            tensor.optional or role in self.roles for role, tensor in self.layout.tensors.items()
        ) and all(
            not tensor.each_gate or len(self.roles.get(role, ())) in (0, len(_gates(tensor, self.layout)))
            for role, tensor in self.layout.tensors.items()
        )

    def sizes(self, shapes: Mapping[str, Shape]) -> dict[str, int] | None:
        """The sizes, if the shapes are possible ones."""
        known = {"set": 2, "gate": len(self.layout.gates)} if self.layout.cell else {}
        pairs = []
        for role, gates in self.roles.items():
            tensor = self.layout.tensors[role]
            axes = _with_gates(tensor, self.layout)
            pairs += [(axes, shapes[name]) for name in gates.values()]
        return sizes_of(pairs, {**known, **_counts(self.layout)})


def matches(shapes: Mapping[str, Shape]) -> list[Found]:
    """The layers that are called and shaped as a layout says; each tensor in one of them at most."""
    possible = []
    for order, layout in enumerate(_layouts()):
        for match in _grouped(layout, shapes):
            sizes = match.sizes(shapes) if match.complete() else None
            if sizes is not None:
                rank = (len(match.tensors), suits(match.key[0] or "", match.kind), -order)
                possible.append((rank, match, sizes))
    found: list[Found] = []
    taken: set[str] = set()
    for _, match, sizes in sorted(possible, key=lambda one: one[0], reverse=True):
        if taken.isdisjoint(match.tensors):
            taken |= set(match.tensors)
            found.append(_found(match, sizes, shapes))
    order_in_file = list(shapes)
    return sorted(found, key=lambda one: min(order_in_file.index(name) for name in one.arrays))


def _found(match: Match, sizes: Mapping[str, int], shapes: Mapping[str, Shape]) -> Found:
    prefix, layer, direction = match.key
    config: dict[str, int | bool] = {}
    if "bias" in match.layout.tensors and "bias" not in match.roles:
        config["use_bias"] = False
    if match.kind == "Embedding":
        config["input_dim"] = sizes["n"]
    if match.kind == "Conv1D":
        config["kernel_size"] = sizes["k0"]
    return Found(
        prefix,
        match.kind,
        "" if match.layout.name in PLAIN else match.layout.name,
        {name: shapes[name] for name in match.tensors},
        sizes.get("u", 0),
        sizes.get("x", 0),
        layer=int(layer) if layer else None,
        dir=DIRECTIONS[list(match.layout.directions).index(direction)] if _has(match.layout, "{dir}") else "",
        config=config,
    )


def _grouped(layout: Declared, shapes: Mapping[str, Shape]) -> list[Match]:
    groups: dict[Key, Match] = {}
    for role, tensor in layout.tensors.items():
        pattern = _pattern(tensor, layout)
        for name in shapes:
            said = pattern.fullmatch(name)
            if said is None:
                continue
            words = said.groupdict()
            key = (words["prefix"] or "", words.get("layer_") or "", words.get("dir_") or "")
            match = groups.setdefault(key, Match(layout, key))
            match.roles.setdefault(role, {})[words.get("gate_") or ""] = name
    return list(groups.values())


@cache
def _layouts() -> tuple[Declared, ...]:
    """Keras's plain layers first, then the shipped layouts; of equals the first is taken."""
    classes = catalogue.document("keras3").classes
    plain = []
    for name in PLAIN:
        tensors = {}
        for entry in classes[name].weights:
            role, _, condition = entry.partition("?")
            axes = classes[name].axes.get(role, "u")
            tensors[role] = StoredTensor(role, Axes.parse(axes), role, bool(condition))
        plain.append(Declared(name, layer=name, tensors=tensors))
    return (*plain, *(resolved(name, catalogue.layouts()) for name in catalogue.layouts()))


def _pattern(tensor: StoredTensor, layout: Declared) -> re.Pattern[str]:
    return _compiled(name_pattern(tensor, layout))


@cache
def _compiled(array: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?P<prefix>.+)[/.])?{array}(?::0)?")


def _gates(tensor: StoredTensor, layout: Declared) -> tuple[str, ...]:
    return tensor.gates or layout.gates


def _with_gates(tensor: StoredTensor, layout: Declared) -> Axes:
    """The axes, with a count of its own for an array of some gates only."""
    if tensor.gates and not tensor.each_gate:
        return Axes.parse(re.sub(r"\bgate\b", f"gate{len(tensor.gates)}", str(tensor.axes)))
    return tensor.axes


def _counts(layout: Declared) -> dict[str, int]:
    return {f"gate{count}": count for count in range(1, len(layout.gates) + 1)} if layout.cell else {}


def _has(layout: Declared, word: str) -> bool:
    return any(word in tensor.name for tensor in layout.tensors.values())
