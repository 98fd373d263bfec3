"""Fill: what new units, features or tokens hold, along one axis of one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal, get_args

import numpy as np

from lstm_migrate.layouts.steps import Array

Kind = Literal["zeros", "constant", "random", "copy", "share", "mean", "normal"]
"""constant: `value`. random: normal, as widely spread as the array's own numbers. copy: what the one holds
that it repeats. share: a part of what that one holds, which keeps the rest. mean: of the old ones, for each
place of the other axes. normal: with the old ones' mean and spread there."""

NOTHING = -1
"""In the place of the old position that a new one repeats: it repeats none."""

LEAST_SHARE, MOST_SHARE = 0.5, 0.75
"""What a new one takes of the number that it repeats: at least half, so that what is left is exact."""


@dataclass(frozen=True)
class Fill:
    """What new ones hold. `gates`: of a constant, the values of single gates, by their letters.

    Under "copy" and "share" new ones that repeat nothing are zero.
    """

    kind: Kind
    value: float = 0.0
    gates: Mapping[str, float] = field(default_factory=dict, hash=False)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no kind of fill: {self.kind!r}")

    def parted(
        self, old: Array, repeated: Sequence[int], gates: tuple[int, Sequence[str]] | None = None
    ) -> tuple[Array, Array]:
        """(what old ones hold then, what new ones hold), in the type of `old`, along its first axis.

        `repeated`: for each new one an old position or NOTHING. `gates`: which axis is that of the gates, and
        their letters.
        """
        if self.kind in ("copy", "share"):
            return self._repeating(old, repeated)
        new = np.zeros((len(repeated), *old.shape[1:]), old.dtype)
        if self.kind == "constant":
            new[...] = self.value
            axis, letters = gates or (0, ())
            for gate in self.gates.keys() & set(letters):
                np.moveaxis(new, axis, 0)[letters.index(gate)] = self.gates[gate]
        elif self.kind != "zeros":
            new[...] = self._drawn(old.astype(np.float64), new.shape).astype(old.dtype)
        return old, new

    def _repeating(self, old: Array, repeated: Sequence[int]) -> tuple[Array, Array]:
        old, new = old.copy(), np.zeros((len(repeated), *old.shape[1:]), old.dtype)
        shares = np.random.default_rng(self.seed).uniform(LEAST_SHARE, MOST_SHARE, len(repeated))
        for number, (place, share) in enumerate(zip(repeated, shares.astype(old.dtype), strict=True)):
            if place == NOTHING:
                continue
            whole, part = old[place : place + 1], new[number : number + 1]
            part[...] = whole
            if self.kind == "share":
                # Sterbenz: a number minus something between its half and its double is exact. Zeros, which
                # have signs, and what is not finite stand on both sides as they are.
                at = np.isfinite(whole) & (whole != 0)
                part[at] *= share
                whole[at] -= part[at]
        return old, new

    def _drawn(self, old: Array, shape: tuple[int, ...]) -> Array:
        random = np.random.default_rng(self.seed)
        if self.kind == "random":
            return random.normal(0.0, _spread(old), shape)
        mean = np.broadcast_to(old.mean(axis=0) + self.value, shape)
        return mean + old.std(axis=0) * random.standard_normal(shape) if self.kind == "normal" else mean

    def __str__(self) -> str:
        each = "".join(f", {value:g} of gate {gate}" for gate, value in self.gates.items())
        return {
            "zeros": "zeros",
            "constant": f"{self.value:g} each{each}",
            "random": "random",
            "copy": "copies of old ones",
            "share": "shares of old ones, which keep the rest",
            "mean": f"the mean of the old ones{f', {self.value:+g}' if self.value else ''}",
            "normal": "random about the mean of the old ones",
        }[self.kind]


def _spread(values: Array) -> float:
    """The standard deviation; of an array that says nothing, such as one of zeros, Glorot's."""
    with np.errstate(all="ignore"):
        own = float(values.std()) if values.size else 0.0
    fans = values.shape[0] + prod(values.shape[1:])
    return own if own > 0 and np.isfinite(own) else float(np.sqrt(2 / fans))
