"""Claims: which tensors of a file without layers of its own belong to which layer of the model.

The rules of a mapping file say it: a pattern of names, the layer where they go, and a layout that says
what each array is called. A layer of which no rule speaks is looked for under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.patterns import Pattern, filled
from lstm_migrate.mapping.rule_grammar import LayerRule
from lstm_migrate.mapping.user import Rule, UserRules
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.naming import (
    DIRECTIONS,
    TensorNames,
    arrays_of,
    captured_words,
    name_pattern,
    named_so,
    names_of,
)
from lstm_migrate.planning.slots import gate_role, roles
from lstm_migrate.planning.storing import kind_of, usual

SHOWN = 8


@dataclass
class Claim:
    """What one layer of the model is to have: `arrays` by role, and how they lie."""

    path: LayerPath
    declared: Declared
    rule: Rule
    at: Mapping[str, int]
    arrays: dict[str, str] = field(default_factory=dict)

    @property
    def present(self) -> frozenset[str]:
        """The roles of the layout of which there is an array."""
        return frozenset(
            role
            for role in self.declared.tensors
            if any(name in self.arrays for name in arrays_of(role, self.declared))
        )

    def lacking(self) -> list[str]:
        """What the file calls those arrays that it lacks."""
        return [
            tensor.name.replace("{gate}", self.declared.letters.get(gate, gate))
            for role, tensor in self.declared.tensors.items()
            if not tensor.optional or role in self.present
            for name, gate in arrays_of(role, self.declared).items()
            if name not in self.arrays
        ]


@dataclass
class Claims:
    """Goes through the rules and gathers claims and problems."""

    graph: Graph
    tensors: Mapping[str, TensorInfo]
    rules: UserRules
    vocabulary: Vocabulary
    found: dict[LayerPath, Claim] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        held = {path: layer for path, layer in self.graph.walk() if roles(layer, self.vocabulary)}
        self.layers: dict[LayerPath, Layer] = held
        self.places = {name: path for path in held for name in names_of(path)}
        self.names = TensorNames(self.tensors)

    def gather(self) -> dict[LayerPath, Claim]:
        """A claim for each layer that has arrays; MappingError with everything that is wrong."""
        for rule in self.rules.rules:
            self._follow_rule(rule)
        sound = not self.problems
        for path in self.layers:
            if path not in self.found and sound:
                self._follow_name(path)
        for claim in self.found.values():
            self._check_whole(claim)
        if self.problems:
            raise MappingError(self.problems)
        self._check_shared()
        self._check_used()
        if self.problems:
            raise MappingError(self.problems)
        return self.found

    def _follow_name(self, path: LayerPath) -> None:
        """Looks for a layer's arrays under its own name."""
        kind = kind_of(self.layers[path], self.vocabulary)
        named = [one for one in self.rules.defaults if kind == (one.cell or one.layer)]
        candidates = named or [usual(self.layers[path], self.vocabulary)]
        target = "/".join(path)
        for text in dict.fromkeys(names_of(path)):
            rule = Rule(Pattern(re.sub(r"[{}*]", "*", text)), LayerRule(to=target), "")
            if self._follow(rule, candidates):
                return
        self.problems.append(self._unmatched(rule, candidates[0]))

    def _follow_rule(self, rule: Rule) -> None:
        candidates = self._candidates(rule)
        before = len(self.problems)
        if not candidates or self._follow(rule, candidates) or len(self.problems) > before:
            return
        # A rule of sizes alone may also call a layer as the model does.
        if not rule.only_sizes or not named_so(self.graph, rule.pattern):
            self.problems.append(self._unmatched(rule, candidates[0]))

    def _follow(self, rule: Rule, candidates: Sequence[Declared]) -> bool:
        """Claims whatever the rule takes, by any of these layouts. Whether that is anything."""
        claimed: set[str] = set()
        complaints: dict[str, Problem] = {}
        for declared in candidates:
            for role, tensor in declared.tensors.items():
                pattern = rule.pattern.before(name_pattern(tensor, declared))
                for name in self.names.like(rule.pattern):
                    captures = pattern.fullmatch(name)
                    if captures is None:
                        continue
                    said = self._claim(rule, declared, role, name, captures.groupdict())
                    if said is None:
                        claimed.add(name)
                    else:
                        complaints.setdefault(name, said)
        # Of several layouts one may know an array that another takes for something else.
        self.problems += dict.fromkeys(problem for name, problem in complaints.items() if name not in claimed)
        return bool(claimed)

    def _candidates(self, rule: Rule) -> list[Declared]:
        """The layouts by which the rule's arrays may be called: those of which its facts can be said."""
        found: list[Declared] = []
        problems: list[Problem] = []
        for base in self._bases(rule):
            try:
                found.append(_at_hand(self.rules.own(base, rule), rule))
            except MappingError as error:
                problems += [replace(item, where=item.where or rule.where) for item in error.problems]
        if not found:
            self.problems += problems
        return found

    def _bases(self, rule: Rule) -> list[Declared]:
        """The layout that the rule names, else all that its layer may have."""
        if rule.said.layout:
            return [self.rules.declared(rule.said.layout)]
        named = list(self.rules.defaults)
        kinds = {one.cell or one.layer for one in named}
        rest: list[Declared] = []
        for layer in self.layers.values():
            if kind_of(layer, self.vocabulary) not in kinds:
                one = usual(layer, self.vocabulary)
                rest += [one] if one not in rest else []
        return [*named, *rest]

    def _claim(
        self, rule: Rule, declared: Declared, role: str, name: str, captures: Mapping[str, str | None]
    ) -> Problem | None:
        """Notes that the tensor `name` plays `role`; the problem if it cannot."""
        known = {key: value for key, value in captures.items() if value is not None}
        words = captured_words(declared, known)
        if not _meant(rule, words):
            return None
        for at, further in self._positions(rule, declared, name, role):
            problem = self._claim_at(rule, declared, role, name, {**words, **further}, at, known)
            if problem is not None:
                return problem
        return None

    def _claim_at(
        self,
        rule: Rule,
        declared: Declared,
        role: str,
        name: str,
        words: Mapping[str, str],
        at: Mapping[str, int],
        known: Mapping[str, str],
    ) -> Problem | None:
        """The same for one layer: `words` are what `to` has captured, `at` is its place in the array."""
        try:
            target = filled(rule.said.to or rule.pattern.text, words)
        except MappingError as error:
            return replace(error.problems[0], where=rule.where)
        path = self.places.get(target.replace(".", "/"), self.places.get(target))
        if path is None:
            return self._nowhere(rule, target)
        return self._unsuited(rule, declared, target, path) or self._note(
            self.found.setdefault(path, Claim(path, declared, rule, at)), role, name, known.get("gate_", "")
        )

    def _unsuited(self, rule: Rule, declared: Declared, target: str, path: LayerPath) -> Problem | None:
        """Why the rule cannot give arrays of that layout to the layer, if it cannot."""
        layer = self.layers[path]
        if kind_of(layer, self.vocabulary) != (declared.cell or declared.layer):
            return Problem(
                f"the layout {declared.name} is of a {declared.cell or declared.layer}, and "
                f"{target!r} of class {layer.kind}",
                rule.where,
            )
        if declared.usual and not self._is_its_own(declared, rule, layer):
            return Problem(f"{target!r} has no such array in its own layout", rule.where)
        claim = self.found.get(path)
        if claim is not None and claim.rule is not rule:
            return Problem(
                f"two rules give {target!r} its arrays",
                rule.where,
                found=f"{claim.rule.pattern.text!r} and {rule.pattern.text!r}",
                expected="one",
            )
        return None

    def _is_its_own(self, declared: Declared, rule: Rule, layer: Layer) -> bool:
        """Whether the layer's own era has it like that: by its config, one kind may have several layouts."""
        try:
            return self.rules.own(usual(layer, self.vocabulary), rule) == declared
        except MappingError:
            return False

    def _note(self, claim: Claim, role: str, name: str, letter: str) -> Problem | None:
        """Notes that `name` is the array of `role`, or of the gate that `letter` stands for."""
        gate = next((gate for gate, said in claim.declared.letters.items() if said == letter), "")
        own = gate_role(role, gate) if gate else role
        if claim.arrays.setdefault(own, name) == name:
            return None
        return Problem(
            f"two tensors are the {own} of {'/'.join(claim.path)!r}",
            claim.rule.where,
            found=f"{claim.arrays[own]} and {name}",
            expected="one; a capture such as {k} in the pattern and in `to` tells layers apart",
        )

    def _positions(
        self, rule: Rule, declared: Declared, name: str, role: str
    ) -> Iterator[tuple[dict[str, int], dict[str, str]]]:
        """Where along its axes "layer" and "dir" the array has what the rule is about."""
        axes = [str(item) for item in declared.tensors[role].axes.items]
        shape = self.tensors[name].shape
        said = {"layer": rule.said.at.layer, "dir": _index(rule.said.at.dir)}
        found: list[tuple[dict[str, int], dict[str, str]]] = [({}, {})]
        for axis in ("layer", "dir"):
            if axis not in axes or len(shape) != len(axes):
                continue
            chosen = said[axis]
            size = shape[axes.index(axis)]
            places = range(size) if chosen is None else [chosen]
            found = [
                ({**at, axis: place}, {**words, axis: _word(axis, place)})
                for at, words in found
                for place in places
            ]
        yield from found

    def _nowhere(self, rule: Rule, target: str) -> Problem:
        near = get_close_matches(target, self.places, 3, 0.4)
        shown = ["/".join(path) for path in list(self.layers)[:SHOWN]]
        return Problem(
            f"the model has no layer {target!r} with arrays",
            rule.where or self.rules.files,
            found=f"layers {', '.join(shown)}",
            expected=f"nearest: {', '.join(near)}" if near else "one of these under `to`",
        )

    def _unmatched(self, rule: Rule, declared: Declared) -> Problem:
        named = ", ".join(tensor.name for tensor in declared.tensors.values())
        expected = f"{rule.pattern.text or 'names'} with {named} behind it (layout {declared.name})"
        near = get_close_matches(f"{rule.pattern.text}/{named}", self.tensors, SHOWN, 0.0)
        if rule.where:
            return Problem(
                f"the rule for {rule.pattern.text!r} matches no tensor",
                rule.where,
                found=f"tensors {', '.join(near)}",
                expected=expected,
            )
        return Problem(
            f"no tensor is of layer {rule.said.to!r}",
            self.rules.files,
            found=f"tensors {', '.join(near)}",
            expected=expected,
            hint="Say with a rule of a mapping file where its arrays are (`layers:`).",
        )

    def _check_whole(self, claim: Claim) -> None:
        lacking = claim.lacking()
        if lacking:
            self.problems.append(
                Problem(
                    f"layer {'/'.join(claim.path)!r} lacks arrays",
                    claim.rule.where or self.rules.files,
                    found=", ".join(claim.arrays.values()),
                    expected=f"also {', '.join(lacking)} (layout {claim.declared.name})",
                )
            )

    def _check_shared(self) -> None:
        """Each tensor, or each position along its axes "layer" and "dir", is one layer's."""
        takers: dict[str, dict[str, list[str]]] = {}
        for claim in self.found.values():
            for name in claim.arrays.values():
                at = ", ".join(f"{axis} {place}" for axis, place in claim.at.items())
                takers.setdefault(name, {}).setdefault(at, []).append("/".join(claim.path))
        for name, places in takers.items():
            twice = next((layers for layers in places.values() if len(layers) > 1), None)
            if twice is not None:
                self.problems.append(
                    Problem(f"{name!r} goes to several layers", self.rules.files, found=", ".join(twice))
                )

    def _check_used(self) -> None:
        used = {name for claim in self.found.values() for name in claim.arrays.values()}
        ignored: set[str] = set()
        for entry in self.rules.ignored:
            matched = {name for name in self.tensors if entry.pattern.match(name) is not None}
            ignored |= matched
            if not matched:
                self.problems.append(
                    Problem(f"`ignore` of {entry.pattern.text!r} matches no tensor", entry.where)
                )
            elif matched & used:
                self.problems.append(
                    Problem(
                        f"`ignore` of {entry.pattern.text!r} leaves out what a layer needs",
                        entry.where,
                        found=", ".join(sorted(matched & used)[:SHOWN]),
                    )
                )
        left = [name for name in self.tensors if name not in used | ignored]
        if left:
            more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
            self.problems.append(
                Problem(
                    f"{len(left)} tensor{'s are' if len(left) > 1 else ' is'} used by no rule",
                    self.rules.files,
                    found=", ".join(f"{name} {self.tensors[name].shape}" for name in left[:SHOWN]) + more,
                    hint="Give each a rule under `layers`, or a reason under `ignore`.",
                )
            )


def _at_hand(declared: Declared, rule: Rule) -> Declared:
    """The layout, if it has the layers or directions of which the rule's `at` picks one."""
    at = rule.said.at
    for axis, said in (("layer", at.layer), ("dir", at.dir)):
        tensors = declared.tensors.values()
        if said is not None and not any(
            f"{{{axis}}}" in one.name or axis in one.axes.symbols for one in tensors
        ):
            raise MappingError(
                f"`at` picks one {axis}, and layout {declared.name} has no array of several",
                expected=f"{{{axis}}} in an array's name, or an axis {axis}",
            )
    return declared


def _meant(rule: Rule, words: Mapping[str, str]) -> bool:
    """Whether the rule's `at` takes what the array's name says."""
    at = rule.said.at
    layer = at.layer is None or words.get("layer", str(at.layer)) == str(at.layer)
    return layer and (at.dir is None or words.get("dir", at.dir) == at.dir)


def _index(direction: str | None) -> int | None:
    return None if direction is None else DIRECTIONS.index(direction)


def _word(axis: str, place: int) -> str:
    return DIRECTIONS[place] if axis == "dir" and place < len(DIRECTIONS) else str(place)
