"""Products that sum over axes: Dot, EinsumDense, matmul and einsum, all as letters for axes."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.merging import BY_CONSTANTS, alike, broadcast
from lstm_migrate.resizing.flows.normalization import ADDING

SUMMED = "sums products over them, to which each new one that is not zero adds"
NOT_PLAIN = "is a product that nobody can follow"

Operand = Any
"""A Tensor, or an array of constants."""


def rank_of(operand: Operand) -> int:
    """How many axes it has."""
    return operand.rank if isinstance(operand, Tensor) else int(np.ndim(operand))


def product(flow: Flow, given: Given) -> Tensor:
    """ops.matmul, dot, tensordot and einsum."""
    kind = flow.layer.kind.removeprefix("ops.")
    if kind == "einsum":
        equation, *operands = given.args
        return contracted(flow, operands, *lettered(str(equation), [rank_of(one) for one in operands]))
    operands = [given.get(0, "x1"), given.get(1, "x2")]
    ranks = [rank_of(one) for one in operands]
    if kind == "tensordot":
        return contracted(flow, operands, *_tensordot(ranks, given.get(2, "axes", 2)))
    if min(ranks) < 2 or (kind == "dot" and ranks[1] != 2):
        raise Opaque(NOT_PLAIN)
    return contracted(flow, operands, *lettered("...ij,...jk->...ik", ranks))


def dot(flow: Flow, given: Given) -> Tensor:
    """The layer Dot: sums over one axis of each of two tensors, batch by batch."""
    first, second = given.tensors
    said = flow.config["axes"]
    left, right = (said, said) if isinstance(said, int) else said
    letters = ascii_lowercase[: first.rank]
    others = ascii_uppercase[: second.rank]
    mine = list(others)
    mine[0], mine[second.at(right)] = letters[0], letters[first.at(left)]
    out = "".join(one for one in letters if one != letters[first.at(left)])
    out += "".join(one for one in mine if one in others)
    made = contracted(flow, [first, second], [letters, "".join(mine)], out)
    if made.rank == 1:
        return Tensor((*made.known, flow.fixed(1, 1, "makes one number of a product")))
    return made


def lettered(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """(the letters of each operand, those of what comes out), with capitals for what "…" stands for."""
    inputs, arrow, out = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow or len(terms) != len(ranks):
        raise Opaque(NOT_PLAIN)
    hidden = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    longest = max([count for count, term in zip(hidden, terms, strict=True) if "..." in term], default=0)
    names = ascii_uppercase[:longest]
    found = [term.replace("...", names[longest - count :]) for term, count in zip(terms, hidden, strict=True)]
    wrong = any(len(term) != rank or len(set(term)) != rank for term, rank in zip(found, ranks, strict=True))
    if wrong or not equation.replace(".", "").replace(" ", "").replace("->", "").replace(",", "").islower():
        raise Opaque(NOT_PLAIN)
    return found, out.replace("...", names)


def _tensordot(ranks: Sequence[int], axes: Any) -> tuple[list[str], str]:
    first, second = ascii_lowercase[: ranks[0]], list(ascii_uppercase[: ranks[1]])
    if isinstance(axes, int):
        axes = [range(ranks[0] - axes, ranks[0]), range(axes)]
    left, right = ([one] if isinstance(one, int) else list(one) for one in axes)
    for own, other in zip(left, right, strict=True):
        second[other] = first[own]
    kept = [letter for letter in (*first, *second) if (letter in first) != (letter in second)]
    return [first, "".join(second)], "".join(kept)


def contracted(flow: Flow, operands: Sequence[Operand], terms: Sequence[str], out: str) -> Tensor:
    """The axes `out` of a product: what several operands share is alike, what is gone was summed over."""
    found: dict[str, Ids | None] = {}
    for letter in dict.fromkeys("".join(terms)):
        places = [
            (one, term.index(letter)) for one, term in zip(operands, terms, strict=True) if letter in term
        ]
        found[letter] = _shared(flow, places, hidden=letter.isupper())
        if letter not in out:
            _summed(flow, places)
    return Tensor(tuple(found[letter] for letter in out))


def _shared(flow: Flow, places: Sequence[tuple[Operand, int]], *, hidden: bool) -> Ids | None:
    tensors = [(one, axis) for one, axis in places if isinstance(one, Tensor)]
    parts = [one.known[axis] for one, axis in tensors]
    axis = tensors[0][1] if tensors else 0
    ids = broadcast(flow, parts, axis) if hidden else alike(flow, parts, axis) if parts else None
    counts = [np.shape(one)[axis] for one, axis in places if not isinstance(one, Tensor)]
    if not counts or (hidden and counts[0] == 1):
        return ids
    if ids is None or len(ids) != counts[0]:
        return flow.fixed(counts[0], axis, BY_CONSTANTS)
    flow.pin(ids, axis, BY_CONSTANTS)
    return ids


def _summed(flow: Flow, places: Sequence[tuple[Operand, int]]) -> None:
    for one, axis in places:
        if isinstance(one, Tensor):
            flow.hold(one.known[axis], axis, SUMMED, ADDING)
            flow.read(one, axis)
