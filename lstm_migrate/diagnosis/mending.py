"""Mending: the mapping file under which the weights fit, as text that a user can read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lstm_migrate.diagnosis.rules import Rule, merged
from lstm_migrate.graph import Activation
from lstm_migrate.mapping.writing import entry

WIDTH = 108
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
WORDS = frozenset("true false yes no on off null y n".split())
# Of a rule's keys; the others stand behind.
ORDER = "to layout at units filters output_dim inputs input_dim vocabulary keep".split()


def mapping_text(
    rules: Sequence[Rule],
    ignored: Mapping[str, str],
    heading: Sequence[str],
    layouts: Mapping[str, Any] | None = None,
) -> str:
    """The mapping file; "" if there is nothing to say. `ignored`: tensors, with why nobody needs them;
    `layouts`: those that the rules may name beside shipped ones."""
    if not rules and not ignored:
        return ""
    # A key with comments alone behind it would say nothing.
    begin = "layers:" if any(rule.facts for rule in rules) else "# layers:"
    lines = [*(f"# {_visible(line)}" for line in heading), "version: 1"]
    lines += entry("layouts", layouts, open_=True) if layouts else ()
    lines += [begin] if rules else []
    by_name: dict[str, list[Rule]] = {}
    for rule in rules:
        by_name.setdefault(rule.called, []).append(rule)
    for called, alike in by_name.items():
        lines += _several(called, alike) if len(alike) > 1 else _lines(called, alike[0])
    if ignored:
        lines += ["ignore:", *(f"  {_scalar(name)}: {_scalar(why)}" for name, why in ignored.items())]
    return "\n".join(lines) + "\n"


def _visible(text: str) -> str:
    """The text on one line: a file's name must not end a comment."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _lines(called: str, rule: Rule) -> Iterator[str]:
    yield from (f"  # {lost}" for lost in rule.lost)
    facts = _ordered(rule.facts)
    if facts:
        yield from _rule(called, facts)
    if rule.doubtful:
        yield "  # if it was computed so (--recorded tells):"
        yield from (f"  # {line[2:]}" for line in _rule(called, _ordered(merged(facts, rule.doubtful))))


def _several(called: str, rules: Sequence[Rule]) -> Iterator[str]:
    """Several layers of the model from one of the source."""
    yield f"  {_scalar(called)}:"
    for rule in rules:
        yield from (f"    # {lost}" for lost in rule.lost)
        yield f"    - {_flow(_ordered(rule.facts))}"


def _rule(called: str, facts: Mapping[str, Any]) -> Iterator[str]:
    line = f"  {_scalar(called)}: {_flow(facts)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"  {_scalar(called)}:"
    for key, value in facts.items():
        yield f"    {key}: {_flow(value)}"


def _ordered(facts: Mapping[str, Any]) -> dict[str, Any]:
    def rank(key: str) -> tuple[int, str]:
        return (ORDER.index(key) if key in ORDER else len(ORDER), key)

    return {key: facts[key] for key in sorted(facts, key=rank)}


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, Activation):
        if not value.parameters:
            return _scalar(value.function)
        return _flow({"function": value.function, **value.parameters})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    return text if plain else json.dumps(text)
