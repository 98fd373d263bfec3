"""Rules: what a mapping file has to say of each layer of the source, gathered from what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_migrate.diagnosis.finding import Finding
from lstm_migrate.diagnosis.matching import Matched
from lstm_migrate.diagnosis.part import Part
from lstm_migrate.mapping.catalogue import layouts
from lstm_migrate.mapping.rule_grammar import SIZE_KEYS
from lstm_migrate.mapping.user import RULE_KEYS

TOLD = frozenset({"layout", "activations", "bias"})
"""What a file with a config of its own tells by itself."""


@dataclass
class Rule:
    """What is said of one layer of the source. `called`: its pattern; `lost`: what it gives up; `doubtful`
    stands as a comment."""

    called: str
    facts: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubtful: dict[str, Any] = field(default_factory=dict)


def rules_of(found: Matched, further: Mapping[str, Mapping[str, Any]], *, told: bool) -> list[Rule]:
    """The rules in the order of the layers, without those that say nothing.

    `further`: facts by the source layer's name, found by other means, which settle what was doubtful. `told`:
    the file has a config of its own, which is used and says what its layers compute.
    """
    rules: dict[str, Rule] = {}
    for pair, findings in found:
        if pair.source is None or (pair.source.entries and pair.target is None):
            continue
        rule = _rule(pair.source, findings)
        if pair.source.name in further:
            rule.facts, rule.doubtful = merged(rule.facts, further[pair.source.name]), {}
        for key, one in _as_entries(rule, pair.source, pair.target, told):
            before = rules.setdefault(key, one)
            before.facts = merged(before.facts, one.facts)
    return [rule for rule in rules.values() if rule.facts or rule.lost or rule.doubtful]


def _as_entries(rule: Rule, part: Part, target: Part | None, told: bool) -> Iterator[tuple[str, Rule]]:
    """The rules that say it, each with what tells it apart."""
    if part.entries and target is not None:
        for entry in part.entries:
            moved = {"to": f"{target.name}{entry.behind}"} if entry.called != target.name else {}
            facts = {**merged(entry.facts, rule.facts), **moved}
            yield f"{part.name} {entry.called}", replace(rule, called=_pattern(entry.called), facts=facts)
        return
    if part.store and not part.stated and target is not None:
        # A weight store has no names of layers: the model's are meant.
        rule.called = _pattern(target.name)
        rule.facts.pop("to", None)
    if told:
        rule.facts = {key: _kept(key, value) for key, value in rule.facts.items() if key not in TOLD}
    else:
        if _inside(part) and target is not None:
            yield from _of_itself(rule, target)
        _complete(rule, part)
    yield rule.called if _inside(part) else part.name, rule


def _of_itself(rule: Rule, target: Part) -> Iterator[tuple[str, Rule]]:
    """What a rule says of sizes, as one on the layer in the model: the file knows only what is around it."""
    sizes = {key: rule.facts.pop(key) for key in SIZE_KEYS & rule.facts.keys()}
    if sizes:
        yield target.name, Rule(_pattern(target.name), sizes, rule.lost)
        rule.lost = []


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, tables joined; where they say different things, the second."""
    found = dict(one)
    for key, value in other.items():
        before = found.get(key)
        found[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, Mapping) else value
    return found


def _rule(part: Part, findings: Sequence[Finding]) -> Rule:
    rule = Rule(_pattern(part.name))
    for cure in (finding.cure for finding in findings if finding.cure is not None):
        if cure.doubtful:
            rule.doubtful = merged(rule.doubtful, cure.facts)
        else:
            rule.facts = merged(rule.facts, cure.facts)
        if cure.lost and cure.lost not in rule.lost:
            rule.lost.append(cure.lost)
    return rule


def _pattern(name: str) -> str:
    """A pattern for one name: braces and stars mean more than themselves there."""
    return re.sub(r"[{}*]", "*", name)


def _kept(key: str, value: Any) -> Any:
    """Where the file's own model is kept, a layer gets a new name and stays where it is."""
    return value.rpartition("/")[2] if key == "to" else value


def _complete(rule: Rule, part: Part) -> None:
    """The rule as one for arrays beside another architecture: it pairs groups of the file with layers.

    A group is a layer of the outermost model; how arrays lie inside wrappers and models is found by itself.
    """
    if _inside(part):
        rule.called = _pattern(part.group)
        moved = str(rule.facts.pop("to", "")).split("/")[0]
        rule.facts = {key: value for key, value in rule.facts.items() if key in RULE_KEYS - {"layout"}}
        if moved not in ("", part.group):
            rule.facts["to"] = moved
    elif part.wrapper:
        rule.facts.pop("layout", None)
    elif part.cores and part.cores[0].layout in layouts() and rule.facts.keys() - RULE_KEYS:
        rule.facts.setdefault("layout", part.cores[0].layout)


def _inside(part: Part) -> bool:
    return len(part.path) > 1 and not part.store and bool(part.group)
