"""The written file, opened again by plain Keras: what a user will have."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lstm_migrate.errors import TargetError
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.targets.keras_model import no_initial_values
from lstm_migrate.targets.lending import lent_values
from lstm_migrate.targets.variables import by_order, variables

Array = NDArray[Any]

LARGE_BYTES = 64 << 20  # archives above it are unpacked before they are opened


class Reopened:
    """A `.keras` file opened with `keras.models.load_model`, in safe mode and with the user's own `custom`
    objects alone."""

    def __init__(self, path: Path, custom: Mapping[str, Any] | None = None) -> None:
        self.path = path
        with no_initial_values(), lent_values(), _streamable(path) as place:
            self.model = keras.models.load_model(place, custom_objects=custom, compile=False)

    def config(self) -> Mapping[str, Any]:
        """The model's config as the file states it."""
        with zipfile.ZipFile(self.path) as archive:
            found: Mapping[str, Any] = json.loads(archive.read("config.json"))
        return found

    def weights(self, graph: Graph) -> Mapping[WeightKey, Array]:
        """Every variable's values, by its place in `graph`."""
        return Values(variables(self.model, graph))

    def by_order(self, graph: Graph) -> list[tuple[str, str]]:
        """(layer, what is which) where a custom layer's arrays were paired by their order."""
        return [("/".join(path), said) for path, said in by_order(self.model, graph)]

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
                    state.assign(keras.ops.zeros(state.shape, dtype=state.dtype))


class Values(Mapping[WeightKey, Array]):
    """What variables hold, looked at one by one and not copied where the framework lets us look."""

    def __init__(self, found: Mapping[WeightKey, Any]) -> None:
        self._variables = found

    def __getitem__(self, key: WeightKey) -> Array:
        variable = self._variables[key]
        try:
            return np.asarray(keras.ops.stop_gradient(variable))
        except (TypeError, RuntimeError):
            # A type that NumPy lacks, or memory that it cannot see.
            return np.asarray(keras.ops.convert_to_numpy(variable.value))

    def __contains__(self, key: object) -> bool:
        return key in self._variables

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@contextmanager
def _streamable(path: Path) -> Iterator[Path]:
    """What `load_model` is to open: the archive, or for a large one the folder with what is in it.

    Of an archive Keras reads all weights into memory before it makes variables of them; from a folder
    it takes them one by one.
    """
    if path.stat().st_size < LARGE_BYTES:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix=f".{path.name}", dir=_roomy(path.parent)) as folder:
        with zipfile.ZipFile(path) as archive:
            # Reading a member to its end compares its checksum.
            archive.extractall(folder)
        yield Path(folder)


def _roomy(folder: Path) -> Path | None:
    """Where to unpack: beside the file as Keras does, or where the system keeps temporary files."""
    return folder if os.access(folder, os.W_OK) else None


def reopen(path: Path, custom: Mapping[str, Any] | None = None) -> Reopened:
    """Opens the file; TargetError if Keras, given the user's `custom` objects, cannot."""
    try:
        return Reopened(path, custom)
    except Exception as error:
        # Keras raises any kind of exception here.
        said = " ".join(str(error).split())[:300]
        raise TargetError(
            "Keras 3 cannot open the written file", where=str(path), found=f"{type(error).__name__}: {said}"
        ) from error


def backend() -> tuple[str, str]:
    """(Keras's version, its backend)."""
    return str(keras.__version__), str(keras.backend.backend())
