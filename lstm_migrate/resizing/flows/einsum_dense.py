"""EinsumDense: units of any axes, where the equation says plainly which is which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Opaque, Tensor
from lstm_migrate.resizing.flows.activations import activated
from lstm_migrate.resizing.flows.normalization import ADDING
from lstm_migrate.resizing.flows.products import NOT_PLAIN, SUMMED, lettered
from lstm_migrate.resizing.followed import Side


def einsum(flow: Flow, given: Given) -> Tensor:
    """Letters of the kernel alone are units, those that are summed over are read, the others pass."""
    x, shape = given.first, flow.shape("kernel")
    (mine, kernel), out = lettered(str(flow.config["equation"]), [x.rank, len(shape)])
    if not set(kernel) <= {*mine, *out} or not set(out) <= {*mine, *kernel}:
        raise Opaque(NOT_PLAIN)
    sizes = dict(zip(kernel, shape, strict=True))
    ids = {letter: flow.features(x, mine.index(letter), sizes[letter]) for letter in kernel if letter in mine}
    units = [letter for letter in kernel if letter not in mine]
    ids |= {letter: flow.own(_symbol("u", number), sizes[letter]) for number, letter in enumerate(units)}
    for axis, letter in enumerate(mine):
        if letter in out:
            continue
        flow.read(x, axis)
        if letter not in kernel:
            flow.hold(x.known[axis], axis, SUMMED, ADDING)
    _arrays(flow, ids, kernel, mine, out)
    passing = {letter: one for letter in out if (one := _passing(letter, ids, x, mine)) is not None}
    _sizes(flow, out, passing)
    made = Tensor(tuple(ids[one] if one in ids else x.known[mine.index(one)] for one in out))
    axis = out.index(units[-1]) if units else -1
    return activated(flow, made, flow.config.get("activation"), axis)


def _passing(letter: str, ids: Mapping[str, Ids], x: Tensor, mine: str) -> Ids | None:
    """What stands along an axis of the output."""
    return ids[letter] if letter in ids else x.known[mine.index(letter)]


def _symbol(word: str, number: int) -> str:
    return word if number == 0 else f"{word}{number}"


def _arrays(flow: Flow, ids: Mapping[str, Ids], kernel: str, mine: str, out: str) -> None:
    """Notes the kernel and the bias under symbols that say what each axis is."""
    symbols: dict[str, str] = {}
    sides: dict[str, Side] = {}
    for letter in kernel:
        word = "u" if letter not in mine else "c" if letter in out else "x"
        symbol = _symbol(word, sum(one.startswith(word) for one in symbols.values()))
        symbols[letter] = symbol
        sides[symbol] = {"u": "incoming", "c": "each", "x": "outgoing"}[word]  # type: ignore[assignment]
    known = {symbols[letter]: one for letter, one in ids.items()}
    # A factor for each that passes does nothing if it is 1.
    neutral = 1.0 if "c" in symbols.values() else 0.0
    flow.place("kernel", known, " ".join(symbols[letter] for letter in kernel), sides, neutral)
    if "bias" in flow.roles:
        flow.place("bias", known, _bias_axes(flow, out, symbols), sides)


def _bias_axes(flow: Flow, out: str, symbols: Mapping[str, str]) -> str:
    """The axes of the bias: those of the output from its first one on, of size 1 where it has none."""
    rank = len(flow.shape("bias"))
    named = set(str(flow.config.get("bias_axes") or ""))
    if not named <= symbols.keys():
        raise Opaque(NOT_PLAIN)
    last = out[len(out) - rank :]
    return " ".join(symbols[one] if one in named else f"o{place}" for place, one in enumerate(last))


def _sizes(flow: Flow, out: str, there: Mapping[str, Ids]) -> None:
    """The entries of `output_shape`, which has the last axes of the output."""
    said: Any = flow.config.get("output_shape") or ()
    if isinstance(said, int):
        flow.size("output_shape", there.get(out[-1]))
        return
    for place, size in enumerate(said):
        letter = out[len(out) - len(said) + place]
        if size is not None and letter in there:
            flow.size("output_shape", there[letter], place)
