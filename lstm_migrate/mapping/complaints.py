"""Complaints: what is wrong in a mapping file, said in plain words, each at its line and column.

`complaints` puts pydantic's errors into these words; `checking.py` finds what no grammar sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from lstm_migrate.errors import Problem
from lstm_migrate.mapping.document import USER_SECTIONS, Document
from lstm_migrate.mapping.expectations import (
    Path,
    Spot,
    homes,
    keys,
    nothings,
    or_null,
    shown_keys,
    spelled,
    spot,
    words,
)
from lstm_migrate.readers.yaml_text import Parsed

SHOWN = 60  # characters of a wrong value
FEW = 4  # words, among which everybody finds the nearest


@dataclass(frozen=True)
class Complaint:
    """One problem and the keys that lead to it; `of_key` if the last key is what is wrong, not its value."""

    path: Path
    problem: Problem
    of_key: bool = False


def placed(found: Iterable[Complaint], parsed: Parsed | None, more: Iterable[Problem] = ()) -> list[Problem]:
    """The problems with their places, in the order of the file; each once."""
    problems = [*more, *(_at_place(complaint, parsed) for complaint in found)]
    return sorted(dict.fromkeys(problems), key=_position)


def complaints(error: ValidationError, value: Any) -> list[Complaint]:
    """What pydantic says of `value`; one complaint for each place."""
    found: dict[Path, Complaint] = {}
    for item in error.errors(include_url=False):
        place = spot(item["loc"], value)
        if place is None:
            continue
        complaint = _misplaced(place.path, value) or _decimal_comma(place, item, value)
        complaint = complaint or _complaint(place, item)
        found.setdefault(complaint.path, complaint)
    return list(found.values())


def forgotten(value: Any) -> list[Complaint]:
    """The keys of a file with nothing behind them, which pydantic takes for keys left out."""
    return [
        Complaint(
            place.path, Problem(f"{section(place.path)}: the value is missing", "", "", spelled(place.type))
        )
        for place in nothings(Document, value)
    ]


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The candidates for a word that is not known, as `expected` of a Problem."""
    known = list(known)
    folded = {name.lower(): name for name in known}
    near = [folded[name] for name in get_close_matches(word.lower(), folded, 3, 0.6)]
    return f"nearest: {', '.join(near)}" if near else otherwise


def section(path: Path) -> str:
    """A path as messages name it: "layouts: my.lstm: gates"."""
    return ": ".join(map(str, path))


def _at_place(complaint: Complaint, parsed: Parsed | None) -> Problem:
    if parsed is None:
        return replace(complaint.problem, where=section(complaint.path))
    place = parsed.key_place if complaint.of_key else parsed.place
    return replace(complaint.problem, where=place(complaint.path))


def _position(problem: Problem) -> tuple[int, int]:
    line, _, column = problem.where.rpartition(":")
    line = line.rpartition(":")[2]
    return (int(line), int(column)) if line.isdigit() and column.isdigit() else (0, 0)


def _complaint(place: Spot, item: Mapping[str, Any]) -> Complaint:
    kind, value = item["type"], item["input"]
    if kind == "extra_forbidden":
        return Complaint(place.path, _unknown_key(place), of_key=True)
    if kind == "invalid_key" or place.of_key:
        problem = Problem("a name must be text", found=shown(place.path[-1]), hint="Put it in quotes.")
        return Complaint(place.path, problem, of_key=True)
    if kind == "missing":
        return Complaint(place.path[:-1], _missing(place), of_key=True)
    if place.path == ("version",):
        return Complaint(place.path, _other_version(value))
    said = f"{section(place.path)}: " if place.path else ""
    what, expected = _BAD_VALUES.get(kind, _not_of_kind)(place, item)
    found = "" if kind == "axes" else shown(value, bare=kind == "literal_error")
    return Complaint(place.path, Problem(f"{said}{what}", found=found, expected=expected))


def _misplaced(path: Path, value: Any) -> Complaint | None:
    """A whole section inside another one, which is mostly a matter of indentation."""
    if len(path) < 2 or path[1] not in USER_SECTIONS or not isinstance(value[path[0]], dict):
        return None
    alone = {"version": 1, path[1]: value[path[0]].get(path[1])}
    try:
        Document.model_validate(alone)
    except ValidationError:
        return None
    problem = Problem(
        f"`{path[1]}` belongs at the top of the file",
        found=f"in {path[0]}",
        hint="Take away the spaces before it.",
    )
    return Complaint(path[:2], problem, of_key=True)


def _decimal_comma(place: Spot, item: Mapping[str, Any], value: Any) -> Complaint | None:
    """A number with a comma: in braces YAML takes what stands behind it for a key."""
    path, key = place.path, place.path[-1] if place.path else ""
    if item["type"] == "float_type" and re.fullmatch(r"-?\d*,\d+", str(item["input"])):
        return Complaint(path, _with_comma(path, item["input"]))
    inner: Any = value
    for part in path[:-1]:
        inner = inner[part]
    if not isinstance(inner, dict) or type(key) is not int or inner.get(key, "") is not None:
        return None
    before = list(inner)[list(inner).index(key) - 1]
    if type(inner[before]) is not int:
        return None
    return Complaint(path, _with_comma((*path[:-1], before), f"{inner[before]},{key}"), of_key=True)


def _with_comma(path: Path, found: str) -> Problem:
    return Problem(f"{section(path)}: a comma in a number", "", found, "a decimal point, as in 1.5")


def _unknown_key(place: Spot) -> Problem:
    key, owner = str(place.path[-1]), place.owner
    assert owner is not None
    where = f" in {section(place.path[:-1])}" if len(place.path) > 1 else ""
    near = nearest(key, keys(owner))
    elsewhere = [] if near else [home for home in homes().get(key, ()) if home != section(place.path[:-1])]
    hint = f"Keys here: {', '.join(shown_keys(owner))}."
    if len(place.path) > 1 and key in USER_SECTIONS and not near:
        hint = f"{key} belongs at the top of the file. {hint}"
    elif "config" in keys(owner) and not near:
        hint = f"Arguments of the layer's constructor stand under config. {hint}"
    elif elsewhere:
        hint = f"{key} belongs into {' or '.join(elsewhere[:2])}. {hint}"
    return Problem(f"unknown key {key!r}{where}", expected=near, hint=hint)


def _missing(place: Spot) -> Problem:
    key = str(place.path[-1])
    if place.path == ("version",):
        return Problem("the key 'version' is missing", expected="version: 1, the version of this language")
    return Problem(f"{section(place.path[:-1])}: the key {key!r} is missing", expected=spelled(place.type))


def _other_version(value: Any) -> Problem:
    hint = "Another version of lstm-migrate may read the file." if isinstance(value, int) else ""
    return Problem("unknown version of the mapping language", found=shown(value), expected="1", hint=hint)


def shown(value: Any, *, bare: bool = False) -> str:
    """A value as a file has it, cut to a length that a message can bear."""
    if value is None:
        return "nothing"
    plain = bare and isinstance(value, str) and value.strip()
    text = value if plain else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _not_of_kind(place: Spot, item: Mapping[str, Any]) -> tuple[str, str]:
    if not place.path:
        return "a mapping file begins with keys", "version: 1, then sections such as layouts: and layers:"
    what = "the value is missing" if item["input"] is None else "not a value for this key"
    listed = isinstance(place.path[-1], int)
    return what, f"{spelled(place.type)}{or_null(place.type) if listed else ''}"


def _unknown_word(place: Spot, item: Mapping[str, Any]) -> tuple[str, str]:
    allowed = words(place.type)
    near = nearest(str(item["input"]), allowed)
    listed = f"one of {', '.join(allowed)}" if len(allowed) > 1 else str(allowed[0])
    return "unknown word", f"{near}; {listed}" if near and len(allowed) > FEW else listed


def _wrong_length(place: Spot, item: Mapping[str, Any]) -> tuple[str, str]:
    limits = item["ctx"]
    return "a list of another length", f"{limits.get('min_length', limits.get('max_length'))} entries"


_BAD_VALUES: Mapping[str, Callable[[Spot, Mapping[str, Any]], tuple[str, str]]] = {
    "literal_error": _unknown_word,
    "too_short": _wrong_length,
    "too_long": _wrong_length,
    "string_too_short": lambda place, item: ("the text is empty", "a few words"),
    "finite_number": lambda place, item: ("not a finite number", "a number such as 1.0"),
    "less_than_equal": lambda place, item: ("too large a number", f"at most {item['ctx']['le']}"),
    "greater_than_equal": lambda place, item: ("too small a number", f"at least {item['ctx']['ge']}"),
    "axes": lambda place, item: (str(item["msg"]), ""),
}
