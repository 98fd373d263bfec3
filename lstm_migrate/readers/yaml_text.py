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
SAFE_OPENERS = 5_000  # fewer cannot nest so deep that a parser crashes

MAPPING, SEQUENCE, TEXT = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))

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
    """The values of a document, and its nodes, which know their places."""

    value: Any
    root: Any
    where: str

    def place(self, path: tuple[int | str, ...]) -> str:
        """Where the value at a path of keys and positions stands, as "file:line:column"."""
        return _place(self.where, _node_at(self.root, path))


def parse_plain(text: bytes, where: str, synonyms: Mapping[str, str] | None = None) -> Parsed:
    """The document in `text`; SourceError with every problem, each at its line and column.

    `synonyms`: further tags that are read, and the plain tag that each stands for.
    """
    reader = _Reader(where, synonyms or {})
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
        value = reader.value(root) if root is not None else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError("not YAML", where=where, found=" ".join(str(error).split())) from error
    except RecursionError as error:
        raise SourceError(
            "nested too deep", where=where, expected=f"at most {MAX_DEPTH} levels, no alias of itself"
        ) from error
    if reader.problems:
        raise SourceError(reader.problems)
    return Parsed(value, root, where)


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
            raise SourceError("too many values; do aliases multiply?", where=self.where)
        tag = self.synonyms.get(node.tag, node.tag)
        if tag == numpy_scalar.TAG:
            return self.number(node)
        if tag not in _READERS:
            self.problem(node, f"the tag {node.tag} is refused", "Only plain values are read.")
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
            key = self.value(key_node)
            if isinstance(key, (list, dict)):
                self.problem(key_node, "a key must be a plain word", "")
                continue
            if key in found:
                self.problem(key_node, f"the key {key!r} stands twice", "Remove one of them.")
            found[key] = self.value(value_node)
        return found

    def problem(self, node: Any, what: str, hint: str) -> None:
        self.problems.append(Problem(what, where=_place(self.where, node), hint=hint))


def _boolean(text: str) -> bool:
    return text.lower() in ("true", "yes", "on")


def _integer(text: str) -> int:
    return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)


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


def _node_at(root: Any, path: tuple[int | str, ...]) -> Any:
    node = root
    for part in path:
        if isinstance(node, yaml.MappingNode):
            inner = [(key, value) for key, value in node.value if key.value == str(part)]
            if not inner:
                return node
            node = inner[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def _place(where: str, node: Any) -> str:
    if node is None:
        return where
    return f"{where}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
