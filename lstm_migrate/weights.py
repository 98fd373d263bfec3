"""Weights: the source's arrays by where they belong, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.graph import WeightKey

KEPT_BYTES = 64 << 20  # arrays kept in memory between two readings, all together


class Weights(Mapping[WeightKey, NDArray[Any]]):
    """The arrays as stored. Small ones are kept once read, large ones read again each time.

    An array that was found to be the same bit for bit as the stored one can stand in for it (`settle`).
    """

    def __init__(self, names: Mapping[WeightKey, str], read: Callable[[str], NDArray[Any]]) -> None:
        self._names, self._read = names, read
        self._kept: dict[WeightKey, NDArray[Any]] = {}
        self._settled: dict[str, Callable[[], NDArray[Any]]] = {}
        self._bytes = 0

    def __getitem__(self, key: WeightKey) -> NDArray[Any]:
        if key in self._kept:
            return self._kept[key]
        if self._names[key] in self._settled:
            return self._settled[self._names[key]]()
        value = self._read(self._names[key])
        if self._bytes + value.nbytes <= KEPT_BYTES:
            self._kept[key] = value
            self._bytes += value.nbytes
        return value

    def settle(self, name: str, same: Callable[[], NDArray[Any]]) -> None:
        """From now on `same()` is tensor `name`: whoever says so has compared every bit of both."""
        self._settled[name] = same

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: object) -> bool:
        return key in self._names


def check_finite(checkpoint: Checkpoint, *, allow: bool) -> None:
    """SourceError that lists every tensor with NaN or infinite values, unless they are allowed."""
    if allow:
        return
    problems = []
    for name, info in checkpoint.tensors.items():
        count = _nonfinite(checkpoint, name) if info.dtype.startswith("float") else 0
        if count:
            problems.append(
                Problem(
                    f"{count} of {prod(info.shape)} values are NaN or infinite",
                    where=name,
                    expected="finite weights",
                    hint="Accept them with --allow-nonfinite.",
                )
            )
    if problems:
        raise SourceError(problems)


def _nonfinite(checkpoint: Checkpoint, name: str) -> int:
    count = 0
    for _, block in checkpoint.blocks(name):
        # A sum is finite only if all values are, short of overflow: only then are they counted.
        if not np.isfinite(np.sum(block, dtype=np.float64)):
            count += int((~np.isfinite(block)).sum())
    return count
