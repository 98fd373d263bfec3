"""The command line: parse → pipeline → render. The only part of the package that prints."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit code."""
    from lstm_migrate.cli.app import app

    app(arguments, prog_name="lstm-migrate")
