"""Reading a mapping file: YAML without objects, duplicates or bombs; errors with line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.mapping.document import Document

MAX_BYTES = 4 << 20
MAX_NODES = 200_000
MAX_DEPTH = 100
SAFE_OPENERS = 5_000  # fewer cannot nest so deep that a parser crashes

# The C parser is some ten times faster; it reads the same language.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_document(path: Path) -> Document:
    """The mapping file at `path`; MappingError with every problem, each at its line and column."""
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
    reader = _Reader(path)
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
        data = reader.value(root) if root is not None else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError("not YAML", where=str(path), found=" ".join(str(error).split())) from error
    except RecursionError as error:
        raise MappingError(
            "nested too deep", where=str(path), expected=f"at most {MAX_DEPTH} levels, no alias of itself"
        ) from error
    if reader.problems:
        raise MappingError(reader.problems)
    return _validated(data, root, path)


def _check_depth(text: bytes) -> None:
    """RecursionError before the C parser, which builds nodes recursively, runs out of stack and crashes."""
    if sum(map(text.count, (b"[", b"{", b"-", b"?"))) < SAFE_OPENERS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RecursionError


class _Reader:
    """Builds plain values from YAML nodes and collects what plain YAML must not hold."""

    def __init__(self, path: Path) -> None:
        self.path, self.problems, self.nodes = path, list[Problem](), 0

    def value(self, node: Any) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            # Aliases are expanded here, so a bomb of aliases ends here too.
            raise MappingError("too many values; do aliases multiply?", where=str(self.path))
        if node.tag not in _READERS:
            self.problem(node, f"the tag {node.tag} is refused", "Only plain values are read.")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        try:
            return _READERS[node.tag](node.value)
        except ValueError:
            self.problem(node, f"{node.value!r} is no number", "Put it in quotes if it is a word.")
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
        self.problems.append(Problem(what, where=_place(self.path, node), hint=hint))


def _boolean(text: str) -> bool:
    return text.lower() in ("true", "yes", "on")


def _integer(text: str) -> int:
    return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_READERS: dict[str, Any] = {
    "tag:yaml.org,2002:map": dict,
    "tag:yaml.org,2002:seq": list,
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": _integer,
    "tag:yaml.org,2002:float": _float,
    "tag:yaml.org,2002:bool": _boolean,
    "tag:yaml.org,2002:null": lambda text: None,
}


def _validated(data: Any, root: Any, path: Path) -> Document:
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        raise MappingError(
            [
                Problem(
                    f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}",
                    where=_place(path, _node_at(root, item["loc"])),
                )
                for item in error.errors()
            ]
        ) from error


def _node_at(root: Any, location: tuple[int | str, ...]) -> Any:
    node = root
    for part in location:
        if isinstance(node, yaml.MappingNode):
            inner = [(key, value) for key, value in node.value if key.value == str(part)]
            if not inner:
                return node
            node = inner[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def _place(path: Path, node: Any) -> str:
    if node is None:
        return str(path)
    return f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
