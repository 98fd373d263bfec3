"""YAML text out of plain values, in the hand of a mapping file: keys one a line, short values in a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 108

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*( [\w./-]+)*", re.ASCII)
# What YAML 1.1 takes for something else than a word.
_WORDS = frozenset("true false yes no on off null".split())


def scalar(value: Any) -> str:
    """A single value: words as they are, whatever else in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        # YAML 1.1 reads 1e-05 as a word.
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if not text.isprintable():
        return '"' + "".join(map(_escaped, text)) + '"'
    return (
        text
        if _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        else json.dumps(text, ensure_ascii=False)
    )


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def flow(value: Any) -> str:
    """A value in a row: {axes: x u, optional: true}."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def entry(key: str, value: Any, indent: str = "", open_: bool = False) -> Iterator[str]:
    """The lines of `key: value`. A value that is too long, or to be `open_`, has its keys one a line."""
    line = f"{indent}{scalar(key)}: {flow(value)}"
    if isinstance(value, Mapping) and value and (open_ or len(line) > WIDTH):
        yield f"{indent}{scalar(key)}:"
        for inner, item in value.items():
            yield from entry(inner, item, indent + "  ")
    else:
        yield line
