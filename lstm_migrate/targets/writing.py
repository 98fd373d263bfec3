"""Plan → a `.keras` file, written where it is told to: beside the destination (`partial.py`)."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_migrate.custom import CustomParts
from lstm_migrate.errors import LstmMigrateError, TargetError
from lstm_migrate.planning.plan import Plan
from lstm_migrate.reference.scope import Array
from lstm_migrate.targets.filling import Filling
from lstm_migrate.targets.keras_model import ActivationName, Builder

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
COPIED_BYTES = 1 << 20
_HDF5_ERRNO = re.compile(r"errno = (\d+)")


def write_model(
    plan: Plan,
    read: Callable[[str], Array],
    path: Path,
    activation_name: ActivationName,
    advance: Callable[[int, int], None],
    custom: CustomParts | None = None,
) -> None:
    """Builds the target model and saves it at `path`, its variables filled by the Plan layer by layer."""
    model = Builder(activation_name, custom).model(plan.target)
    filling = Filling(model, plan, read, advance)
    with _failures(path.parent), tempfile.TemporaryDirectory(prefix=path.name, dir=path.parent) as folder:
        # Keras makes an archive in memory, but the folder that it also knows goes to the disk as it comes.
        model.save(folder, zipped=False)
        filling.finish()
        pack(Path(folder), path)


def pack(folder: Path, path: Path) -> None:
    """Makes the `.keras` archive of a model that Keras saved as a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in MEMBERS:
            _add(archive, folder / name, name)
        # Vocabularies of lookup layers and the like; most models have none.
        assets = folder / "assets"
        for file in sorted(item for item in assets.rglob("*") if item.is_file()):
            _add(archive, file, file.relative_to(folder).as_posix())


def _add(archive: zipfile.ZipFile, file: Path, name: str) -> None:
    huge = file.stat().st_size >= zipfile.ZIP64_LIMIT
    with file.open("rb") as source, archive.open(name, "w", force_zip64=huge) as member:
        shutil.copyfileobj(source, member, COPIED_BYTES)


@contextmanager
def _failures(where: Path) -> Iterator[None]:
    """Turns what a full or broken disk makes Python, HDF5 and Keras raise into a TargetError."""
    try:
        yield
    except LstmMigrateError:
        raise
    except Exception as error:
        reason = _system_reason(error)
        if reason is None:
            raise
        raise TargetError("the target cannot be written", where=str(where), found=reason) from error


def _system_reason(error: BaseException) -> str | None:
    """The system's own words, if it refused something in the chain of what was raised."""
    cause: BaseException | None = error
    while cause is not None:
        # HDF5 raises a RuntimeError when it cannot flush, and has the number in its text only.
        number = getattr(cause, "errno", None) or _HDF5_ERRNO.search(str(cause))
        if number:
            return os.strerror(number if isinstance(number, int) else int(number[1]))
        cause = cause.__cause__ or cause.__context__
    return str(error) if isinstance(error, OSError) else None
