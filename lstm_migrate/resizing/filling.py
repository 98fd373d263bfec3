"""Filling: what new elements bring with them, by what a rule says and by the side of the array."""

from __future__ import annotations

from typing import Literal
from zlib import crc32

from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.followed import Placed, Side
from lstm_migrate.rules.fill import Fill, Kind

FILLS: dict[tuple[str, Side], Kind | Literal["neutral"]] = {
    ("duplicate", "incoming"): "copy",
    ("duplicate", "each"): "copy",
    ("duplicate", "outgoing"): "share",
    ("incoming", "incoming"): "random",
    ("incoming", "each"): "neutral",
    ("incoming", "outgoing"): "zeros",
    ("outgoing", "incoming"): "zeros",
    ("outgoing", "each"): "neutral",
    ("outgoing", "outgoing"): "random",
    ("zeros", "incoming"): "zeros",
    ("zeros", "each"): "neutral",
    ("zeros", "outgoing"): "zeros",
}
"""What a rule's `fill` means for units: on one side of a new unit there must be silence, or twins that share
what the old one said."""

FORGETS_NOTHING = {"f": 1.0}
"""The bias of a new unit's forget gate, as Keras gives it to a new LSTM (unit_forget_bias)."""

AS_GOOD_AS_NEVER = -40.0
"""How far below the mean of the old classes a new one stands: exp(-40) is nothing beside 1 even in 64 bits,
and training can climb it."""


def fill_for(request: Request, placed: Placed, symbol: str) -> Fill:
    """How the new positions of an array are filled along one symbol."""
    if request.kind == "rows":
        return Fill(_as_kind(request.fill), seed=seed_of(request, placed, symbol))
    if request.kind == "classes":
        return _class(request, placed, symbol)
    if request.kind == "features":
        outgoing = placed.sides[symbol] == "outgoing"
        return Fill("zeros") if outgoing else Fill("constant", value=placed.neutral)
    kind = FILLS[request.fill, placed.sides[symbol]]
    if kind == "neutral":
        return Fill("constant", value=placed.neutral)
    bias = is_bias(placed)
    if kind in ("zeros", "random") and bias:
        return Fill("constant", value=0.0, gates=FORGETS_NOTHING if _of_lstm(placed) else {})
    return Fill(kind, seed=seed_of(request, placed, symbol))


def _class(request: Request, placed: Placed, symbol: str) -> Fill:
    """New classes: what they say, and the bias that decides how often they are chosen."""
    if request.bias == "-inf-like":
        # Of means alone, whatever the input: no mean is above the greatest, whose share is what counts.
        return Fill("mean", value=AS_GOOD_AS_NEVER if is_bias(placed) else 0.0)
    kind = "mean" if is_bias(placed) else request.fill
    return Fill(_as_kind(kind), seed=seed_of(request, placed, symbol))


def _as_kind(fill: str) -> Kind:
    """What a rule says of rows and classes is a kind of fill by itself."""
    kinds: dict[str, Kind] = {"zeros": "zeros", "mean": "mean", "normal": "normal"}
    return kinds[fill]


def seed_of(request: Request, placed: Placed, symbol: str) -> int:
    """The rule's seed, another one for each axis of each array."""
    return crc32(f"{request.seed} {placed.key} {symbol}".encode())


def is_bias(placed: Placed) -> bool:
    """Whether the array is added to what a layer makes of its inputs."""
    return placed.key.role.rpartition("/")[2] == "bias"


def _of_lstm(placed: Placed) -> bool:
    return placed.form.gates is not None and "f" in placed.form.gates.gates
