"""Which reader of configs an era needs: tf.keras went on with the shapes of Keras 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture import keras0, keras1, keras2, keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import PlanError, SourceError
from lstm_migrate.graph import Graph
from lstm_migrate.mapping.vocabulary import version_numbers

Reader = Callable[[Mapping[str, Any], Draft], Graph]

# The first version that is no longer meant, of standalone Keras → its reader.
KERAS: tuple[tuple[tuple[int, ...], Reader], ...] = (
    ((1,), keras0.read),
    ((2,), keras1.read),
    ((3,), keras2.read),
    ((4,), keras3.read),
)


def read_config(config: Mapping[str, Any], writer: Writer, draft: Draft) -> Graph:
    """The Graph of a config, read as its writer meant it; every error says where, if only in the config."""
    try:
        return _reader(writer)(config, draft)
    except (PlanError, SourceError) as error:
        placed = [replace(problem, where=problem.where or "the model's config") for problem in error.problems]
        raise type(error)(placed) from error


def _reader(writer: Writer) -> Reader:
    if writer.name == "tf.keras":
        return keras2.read
    version = version_numbers(writer.version)
    return next(read for end, read in KERAS if version < end)
