"""Restriction: how a resized model corresponds to the full one that it was made of.

The planning writes it down, the judge computes the full model under it: neither imports the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.graph import LayerPath

Places = tuple[int, ...]
STATE = -1
"""In the place of an argument's number: the hidden state that a cell carries from step to step."""
NEW = -1
"""In the place of a position: there is none in the full model."""


@dataclass(frozen=True)
class Silence:
    """Features that a layer of the full model is not to see, for the resized model lacks them.

    `argument`: of which tensor that the layer is called with, counted through nested lists; STATE for a
    cell's hidden state. `axis`: of that tensor, with the batch as axis 0; of a state it is the last one.
    The features `gone` stand as zeros, or as what is made of the others: `kept` @ `onto` + `constant`, with
    `onto` of shape (kept, gone). `over`: the layer takes means over the axis, so what is gone must not even
    stand there as zero.
    """

    argument: int
    axis: int
    gone: Places
    kept: Places
    onto: NDArray[Any] | None = field(default=None, compare=False)
    constant: NDArray[Any] | None = field(default=None, compare=False)
    over: bool = False

    def __call__(self, value: NDArray[Any]) -> NDArray[Any]:
        """The tensor as the layer is to see it; a copy."""
        value = np.moveaxis(value.copy(), self.axis, -1)
        made: Any = 0.0
        if self.onto is not None:
            made = value[..., list(self.kept)] @ self.onto.astype(value.dtype)
        if self.constant is not None:
            made = made + self.constant.astype(value.dtype)
        value[..., list(self.gone)] = made
        return np.moveaxis(value, -1, self.axis)


@dataclass(frozen=True)
class Feed:
    """How one input of the full model is given to the resized one.

    `places`: for each feature (last axis) that the resized model takes the full one's, NEW where it has none;
    None if they are the same. `tokens`: for each number that the full model takes the resized one's, NEW for
    one that it no longer knows; None if they are the same.
    """

    places: Places | None = None
    tokens: Places | None = None


@dataclass(frozen=True)
class Shown:
    """Which positions along `axis` of an output the two models share: `full[i]` is `resized[i]`.

    `normalised`: both are probabilities, of which those that are shared are scaled to the sum of 1.
    """

    axis: int
    full: Places
    resized: Places
    normalised: bool = False


@dataclass(frozen=True)
class Restriction:
    """The whole correspondence. `feeds` and `shown` have one entry an input and an output, None where the two
    models agree."""

    silences: Mapping[LayerPath, tuple[Silence, ...]] = field(default_factory=dict)
    feeds: tuple[Feed | None, ...] = ()
    shown: tuple[Shown | None, ...] = ()
