"""YAML out of a file that nobody vouches for: plain values alone, no objects, duplicates or bombs.

The one place that knows the YAML library. Aliases are expanded and counted, so a bomb of aliases ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers import numpy_scalar

MAX_NODES = 200_000
MAX_DEPTH = 100
MAX_BITS = 256  # of a whole number: more is none that a float can be
SAFE_OPENERS = 5_000  # fewer cannot nest so deep that a parser crashes

MAPPING, SEQUENCE, TEXT, MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "merge"))
Path = tuple[int | str, ...]
"""Keys and positions that lead from a document's root to a value."""

# Python's own tags that mean a plain value: Keras 1 and 2 wrote tuples and Python 2's strings with them.
PYTHON_TAGS: Mapping[str, str] = {
    "tag:yaml.org,2002:python/tuple": SEQUENCE,
    "tag:yaml.org,2002:python/unicode": TEXT,
    "tag:yaml.org,2002:python/str": TEXT,
}

# The C parser is some ten times faster; it reads the same language.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Parsed:
    """The values of a document, and its nodes, which know their places.

    `problems`: what plain YAML must not hold; the value lacks it, or has None in its place.
    """

    value: Any
    root: Any
    where: str
    problems: tuple[Problem, ...] = ()

    def place(self, path: Path) -> str:
        """Where the value at a path of keys and positions stands, as "file:line:column"."""
        return _place(self.where, _node_at(self.root, path))

    def key_place(self, path: Path) -> str:
        """Where the last key of a path stands; where its value does if it has none, as in a list."""
        parent = _node_at(self.root, path[:-1])
        key = _entry(parent, path[-1])[0] if path else None
        return self.place(path) if key is None else _place(self.where, key)


def parse_plain(text: bytes, where: str, synonyms: Mapping[str, str] | None = None) -> Parsed:
    """The document in `text`; SourceError with every problem, each at its line and column.

    `synonyms`: further tags that are read, and the plain tag that each stands for.
    """
    found = read_plain(text, where, synonyms)
    if found.problems:
        raise SourceError(found.problems)
    return found


def read_plain(text: bytes, where: str, synonyms: Mapping[str, str] | None = None) -> Parsed:
    """Like `parse_plain`, but SourceError only for what is no YAML at all: the rest has its `problems`."""
    reader = _Reader(where, synonyms or {})
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
        value = reader.value(root) if root is not None else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(_no_yaml(error, text, where)) from error
    except RecursionError as error:
        raise SourceError(
            "nested too deep", where=where, expected=f"at most {MAX_DEPTH} levels, no alias of itself"
        ) from error
    return Parsed(value, root, where, tuple(reader.problems))


def _no_yaml(error: Exception, text: bytes, where: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        before = text[: getattr(error, "position", 0)].decode(errors="replace")
        return Problem(
            "not YAML: the file is no text in UTF-8",
            where=f"{where}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}",
            found=" ".join(str(error).split()),
        )
    said = error.problem or error.context or "unreadable"
    mark = error.problem_mark or error.context_mark
    place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark is not None else where
    for words, plain, hint in _IN_PLAIN_WORDS:
        if words in said:
            return Problem(f"not YAML: {plain}", where=place, hint=hint)
    return Problem(f"not YAML: {said}", where=place)


_QUOTES = "A name with { }, * or a colon in it stands in quotes."
# what the YAML library says → what is meant, and what to do
_IN_PLAIN_WORDS = (
    ("undefined alias", "an alias (*) of nothing", _QUOTES),
    ("alphabetic or numeric", "an alias (*) or an anchor (&) without a name", _QUOTES),
    ("cannot start any token", "no value begins like this", "Indent with spaces; put the value in quotes."),
    ("mapping values are not allowed", "a colon where no key can be", f"Indent keys alike. {_QUOTES}"),
    ("did not find expected", "a bracket, a comma or a key is missing", f"Indent keys alike. {_QUOTES}"),
    ("another document", "two documents in one file", "Remove the line with ---."),
    ("end of stream", "a quote or a bracket is never closed", ""),
)


def _check_depth(text: bytes) -> None:
    """RecursionError before the C parser, which builds nodes recursively, runs out of stack and crashes."""
    if sum(map(text.count, (b"[", b"{", b"-", b"?"))) < SAFE_OPENERS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RecursionError


@dataclass
class _Reader:
    """Builds plain values from YAML nodes and collects what plain YAML must not hold."""

    where: str
    synonyms: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: Any) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise SourceError("too many values; do aliases multiply?", where=_place(self.where, node))
        tag = self.synonyms.get(node.tag, node.tag)
        if tag == numpy_scalar.TAG:
            return self.number(node)
        if tag not in _READERS:
            self.refuse(node)
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        try:
            return _READERS[tag](node.value)
        except ValueError:
            self.problem(node, f"{node.value!r} is no number", "Put it in quotes if it is a word.")
            return None

    def number(self, node: Any) -> int | float | None:
        try:
            return numpy_scalar.number(node)
        except ValueError as error:
            self.problem(node, "a number of NumPy's that cannot be read", f"{error}.")
            return None

    def mapping(self, node: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                self.problem(key_node, "merge keys (<<) are refused", "Write the keys out.")
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem(key_node, "a key must be a plain word", "")
                continue
            key = self.value(key_node)
            if key in found:
                self.problem(key_node, f"the key {key!r} stands twice", "Remove one of them.")
            found[key] = self.value(value_node)
        return found

    def refuse(self, node: Any) -> None:
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        if tag == "timestamp":
            self.problem(node, "dates are not read", "Put it in quotes if it is a word.")
        else:
            self.problem(node, f"the tag !!{tag} is refused", "Only plain values are read, never objects.")

    def problem(self, node: Any, what: str, hint: str) -> None:
        self.problems.append(Problem(what, where=_place(self.where, node), hint=hint))


def _boolean(text: str) -> bool:
    return text.lower() in ("true", "yes", "on")


def _integer(text: str) -> int:
    value = int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)
    if value.bit_length() > MAX_BITS:
        raise ValueError("no such number is meant")
    return value


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_READERS: dict[str, Callable[[Any], Any]] = {
    MAPPING: dict,
    SEQUENCE: list,
    TEXT: str,
    "tag:yaml.org,2002:int": _integer,
    "tag:yaml.org,2002:float": _float,
    "tag:yaml.org,2002:bool": _boolean,
    "tag:yaml.org,2002:null": lambda text: None,
}


def _node_at(root: Any, path: Path) -> Any:
    node = root
    for part in path:
        inner = _entry(node, part)[1]
        if inner is None:
            return node
        node = inner
    return node


def _entry(node: Any, part: int | str) -> tuple[Any, Any]:
    """The nodes of a key and its value; (None, node) for a position in a list; Nones if it is not there."""
    if isinstance(node, yaml.MappingNode):
        found = [(key, value) for key, value in node.value if key.value == str(part)]
        return found[-1] if found else (None, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


def _place(where: str, node: Any) -> str:
    if node is None:
        return where
    return f"{where}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
