"""Importing a module that the user names on the command line, whatever its code does.

Importing runs the user's code; nothing in a source file is ever imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from lstm_migrate.errors import UsageError


def module_named(name: str) -> ModuleType:
    """The module; also looked for in the folder that the program was started from."""
    # Installed programs do not look there; their users do.
    with also_found_in(Path.cwd()):
        return importlib.import_module(name)


@contextmanager
def also_found_in(folder: Path) -> Iterator[None]:
    """Inside, modules are also looked for in `folder`, after everywhere else."""
    sys.path.append(str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def reported(what: str, where: str, expected: str) -> Iterator[None]:
    """Turns whatever the user's code raises, an exit among it, into a UsageError."""
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise UsageError(what, where=where, found=said, expected=expected) from error
