"""Layers that give a tensor other axes: Flatten, Permute, RepeatVector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Tensor

TOGETHER = "lays them in one axis with others, a block for each"


def flatten(flow: Flow, given: Given) -> Tensor:
    """All axes behind the batch in one, channels innermost in either data_format."""
    x = given.first
    dims = list(enumerate(x.known))[1:]
    if flow.config.get("data_format") == "channels_first" and x.rank > 2:
        dims = [*dims[1:], dims[0]]
    if len(dims) == 1:
        return x
    return x.laid(x.known[0], joined(flow, dims))


def joined(flow: Flow, axes: Sequence[tuple[int, Ids | None]]) -> Ids | None:
    """One axis made of several (number, elements), the last one varying fastest.

    It has the elements of one of them, again and again; the others must stay as they are.
    """
    known = [ids for _, ids in axes if ids is not None]
    if len(known) < len(axes):
        for number, ids in axes:
            flow.pin(ids, number, TOGETHER)
        return None
    if not known:
        return flow.fixed(1, 1, "makes one feature of a number")
    main = _main(flow, known)
    for place, (number, ids) in enumerate(axes):
        if place != main:
            flow.pin(ids, number, TOGETHER)
    wide = known[main].reshape([-1 if place == main else 1 for place in range(len(known))])
    spread = np.broadcast_to(wide, [len(ids) for ids in known])
    return np.ascontiguousarray(spread).reshape(-1)


def _main(flow: Flow, axes: Sequence[Ids]) -> int:
    """Which of several axes is the one of features: not steps of time or space, if that is known."""
    long = [place for place, ids in enumerate(axes) if len(ids) > 1] or [len(axes) - 1]
    features = [place for place in long if flow.ledger.are_features(axes[place])]
    return (features or long)[-1]


def permute(flow: Flow, given: Given) -> Tensor:
    """Axes in another order, the batch where it was."""
    x = given.first
    order = [0, *(int(axis) for axis in flow.config["dims"])]
    return x.laid(*(x.known[axis] for axis in order))


def repeat_vector(flow: Flow, given: Given) -> Tensor:
    """The same vector at n steps."""
    batch, features = given.first.known
    steps = flow.ledger.elements.new(int(flow.config["n"]))
    flow.size("n", steps)
    return given.first.laid(batch, steps, features)
