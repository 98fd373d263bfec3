"""Where things go: results to stdout, progress and messages to stderr, reports to a file.

Also the one place where an error becomes a message and an exit code.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from lstm_migrate.cli.noise import TRACEBACK, kept_away
from lstm_migrate.errors import LstmMigrateError, TargetError, UsageError

if TYPE_CHECKING:
    from lstm_migrate.report import Diagnosis, Inspection, MappingCheck, MappingList, PlanReport, Report

    Result = Inspection | PlanReport | Report | Diagnosis | MappingCheck | MappingList

Progress = Callable[[str, int, int], None]

INTERRUPTED = 130
MOST_PROBLEMS = 100
"""A damaged file can have a problem in each of a million places; nobody reads them all."""


@dataclass(frozen=True)
class Output:
    """How one command shows its result: JSON, tables on a terminal, or plain lines in a pipe."""

    as_json: bool = False
    quiet: bool = False

    def result(self, value: Result) -> None:
        """Shows what the pipeline returned."""
        if self.as_json:
            _write(sys.stdout, value.to_json())
        elif not self.quiet:
            from lstm_migrate.cli import document

            if sys.stdout.isatty():
                from lstm_migrate.cli import terminal

                terminal.show(document.of(value))
            else:
                from lstm_migrate.cli import render

                _write(sys.stdout, render.text(document.of(value)))

    @contextmanager
    def long_work(self) -> Iterator[Progress]:
        """Around a call that may load a framework: shows its progress and keeps its noise away."""
        with kept_away(), self._progress() as progress:
            yield progress

    def _progress(self) -> AbstractContextManager[Progress]:
        """A bar on a terminal, a line a stage in a pipe."""
        if self.quiet:
            return _silence()
        if sys.stderr.isatty():
            from lstm_migrate.cli import terminal

            return terminal.bar()
        return _stages()


class ReportFile:
    """The file that `--report` names, if any. Wrong paths are refused before the long work starts."""

    def __init__(self, path: Path | None, *, apart_from: Sequence[Path | None]) -> None:
        self.path = path
        if path is None:
            return
        if any(other is not None and same_file(path, other) for other in apart_from):
            raise UsageError("--report names a file that the command itself uses", where=str(path))
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(
                "the report cannot be written there",
                where=str(path),
                hint="Name a file in a folder that exists.",
            )

    def write(self, report: Report) -> None:
        """Writes the report, whole or not at all."""
        if self.path is None:
            return
        write_whole(self.path, report.to_json() + "\n", "the report")


def write_whole(path: Path, text: str, what: str) -> None:
    """Writes a text file, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise TargetError(f"{what} cannot be written: {error.strerror}", where=str(path)) from error


@contextmanager
def failures_shown() -> Iterator[None]:
    """Turns what goes wrong inside into a message on stderr and the exit code of its kind."""
    try:
        yield
    except LstmMigrateError as error:
        _show_problems(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        _write(sys.stderr, "interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        _show_bug(error)
        raise typer.Exit(1) from error


def _show_problems(error: LstmMigrateError) -> None:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    for problem in error.problems[:MOST_PROBLEMS]:
        _write(sys.stderr, f"error: {printable(problem.sentence())}")
        for row in problem.rows:
            _write(sys.stderr, printable(row))
    if (rest := len(error.problems) - MOST_PROBLEMS) > 0:
        _write(sys.stderr, f"error: … and {rest} more")


def _show_bug(error: Exception) -> None:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    what = printable(f"{type(error).__name__}: {error}")
    _write(sys.stderr, f"error: this is a bug in lstm-migrate: {what}")
    if not os.environ.get(TRACEBACK):
        _write(sys.stderr, f"Set {TRACEBACK}=1 to see the traceback; please report it.")


def printable(value: str) -> str:
    """`value` with control characters escaped: a layer's name must not steer a terminal."""
    if value.isprintable():
        return value
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in value
    )


def shown(text: str) -> None:
    """Shows a text as it is, on stdout."""
    _write(sys.stdout, text.removesuffix("\n"))


def _write(stream: TextIO, text: str) -> None:
    # A model's names may hold what this terminal's encoding lacks: show it escaped, do not fail.
    encoding = stream.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. What was asked for is done, so the exit code stays;
        # without the next line Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def same_file(one: Path, other: Path) -> bool:
    """Whether both paths name one file, if it is there or not."""
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


@contextmanager
def _silence() -> Iterator[Progress]:
    yield lambda stage, done, total: None


@contextmanager
def _stages() -> Iterator[Progress]:
    seen: set[str] = set()

    def progress(stage: str, done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            _write(sys.stderr, f"{printable(stage)} …")

    yield progress
