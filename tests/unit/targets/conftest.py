from __future__ import annotations

import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def keras() -> Any:
    """Keras, imported once; it and TensorFlow warn of what is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        return keras
