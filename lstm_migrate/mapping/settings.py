"""Settings: sizes said in a call or on a command line, as "lstm_1.units=64": each a rule with that key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from lstm_migrate.errors import MappingError, Problem, SourceError
from lstm_migrate.mapping.complaints import complaints, nearest, section
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.patterns import Pattern
from lstm_migrate.mapping.rule_grammar import SIZE_KEYS, LayerRule
from lstm_migrate.mapping.size_checks import size_faults
from lstm_migrate.readers.yaml_text import parse_plain

Settings = Mapping[str, Any] | Sequence[str]
FORM = "LAYER.KEY=VALUE, as lstm_1.units=64"


@dataclass(frozen=True)
class Setting:
    """What is said of a layer, or of those of a pattern. `where`: as the user gave it."""

    pattern: Pattern
    key: str
    said: LayerRule
    where: str


def settings(said: Settings) -> tuple[Setting, ...]:
    """Every setting of {"lstm_1.units": 64} or ["lstm_1.units=64"]; MappingError with all that is wrong.

    A layer's name ends at the last dot before the "="; the values of a list are YAML.
    """
    found: list[Setting] = []
    problems: list[Problem] = []
    if isinstance(said, str):
        said = [said]
    for name, value, where in _named(said) if isinstance(said, Mapping) else _parsed(said, problems):
        try:
            found.append(_setting(name, value, where))
        except MappingError as error:
            problems += error.problems
    problems += _twice(found)
    if problems:
        raise MappingError(problems)
    return tuple(found)


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for name, value in said.items():
        value = list(value) if isinstance(value, tuple) else value
        yield str(name), value, f"resize {name}={value}"


def _parsed(said: Sequence[str], problems: list[Problem]) -> Iterator[tuple[str, Any, str]]:
    for text in said:
        name, equals, value = text.partition("=")
        where = f"--set {text}"
        if not (name and equals and value.strip()):
            problems.append(Problem("not a size", "--set", found=text, expected=FORM))
            continue
        try:
            parsed = parse_plain(value.encode(), where).value
        except SourceError as error:
            problems += [replace(item, where=where) for item in error.problems]
            continue
        yield name, parsed, where


def _setting(name: str, value: Any, where: str) -> Setting:
    layer, dot, key = name.rpartition(".")
    if not (layer and dot and key):
        raise MappingError("not a size of a layer", where=where, expected=FORM)
    if key not in SIZE_KEYS:
        raise MappingError(
            f"{key!r} is no size of a layer",
            where=where,
            expected=nearest(key, SIZE_KEYS, f"one of {', '.join(sorted(SIZE_KEYS))}"),
            hint="Everything else is said in a mapping file.",
        )
    whole = {"version": 1, "layers": {layer: {key: value}}}
    if value is None:
        raise MappingError("the value is missing", where=where, expected=FORM)
    try:
        rule = Document.model_validate(whole).layers[layer]
        pattern = Pattern(layer)
    except ValidationError as error:
        told = f"{section(('layers', layer, key))}: "
        found = [
            replace(one.problem, where=where, what=one.problem.what.removeprefix(told))
            for one in complaints(error, whole)
        ]
        raise MappingError(found) from error
    except MappingError as error:
        raise MappingError([replace(item, where=where) for item in error.problems]) from error
    assert isinstance(rule, LayerRule), "a key of a size stands in it"
    faults = [replace(one.problem, where=where) for one in size_faults((), rule, whole=False)]
    if faults:
        raise MappingError(faults)
    return Setting(pattern, key, rule, where)


def _twice(found: Iterable[Setting]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Setting] = {}
    for one in found:
        other = seen.setdefault((one.pattern.text, one.key), one)
        if other.said != one.said:
            yield Problem(f"two values of one {one.key}", one.where, found=other.where, expected="one")
