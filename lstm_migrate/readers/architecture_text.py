"""An architecture that stands beside its weights: a text of JSON or YAML, told apart by its content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.limits import MAX_CONFIG_BYTES
from lstm_migrate.readers.yaml_text import PYTHON_TAGS, parse_plain


def read_architecture(path: Path) -> Mapping[str, Any]:
    """The config in a file that to_json() or to_yaml() made; SourceError if it is none.

    JSON inside a JSON string, which scripts wrote that dumped the text once more, is read as well.
    """
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise SourceError("is too long for an architecture", where=str(path))
        content = path.read_bytes()
    except OSError as error:
        raise SourceError("cannot be read", where=str(path), found=error.strerror or "") from error
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise SourceError(
            "is no text",
            where=str(path),
            found=f"bytes {content[:8].hex(' ')}",
            expected="JSON or YAML, as to_json() and to_yaml() write them, a .keras file or a full model",
        ) from error
    if text.startswith('"'):
        text = str(parse_object(f'{{"text": {text}}}', str(path))["text"])
    if text.startswith("{"):
        return parse_object(text, str(path))
    value = parse_plain(text.encode(), str(path), PYTHON_TAGS).value
    if not isinstance(value, Mapping):
        raise SourceError(
            "is no architecture", where=str(path), found=type(value).__name__, expected="an object of keys"
        )
    return value
