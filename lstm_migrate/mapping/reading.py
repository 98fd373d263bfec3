"""Reading the YAML of a mapping file and holding it against the grammar: `Reading`.

It keeps everything that is wrong, so that `loading.py` can add what only the meaning shows and tell the
user all of it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lstm_migrate.errors import MappingError, Problem, SourceError
from lstm_migrate.mapping.complaints import Complaint, complaints, forgotten, placed
from lstm_migrate.mapping.document import Document
from lstm_migrate.readers.yaml_text import Parsed, read_plain

MAX_BYTES = 4 << 20
VERSION = 1
MOST_ROUNDS = 4
# Facts that build on others of their layout, which a wrong one may lack.
_OF_THE_WHOLE = ("entry", "names", "bias", "orientation")


@dataclass(frozen=True)
class Reading:
    """A mapping file as far as it can be read.

    `document` is without the parts that `wrong` complains of; None if not even the rest makes sense.
    """

    parsed: Parsed
    document: Document | None
    wrong: Sequence[Complaint] = field(default_factory=tuple)

    def whole(self, further: Sequence[Complaint] = ()) -> Document:
        """The document; MappingError with everything that is wrong, `further` things among it."""
        more = [complaint for complaint in further if not self._follows(complaint)]
        problems = placed([*self.wrong, *more], self.parsed)
        told = {problem.where for problem in self.parsed.problems}
        problems = [problem for problem in problems if problem.where not in told]
        if self.parsed.problems or problems or self.document is None:
            raise MappingError(placed([], self.parsed, [*self.parsed.problems, *problems]))
        return self.document

    def _follows(self, complaint: Complaint) -> bool:
        """Whether it may only be about what `document` lacks."""
        wrong = [other.path for other in self.wrong if other.path[:2] == complaint.path[:2]]
        if not wrong:
            return False
        if len(complaint.path) > 2 and any(path[: len(complaint.path)] == complaint.path for path in wrong):
            return True
        key = str(complaint.path[2]) if len(complaint.path) > 2 else "entry"
        if any(path == complaint.path[: len(path)] for path in wrong) or key in _OF_THE_WHOLE:
            return True
        return key == "gates" and any(path[2:3] == ("coupled",) for path in wrong)


def read(path: Path) -> Reading:
    """The mapping file at `path`; MappingError if it is no YAML at all."""
    parsed = _parsed(path)
    value = parsed.value
    try:
        return Reading(parsed, Document.model_validate(value), forgotten(value))
    except ValidationError as error:
        told = complaints(error, value)
        places = {complaint.path for complaint in told}
        wrong = [*told, *(complaint for complaint in forgotten(value) if complaint.path not in places)]
    if parsed.root is None:
        empty = Problem("the mapping file is empty", expected="version: 1, then sections such as layers:")
        return Reading(parsed, None, [Complaint((), empty)])
    return Reading(parsed, _rest(value, wrong), wrong)


def load_document(path: Path) -> Document:
    """The shipped mapping file at `path`; MappingError with every problem, each at its line and column."""
    return read(path).whole()


def _parsed(path: Path) -> Parsed:
    try:
        if not path.is_file() and path.exists():
            raise MappingError(
                "it cannot be read", where=str(path), found="no file", expected="a mapping file"
            )
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MappingError(
            "the mapping file cannot be read", where=str(path), found=error.strerror or ""
        ) from error
    if len(text) > MAX_BYTES:
        raise MappingError(
            "too large for a mapping file",
            where=str(path),
            found=f"{len(text)} bytes",
            expected=f"at most {MAX_BYTES}",
        )
    try:
        return read_plain(text, str(path))
    except SourceError as error:
        raise MappingError(error.problems) from error


def _rest(value: Any, wrong: Sequence[Complaint]) -> Document | None:
    """What the grammar accepts of `value`: without its wrong keys, then without what lacks them."""
    for _ in range(MOST_ROUNDS):
        value = _without(value, wrong)
        try:
            return Document.model_validate(value)
        except ValidationError as error:
            wrong = complaints(error, value)
    return None


def _without(value: Any, wrong: Sequence[Complaint]) -> Any:
    """`value` without what is complained of: the rest may have problems of its own."""
    rest = deepcopy(value)
    if not isinstance(rest, dict):
        return rest
    # From the back, so that positions in lists stay what they are.
    for complaint in sorted(wrong, key=_in_order, reverse=True):
        inner: Any = rest
        for part in complaint.path[:-1]:
            inner = inner[part] if _holds(inner, part) else None
        if complaint.path and _holds(inner, complaint.path[-1]):
            del inner[complaint.path[-1]]
    return rest | {"version": VERSION}


def _in_order(complaint: Complaint) -> list[str]:
    return [str(part).zfill(9) for part in complaint.path]


def _holds(value: Any, part: int | str) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)
