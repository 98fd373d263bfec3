"""Sizing: gathers for each layer of a model what rules and settings say of its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath
from lstm_migrate.mapping.patterns import Pattern
from lstm_migrate.mapping.settings import Setting
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.planning.naming import named_so, names_of
from lstm_migrate.planning.sizes import Sized, Sizes

SHOWN = 12


@dataclass
class Sizing:
    """What is said of each layer, as far as it has been heard."""

    graph: Graph
    rules: UserRules
    found: dict[LayerPath, Sizes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def say(self, path: LayerPath, said: Sizes | None) -> None:
        """Something is said of one layer."""
        if said is None:
            return
        before = self.found.get(path)
        try:
            self.found[path] = said if before is None else before.joined(said, "/".join(path))
        except MappingError as error:
            self.problems += error.problems

    def follow(self, pattern: Pattern, said: Sizes | None) -> bool:
        """Something is said of all layers of a pattern. Whether there are any."""
        layers = dict(self.graph.walk())
        paths = named_so(self.graph, pattern)
        for path in paths:
            self.hear(pattern, path, layers[path], said)
        return bool(paths)

    def hear(self, pattern: Pattern, path: LayerPath, layer: Layer, said: Sizes | None) -> None:
        """Something is said of a layer that a pattern calls, unless it only means others: a model in the
        model has no sizes of its own."""
        whole = layer.graph is not None and pattern.text != "/".join(path)
        if not whole and not taken_along(pattern, path, layer):
            self.say(path, said)

    def whole(
        self, problems: list[Problem] | None = None, groups: Mapping[str, str] = MappingProxyType({})
    ) -> Sized:
        """All of it, with the settings; problems go to `problems`, or else into a MappingError.

        `groups`: for layers of the file, which ones of the model get their arrays.
        """
        for one in self.rules.settings:
            self._set(one, groups)
        if self.problems and problems is None:
            raise MappingError(self.problems)
        if problems is not None:
            problems += self.problems
        return self.found

    def _set(self, one: Setting, groups: Mapping[str, str]) -> None:
        said = Sizes.of_setting(one)
        others = [target for group, target in groups.items() if one.pattern.match(group) is not None]
        for target in others:
            self.say((target,), said)
        if not others and not self.follow(one.pattern, said):
            names = list(dict.fromkeys(name for path, _ in self.graph.walk() for name in names_of(path)))
            near = get_close_matches(one.pattern.text, names, 3, 0.4)
            self.problems.append(
                Problem(
                    f"the model has no layer {one.pattern.text!r}",
                    one.where,
                    found=f"layers {', '.join('/'.join(path) for path, _ in self._some())}",
                    expected=f"nearest: {', '.join(near)}" if near else "",
                    hint="`inspect` lists the names.",
                )
            )

    def _some(self) -> list[tuple[LayerPath, Layer]]:
        return list(self.graph.walk())[:SHOWN]


def taken_along(pattern: Pattern, path: LayerPath, layer: Layer) -> bool:
    """Whether a pattern only means others: "lstm_*" takes lstm_1_input along, as Keras 2 calls the input of a
    chain."""
    return layer.kind == "InputLayer" and pattern.text != "/".join(path)
