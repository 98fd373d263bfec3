"""The written file, opened again by plain Keras: what a user will have."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lstm_migrate.errors import TargetError
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.targets.keras_model import no_initial_values
from lstm_migrate.targets.variables import variables

Array = NDArray[Any]


class Reopened:
    """A `.keras` file opened with `keras.models.load_model`, in safe mode and without custom objects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with no_initial_values():
            self.model = keras.models.load_model(path, compile=False)

    def config(self) -> Mapping[str, Any]:
        """The model's config as the file states it."""
        with zipfile.ZipFile(self.path) as archive:
            found: Mapping[str, Any] = json.loads(archive.read("config.json"))
        return found

    def weights(self, graph: Graph) -> dict[WeightKey, Array]:
        """Every variable's values, by its place in `graph`."""
        return {
            key: np.asarray(keras.ops.convert_to_numpy(variable.value))
            for key, variable in variables(self.model, graph).items()
        }

    def outputs(self, inputs: Sequence[Array]) -> list[Array]:
        """The model's outputs in inference mode, flattened in Keras's own order."""
        fed = [keras.ops.convert_to_tensor(value) for value in inputs]
        found = self.model(fed if len(fed) > 1 else fed[0], training=False)
        return [keras.ops.convert_to_numpy(item) for item in keras.tree.flatten(found)]

    def reset_states(self) -> None:
        """Sets every stateful layer back to its first state."""
        for layer in self.model._flatten_layers():
            # Keras's own reset_states fails on ConvLSTM and on stacked cells.
            if getattr(layer, "stateful", False):
                for state in keras.tree.flatten(getattr(layer, "states", None) or []):
                    state.assign(keras.ops.zeros_like(state))


def reopen(path: Path) -> Reopened:
    """Opens the file; TargetError if plain Keras cannot."""
    try:
        return Reopened(path)
    except Exception as error:
        # Keras raises any kind of exception here.
        said = " ".join(str(error).split())[:300]
        raise TargetError(
            "Keras 3 cannot open the written file", where=str(path), found=f"{type(error).__name__}: {said}"
        ) from error


def backend() -> tuple[str, str]:
    """(Keras's version, its backend)."""
    return str(keras.__version__), str(keras.backend.backend())
