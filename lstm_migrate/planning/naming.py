"""Naming: what files call the arrays of a layout, and what rules call the layers of a model."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from lstm_migrate.graph import Graph, LayerPath
from lstm_migrate.layouts.layout import StoredTensor
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.patterns import Pattern
from lstm_migrate.planning.slots import gate_role

DIRECTIONS = ("forward", "backward")


def names_of(path: LayerPath) -> Iterator[str]:
    """What rules may call the layer at a path: "bidirectional_1/forward" stands for its forward_layer."""
    yield "/".join(path)
    short = tuple(part.removesuffix("_layer") if part.endswith("ward_layer") else part for part in path)
    yield "/".join(short)
    while len(short) > 1 and short[-1] in ("cell", "layer"):
        short = short[:-1]
        yield "/".join(short)


def named_so(graph: Graph, pattern: Pattern) -> list[LayerPath]:
    """The layers of a model that the pattern calls."""
    return [
        path for path, _ in graph.walk() if any(pattern.match(name) is not None for name in names_of(path))
    ]


def arrays_of(role: str, declared: Declared) -> dict[str, str]:
    """The roles of the arrays that hold `role`, with the gate of each; one "" if a single array does."""
    tensor = declared.tensors[role]
    if not tensor.each_gate:
        return {role: ""}
    return {gate_role(role, gate): gate for gate in tensor.gates or declared.gates}


def name_pattern(tensor: StoredTensor, declared: Declared) -> str:
    """A regular expression for what files call the array, behind the layer's name.

    It captures `gate_`, `layer_` and `dir_` where the name tells them.
    """
    gates = tensor.gates or declared.gates
    letters = "|".join(re.escape(declared.letters.get(gate, gate)) for gate in gates)
    words = {
        "gate": f"(?P<gate_>{letters})",
        "layer": r"(?P<layer_>\d+)",
        "dir": f"(?P<dir_>{'|'.join(map(re.escape, declared.directions))})",
    }
    parts = re.split(r"\{(gate|layer|dir)\}", tensor.name)
    return "".join(
        words[part] if number % 2 else re.escape(part).replace("/", "[/.]")
        for number, part in enumerate(parts)
    )


def captured_words(declared: Declared, captures: Mapping[str, str]) -> dict[str, str]:
    """What the captures of a rule and of an array's name stand for in `to`."""
    words = {key: value for key, value in captures.items() if not key.endswith("_")}
    if "layer_" in captures:
        words["layer"] = captures["layer_"]
    if "dir_" in captures:
        words["dir"] = DIRECTIONS[declared.directions.index(captures["dir_"])]
    return words


class TensorNames:
    """The names of a file's tensors, found by how they begin."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = sorted((name.replace(".", "/"), name) for name in names)

    def like(self, pattern: Pattern) -> Iterator[str]:
        """The names that may belong to a layer of that pattern."""
        start = re.split(r"[{*]", pattern.text)[0].replace(".", "/")
        for plain, name in self._sorted[bisect_left(self._sorted, (start, "")) :]:
            if not plain.startswith(start):
                return
            yield name
