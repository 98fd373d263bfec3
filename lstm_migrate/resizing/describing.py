"""Describing: what a request does to a layer and to what the model computes, in words."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_migrate.resizing.asking import Request

SHOWN = 4  # numbers or tokens that a note names

FILLED = {
    "duplicate": "new ones repeat old ones, and both share what the old one said, unevenly, so that they can "
    "learn apart",
    "incoming": "new ones read at random and say nothing yet; what reads them learns first",
    "outgoing": "new ones are zero and are read at random; what they read learns first",
    "zeros": "new ones read nothing and say nothing, and can never learn",
    "mean": "new ones are the mean of the old ones",
    "normal": "new ones are random, spread as the old ones are",
}
NEVER = (
    "new classes stand 40 below the mean of the old ones, which keep the probabilities that they had; "
    "training has a long way to lift the new ones: for fine-tuning, say bias: mean"
)
TAKES = "new classes take probability from the old ones, whose proportions to each other stay"


def described(request: Request, *, lossy: bool, takes: bool) -> str:
    """E.g. "units of lstm_1: 128 → 256; new ones repeat …; the new model computes what the old one does".

    `takes`: new classes take probability from the old ones.
    """
    change = request.asked.change
    said = [f"{request.asked.of}: {change.before} → {change.after}"]
    if change.gone:
        said.append(_gone(request))
    if change.reorders:
        said.append("in another order")
    if change.grows:
        said += [*_gained(request), _grown(request, takes)]
    said.append(
        "the new model computes something else than the old one"
        if lossy
        else "the new model computes what the old one does"
    )
    return "; ".join(said)


def _gone(request: Request) -> str:
    change = request.asked.change
    if request.tokens is not None and request.tokens.lost:
        return f"{len(request.tokens.lost)} tokens are lost{lost_tokens(request)}"
    return f"left are numbers {_some([str(place) for place in change.kept])}"


def lost_tokens(request: Request) -> str:
    """The tokens that go, behind a colon; "" if none are known."""
    lost = [] if request.tokens is None else [repr(token) for token in request.tokens.lost.values()]
    return f": {_some(lost)}" if lost else ""


def _gained(request: Request) -> list[str]:
    gained = [] if request.tokens is None else [repr(token) for token in request.tokens.gained.values()]
    return [f"{len(gained)} tokens are new: {_some(gained)}"] if gained else []


def _grown(request: Request, takes: bool) -> str:
    if request.kind == "classes" and (takes or request.bias == "-inf-like"):
        return TAKES if takes else NEVER
    if request.kind == "features":
        return "new features are read with zeros, so that they change nothing yet"
    if request.kind != "units" and request.fill == "zeros":
        return "new ones are zeros"
    return FILLED[request.fill]


def _some(words: Sequence[str]) -> str:
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")
