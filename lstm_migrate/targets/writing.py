"""Plan → a `.keras` file beside the destination, and its move into place.

The destination is never touched before `Partial.commit`: it is written beside, verified, then moved.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lstm_migrate.errors import TargetError
from lstm_migrate.planning.plan import Plan
from lstm_migrate.reference.scope import Array
from lstm_migrate.targets.keras_model import ActivationName, Builder
from lstm_migrate.targets.variables import fill, variables

SUFFIX = ".keras"


@contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; whatever stands there afterwards is removed."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.partial-", suffix=SUFFIX, dir=target.parent)
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


def write_model(
    plan: Plan,
    read: Callable[[str], Array],
    path: Path,
    activation_name: ActivationName,
    advance: Callable[[int, int], None],
) -> None:
    """Builds the target model, fills every variable by the Plan, tensor by tensor, and saves it at `path`."""
    model = Builder(activation_name).model(plan.target)
    waiting = variables(model, plan.target)
    for number, assignment in enumerate(plan.assignments):
        advance(number, len(plan.assignments))
        variable = waiting.pop(assignment.target, None)
        if variable is None:
            raise TargetError(
                "the target model has no such variable",
                where=str(assignment.target),
                found=", ".join(str(key) for key in list(waiting)[:6]),
            )
        fill(variable, assignment.target, assignment.run(read))
    if waiting:
        raise TargetError(
            "variables of the target were not filled", found=", ".join(str(key) for key in waiting)
        )
    _save(model, path)


def _save(model: Any, path: Path) -> None:
    try:
        model.save(path)
    except OSError as error:
        raise TargetError(
            "the target cannot be written", where=str(path.parent), found=error.strerror or str(error)
        ) from error
