"""The file that `--to` names for a mapping: refused before the long work starts, written at its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lstm_migrate.cli.output import same_file, write_whole
from lstm_migrate.errors import UsageError


class MappingText:
    """Where a mapping file is to be written."""

    def __init__(self, path: Path | None, *, apart_from: Sequence[Path | None], overwrite: bool) -> None:
        self.path = path
        if path is None:
            return
        if any(other is not None and same_file(path, other) for other in apart_from):
            raise UsageError("--to names a file that the command itself uses", where=str(path))
        if path.is_dir() or not path.parent.is_dir():
            hint = "Name a file in a folder that exists."
            raise UsageError("the mapping file cannot be written there", where=str(path), hint=hint)
        if path.exists() and not overwrite:
            hint = "Choose another name, or replace it with --overwrite."
            raise UsageError("the mapping file is there already", where=str(path), hint=hint)

    def write(self, text: str) -> None:
        """Writes the mapping, if there is one and a file was asked for."""
        if self.path is not None and text:
            write_whole(self.path, text, "the mapping file")
