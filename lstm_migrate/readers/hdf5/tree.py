"""The tree of an HDF5 file: every object by its path, reached over hard links alone, each group once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.limits import MAX_GROUP_DEPTH, MAX_OBJECTS

KINDS = {
    h5py.h5o.TYPE_GROUP: "group",
    h5py.h5o.TYPE_DATASET: "dataset",
    h5py.h5o.TYPE_NAMED_DATATYPE: "named type",
}
LINKS = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "a link into another file"}


@dataclass(frozen=True)
class Tree:
    """`kinds`: canonical path → "group", "dataset" or "named type"; the root is no entry."""

    kinds: Mapping[str, str]

    def datasets(self, below: str = "") -> Iterator[str]:
        """Paths of the datasets under a group, in the order of the file's index."""
        prefix = f"{below}/" if below else ""
        return (path for path, kind in self.kinds.items() if kind == "dataset" and path.startswith(prefix))


def canonical(path: str) -> str:
    """The path as HDF5 resolves it: empty and "." steps name the group they stand in."""
    return "/".join(step for step in path.split("/") if step not in ("", "."))


def grow(file: h5py.File, where: Path | str) -> Tree:
    """The whole tree, from links and object headers. SourceError for links that lead elsewhere."""
    growth = _Growth()
    growth.seen.add(h5py.h5o.get_info(file.id).addr)
    stack: list[tuple[h5py.h5g.GroupID, str, int]] = [(file["/"].id, "", 0)]
    while stack:
        group, prefix, depth = stack.pop()
        inner = [
            (h5py.h5g.open(group, name), path, depth + 1)
            for name, path in growth.children(group, prefix)
            if growth.may_enter(path, depth + 1)
        ]
        stack += reversed(inner)
        if len(growth.kinds) > MAX_OBJECTS:
            found, expected = f"more than {MAX_OBJECTS}", f"≤ {MAX_OBJECTS}"
            raise SourceError(
                "too many groups and datasets", where=str(where), found=found, expected=expected
            )
    if growth.problems:
        raise SourceError(growth.problems)
    return Tree(growth.kinds)


@dataclass
class _Growth:
    kinds: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def children(self, group: h5py.h5g.GroupID, prefix: str) -> Iterator[tuple[bytes, str]]:
        """The groups in a group, each the first time that it is met; other objects are noted only."""
        for name in group:
            text = name.decode("utf-8", "backslashreplace")
            path = f"{prefix}/{text}" if prefix else text
            link = group.links.get_info(name).type
            if link != h5py.h5l.TYPE_HARD:
                self.refuse(path, LINKS.get(link, "a link of an unknown kind"))
                continue
            info = h5py.h5o.get_info(group, name)
            self.kinds[path] = KINDS.get(info.type, "unknown object")
            if info.type != h5py.h5o.TYPE_GROUP:
                continue
            if info.addr in self.seen:  # a cycle would never end, a shared group could double at each level
                self.refuse(path, "a second hard link to a group")
                continue
            self.seen.add(info.addr)
            yield name, path

    def may_enter(self, path: str, depth: int) -> bool:
        """Whether the group is shallow enough; a problem if not."""
        if depth > MAX_GROUP_DEPTH:
            self.problems.append(
                Problem(
                    "groups are nested too deep",
                    where=f"{path[:60]}…",
                    found=f"more than {MAX_GROUP_DEPTH}",
                    expected=f"≤ {MAX_GROUP_DEPTH}",
                )
            )
        return depth <= MAX_GROUP_DEPTH

    def refuse(self, path: str, found: str) -> None:
        """A link that leads elsewhere: no Keras ever wrote one."""
        self.problems.append(
            Problem(
                "leads elsewhere",
                where=path,
                found=found,
                expected="data in the file itself",
                hint="Copy the data into one plain file (h5repack, or h5py) if you trust where it leads",
            )
        )
