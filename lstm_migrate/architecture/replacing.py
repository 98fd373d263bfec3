"""Replacing: stock layers that a mapping file puts in the place of one that nobody can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from lstm_migrate.architecture.chains import chain_graph
from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.graph import Layer
from lstm_migrate.mapping.rule_grammar import Replacement

Read = Callable[[Mapping[str, Any]], Layer | None]
"""How a layer's entry in Keras 3's words is read."""


@dataclass
class Replacing:
    """The rules, by pattern of layer names, and which of them were of use. `source`: the file's name."""

    rules: Mapping[str, Sequence[Replacement]] = field(default_factory=dict)
    source: str = ""
    used: dict[str, list[str]] = field(default_factory=dict)

    def of(self, name: str) -> Sequence[Replacement] | None:
        """What stands for the layer of this name, if anything does; the first pattern that fits counts."""
        for pattern, listed in self.rules.items():
            if fnmatchcase(name, pattern):
                self.used.setdefault(pattern, []).append(name)
                return listed
        return None

    def layer(
        self, name: str, listed: Sequence[Replacement], trainable: bool, dtype: str, read: Read
    ) -> Layer | None:
        """The layer in place of `name`: the one given, or several as a model of their own."""
        alone = len(listed) == 1
        found = [
            read(
                {
                    "class_name": item.class_,
                    "config": {
                        "name": name if alone else f"{name}_{item.class_.lower()}_{place + 1}",
                        "trainable": trainable,
                        "dtype": dtype,
                        **item.config,
                    },
                }
            )
            for place, item in enumerate(listed)
        ]
        layers = [layer for layer in found if layer is not None]
        if len(layers) != len(listed) or not layers:
            return None
        if alone:
            return layers[0]
        first = Layer(f"{name}_input", "InputLayer", {"batch_shape": None, "dtype": dtype})
        return Layer(name, "Model", graph=chain_graph(name, first, layers), trainable=trainable)

    def check(self, layers: Sequence[str]) -> None:
        """MappingError for rules that match no layer."""
        problems = [
            Problem(
                f"the rule for {pattern!r} matches no layer",
                where=self.source,
                found=f"layers {', '.join(layers[:12])}",
                hint="Rules are patterns of layer names; `inspect` lists the names.",
            )
            for pattern in self.rules
            if pattern not in self.used
        ]
        if problems:
            raise MappingError(problems)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """(layer, what stands in its place): what the old layers computed, no file tells."""
        return tuple(
            (
                name,
                f"{' and '.join(item.class_ for item in self.rules[pattern])} in its place, "
                f"as {self.source} says",
            )
            for pattern, names in self.used.items()
            for name in dict.fromkeys(names)
        )
