"""The command line: parse → pipeline → render. The only part of the package that prints."""

from __future__ import annotations

import gc
from collections.abc import Sequence

# Loading TensorFlow makes a million objects that all stay: looking for garbage among them again and
# again costs a tenth of the time that it takes.
NEW_OBJECTS = 100_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit code."""
    from lstm_migrate.cli.app import app

    gc.set_threshold(NEW_OBJECTS)
    try:
        app(arguments, prog_name="lstm-migrate")
    finally:
        # The process ends: no last look at those objects either.
        gc.freeze()
