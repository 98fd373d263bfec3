"""Axis expressions as mixed-radix numbers: where in an array an element with given coordinates stands.

Along each axis of an array, a position is a number whose digits are the coordinates of the axis's
symbols, the last one fastest; the parts of a stack ("x + h") follow one another. That is all there is to
an expression: nothing is reshaped or transposed here, and no code is the converter's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from lstm_migrate.reference.scope import Array

TOKENS = re.compile(r"[a-z][a-z0-9_]*|[()+~]")


class Misdeclared(Exception):
    """The declaration does not fit the arrays, or leaves open what they hold."""


class Digit(NamedTuple):
    """A symbol as it stands in an expression; `flipped` if its positions count from the end."""

    name: str
    flipped: bool = False


Part = tuple[Digit, ...]
Stack = tuple[Part, ...]


@dataclass(frozen=True)
class Block:
    """Of each axis one part, and the parts before it."""

    parts: tuple[Part, ...]
    before: tuple[Stack, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(digit.name for part in self.parts for digit in part)


class Declared(NamedTuple):
    """An array's axes, its shape, and the sizes that are its own alone (of "gate")."""

    axes: tuple[Stack, ...]
    shape: tuple[int, ...]
    own: Mapping[str, int]


def axes_of(expression: str) -> tuple[Stack, ...]:
    """The axes of "(x + ~h) (gate u)", each a stack of parts, mostly of one."""
    axes: list[list[list[Digit]]] = []
    depth, flipped = 0, False
    for token in TOKENS.findall(expression):
        if token in "()":
            axes += [[[]]] * (token == "(" and not depth)
            depth += 1 if token == "(" else -1
        elif token == "+":
            axes[-1].append([])
        elif token == "~":
            flipped = True
        else:
            axes += [] if depth else [[[]]]
            axes[-1][-1].append(Digit(token, flipped))
            flipped = False
    return tuple(tuple(tuple(part) for part in stack) for stack in axes)


def blocks_of(axes: Sequence[Stack]) -> Iterator[Block]:
    """Every combination of the stacks' parts."""
    for choice in product(*(range(len(stack)) for stack in axes)):
        chosen = list(zip(axes, choice, strict=True))
        yield Block(tuple(stack[at] for stack, at in chosen), tuple(stack[:at] for stack, at in chosen))


def length(stack: Stack, sizes: Mapping[str, int]) -> int:
    """How long an axis is."""
    return sum(prod(sizes[digit.name] for digit in part) for part in stack)


def solved(arrays: Iterable[Declared], known: Mapping[str, int], same: Mapping[str, str]) -> dict[str, int]:
    """The sizes that follow from the arrays' shapes; `same` names what is as large as another symbol.

    Raises Misdeclared if there are none, or more than one answer.
    """
    sizes, waiting = dict(known), []
    for axes, shape, own in arrays:
        if len(axes) != len(shape):
            raise Misdeclared(f"an array of shape {shape} does not have the axes of {spelled(axes)!r}")
        waiting += [(stack, size, own) for stack, size in zip(axes, shape, strict=True)]
    everything = list(waiting)
    while waiting:
        left = [item for item in waiting if not _solve(*item, sizes, same)]
        if len(left) == len(waiting):
            texts = ", ".join(repr(spelled([stack])) for stack, _, _ in left)
            raise Misdeclared(f"the sizes in {texts} do not follow from the shapes")
        waiting = left
    sizes |= {name: sizes[other] for name, other in same.items() if other in sizes}
    for stack, size, own in everything:
        if length(stack, {**sizes, **own}) != size:
            raise Misdeclared(f"an axis of {size} cannot be {spelled([stack])!r}")
    return sizes


def _solve(
    stack: Stack, size: int, own: Mapping[str, int], sizes: dict[str, int], same: Mapping[str, str]
) -> bool:
    """Whether the axis leaves no size open; one unknown is found, as a length only grows with it."""
    names = {same.get(digit.name, digit.name) for part in stack for digit in part}
    unknown = names - sizes.keys() - own.keys()
    if len(unknown) == 1:
        (name,) = unknown
        twins = [name, *(twin for twin, other in same.items() if other == name)]
        others = {twin: sizes[other] for twin, other in same.items() if other in sizes}

        def grown(guess: int) -> int:
            return length(stack, {**sizes, **others, **own, **dict.fromkeys(twins, guess)})

        sizes[name] = bisect_left(range(size + 1), size, key=grown)
    return len(unknown) < 2


def positions(
    block: Block, sizes: Mapping[str, int], at: Mapping[str, Any], poured: Sequence[str] = ()
) -> tuple[Array, ...]:
    """Along each axis of the array, where the elements with the coordinates `at` stand."""
    found = dict(at)
    if poured:
        # In memory, a gate's block lies in the poured order: the place that this gives, read as if the
        # block lay plainly, says where in the array it is.
        plain = [digit.name for part in block.parts for digit in part if digit.name in poured]
        if sorted(plain) != sorted(poured):
            raise Misdeclared(f"{' '.join(poured)!r} is poured, but not in every block")
        found |= digits(number(found, poured, sizes), plain, sizes)
    where = []
    for part, before in zip(block.parts, block.before, strict=True):
        turned = {
            digit.name: sizes[digit.name] - 1 - found[digit.name] if digit.flipped else found[digit.name]
            for digit in part
        }
        where.append(np.asarray(length(before, sizes) + number(turned, [d.name for d in part], sizes)))
    return tuple(where)


def number(values: Mapping[str, Any], names: Sequence[str], sizes: Mapping[str, int]) -> Any:
    """The number whose digits, the largest first, are the values of `names`."""
    total: Any = 0
    for name in names:
        total = total * sizes[name] + values[name]
    return total


def digits(numbers: Any, names: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Any]:
    """The inverse of `number`."""
    found = {}
    place = prod(sizes[name] for name in names)
    for name in names:
        place //= sizes[name]
        found[name] = numbers // place % sizes[name]
    return found


def spelled(axes: Iterable[Stack]) -> str:
    """The expression as people write it."""
    texts = []
    for stack in axes:
        text = " + ".join(" ".join("~" * flip + name for name, flip in part) for part in stack)
        texts.append(f"({text})" if len(stack) > 1 or len(stack[0]) > 1 else text)
    return " ".join(texts)
