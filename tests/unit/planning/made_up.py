"""Files that nobody wrote: names, shapes and a config by hand, and values that must not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.architecture import keras2
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.mapping.sources import source_vocabulary, target_vocabulary
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan

Arrays = Mapping[str, Iterable[tuple[str, tuple[int, ...]]]]


def unread(name: str) -> Any:
    raise AssertionError(f"the values of {name} were read")


def checkpoint(
    architecture: Mapping[str, Any],
    arrays: Arrays,
    *,
    writer: str = "keras",
    version: str = "2.2.4",
    backend: str = "tensorflow",
    dtype: str = "float32",
    format: str = "keras-hdf5",
) -> Checkpoint:
    """A file of these arrays, layer by layer, each with its name below the layer and its shape."""
    groups = {group: tuple(f"{group}/{name}" for name, _ in listed) for group, listed in arrays.items()}
    tensors = {
        f"{group}/{name}": TensorInfo(f"{group}/{name}", shape, dtype)
        for group, listed in arrays.items()
        for name, shape in listed
    }
    return Checkpoint(
        Path("made_up.h5"),
        format,
        Writer(writer, version, backend),
        groups,
        tensors,
        architecture,
        read_values=unread,
    )


def plan(architecture: Mapping[str, Any], arrays: Arrays, *, allow_lossy: bool = False, **facts: Any) -> Plan:
    """The plan for such a file, from headers alone."""
    file = checkpoint(architecture, arrays, **facts)
    words = source_vocabulary(file.writer)
    draft = Draft(words, file_dtype(file), group_names=tuple(file.groups))
    graph = keras2.read(architecture, draft)
    return make_plan(graph, file, words, target_vocabulary(), allow_lossy=allow_lossy)


def file_dtype(file: Checkpoint) -> str:
    """What the layers compute in; half as wide arrays are left to the layers' own policies."""
    return "float64" if any(info.dtype == "float64" for info in file.tensors.values()) else "float32"


def refused(architecture: Mapping[str, Any], arrays: Arrays, **facts: Any) -> tuple[Problem, ...]:
    """Why there is no plan."""
    with pytest.raises(PlanError) as caught:
        plan(architecture, arrays, **facts)
    assert caught.value.exit_code == 5
    return caught.value.problems


def bound(plan: Plan) -> dict[str, str]:
    """Which tensor is which array, both as they are said to people."""
    return {str(key): name for key, name in plan.bound.items()}
