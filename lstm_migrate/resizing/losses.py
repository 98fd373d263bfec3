"""Losses: whether a request makes another model of the old one."""

from __future__ import annotations

import numpy as np

from lstm_migrate.errors import Problem
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet, roots_of
from lstm_migrate.resizing.describing import lost_tokens
from lstm_migrate.resizing.followed import Followed


def takes_from_others(request: Request, followed: Followed) -> bool:
    """Whether new classes of a softmax are given a probability, which the old ones lack then."""
    if request.kind != "classes" or not request.asked.change.grows or request.bias == "-inf-like":
        return False
    own = followed.elements.roots(request.asked.ids)
    lasts = [dims[-1] for number in followed.softmaxed if (dims := followed.outputs[number])]
    return any(bool(np.isin(followed.elements.roots(ids), own).any()) for ids in lasts if ids is not None)


def loses(request: Request, followed: Followed, quiet: Quiet) -> bool:
    """Whether the model is another one afterwards."""
    roots = roots_of(followed.elements, request.asked.ids)
    if takes_from_others(request, followed):
        return True
    return not quiet.all([roots[place] for place in request.asked.change.gone])


def loss(request: Request) -> Problem:
    """The error for a loss that is not allowed."""
    change = request.asked.change
    gone = len(change.gone)
    what = f"{gone} of the {change.before} {request.asked.of} would be lost{lost_tokens(request)}"
    if not gone:
        what = f"{change.after - change.before} new {request.asked.of} would take from the old ones"
    return Problem(
        what,
        request.asked.rule,
        hint="The new model computes something else than the old one. Allow it with --allow-lossy.",
    )
