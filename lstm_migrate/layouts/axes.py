"""Axis expressions: how one stored array is laid out, e.g. "(x + h) (gate u)" or "set (gate u)".

    expression  := axis+                     one axis of the array each, separated by spaces
    axis        := symbol | "~" symbol       "~": stored in reverse order (Theano's convolution kernels)
                 | "(" part ("+" part)* ")"  parts one after the other along this axis; "+" outermost only
    part        := axis+                     joined row-major: the last symbol varies fastest

Symbols: x input features, h recurrent state, u units, p projection, gate, set (input and recurrent
bias), dir (directions), layer, k0 k1 k2 (spatial kernel sizes), and any other lower-case word.
What an array is for follows from its symbols: x a kernel, h a recurrent kernel, neither a bias.
This module parses and sizes expressions; `steps.py` moves values between two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product as combinations
from math import prod
from typing import NoReturn

from lstm_migrate.errors import MappingError

MAX_DEPTH = 8

_TOKEN = re.compile(r"\s*(?:([a-z][a-z0-9_]*)|([()+~]))")


@dataclass(frozen=True)
class Symbol:
    """One named axis; `flipped` if stored in reverse."""

    name: str
    flipped: bool = False

    def __str__(self) -> str:
        return f"~{self.name}" if self.flipped else self.name


@dataclass(frozen=True)
class Group:
    """Parts one after the other along one array axis; a single part is a plain join."""

    parts: tuple[tuple[Axis, ...], ...]

    def __str__(self) -> str:
        return "(" + " + ".join(" ".join(map(str, part)) for part in self.parts) + ")"


Axis = Symbol | Group


@dataclass(frozen=True)
class Piece:
    """One unstacked block of an array: `starts`/`symbols` per array axis; what lies where.

    `axes[i]` are the symbols joined along array axis i, `offsets[i]` the axes (by symbol names) that
    come before the block there.
    """

    axes: tuple[tuple[Symbol, ...], ...]
    offsets: tuple[tuple[tuple[Symbol, ...], ...], ...]

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset(symbol.name for axis in self.axes for symbol in axis)

    def slices(self, sizes: Mapping[str, int]) -> tuple[slice, ...]:
        """Where the block lies in the array."""
        found = []
        for axis, before in zip(self.axes, self.offsets, strict=True):
            start = sum(_size(part, sizes) for part in before)
            found.append(slice(start, start + _size(axis, sizes)))
        return tuple(found)


@dataclass(frozen=True)
class Axes:
    """A parsed expression. `Axes.parse("x (gate u)").shape({"x": 5, "gate": 4, "u": 3}) == (5, 12)`."""

    items: tuple[Axis, ...]

    @staticmethod
    @cache
    def parse(text: str) -> Axes:
        """The expression `text`; raises MappingError with the column where it stops making sense."""
        return _Parser(text).expression()

    def __str__(self) -> str:
        return " ".join(map(str, self.items))

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset(symbol.name for symbol in _walk(self.items))

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The array's shape; KeyError if a symbol has no size."""
        return tuple(_axis_size(axis, sizes) for axis in self.items)

    def pieces(self) -> tuple[Piece, ...]:
        """The array's blocks: one without stacked axes, one for each combination of stacked parts."""
        choices: list[list[tuple[tuple[Symbol, ...], tuple[tuple[Symbol, ...], ...]]]] = []
        for axis in self.items:
            if isinstance(axis, Symbol):
                choices.append([((axis,), ())])
                continue
            parts = [_plain(part) for part in axis.parts]
            choices.append([(part, tuple(parts[:number])) for number, part in enumerate(parts)])
        return tuple(
            Piece(tuple(axis for axis, _ in choice), tuple(before for _, before in choice))
            for choice in combinations(*choices)
        )


def solve(axes: Axes, shape: tuple[int, ...], known: Mapping[str, int]) -> dict[str, int] | None:
    """The sizes that follow from `shape`, or None if the expression cannot have it.

    An array axis may hold one unknown symbol once; known ones must agree.
    """
    if len(shape) != len(axes.items):
        return None
    sizes = dict(known)
    waiting = list(zip(axes.items, shape, strict=True))
    progress = True
    while waiting and progress:
        progress = False
        for axis, size in list(waiting):
            unknown = [symbol.name for symbol in _walk((axis,)) if symbol.name not in sizes]
            if not unknown:
                if _axis_size(axis, sizes) != size:
                    return None
            elif len(unknown) == 1:
                found = _solve_one(axis, size, unknown[0], sizes)
                if found is None:
                    return None
                sizes[unknown[0]] = found
            else:
                continue
            waiting.remove((axis, size))
            progress = True
    return sizes if not waiting else None


def _solve_one(axis: Axis, size: int, name: str, sizes: Mapping[str, int]) -> int | None:
    # Linear in the unknown: size(n) = a + b·n, read off at n = 0 and n = 1.
    nought = _axis_size(axis, {**sizes, name: 0})
    slope = _axis_size(axis, {**sizes, name: 1}) - nought
    if slope <= 0 or (size - nought) % slope or size < nought:
        return None
    return (size - nought) // slope


def _walk(items: tuple[Axis, ...]) -> Iterator[Symbol]:
    for item in items:
        if isinstance(item, Symbol):
            yield item
        else:
            for part in item.parts:
                yield from _walk(part)


def _axis_size(axis: Axis, sizes: Mapping[str, int]) -> int:
    if isinstance(axis, Symbol):
        return sizes[axis.name]
    return sum(prod(_axis_size(item, sizes) for item in part) for part in axis.parts)


def _size(symbols: tuple[Symbol, ...], sizes: Mapping[str, int]) -> int:
    return prod(sizes[symbol.name] for symbol in symbols)


def _plain(part: tuple[Axis, ...]) -> tuple[Symbol, ...]:
    """The symbols joined in a part; a group in it is a join itself, for stacks stand outermost only."""
    flat: list[Symbol] = []
    for item in part:
        if isinstance(item, Symbol):
            flat.append(item)
        else:
            (joined,) = item.parts
            flat.extend(_plain(joined))
    return tuple(flat)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.position, self.depth = text, 0, 0
        self.seen: frozenset[str] = frozenset()  # what no further symbol of the same block may be named

    def expression(self) -> Axes:
        items = self.axes(until="")
        if not items:
            self.fail("an axis")
        return Axes(items)

    def peek(self) -> str:
        match = _TOKEN.match(self.text, self.position)
        if match:
            return match.group(1) or match.group(2)
        if self.text[self.position :].strip():
            self.fail("a symbol, '(', ')', '+' or '~'")
        return ""

    def take(self) -> str:
        token = self.peek()
        match = _TOKEN.match(self.text, self.position)
        self.position = match.end() if match else len(self.text)
        return token

    def axes(self, until: str) -> tuple[Axis, ...]:
        items: list[Axis] = []
        while (token := self.peek()) not in ("", ")", "+"):
            if token == "(":
                self.take()
                items.append(self.group())
            elif token == "~":
                self.take()
                items.append(Symbol(self.symbol(), flipped=True))
            else:
                items.append(Symbol(self.symbol()))
        if not until and self.peek():
            self.fail("the end" if items else "an axis")
        return tuple(items)

    def group(self) -> Group:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"at most {MAX_DEPTH} brackets in each other")
        parts = []
        outside, inside = self.seen, self.seen
        while True:
            # Parts of a stack lie in different blocks, so they may share symbols: "(gate u + gate u)".
            self.seen = outside
            parts.append(self.axes(until="+)"))
            inside |= self.seen
            if not parts[-1]:
                self.fail("a symbol")
            if self.peek() == "" or (self.peek() == "+" and self.depth > 1):
                self.fail("')'")
            if self.take() == ")":
                self.seen = inside
                self.depth -= 1
                return Group(tuple(parts))

    def symbol(self) -> str:
        token = self.peek()
        if not token[:1].isalpha():
            self.fail("a symbol")
        if token in self.seen:
            self.fail("each symbol once in a block")
        self.seen |= {token}
        return self.take()

    def fail(self, expected: str) -> NoReturn:
        rest = self.text[self.position :]
        raise MappingError(
            "not an axis expression",
            where=f"{self.text!r}, column {len(self.text) - len(rest.lstrip()) + 1}",
            found=rest.strip()[:20] or "the end",
            expected=expected,
        )
