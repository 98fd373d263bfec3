"""What can go wrong, as a tree of exceptions that keep their subject; and the exit codes.

    LstmMigrateError
    ├── UsageError          2  the call itself is wrong: paths or options that contradict each other
    ├── SourceError         3  the source cannot be read, is damaged or unsafe
    ├── MappingError        4  the mapping file is wrong
    ├── PlanError           5  file, mapping and target do not fit, or a meaning cannot be carried over
    ├── TargetError         6  the target cannot be written
    └── VerificationError   7  verification failed or could decide nothing

Every message names what was found, what was expected, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `where` is a file, a layer path or a tensor name; `found` and `expected` say what stands there
    and what should; `hint` says what to do about it; `rows` are the lines of a table below all that.
    """

    what: str
    where: str = ""
    found: str = ""
    expected: str = ""
    hint: str = ""
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((self.sentence(), *self.rows))

    def sentence(self) -> str:
        """All but the table."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        facts = [
            f"{label} {value}"
            for label, value in (("found", self.found), ("expected", self.expected))
            if value
        ]
        if facts:
            text += f" ({', '.join(facts)})"
        return f"{text}. {self.hint}" if self.hint else text


class LstmMigrateError(Exception):
    """Base of every error that this package raises on purpose.

    `problems` holds all of them, not the first alone; `exit_code` is what the command line returns.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problems: Problem | str | Sequence[Problem], **facts: Any) -> None:
        if isinstance(problems, str):
            problems = Problem(problems, **facts)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(LstmMigrateError):
    """The call itself is wrong."""

    exit_code = 2


class SourceError(LstmMigrateError):
    """The source cannot be read, is damaged or unsafe."""

    exit_code = 3


class MappingError(LstmMigrateError):
    """The mapping file is wrong."""

    exit_code = 4


class PlanError(LstmMigrateError):
    """File, mapping and target do not fit, or a meaning cannot be carried over."""

    exit_code = 5


class TargetError(LstmMigrateError):
    """The target cannot be written."""

    exit_code = 6


class VerificationError(LstmMigrateError):
    """Verification failed, or could decide nothing: nothing is left at the target.

    `report` is the Report with the evidence as far as it went.
    """

    exit_code = 7
    report: object = None
