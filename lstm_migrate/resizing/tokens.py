"""Tokens: inputs of the model that are numbers of an Embedding's rows, and what they are afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Graph, LayerPath
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.change import Change
from lstm_migrate.resizing.followed import COMPUTED, Followed
from lstm_migrate.restriction import NEW, Places

MASKED = 0
"""The token that says that nothing stands there, if a table masks."""


def renumbered(graph: Graph, followed: Followed, requests: Sequence[Request]) -> dict[int, Places]:
    """By number of an input of the model `graph`: for each token that it took the new one, NEW if it is lost.

    PlanError where tokens would mean something else to another layer than to the one whose rows change.
    """
    found: dict[int, Places] = {}
    problems: list[Problem] = []
    tables, layers = followed.tokens, dict(graph.walk())
    for request in requests:
        if request.kind != "rows" or _keeps_numbers(request.asked.change):
            continue
        new = _numbers(request.asked.change)
        fed = tables.get(request.path, set())
        problems += _unheard(request, fed)
        if layers[request.path].config.get("mask_zero") and new[MASKED] != MASKED:
            problems.append(_unmasked(request))
        for number in fed - {COMPUTED}:
            others = {path for path, known in tables.items() if number in known} - {request.path}
            agree = all(_same(other, request, requests) for other in others)
            if not agree or found.setdefault(number, new) != new:
                problems.append(_shared(request, graph.inputs[number], sorted(others)))
    if problems:
        raise PlanError(list(dict.fromkeys(problems)))
    return found


def _unheard(request: Request, fed: set[int]) -> Iterator[Problem]:
    if not fed or COMPUTED in fed:
        yield Problem(
            f"{request.asked.of} get other numbers, and the model computes by itself which ones it looks up",
            where=request.asked.rule,
            expected="rows that are added behind the others",
        )


def _unmasked(request: Request) -> Problem:
    return Problem(
        f"row {MASKED} of {request.asked.of.removeprefix('rows of ')} stands for steps that are not there "
        "(mask_zero), and must stay where it is",
        where=request.asked.rule,
        hint="Begin the new vocabulary with the same token, or with numbers from 1 on.",
    )


def _shared(request: Request, name: str, others: Sequence[LayerPath]) -> Problem:
    return Problem(
        f"input {name} is looked up in other tables too, whose rows keep their numbers",
        where=request.asked.rule,
        found=", ".join("/".join(path) for path in others),
        expected="the same vocabulary for all of them",
    )


def _same(other: LayerPath, request: Request, requests: Sequence[Request]) -> bool:
    """Whether another table's rows are renumbered in the same way."""
    return any(
        one.kind == "rows"
        and one.path == other
        and _numbers(one.asked.change) == _numbers(request.asked.change)
        for one in requests
    )


def _numbers(change: Change) -> Places:
    new = {place: number for number, place in enumerate(change.places) if not change.fresh[number]}
    return tuple(new.get(place, NEW) for place in range(change.before))


def _keeps_numbers(change: Change) -> bool:
    """Whether all rows stay, and new ones come behind them only."""
    return change.places[: change.before] == tuple(range(change.before))
