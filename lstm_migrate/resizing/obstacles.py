"""Obstacles: places in the model where what a rule asks of an axis cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lstm_migrate.errors import Problem
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.followed import Followed, Move, Pin

OTHERWISE: dict[frozenset[Move], str] = {
    frozenset({"copy"}): "New units that repeat old ones would count twice there: use fill: outgoing.",
    frozenset({"loud"}): "New units that say something would count there at once: use fill: outgoing.",
    frozenset({"silent"}): "New units that are always zero would say something there: use fill: duplicate.",
}
"""What to do instead, by the moves that stand in the way."""


def obstacles(
    followed: Followed, requests: Sequence[Request], changes: Changes, inputs: Sequence[str]
) -> list[Problem]:
    """Everything that stands against the requests; `inputs`: names of the model's inputs."""
    found = [problem for pin in followed.pins for problem in _at(pin, followed, requests, changes)]
    for name, dims in zip(inputs, followed.inputs, strict=True):
        for ids in dims or ():
            for number in changes.touching(ids) if ids is not None else ():
                if requests[number].kind not in ("features", "shape"):
                    found.append(_moves_input(name, requests[number]))
    for number, dims in enumerate(followed.outputs):
        for ids in dims or ():
            for request in changes.touching(ids) if ids is not None else ():
                if requests[request].kind == "features":
                    found.append(_moves_output(number, requests[request]))
    return list(dict.fromkeys(found))


def _at(pin: Pin, followed: Followed, requests: Sequence[Request], changes: Changes) -> Iterator[Problem]:
    for number in changes.touching(pin.ids):
        request = requests[number]
        wrong = moves(request) & pin.against
        if wrong == {"cut"} and not _loses(pin, followed, request):
            continue
        if wrong:
            said = f"the {request.asked.of} cannot be changed so: {'/'.join(pin.path)} {pin.why}"
            where = f"{'/'.join(pin.path)}, axis {pin.axis}"
            yield Problem(
                said, where, hint=OTHERWISE.get(frozenset(wrong), f"Leave out {request.asked.rule}.")
            )


def moves(request: Request) -> frozenset[Move]:
    """What a request does to its axis."""
    change = request.asked.change
    found: set[Move] = set()
    if change.gone:
        found.add("cut")
    if change.grows:
        found.add("grow")
    if change.copies:
        found.add("copy")
    elif change.grows and request.kind == "units" and request.fill == "incoming":
        found.add("loud")
    if change.grows and request.kind == "features":
        found.add("fed")
    if change.reorders:
        found.add("order")
    if change.grows and request.kind == "units" and request.fill in ("outgoing", "zeros"):
        found.add("silent")
    return frozenset(found)


def _loses(pin: Pin, followed: Followed, request: Request) -> bool:
    """Whether any of the pinned elements goes."""
    asked = request.asked
    gone = followed.elements.roots(asked.ids)[list(asked.change.gone)]
    return bool(np.isin(followed.elements.roots(pin.ids), gone).any())


def _moves_output(number: int, request: Request) -> Problem:
    return Problem(
        f"the {request.asked.of} are tied to what the model puts out: output {number} would change with them",
        request.asked.rule,
        hint="They are added to an output, or multiplied with one, or are one themselves.",
    )


def _moves_input(name: str, request: Request) -> Problem:
    return Problem(
        f"the {request.asked.of} are tied to what the model is fed",
        f"input {name}",
        found=request.asked.rule,
        expected=f"a rule on {name}, with `features`",
        hint="They are added to, or multiplied with, the model's own input, so that both must agree.",
    )
