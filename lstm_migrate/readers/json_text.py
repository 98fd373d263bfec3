"""JSON out of a file that nobody vouches for: length and depth are checked before it is parsed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.limits import MAX_CONFIG_BYTES, MAX_JSON_DEPTH

# A string is one token, closed or not: what stands inside it opens nothing. Possessive, so never quadratic.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def parse_object(text: str, where: str, *, distinct: bool = False) -> Mapping[str, Any]:
    """The JSON object in `text`; NaN and Infinity, which Python writes, are welcome.

    `distinct` refuses a key that an object has twice: another parser may take the other one.
    """
    _check_size(text, where)
    try:
        value = json.loads(text, object_pairs_hook=_distinct if distinct else None)
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}: {_around(text, error.pos)}"
        raise SourceError(
            Problem("is not JSON", where=where, found=found, hint="The file is damaged, or no model of Keras")
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceError(Problem("is not readable JSON", where=where, found=str(error))) from error
    if not isinstance(value, dict):
        found = f"{type(value).__name__} at line 1, column 1: {_around(text, 0)}"
        raise SourceError(Problem("is no JSON object", where=where, found=found, expected="{…}"))
    if "\\u" in text and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise SourceError(
            Problem("holds text that is no Unicode", where=where, found="half a surrogate pair")
        )
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {max(times, key=times.__getitem__)[:80]!r} twice in one object")
    return found


def _check_size(text: str, where: str) -> None:
    if len(text) > MAX_CONFIG_BYTES:
        raise SourceError(
            Problem(
                "is too long", where=where, found=f"{len(text)} characters", expected=f"≤ {MAX_CONFIG_BYTES}"
            )
        )
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += _STEPS.get(token.group(), 0)
        if depth > MAX_JSON_DEPTH:
            raise SourceError(
                Problem(
                    "is nested too deep",
                    where=where,
                    found=f"more than {MAX_JSON_DEPTH} brackets open at character {token.start()}",
                    expected=f"≤ {MAX_JSON_DEPTH}",
                    hint="No model of Keras nests like that: the config was made by hand",
                )
            )


def _around(text: str, position: int, width: int = 20) -> str:
    return repr(text[max(0, position - width) : position + width])
