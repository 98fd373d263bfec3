"""Draws documents and progress on a terminal, with rich. Imported only where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table as Grid
from rich.text import Text

from lstm_migrate.cli import document as said
from lstm_migrate.cli.output import printable

STYLES = {
    "verified": "bold green",
    "unproven": "bold yellow",
    "failed": "bold red",
    "inconclusive": "bold red",
    "fits": "green",
    "mended": "bold yellow",
    "misfit": "bold red",
    "differs": "yellow",
    "missing": "red",
    "extra": "red",
}
NARROW = 13
"""Columns up to this wide are never broken; the wide ones share what is left."""


def show(document: said.Document, console: Console | None = None) -> None:
    """Prints the document on stdout."""
    console = console or Console(highlight=False)
    for block in document:
        console.print(_drawn(block))


@contextmanager
def bar(console: Console | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr that vanishes when the work is done. A total of 0 means unknown."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console or Console(stderr=True), transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total or None)
            shown.update(tasks[stage], completed=done, total=total or None)

        yield progress


def _drawn(block: said.Block) -> RenderableType:
    if isinstance(block, said.Sentence):
        return _text(block.text, STYLES.get(block.verdict, ""))
    if isinstance(block, said.Facts):
        return _facts(block)
    if isinstance(block, said.Text):
        return Text.assemble((block.title, "bold"), *(f"\n{printable(line)}" for line in block.lines))
    return _table(block)


def _facts(block: said.Facts) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in block.rows:
        grid.add_row(_text(name), _text(value))
    return grid


def _table(block: said.Table) -> Grid:
    grid = Grid(title=block.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name, cells in zip(block.columns, zip(*block.rows, strict=True), strict=True):
        grid.add_column(
            name,
            justify="right" if name in block.numbers else "left",
            overflow="fold",
            no_wrap=max(len(name), *map(len, cells)) <= NARROW,
        )
    for row in block.rows:
        grid.add_row(*(_text(cell, STYLES.get(cell, "")) for cell in row))
    return grid


def _text(value: str, style: str = "") -> Text:
    # Text, not str: square brackets in a name are no markup.
    return Text(printable(value), style=style)
