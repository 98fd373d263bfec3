"""Sharded weights of Keras 3: a `.weights.json` file that says which `.weights.h5` beside it holds what."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.hdf5.store import Part, collected, open_part, store_checkpoint, variable_lists
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.limits import MAX_CONFIG_BYTES, MAX_SHARDS

HINT = "Keep the .weights.json file and all its shards together in one folder, as they were saved"


def open_sharded(path: Path) -> Checkpoint:
    """Opens the store that `path` lists; SourceError if a shard is missing, elsewhere or not as listed."""
    weight_map = _weight_map(path)
    shards = list(dict.fromkeys(name for names in weight_map.values() for name in names))
    if len(shards) > MAX_SHARDS:
        found, expected = str(len(shards)), f"≤ {MAX_SHARDS}"
        raise SourceError("lists too many shards", where=str(path), found=found, expected=expected)
    with ExitStack() as opened:
        parts: dict[str, Part] = {}
        for name in shards:
            parts[name] = open_part(name, _opened(path, name))
            opened.callback(parts[name].close)
        _check_map(weight_map, parts)
        packed = sum(part.size for part in parts.values())
        checkpoint = store_checkpoint(path, collected(list(parts.values()), packed, str(path)))
        opened.pop_all()
        return checkpoint


def _weight_map(path: Path) -> dict[str, list[str]]:
    """Which files hold the variables of each object."""
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise SourceError("is too long", where=str(path), expected=f"≤ {MAX_CONFIG_BYTES} bytes")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError("is no UTF-8 text", where=str(path), found=str(error)) from error
    listed = parse_object(text, str(path)).get("weight_map")
    if not isinstance(listed, Mapping) or not listed:
        raise SourceError("has no weight_map", where=str(path), found=type(listed).__name__)
    return {key: list(_names(key, value, path)) for key, value in listed.items()}


def _names(key: str, value: Any, path: Path) -> Iterator[str]:
    for name in value if isinstance(value, list) else [value]:
        if not isinstance(name, str) or not name.isprintable() or name in ("", ".", ".."):
            raise _stray(key, repr(name)[:80], path)
        if "/" in name or "\\" in name or ":" in name:
            raise _stray(key, name[:80], path)
        yield name


def _stray(key: str, found: str, path: Path) -> SourceError:
    expected = f"a file beside {path.name}"
    return SourceError(
        Problem(
            "a shard lies elsewhere",
            where=f"weight_map: {key[:80]}",
            found=found,
            expected=expected,
            hint=HINT,
        )
    )


def _opened(path: Path, name: str) -> BinaryIO:
    """The shard, opened for reading if it is a plain file of this very folder."""
    shard = path.with_name(name)
    try:
        if not stat.S_ISREG(shard.lstat().st_mode):
            found = "a symbolic link" if shard.is_symlink() else "no plain file"
            raise SourceError(
                Problem(
                    "a shard lies elsewhere", where=name, found=found, expected="the file itself", hint=HINT
                )
            )
        # Between the look and the opening it may become a link: the system refuses that.
        return os.fdopen(os.open(shard, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")
    except FileNotFoundError as error:
        raise SourceError(
            Problem("a shard is missing", where=str(path), found="no such file", expected=name, hint=HINT)
        ) from error
    except OSError as error:
        raise SourceError(Problem("a shard cannot be opened", where=name, found=str(error))) from error


def _check_map(weight_map: Mapping[str, list[str]], parts: Mapping[str, Part]) -> None:
    """Every list of variables where the map says, and none that it does not mention."""
    held = {(f"/{place}", name) for name, part in parts.items() for place in variable_lists(part)}
    said = {(place, name) for place, names in weight_map.items() for name in names}
    problems = [
        Problem(
            "is listed in weight_map but not there",
            where=place[:80],
            found="nothing",
            expected=name,
            hint=HINT,
        )
        for place, name in sorted(said - held)
    ]
    problems += [
        Problem("stands in a shard, but weight_map does not say so", where=place[:80], found=name, hint=HINT)
        for place, name in sorted(held - said)
    ]
    if problems:
        raise SourceError(problems)
