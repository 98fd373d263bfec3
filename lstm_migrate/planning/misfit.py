"""Misfit: an architecture and weights that do not belong together, laid side by side in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import Problem
from lstm_migrate.planning.slots import Slot

ROWS_BEFORE, ROWS_BEHIND = 3, 8  # how much of the table is shown around the first difference

Row = tuple[str, str, str]


def misfit(
    stored: Mapping[str, Sequence[str]], wanted: Mapping[str, Sequence[Slot]], checkpoint: Checkpoint
) -> Problem:
    """The problem, with the two lists side by side and the first row in which they differ."""
    names = [name for group in stored.values() for name in group]
    slots = [slot for layer in wanted.values() for slot in layer]
    if stored.keys() == wanted.keys():
        rows = [row for group in stored for row in _rows(stored[group], wanted[group], checkpoint)]
    else:
        rows = list(_rows(names, slots, checkpoint))
    first = next((number for number, row in enumerate(rows) if row[2] != "fits"), 0)
    shown = rows[max(0, first - ROWS_BEFORE) : first + ROWS_BEHIND]
    return Problem(
        "the weights do not fit the architecture",
        where=str(checkpoint.path),
        found=f"{len(names)} arrays in {sum(map(bool, stored.values()))} layers; first difference in row "
        f"{first + 1}",
        expected=f"{len(slots)} arrays in {sum(map(bool, wanted.values()))} layers",
        hint="Is it the architecture of these weights, with the same sizes (units, vocabulary)?",
        rows=tuple(_table(shown, max(0, first - ROWS_BEFORE))),
    )


def _rows(names: Sequence[str], slots: Sequence[Slot], checkpoint: Checkpoint) -> Iterator[Row]:
    for name, slot in zip_longest(names, slots):
        shape = checkpoint.tensors[name].shape if name is not None else ()
        left = "(nothing)" if name is None else f"{name} {shape}"
        right = "(nothing)" if slot is None else f"{slot.title()} {slot.expected()}"
        fits = name is not None and slot is not None and slot.fits(shape)
        fits = fits and not (slot.declared and slot.called not in name)
        yield left, right, "fits" if fits else "differs"


def _table(rows: Sequence[Row], skipped: int) -> list[str]:
    listed = [("source tensors", "target variables", "shapes"), *rows]
    widths = [max(len(row[column]) for row in listed) for column in range(2)]
    return [
        f"{'' if not number else number + skipped:>5}  {left:<{widths[0]}} | {right:<{widths[1]}} | {fits}"
        for number, (left, right, fits) in enumerate(listed)
    ]
