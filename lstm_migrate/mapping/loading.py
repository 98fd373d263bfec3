"""Reading a mapping file: plain YAML, validated against the grammar; errors with line and column."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lstm_migrate.errors import MappingError, Problem, SourceError
from lstm_migrate.mapping.document import Document, UserMapping
from lstm_migrate.readers.yaml_text import Parsed, parse_plain

MAX_BYTES = 4 << 20

Mapped = TypeVar("Mapped", bound=BaseModel)


def load_document(path: Path) -> Document:
    """The shipped mapping file at `path`; MappingError with every problem, each at its line and column."""
    return _validated(_parsed(path), Document)


def load_user_mapping(path: Path) -> UserMapping:
    """A user's mapping file; MappingError like `load_document`."""
    return _validated(_parsed(path), UserMapping)


def _parsed(path: Path) -> Parsed:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise MappingError(
            "the mapping file cannot be read", where=str(path), found=error.strerror or ""
        ) from error
    if len(text) > MAX_BYTES:
        raise MappingError(
            "too large for a mapping file",
            where=str(path),
            found=f"{len(text)} bytes",
            expected=f"at most {MAX_BYTES}",
        )
    try:
        return parse_plain(text, str(path))
    except SourceError as error:
        raise MappingError(error.problems) from error


def _validated(parsed: Parsed, grammar: type[Mapped]) -> Mapped:
    try:
        return grammar.model_validate(parsed.value)
    except ValidationError as error:
        raise MappingError(
            [
                Problem(
                    f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}",
                    where=parsed.place(item["loc"]),
                )
                for item in error.errors()
            ]
        ) from error
