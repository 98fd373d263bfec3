"""What following the features of a model finds: which element stands where, in arrays, configs and calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lstm_migrate.graph import LayerPath, Ref, WeightKey
from lstm_migrate.layouts.steps import Form
from lstm_migrate.resizing.elements import Elements, Ids

Side = Literal["incoming", "outgoing", "each"]
"""What an array has to do with the elements along an axis: it makes them (a kernel's columns, a bias), reads
them (a kernel's rows, recurrent rows), or holds a number for each that passes (gamma, a depthwise kernel)."""

Move = Literal["cut", "grow", "copy", "silent", "loud", "fed", "order"]
"""What can be done to an axis: elements are left out; new ones stand in it; new ones repeat old ones; new
ones are always zero; new ones are anything else; new ones are what the model is fed; their order changes."""

EVERY_MOVE: frozenset[Move] = frozenset({"cut", "grow", "copy", "silent", "loud", "fed", "order"})

COMPUTED = -1
"""In the place of an input's number: values that the model computes by itself."""

Dims = tuple[Ids | None, ...]
"""The elements along each axis of a tensor, the batch first; None for axes of which nobody asks."""


@dataclass(frozen=True)
class Placed:
    """An array of the model, with the elements of each symbol of its axes that has any.

    `form`: how it lies in Keras 3. `neutral`: what a number for a new passing element is, so that it does
    nothing (gamma 1, beta 0).
    """

    key: WeightKey
    form: Form
    ids: Mapping[str, Ids]
    sides: Mapping[str, Side]
    neutral: float = 0.0


@dataclass(frozen=True)
class Size:
    """A number in a layer's config that says how long an axis is; `index` if it stands in a tuple. A `batch`
    or `time` axis of which nothing depends may be free (None)."""

    path: LayerPath
    key: str
    ids: Ids
    index: int | None = None


@dataclass(frozen=True)
class Pin:
    """Elements that must stay as they are: `against` says which moves, `why` in words that follow the layer's
    name ("is a softmax over them"). `axis` as a user counts it, from 0 with the batch."""

    ids: Ids
    path: LayerPath
    axis: int
    why: str
    against: frozenset[Move] = EVERY_MOVE


@dataclass(frozen=True)
class Read:
    """Where a layer's outputs mix elements: what is gone must be silent there.

    `argument`: of which tensor that it is called with, counted through nested lists; restriction.STATE for a
    cell's hidden state. `axis`: -1 for the last one. `over`: it takes means over the axis, of which even a
    zero is a part.
    """

    path: LayerPath
    argument: int
    axis: int
    ids: Ids
    over: bool = False


@dataclass
class Followed:
    """Everything found.

    `own`: by layer, the elements that a rule on it speaks of: "u" units (filters, width), "n" rows of a
    table; a cell's path for cells inside a layer. `inputs` and `outputs`: of the outermost model, in its
    order. `softmaxed`: numbers of outputs that are probabilities over their last axis. `tokens`: for each
    table the numbers of the model's inputs whose values are the numbers of its rows, COMPUTED for others.
    """

    elements: Elements
    arrays: dict[WeightKey, Placed] = field(default_factory=dict)
    own: dict[LayerPath, dict[str, Ids]] = field(default_factory=dict)
    sizes: list[Size] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    inputs: list[Dims | None] = field(default_factory=list)
    outputs: list[Dims | None] = field(default_factory=list)
    softmaxed: set[int] = field(default_factory=set)
    tokens: dict[LayerPath, set[int]] = field(default_factory=dict)
    tensors: dict[tuple[LayerPath, Ref], Dims | None] = field(default_factory=dict)
