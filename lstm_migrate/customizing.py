"""Customizing: what a user names as "module:name" or "path/file.py:name", imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lstm_migrate.custom import parts_of
from lstm_migrate.errors import UsageError
from lstm_migrate.importing import also_found_in, module_named, reported

EXPECTED = "module:name or path/file.py:name"


def custom_objects(arguments: Sequence[str]) -> dict[str, Any]:
    """The objects that the arguments name, by their names; UsageError for what cannot be had or used."""
    found: dict[str, Any] = {}
    for argument in arguments:
        name, part = _resolved(argument)
        if found.setdefault(name, part) is not part:
            raise UsageError("two custom objects have one name", where=f"--custom {argument}", found=name)
    return dict(parts_of(found).objects)


def _resolved(argument: str) -> tuple[str, Any]:
    where, colon, name = argument.rpartition(":")
    if not (where and colon and name.isidentifier()):
        raise UsageError("names no custom object", where=f"--custom {argument}", expected=EXPECTED)
    with reported("it cannot be imported", f"--custom {argument}", EXPECTED):
        module = _of_file(Path(where), argument) if _is_file(where) else module_named(where)
    if not hasattr(module, name):
        public = [word for word in vars(module) if not word.startswith("_")]
        raise UsageError(
            f"{where} has no {name!r}",
            where=f"--custom {argument}",
            found=", ".join(public[:12]) or "nothing",
            expected=f"a class or function called {name}",
        )
    return name, getattr(module, name)


def _is_file(where: str) -> bool:
    return where.endswith(".py") or "/" in where or "\\" in where


def _of_file(path: Path, argument: str) -> ModuleType:
    if not path.is_file() or path.suffix != ".py":
        found = "no .py file" if path.exists() else "no such file"
        raise UsageError(found, where=f"--custom {argument}", found=str(path), expected=EXPECTED)
    path = path.resolve()
    name = path.stem
    while name in sys.modules:
        if getattr(sys.modules[name], "__file__", None) == str(path):
            return sys.modules[name]
        # A file may be called like a module that is loaded: it must not take that one's place.
        name = f"custom_{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, "Python knows what .py means"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with also_found_in(path.parent):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
