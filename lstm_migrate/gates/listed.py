"""Lists of arrays in place of named gates: taken where they are what get_weights() gives, else explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from lstm_migrate.errors import Problem, UsageError
from lstm_migrate.gates.cell import Gates, Parts
from lstm_migrate.gates.packings import Entry, Reading, Shape, own_reading, readings
from lstm_migrate.gates.values import as_numbers, overflow
from lstm_migrate.layouts.steps import Array

SIZES = {"u": "units", "x": "input_features"}


def listed_changes(layer: Any, target: Gates | Parts, values: Sequence[Any]) -> list[tuple[Any, Array]]:
    """(variable, its values) for a list that fits; UsageError that explains any other."""
    found = [
        as_numbers(value, f"{target.where}: array {number} of the list")
        for number, value in enumerate(values)
    ]
    problems = [item for item in found if isinstance(item, Problem)]
    if problems:
        raise UsageError(problems)
    arrays = [item for item in found if not isinstance(item, Problem)]
    own, shapes = own_reading(layer, target), [array.shape for array in arrays]
    if [entry.shape for entry in own.entries] != shapes:
        raise UsageError(_explained(layer, target, own, shapes))
    pairs = [(entry.variable, array) for entry, array in zip(own.entries, arrays, strict=True)]
    lost = [
        overflow(array, entry.variable.numpy().dtype, f"{target.where}: {entry.label}")
        for entry, array in zip(own.entries, arrays, strict=True)
    ]
    problems = [problem for problem in lost if problem is not None]
    if problems:
        raise UsageError(problems)
    return pairs


def _explained(layer: Any, target: Gates | Parts, own: Reading, shapes: list[Shape]) -> Problem:
    """What the list is, array by array, and what to do about it."""
    able = list(readings(layer, target, len(shapes)))
    exact = next((reading for reading in able if reading.sizes(shapes) is not None), None)
    nearest = exact or max(able, key=lambda reading: reading.matches(shapes), default=own)
    listed, wanted = _sizes(exact, shapes)
    what, hint = "the list does not fit the layer", nearest.hint
    if exact is not None and exact.name:
        what = f"the list is {exact.name}"
    elif exact is not None:
        what = "the list is that of a layer of other sizes"
        hint = f"Build the layer with {listed}, or give gates by name, cut to size."
    elif nearest.name:
        what += f"; by its length it may be {nearest.name}"
    return Problem(
        what,
        target.where,
        _counted(shapes, listed),
        f"{_counted(own.entries, wanted)}: {', '.join(f'{entry.label} {entry}' for entry in own.entries)}",
        hint,
        tuple(_rows(nearest, shapes, ends=exact is None and not nearest.name)),
    )


def _counted(items: Sequence[Any], sizes: str) -> str:
    return f"{len(items)} array{'' if len(items) == 1 else 's'}{f' of {sizes}' if sizes else ''}"


def _sizes(reading: Reading | None, shapes: list[Shape]) -> tuple[str, str]:
    """The sizes in which the list and the layer differ, in words for each."""
    listed: dict[str, None] = {}
    wanted: dict[str, None] = {}
    for cell, sizes in (reading and reading.sizes(shapes)) or []:
        for symbol, word in SIZES.items():
            if symbol in sizes and sizes[symbol] != cell.sizes[symbol]:
                listed[f"{word}={sizes[symbol]}"] = None
                wanted[f"{word}={cell.sizes[symbol]}"] = None
    return ", ".join(listed), ", ".join(wanted)


def _rows(reading: Reading, shapes: list[Shape], *, ends: bool) -> Iterator[str]:
    """A line for each array; `ends`: whether to say at which gate an array ends that is too short."""
    for number, (shape, entry) in enumerate(zip_longest(shapes, reading.entries)):
        label = entry.label if entry else "nothing of this layer"
        row = f"  {number}: {label}: found {shape or 'no array'}, expected {entry or 'none'}"
        if entry is None or entry.shape != shape:
            row += f"  <- {(ends and _end(entry, shape)) or 'does not fit'}"
        yield row


def _end(entry: Entry | None, shape: Shape | None) -> str:
    """At which gate an array ends that has too few columns; "" if that is not what is wrong."""
    if not (entry and entry.form and entry.cell and shape) or shape[:-1] != entry.shape[:-1]:
        return ""
    units = entry.cell.sizes["u"]
    whole, rest = divmod(shape[-1], units)
    if str(entry.form.axes.items[-1]) != "(gate u)" or whole >= len(entry.cell):
        return ""
    gate = list(entry.cell)[whole]
    return f"{gate} has {rest} of {units} columns" if rest else f"{gate} is not in it"
