"""Real conversions, held open: what the verifier judges, to be spoilt on purpose."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.verification.subject import Subject
from tests.corpus.expect import source_of


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    """Keras warns that masks end at layers that ended them in old Keras, too."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"keras\.")
        yield


@pytest.fixture(scope="session")
def subject_for() -> Iterator[Callable[[str], Subject]]:
    """case → Subject, converted once; whoever changes its target changes it back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras  # noqa: F401  warns while it is imported
    with ExitStack() as kept:
        yield cache(lambda case: _subject(case, kept))


def _subject(case: str, kept: ExitStack) -> Subject:
    from lstm_migrate.opening import planned
    from lstm_migrate.proving import subject_of
    from lstm_migrate.targets.reopened import reopen
    from lstm_migrate.targets.writing import write_model

    folder = kept.enter_context(tempfile.TemporaryDirectory())
    file = Path(folder) / "new.keras"
    found: Any = kept.enter_context(planned(source_of(case)))
    write_model(
        found.plan, found.checkpoint.read, file, found.target.activation_name, lambda done, total: None
    )
    # Arrays found equal are not put in each other's place: the target's will be spoilt.
    return replace(subject_of(found, reopen(file)), settle=lambda name, array: None)
