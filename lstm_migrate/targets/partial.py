"""A file beside the destination, and its move into place once it is proven. It imports no Keras.

The destination is never touched before `commit`: it is written beside, verified, then moved.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_migrate.errors import TargetError
from lstm_migrate.targets.interruption import cleaned_up_first


@contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; whatever stands there afterwards is removed."""
    with cleaned_up_first():
        try:
            handle, name = tempfile.mkstemp(
                prefix=f".{target.name}.partial-", suffix=target.suffix, dir=target.parent
            )
            os.close(handle)
        except OSError as error:
            raise TargetError(
                "nothing can be written there", where=str(target.parent), found=error.strerror or str(error)
            ) from error
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def commit(partial: Path, target: Path, *, overwrite: bool) -> None:
    """Moves a verified file into place. Without `overwrite` a target that appeared meanwhile is kept."""
    try:
        os.chmod(partial, 0o666 & ~_umask())
        if overwrite:
            os.replace(partial, target)
        else:
            # A hard link fails if the name is taken; a rename would silently replace it.
            try:
                os.link(partial, target)
            except FileExistsError:
                raise
            except OSError:
                if target.exists():
                    raise FileExistsError from None
                os.replace(partial, target)
    except FileExistsError as error:
        raise TargetError(
            "the target is there already", where=str(target), hint="Use --overwrite to replace it."
        ) from error
    except OSError as error:
        raise TargetError(
            "the target cannot be written", where=str(target), found=error.strerror or str(error)
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
