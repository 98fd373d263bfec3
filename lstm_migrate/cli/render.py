"""Draws a document as plain lines, for pipes and log files: no colour, no box, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_migrate.cli.document import Block, Document, Facts, Sentence, Table, Text
from lstm_migrate.cli.output import printable

GAP = "  "


def text(document: Document) -> str:
    """The whole document, its blocks parted by an empty line."""
    return "\n\n".join("\n".join(_lines(block)) for block in document)


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Sentence):
        yield printable(block.text)
    elif isinstance(block, Text):
        yield from (block.title, *map(printable, block.lines))
    elif isinstance(block, Facts):
        yield from _aligned(block.rows)
    else:
        yield block.title
        yield from (GAP + line for line in _aligned((block.columns, *block.rows), _right(block)))


def _right(table: Table) -> frozenset[int]:
    return frozenset(table.columns.index(name) for name in table.numbers)


def _aligned(rows: tuple[tuple[str, ...], ...], right: frozenset[int] = frozenset()) -> Iterator[str]:
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield GAP.join(cells).rstrip()
