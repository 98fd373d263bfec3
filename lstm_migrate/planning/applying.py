"""Applying a mapping file's rules to a model: which layers are stored otherwise, where their arrays are, and
what they are to be called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError, MappingError, PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.patterns import filled
from lstm_migrate.mapping.user import Rule, UserRules
from lstm_migrate.mapping.vocabulary import STORED_AS, Vocabulary
from lstm_migrate.planning.claims import SHOWN, Claims
from lstm_migrate.planning.make_plan import BINDERS
from lstm_migrate.planning.naming import names_of
from lstm_migrate.planning.sizes import Sized, Sizes
from lstm_migrate.planning.sizing import Sizing, taken_along
from lstm_migrate.planning.slots import roles
from lstm_migrate.planning.storing import kind_of, stored, usual
from lstm_migrate.report import Note

TENSORS_ALONE = frozenset({"npz", "safetensors"})
"""Formats that know no layers: a mapping file says which tensors make one."""


@dataclass(frozen=True)
class Applied:
    """The model and the file as the rules have them.

    `bound`: the arrays, where the rules say which is which; None where the file's own names do. `forks`: the
    layouts of the layers that are stored as a mapping file says. `renamed`: new names of layers, by path.
    `doubts`: (layer, what the rules say of it although the file itself says otherwise). `sized`: the sizes
    that layers are to have in the new model.
    """

    graph: Graph
    checkpoint: Checkpoint
    bound: Mapping[WeightKey, str] | None = None
    forks: Mapping[str, Declared] = field(default_factory=dict)
    renamed: Mapping[LayerPath, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    sized: Sized = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What the rules say of one layer's storage."""

    declared: Declared
    present: frozenset[str]
    at: Mapping[str, int] = field(default_factory=dict)
    where: str = ""


def apply(
    graph: Graph, checkpoint: Checkpoint, rules: UserRules, vocabulary: Vocabulary, *, beside: bool
) -> Applied:
    """The rules applied; `beside`: the architecture does not come from the file itself.

    MappingError for rules that match nothing or contradict each other, PlanError where they do not fit the
    model.
    """
    if checkpoint.format in TENSORS_ALONE:
        return _tensors_alone(graph, checkpoint, rules, vocabulary)
    return _Grouped(graph, checkpoint, rules, vocabulary, beside).applied()


def _tensors_alone(graph: Graph, checkpoint: Checkpoint, rules: UserRules, vocabulary: Vocabulary) -> Applied:
    claims = Claims(graph, checkpoint.tensors, rules, vocabulary).gather()
    said = {
        path: Said(claim.declared, claim.present, claim.at, claim.rule.where)
        for path, claim in claims.items()
        if claim.declared.stated
    }
    bound = {
        WeightKey(path, role): name for path, claim in claims.items() for role, name in claim.arrays.items()
    }
    changed, forks, notes = _stored(graph, said)
    left = [Note("left behind", entry.pattern.text, entry.reason) for entry in rules.ignored]
    sized = Sizing(graph, rules)
    for path, claim in claims.items():
        sized.say(path, Sizes.of(claim.rule))
    claimed = [claim.rule for claim in claims.values()]
    for rule in rules.rules:
        if rule.only_sizes and rule not in claimed:
            sized.follow(rule.pattern, Sizes.of(rule))
    return Applied(changed, checkpoint, bound, forks, notes=(*notes, *left), sized=sized.whole())


def _stored(graph: Graph, said: Mapping[LayerPath, Said]) -> tuple[Graph, dict[str, Declared], list[Note]]:
    """The graph with the layers as they are said to be stored, and their layouts by name."""
    forks: dict[str, Declared] = {}
    notes: list[Note] = []
    problems: list[Problem] = []

    def change(path: LayerPath, layer: Layer) -> Layer:
        one = said.get(path)
        if one is None:
            return layer
        declared = one.declared
        if forks.setdefault(declared.name, declared) != declared:
            declared = replace(declared, name=f"{declared.name} of {'/'.join(path)}")
            forks[declared.name] = declared
        try:
            made, further = stored(layer, path, declared, one.present, one.at)
        except PlanError as error:
            problems.extend(error.problems)
            return layer
        notes.extend(further)
        return made

    changed = graph.changed(change)
    if problems:
        raise PlanError(problems)
    return changed, forks, notes


@dataclass
class _Grouped:
    """A file that lists its arrays layer by layer."""

    graph: Graph
    checkpoint: Checkpoint
    rules: UserRules
    vocabulary: Vocabulary
    beside: bool
    said: dict[LayerPath, Said] = field(default_factory=dict)
    renamed: dict[LayerPath, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    ruled: dict[str, Rule] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sized = Sizing(self.graph, self.rules)

    def applied(self) -> Applied:
        for path, layer in self.graph.walk():
            self._by_class_or_default(path, layer)
        for rule in self.rules.rules:
            try:
                self._follow(rule)
            except LstmMigrateError as error:
                self.problems += [replace(item, where=item.where or rule.where) for item in error.problems]
        self.problems += [*self._taken_names(), *self._covered()]
        checkpoint, left = self._without_ignored()
        sized = self.sized.whole(self.problems, self.groups)
        if self.problems:
            raise MappingError(self.problems)
        changed, forks, notes = _stored(self.graph.changed(_plain), self.said)
        given_away = set(self.groups.values()) - self.groups.keys()
        groups = {
            self.groups.get(group, group): names
            for group, names in checkpoint.groups.items()
            if group not in given_away
        }
        checkpoint = replace(checkpoint, groups=groups)
        notes += left
        return Applied(
            changed, checkpoint, None, forks, self.renamed, tuple(notes), tuple(self.doubts), sized
        )

    def _covered(self) -> list[Problem]:
        """Layers of the file whose place in the model a rule gives to another."""
        return [
            Problem(
                f"{group!r} goes to {target!r}: the file has a layer of that name, of which no rule speaks",
                self.ruled[group].where,
                expected="a rule for it as well, or its tensors under `ignore`",
            )
            for group, target in self.groups.items()
            if target != group and target in self.checkpoint.groups and target not in self.groups
            if any(self._is_kept(name) for name in self.checkpoint.groups[target])
        ]

    def _is_kept(self, name: str) -> bool:
        return not any(entry.pattern.match(name) is not None for entry in self.rules.ignored)

    def _taken_names(self) -> list[Problem]:
        """New names that another layer has, or gets as well."""
        found = []
        for path, name in self.renamed.items():
            others = [other for other, _ in self.graph.walk() if other[:-1] == path[:-1] and other != path]
            if any(self.renamed.get(other, other[-1]) == name for other in others):
                found.append(
                    Problem(
                        f"{'/'.join(path)!r} cannot become {name!r}: another layer is called so",
                        self.rules.files,
                        expected="a name of its own under `to`",
                    )
                )
        return found

    def _by_class_or_default(self, path: LayerPath, layer: Layer) -> None:
        """What the layer's class, or the file's default layout, says."""
        named = layer.config.get(STORED_AS)
        if named is not None:
            self._say(path, layer, self.rules.declared(str(named)), "")
            return
        if not roles(layer, self.vocabulary):
            return
        kind = kind_of(layer, self.vocabulary)
        for declared in self.rules.defaults:
            if kind == (declared.cell or declared.layer):
                self._doubt("layout", path, layer)
                self._say(path, layer, declared, "")

    def _say(self, path: LayerPath, layer: Layer, declared: Declared, where: str) -> None:
        kind = kind_of(layer, self.vocabulary)
        if kind != (declared.cell or declared.layer):
            raise MappingError(
                f"the layout {declared.name} is of a {declared.cell or declared.layer}, and "
                f"{'/'.join(path)!r} of class {layer.kind}"
            )
        biased = bool(layer.config.get("use_bias", True))
        present = frozenset(role for role, one in declared.tensors.items() if biased or not one.optional)
        self.said[path] = Said(declared, present, where=where)

    def _follow(self, rule: Rule) -> None:
        # A store knows its layers by their classes: there too, only the model has names for them.
        if self.beside and self.checkpoint.format not in BINDERS:
            self._pair(rule)
        elif not self._change(rule):
            self.problems.append(self._unmatched(rule, ["/".join(path) for path, _ in self.graph.walk()]))

    def _change(self, rule: Rule) -> bool:
        """Layers of the model itself: `to` is their new name. Whether there are any."""
        found = False
        for path, layer in self.graph.walk():
            captures = next(
                (hit for name in names_of(path) if (hit := rule.pattern.match(name)) is not None), None
            )
            if captures is None:
                continue
            found = True
            if not self._is_first("/".join(path), rule):
                continue
            if rule.said.to:
                self.renamed[path] = filled(rule.said.to, captures)
            self._state(rule, path, layer)
        return found

    def _is_first(self, name: str, rule: Rule) -> bool:
        """Whether no other rule speaks of the layer: the order of rules must not matter."""
        other = self.ruled.setdefault(name, rule)
        if other is not rule:
            both = f"{other.pattern.text!r} and {rule.pattern.text!r}"
            self.problems.append(
                Problem(f"two rules speak of layer {name!r}", rule.where, found=both, expected="one")
            )
        return other is rule

    def _pair(self, rule: Rule) -> None:
        """The model comes from elsewhere: `to` is the layer of it that gets the arrays."""
        found = False
        for group in self.checkpoint.groups:
            captures = rule.pattern.match(group)
            if captures is None:
                continue
            found = True
            if not self._is_first(group, rule):
                continue
            target = filled(rule.said.to or group, captures)
            if target not in self.graph.layers and group in self.graph.layers:
                # The model that was given calls it as the file does: this is its new name.
                self.renamed[(group,)] = target
                target = group
            if target not in self.graph.layers:
                self.problems.append(
                    Problem(
                        f"the model has no layer {target!r}",
                        rule.where,
                        expected=f"one of {', '.join(list(self.graph.layers)[:SHOWN])}",
                    )
                )
                continue
            other = next((one for one, to in self.groups.items() if to == target and one != group), None)
            if other is not None:
                self.problems.append(
                    Problem(
                        f"two layers of the file go to {target!r}",
                        rule.where,
                        found=f"{other} and {group}",
                        expected="one; a capture such as {k} in the pattern and in `to` tells them apart",
                    )
                )
                continue
            self.groups[group] = target
            self._state(rule, (target,), self.graph.layers[target])
        if not found and not self._change(rule):
            self.problems.append(self._unmatched(rule, list(self.checkpoint.groups)))

    def _state(self, rule: Rule, path: LayerPath, layer: Layer) -> None:
        along = taken_along(rule.pattern, path, layer)
        self.sized.hear(rule.pattern, path, layer, Sizes.of(rule))
        if (rule.said.layout or rule.facts or _picks(rule)) and not along:
            for inner, one in _stored_in(path, layer):
                self._restate(rule, inner, one)

    def _restate(self, rule: Rule, path: LayerPath, layer: Layer) -> None:
        """What the rule says of how one layer or cell is stored."""
        if _picks(rule):
            raise MappingError(
                "`at` picks a layer or direction out of tensors that no layer owns",
                expected="no `at`: this file lists its arrays layer by layer",
            )
        if rule.said.layout:
            base = self.rules.declared(rule.said.layout)
        else:
            base = self.said[path].declared if path in self.said else usual(layer, self.vocabulary)
        said = {*rule.facts, "layout"} if rule.said.layout else rule.facts
        if rule.facts or base.name not in self._own_layouts(layer):
            self._doubt(", ".join(sorted(said)), path, layer)
        self._say(path, layer, self.rules.own(base, rule), rule.where)

    def _own_layouts(self, layer: Layer) -> set[str]:
        """The layouts that the layer's class has in this source, whatever its config asks for."""
        declared = self.vocabulary.document.cells.get(layer.kind)
        return set() if declared is None else {declared.layout, *declared.when.values()}

    def _doubt(self, said: str, path: LayerPath, layer: Layer) -> None:
        """A class of Keras's own has one layout and one meaning: whoever says otherwise may be wrong."""
        if STORED_AS not in layer.config:
            text = f"{said} of {layer.kind}, Keras's own class, as {self.rules.files} says"
            self.doubts.append(("/".join(path), text))

    def _unmatched(self, rule: Rule, names: list[str]) -> Problem:
        return Problem(
            f"the rule for {rule.pattern.text!r} matches no layer",
            rule.where,
            found=f"layers {', '.join(names[:12])}",
            hint="Rules are patterns of layer names; `inspect` lists the names.",
        )

    def _without_ignored(self) -> tuple[Checkpoint, list[Note]]:
        dropped: set[str] = set()
        for entry in self.rules.ignored:
            matched = {name for name in self.checkpoint.tensors if entry.pattern.match(name) is not None}
            if not matched:
                self.problems.append(
                    Problem(f"`ignore` of {entry.pattern.text!r} matches no tensor", entry.where)
                )
            dropped |= matched
        if not dropped:
            return self.checkpoint, []
        groups = {
            group: tuple(name for name in names if name not in dropped)
            for group, names in self.checkpoint.groups.items()
        }
        left = [Note("left behind", entry.pattern.text, entry.reason) for entry in self.rules.ignored]
        return replace(self.checkpoint, groups=groups), left


def _picks(rule: Rule) -> bool:
    """Whether the rule is about one of several layers or directions in one array."""
    return rule.said.at.layer is not None or rule.said.at.dir is not None


def _stored_in(path: LayerPath, layer: Layer) -> Iterator[tuple[LayerPath, Layer]]:
    """The layer, or those in it that hold its arrays, if it wraps others."""
    if not layer.children:
        yield path, layer
    for label, child in layer.children.items():
        yield from _stored_in((*path, label), child)


def _plain(path: LayerPath, layer: Layer) -> Layer:
    """The layer without the mark of its fork's class."""
    if STORED_AS not in layer.config:
        return layer
    return replace(layer, config={key: value for key, value in layer.config.items() if key != STORED_AS})
