"""Headers: the arrays of a model as rules and layouts would have them in a file, before there is one.

The reverse of `claims.py`: from a layer to the names, shapes and types of its tensors. Values are put into
them by `inverse.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.custom import is_custom
from lstm_migrate.errors import LstmMigrateError, PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.layout import StoredTensor
from lstm_migrate.layouts.parts import content
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.patterns import captured
from lstm_migrate.mapping.user import Rule, UserRules
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.naming import DIRECTIONS, arrays_of, names_of
from lstm_migrate.planning.slots import roles, shapes
from lstm_migrate.planning.storing import kind_of, usual

SEPARATORS = {"npz": "/", "safetensors": "."}
"""What stands between a layer's name and an array's where a rule's own names do not show it."""
PLACED = ("layer", "dir")
"""Axes along which several layers lie in one array."""


@dataclass(frozen=True)
class Place:
    """Where a layer's arrays go: what stands in front of their names, which layer and direction of several
    they are of, and the rule that says so, if any does."""

    prefix: str
    words: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None


@dataclass
class Header:
    """One array to be. `at`: along which positions of its axes "layer" and "dir" layers lie."""

    where: str
    role: str
    axes: Axes
    sizes: dict[str, int]
    dtype: str
    at: list[dict[str, int]]

    @property
    def shape(self) -> tuple[int, ...]:
        most = {axis: 1 + max(place[axis] for place in self.at) for axis in self.at[0]}
        return self.axes.shape({**self.sizes, **most})

    def joins(self, other: Header) -> bool:
        """Whether both are parts of one array, at different places."""
        alike = (self.role, self.axes, self.sizes) == (other.role, other.axes, other.sizes)
        return alike and other.at[0] not in self.at and bool(self.at[0])


@dataclass
class Headers:
    """Goes through the layers of a model of Keras 3 and gathers their arrays.

    `bound` and `tensors`: the model's own arrays. `defaults`: the default layouts that were of use.
    """

    graph: Graph
    bound: Mapping[WeightKey, str]
    tensors: Mapping[str, TensorInfo]
    vocabulary: Vocabulary
    rules: UserRules
    format: str
    found: dict[str, Header] = field(default_factory=dict)
    defaults: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def gather(self) -> dict[str, TensorInfo]:
        """The tensors by name, in the order of the layers; PlanError with everything that is in the way."""
        for path, layer in self._layers():
            try:
                self._follow(path, layer)
            except LstmMigrateError as error:
                where = "/".join(path)
                self.problems += [replace(item, where=item.where or where) for item in error.problems]
        if self.problems:
            raise PlanError(self.problems)
        return {name: TensorInfo(name, one.shape, one.dtype) for name, one in self.found.items()}

    def directed(self) -> list[str]:
        """The Bidirectional layers of which no rule speaks, and whose layout tells directions by itself."""
        found: dict[str, None] = {}
        for path, layer in self._layers():
            sides = [number for number, part in enumerate(path) if part.removesuffix("_layer") in DIRECTIONS]
            name = "/".join(path[: sides[-1]]) if sides else ""
            if not name or set("{}*") & set(name) or self._place(path).rule is not None:
                continue
            if any(_told(tensor, "dir") for tensor in self._declared(layer, None).tensors.values()):
                found[name] = None
        return list(found)

    def _layers(self) -> Iterator[tuple[LayerPath, Layer]]:
        for path, layer in self.graph.walk():
            if roles(layer, self.vocabulary):
                yield path, layer

    def _follow(self, path: LayerPath, layer: Layer) -> None:
        if is_custom(layer.kind):
            raise PlanError(
                "no layout says how a layer of your own stores its arrays",
                found=layer.kind.split(":")[-1],
                expected="stock layers of Keras 3",
            )
        place = self._place(path)
        if place.rule is not None and (place.rule.said.units or place.rule.said.inputs):
            raise PlanError(
                f"the rule for {place.rule.pattern.text!r} cuts the layer: what it left out is lost",
                expected="a rule without `units` and `inputs`",
            )
        declared = self._declared(layer, place.rule)
        sizes = self._sizes(path, layer)
        for role, tensor in declared.tensors.items():
            if not self._present(role, tensor, declared, layer):
                continue
            own = self._own(path, role) if not declared.stated or not tensor.axes.items else None
            for gate in arrays_of(role, declared).values():
                self._add(
                    self._name(tensor, gate, declared, place), tensor, own, path, sizes, declared, place
                )

    def _place(self, path: LayerPath) -> Place:
        for rule in self.rules.rules:
            for name in names_of(path):
                found = _placed(rule, name)
                if found is not None:
                    return found
        return Place(SEPARATORS[self.format].join(path))

    def _declared(self, layer: Layer, rule: Rule | None) -> Declared:
        kind = kind_of(layer, self.vocabulary)
        if rule is not None and rule.said.layout:
            declared = self.rules.own(self.rules.declared(rule.said.layout), rule)
            if kind != (declared.cell or declared.layer):
                raise PlanError(
                    f"the layout {declared.name} is of a {declared.cell or declared.layer}, and this is a "
                    f"{layer.kind}"
                )
            return declared
        base = next((one for one in self.rules.defaults if kind == (one.cell or one.layer)), None)
        if base is None:
            base = usual(layer, self.vocabulary)
        else:
            self.defaults.add(base.name)
        return base if rule is None else self.rules.own(base, rule)

    def _sizes(self, path: LayerPath, layer: Layer) -> dict[str, int]:
        """What the symbols of the layer's axes stand for, by its own arrays."""
        ways, known = shapes(layer, self.vocabulary)
        for role, (axes, *_) in ways.items():
            name = self.bound.get(WeightKey(path, role))
            found = None if name is None else solve(axes, self.tensors[name].shape, known)
            known = known if found is None else found
        return dict(known)

    def _present(self, role: str, tensor: StoredTensor, declared: Declared, layer: Layer) -> bool:
        held = roles(layer, self.vocabulary)
        bias = bool(declared.cell) and not content(tensor.axes.symbols) and not tensor.apart
        wanted = "bias" if bias else role
        if wanted in held or (declared.cell and not bias):
            return True
        if not tensor.optional:
            raise PlanError(
                f"the layout {declared.name} stores a {role}, and the layer has none",
                found=", ".join(held),
                hint="Build the model with it, or give a layout without it (`bias: none`).",
            )
        return False

    def _own(self, path: LayerPath, role: str) -> tuple[int, ...]:
        return self.tensors[self.bound[WeightKey(path, role)]].shape

    def _name(self, tensor: StoredTensor, gate: str, declared: Declared, place: Place) -> str:
        """What the file calls an array, with the layer's name in front."""
        direction = DIRECTIONS.index(place.words.get("dir", DIRECTIONS[0]))
        own = (
            tensor.name.replace("{gate}", declared.letters.get(gate, gate))
            .replace("{layer}", place.words.get("layer", "0"))
            .replace("{dir}", declared.directions[direction])
        )
        used = [mark for mark in SEPARATORS.values() if mark in place.prefix]
        separator = used[0] if used else SEPARATORS[self.format]
        if not place.prefix:
            return own
        return separator.join((place.prefix, own.replace("/", separator)))

    def _add(
        self,
        name: str,
        tensor: StoredTensor,
        own: tuple[int, ...] | None,
        path: LayerPath,
        sizes: Mapping[str, int],
        declared: Declared,
        place: Place,
    ) -> None:
        where = "/".join(path)
        axes, known = tensor.axes, {**sizes, "gate": len(tensor.gates or declared.gates), "set": 2}
        if own is not None:
            names = [f"a{number}" for number in range(len(own))]
            axes, known = (
                Axes.parse(" ".join(names)) if names else Axes(()),
                dict(zip(names, own, strict=True)),
            )
        lacks = axes.symbols - known.keys() - {*PLACED}
        if lacks:
            raise PlanError(
                f"the layout {declared.name} has axes that this layer has not",
                found=f"{tensor.role}: {tensor.axes}",
                expected=f"axes of {', '.join(sorted(known.keys() - {'gate', 'set'}))}",
            )
        places = {"layer": int(place.words.get("layer", 0))}
        places["dir"] = DIRECTIONS.index(place.words.get("dir", DIRECTIONS[0]))
        at = {axis: places[axis] for axis in PLACED if axis in axes.symbols}
        dtype = next(self.tensors[tensor].dtype for key, tensor in self.bound.items() if key.path == path)
        header = Header(where, tensor.role, axes, known, dtype, [at])
        if name not in self.found:
            self.found[name] = header
        elif self.found[name].joins(header):
            self.found[name].at.append(at)
        else:
            raise PlanError(
                f"two arrays would be called {name!r}",
                found=f"those of {self.found[name].where} and {where}",
                expected="a rule that tells the layers apart, as {k} in the pattern and in `to` does",
            )


def _placed(rule: Rule, name: str) -> Place | None:
    """Where the rule puts the arrays of the layer that it calls `name`; None if it is of another one."""
    to, at = rule.said.to or rule.pattern.text, rule.said.at
    words = captured(to, name)
    if words is None:
        words = captured(to.replace(".", "/"), name)
    prefix = None if words is None else rule.pattern.filled(words)
    if words is None or prefix is None:
        return None
    # What the arrays' own names tell, in the words that rules have for it.
    told = {key: words[key] for key in PLACED if key in words and key not in rule.pattern.captures}
    stated = {} if at.layer is None else {"layer": str(at.layer)}
    stated |= {} if at.dir is None else {"dir": at.dir}
    fits = told.get("dir", DIRECTIONS[0]) in DIRECTIONS and told.get("layer", "0").isdigit()
    if not fits or any(told.get(key, said) != said for key, said in stated.items()):
        return None
    return Place(prefix, {**told, **stated}, rule)


def _told(tensor: StoredTensor, word: str) -> bool:
    """Whether the array's name or its axes tell layers or directions apart."""
    return f"{{{word}}}" in tensor.name or word in tensor.axes.symbols
