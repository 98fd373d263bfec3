"""Checkpoint: what a source file holds, before anyone asks what it means.

Names, shapes and dtypes are there at once; values are read when asked for. It knows nothing of cells
or layers: `readers/` makes Checkpoints, `architecture/` and `planning/` give their tensors a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Blocks = Iterator[tuple[slice, NDArray[Any]]]
"""Parts of a tensor with where they stand along its first axis."""


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as its header describes it. `dtype` is NumPy's name for it ("float32"), or "bfloat16"."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        size = 2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize
        return prod(self.shape) * size


@dataclass(frozen=True)
class Writer:
    """Who wrote the file, and how we know.

    `name`: "keras", "tf.keras" or "unknown"; `version` as the file states it ("2.2.4-tf"), "" if it
    does not; `backend`: "tensorflow", "theano", "cntk" or "".
    """

    name: str
    version: str
    backend: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """An opened source.

    `format`: "keras-hdf5" for a full model, "keras-hdf5-weights" without a config; "keras-archive" for a
    `.keras` file, "keras-store" for a `.weights.h5` file or its shards; "npz" and "safetensors" for named
    tensors alone, without `groups`.
    `groups`: for each layer of the file, in its order, the names of its tensors in their order; in a
    store for each object that has variables, by its path ("layers/lstm/cell").
    `tensors`: by name, "<layer>/<weight name>" as they stand below the weights group; in a store by path.
    `architecture`: the model's config as JSON, parsed; None if the file has none. `writer` is who wrote
    the config, `stored_by` who wrote the file if the config comes from elsewhere.
    `left_behind`: what else the file holds and nobody reads, e.g. {"optimizer_weights": 12 tensors}.
    `read(name)` gives the values, `blocks(name)` the same a few rows at a time; the file is closed when
    the Checkpoint's `with` block ends. `read_blocks` is None where a format cannot be read in parts.
    """

    path: Path
    format: str
    writer: Writer
    groups: Mapping[str, tuple[str, ...]]
    tensors: Mapping[str, TensorInfo]
    architecture: Mapping[str, Any] | None
    left_behind: Mapping[str, str] = field(default_factory=dict)
    stored_by: Writer | None = None
    read_values: Callable[[str], NDArray[Any]] = field(repr=False, default=None)  # type: ignore[assignment]
    read_blocks: Callable[[str], Blocks] | None = field(repr=False, default=None)
    close: Callable[[], None] = field(repr=False, default=lambda: None)

    def read(self, name: str) -> NDArray[Any]:
        """The values of one tensor, read from the file now."""
        return self.read_values(name)

    def blocks(self, name: str) -> Blocks:
        """The values a few rows at a time, for tensors that are too large to be held twice."""
        if self.read_blocks is None:
            return iter([(slice(None), self.read(name))])
        return self.read_blocks(name)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
