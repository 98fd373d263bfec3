"""What all tests of resizing share: a silent Keras, and conversions that several of them look at."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resizing.workshop import Workshop


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        yield
        # Names of layers are counted through the whole program: others' tests shall find them unused.
        keras.utils.clear_session()


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("resizing"))


@pytest.fixture
def workshop(_shared: Workshop) -> Workshop:
    return _shared


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new.keras"
