"""Vocabularies: files that say which token is which row, and where each row goes under another one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_migrate.errors import MappingError, PlanError
from lstm_migrate.mapping.rule_grammar import MOST_ROWS
from lstm_migrate.restriction import NEW

MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Tokens:
    """The row of each token, as a file has it. `source`: the file's name; `highest`: of its numbers."""

    numbers: Mapping[str, int]
    source: str

    @property
    def highest(self) -> int:
        return max(self.numbers.values(), default=-1)

    def check_fits(self, rows: int, layer: str, where: str) -> None:
        """PlanError if a token has a row that the layer lacks."""
        if self.highest < rows:
            return
        first = min((number, token) for token, number in self.numbers.items() if number >= rows)
        raise PlanError(
            f"the vocabulary of {self.source} does not fit {layer}",
            where=where,
            found=f"{first[1]!r} as row {first[0]}, {len(self.numbers)} tokens",
            expected=f"rows from 0 to {rows - 1}",
        )


@dataclass(frozen=True)
class Renumbering:
    """What becomes of a table's rows. `places`: for each new row the old one, NEW if there is none; `lost`
    and `gained`: tokens, by their old and their new row; `unnamed`: old rows of no token that go."""

    places: tuple[int, ...]
    lost: Mapping[int, str] = field(default_factory=dict, hash=False)
    gained: Mapping[int, str] = field(default_factory=dict, hash=False)
    unnamed: tuple[int, ...] = ()


def renumbering(old: Tokens, new: Tokens, rows: int, size: int | None = None) -> Renumbering:
    """Where the rows of a table of `rows` go.

    The new table has a row for each number up to the highest of `new`, or `size` of them. Rows that no token
    names, such as 0 where numbers begin at 1, stay where they are unless a new token stands there.
    """
    places = [NEW] * (new.highest + 1 if size is None else size)
    taken = set(old.numbers.values())
    for row in range(min(rows, len(places))):
        if row not in taken:
            places[row] = row
    for token, number in new.numbers.items():
        places[number] = old.numbers.get(token, NEW)
    there = set(places)
    return Renumbering(
        tuple(places),
        {row: token for token, row in old.numbers.items() if token not in new.numbers},
        {row: token for token, row in new.numbers.items() if token not in old.numbers},
        tuple(row for row in range(rows) if row not in taken and row not in there),
    )


def resized_rows(rows: int, size: int) -> Renumbering:
    """The first rows of a table, or all of them and new ones behind."""
    return Renumbering(tuple(row if row < rows else NEW for row in range(size)))


def read_tokens(file: Path, where: str) -> Tokens:
    """The vocabulary in `file`: one token a line, a JSON list of tokens, or a JSON map of tokens to numbers.

    A name that ends in .json must be JSON; of others, what is none is lines. MappingError if it is nothing of
    that kind; `where`: what names the file.
    """
    text = _text(file, where)
    must = file.suffix.lower() == ".json"
    value = None
    # Lines may begin with "[PAD]" all the same.
    if must or text.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(text, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError) as error:
            if must:
                raise MappingError("not JSON", where=str(file), found=str(error)) from error
    if value is None and not must:
        lines = text.split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        return _listed([line.removesuffix("\r") for line in lines], file, "line")
    if isinstance(value, _Pairs):
        return _numbered(value, file)
    strange = [one for one in value if not isinstance(one, str)] if isinstance(value, list) else [value]
    if strange or not isinstance(value, list):
        raise MappingError(
            "no vocabulary",
            where=str(file),
            found=_shown(strange[0]),
            expected="a JSON list of tokens, or a JSON map of tokens to numbers",
        )
    return _listed(value, file, "entry")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys in their order, those too that stand there twice."""


def _text(file: Path, where: str) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise MappingError("the vocabulary cannot be read", where=where, found=f"{file}: {said}") from error
    if len(raw) > MAX_BYTES:
        raise MappingError(
            "too large for a vocabulary", where=str(file), expected=f"at most {MAX_BYTES} bytes"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise MappingError(
            "not UTF-8", where=f"{file}:{line}", found=f"byte {raw[error.start]:#04x}"
        ) from error
    if not text.strip("\n"):
        raise MappingError("the vocabulary is empty", where=str(file), expected="tokens")
    return text


def _listed(tokens: Sequence[str], file: Path, unit: str) -> Tokens:
    numbers: dict[str, int] = {}
    for number, token in enumerate(tokens):
        other = numbers.setdefault(token, number)
        if other != number:
            first = 1 if unit == "line" else 0
            raise MappingError(
                f"the token {_shown(token)} stands twice",
                where=str(file),
                found=f"in {unit} {other + first} and {unit} {number + first}",
                expected="each token once",
            )
    if not numbers:
        raise MappingError("the vocabulary is empty", where=str(file), expected="tokens")
    return Tokens(numbers, file.name)


def _numbered(pairs: _Pairs, file: Path) -> Tokens:
    numbers: dict[str, int] = {}
    tokens: dict[int, str] = {}
    for token, number in pairs:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < MOST_ROWS:
            raise MappingError(
                f"the token {_shown(token)} has no row",
                where=str(file),
                found=_shown(number),
                expected=f"a whole number from 0 to {MOST_ROWS - 1}",
            )
        if token in numbers:
            found = f"as {numbers[token]} and {number}"
            raise MappingError(f"the token {_shown(token)} stands twice", where=str(file), found=found)
        if number in tokens:
            raise MappingError(
                f"two tokens have the number {number}",
                where=str(file),
                found=f"{_shown(tokens[number])} and {_shown(token)}",
                expected="numbers of their own",
            )
        numbers[token], tokens[number] = number, token
    if not numbers:
        raise MappingError("the vocabulary is empty", where=str(file), expected="tokens")
    return Tokens(numbers, file.name)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"
