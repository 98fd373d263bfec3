"""Draft: what the readers of old configs share while they build a Graph.

It collects notes and problems, so that a user hears all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.architecture.replacing import Replacing
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.report import Note, NoteKind

MAX_NESTING = 60
MAX_LAYERS = 100_000


@dataclass
class Draft:
    """The state of one reading. `floatx`: the dtype of layers whose config names none;
    `input_width` and `group_names`: the widths and names that the file's arrays tell; `replacing`: what
    a mapping file puts in a layer's place."""

    vocabulary: Vocabulary
    floatx: str = "float32"
    input_width: Mapping[str, int] = field(default_factory=dict)
    group_names: tuple[str, ...] = ()
    notes: dict[Note, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    replacing: Replacing = field(default_factory=Replacing)
    layer_count: int = 0
    depth: int = 0

    def note(self, kind: NoteKind, where: str, text: str) -> None:
        """One thing to tell the user, once."""
        self.notes.setdefault(Note(kind, where, text))

    def problem(self, what: str, where: str, **facts: Any) -> None:
        """One reason why there is no plan."""
        self.problems.append(Problem(what, where, **facts))

    def finish(self, graph: Graph | None) -> Graph:
        """The Graph, or all the problems."""
        if self.problems or graph is None:
            raise PlanError(self.problems or [Problem("the config holds no model")])
        return graph


def text(value: Any, limit: int = 80) -> str:
    """`value` short enough for a message."""
    shown = str(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
