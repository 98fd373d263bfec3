"""Loading a user's mapping file: read, held against the grammar, and checked for sense."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lstm_migrate.mapping.checking import faults
from lstm_migrate.mapping.complaints import Complaint
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration
from lstm_migrate.mapping.reading import MAX_BYTES, load_document, read
from lstm_migrate.readers.yaml_text import Parsed

__all__ = ["MAX_BYTES", "UserMapping", "load_document", "load_user_mapping"]


@dataclass(frozen=True)
class UserMapping:
    """A user's mapping file, and where in it everything stands."""

    path: Path
    document: Document
    parsed: Parsed

    def place(self, *keys: int | str) -> str:
        """Where the value at a path of keys stands, as "file:line:column"."""
        return self.parsed.place(keys)

    def key_place(self, *keys: int | str) -> str:
        """Where the last of these keys stands."""
        return self.parsed.key_place(keys)


def load_user_mapping(
    path: Path,
    custom: Collection[str] = (),
    known: Mapping[str, LayoutDeclaration] = MappingProxyType({}),
    *,
    whole_sizes: bool = True,
) -> UserMapping:
    """A user's mapping file; MappingError with every problem, each at its line and column.

    `custom`: the names of the user's own layer classes. `known`: layouts of the files before this one.
    `whole_sizes`: no sizes are said beside the file, to which a rule of it may belong.
    """
    found = read(path)
    further: list[Complaint] = []
    if found.document is not None:
        names = _names(found.parsed)
        further += faults(found.document, custom, names, known, whole_sizes=whole_sizes)
    return UserMapping(path, found.whole(further), found.parsed)


def _names(parsed: Parsed) -> Collection[str]:
    """The layouts that the file declares, those too in which something is wrong."""
    layouts = parsed.value.get("layouts") if isinstance(parsed.value, dict) else None
    return list(map(str, layouts)) if isinstance(layouts, dict) else []
