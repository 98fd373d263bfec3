"""Where a target may stand. It imports no Keras: wrong paths are told before that is waited for."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from lstm_migrate.errors import TargetError, UsageError
from lstm_migrate.targets.tensor_files import FORMATS

MODEL = ".keras"


def holds_tensors(target: Path) -> bool:
    """Whether the target's name asks for named tensors, and for no model."""
    return target.suffix.lower() in {format.suffix for format in FORMATS.values()}


def check_paths(source: Path, target: Path, overwrite: bool) -> None:
    """UsageError or TargetError if `target` cannot become the conversion of `source`."""
    if target.suffix != MODEL and not holds_tensors(target):
        others = " or ".join(format.suffix for format in FORMATS.values())
        raise UsageError(
            f"the target must end in {MODEL}",
            where=str(target),
            hint=f"Keras 3 opens no other name. Tensors alone, for other frameworks, go to {others}.",
        )
    if not target.parent.is_dir():
        raise TargetError("the target's folder is not there", where=str(target.parent))
    if target.is_dir():
        raise TargetError("the target is a folder", where=str(target))
    if target.exists() and source.exists() and os.path.samefile(source, target):
        raise UsageError("source and target are the same file", where=str(target))
    if target.exists() and not overwrite:
        raise TargetError(
            "the target is there already", where=str(target), hint="Use --overwrite to replace it."
        )


def check_written(target: Path) -> None:
    """TargetError if `target` cannot be a file that Keras 3 wrote."""
    if not target.is_file():
        raise TargetError("there is no such file", where=str(target))
    if not zipfile.is_zipfile(target):
        raise TargetError(
            "this is no .keras file of Keras 3", where=str(target), expected="a zip archive with config.json"
        )
