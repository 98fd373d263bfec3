from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    """Keras and TensorFlow warn of what is not ours to mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(keras|tensorflow)\.")
        yield
