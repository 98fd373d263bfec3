"""Corrected: the mapping files that a user gave, as one file, with what was found put into their rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.rules import merged
from lstm_migrate.graph import Activation, Graph, LayerPath
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.mapping.writing import entry, flow, scalar
from lstm_migrate.planning.claims import Claim, Claims
from lstm_migrate.planning.naming import name_pattern

LISTED = "model"  # the section that is a list, of which the last file's counts
LEFT_OUT = "verify"  # names a file beside the one that is read

Facts = Mapping[str, Mapping[str, Any]]
"""What was found of layers, by their names in the model."""


def claims_of(
    graph: Graph, opened: Checkpoint, rules: UserRules, words: Vocabulary
) -> dict[LayerPath, Claim]:
    """Which rule gives which layer its arrays."""
    return Claims(graph, opened.tensors, rules, words).gather()


def corrected_text(
    rules: UserRules, claims: Mapping[LayerPath, Claim], facts: Facts, heading: Sequence[str]
) -> str:
    """The whole mapping file, to be used in the place of the user's."""
    value = _joined([mapping.parsed.value for mapping in rules.mappings])
    layers = _listed(value.get("layers") or {})
    for key, place, alike in _by_rule(rules, claims):
        said = [_said(path, facts) for path in alike]
        if not any(said):
            continue
        if place < 0:
            layers[key] = [_plain(said[0])]
        elif all(one == said[0] for one in said):
            layers[key][place] = merged(layers[key][place] or {}, _plain(said[0]))
        else:
            own = layers[key][place]
            layers[key][place] = None
            for (path, claim), one in zip(alike.items(), said, strict=True):
                exact = {**merged(own or {}, _plain(one)), "to": "/".join(path)}
                layers.setdefault(_source_name(claim), []).append(exact)
    kept = {key: [one for one in listed if one is not None] for key, listed in layers.items()}
    value["layers"] = {
        key: listed[0] if len(listed) == 1 else listed for key, listed in kept.items() if listed
    }
    comment = ["# " + "".join(char if char.isprintable() else "?" for char in line) for line in heading]
    whole = {"version": value.pop("version", 1), **{key: one for key, one in value.items() if one}}
    return "\n".join([*comment, *_lines(whole)]) + "\n"


def layouts_of(rules: UserRules) -> Mapping[str, Any]:
    """The layouts that the user's files declare, as they are written there."""
    found: Mapping[str, Any] = _joined([mapping.parsed.value for mapping in rules.mappings]).get(
        "layouts", {}
    )
    return found


def _joined(values: Sequence[Any]) -> dict[str, Any]:
    """Several files as one: of two that speak of the same, the later one counts."""
    found: dict[str, Any] = {}
    for value in deepcopy(list(values)):
        for section, said in value.items():
            if section == LEFT_OUT or not said:
                continue
            if section == "source":
                found[section] = _source(found.get(section, {}), said)
            elif isinstance(said, dict):
                found[section] = {**found.get(section, {}), **said}
            else:
                found[section] = said
    return found


def _source(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both; the default layouts of all files count."""
    named = [said.get("layout") or [] for said in (one, other)]
    layouts = [name for item in named for name in ([item] if isinstance(item, str) else item)]
    listed = list(dict.fromkeys(layouts))
    return {**one, **other, **({"layout": listed} if listed else {})}


def _listed(layers: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: list(said) if isinstance(said, list) else [said] for key, said in layers.items()}


def _by_rule(
    rules: UserRules, claims: Mapping[LayerPath, Claim]
) -> Iterator[tuple[str, int, dict[LayerPath, Claim]]]:
    """The key of each rule, its number under that key, and its layers; -1 for those that no rule names."""
    counted: dict[str, int] = {}
    for rule in rules.rules:
        place = counted[rule.pattern.text] = counted.get(rule.pattern.text, -1) + 1
        alike = {path: claim for path, claim in claims.items() if claim.rule is rule}
        if alike:
            yield rule.pattern.text, place, alike
    for path, claim in claims.items():
        if not any(claim.rule is rule for rule in rules.rules):
            yield claim.rule.pattern.text, -1, {path: claim}


def _said(path: LayerPath, facts: Facts) -> Mapping[str, Any]:
    """What was found of the layer or of the one around it."""
    names = ["/".join(path[:end]) for end in range(len(path), 0, -1)]
    return next((facts[name] for name in names if name in facts), {})


def _source_name(claim: Claim) -> str:
    """What stands in front of the arrays' own names."""
    name = next(iter(claim.arrays.values()))
    for tensor in claim.declared.tensors.values():
        match = re.fullmatch(rf"(.+?)[/._]{name_pattern(tensor, claim.declared)}(:0)?", name)
        if match is not None:
            return re.sub(r"[{}*]", "*", match[1])
    return claim.rule.pattern.text


def _plain(value: Any) -> Any:
    """Values as YAML has them."""
    if isinstance(value, Activation):
        return {"function": value.function, **value.parameters} if value.parameters else value.function
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    for section, said in value.items():
        if section == LISTED:
            yield f"{scalar(section)}:"
            yield from (f"- {flow(one)}" for one in said)
        else:
            yield from entry(section, said, open_=True)
