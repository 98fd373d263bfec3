"""Silent units: which of the elements that go nobody would miss, proven by the numbers of the arrays alone.

Three kinds can go without a trace: dead ones, which nothing that stays listens to; zero ones, whose value is
always 0; and duplicates of one that stays, which takes over what is read of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet, roots_of
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed, Move
from lstm_migrate.resizing.standing import Standing, zeros
from lstm_migrate.restriction import NEW

CANDIDATES: Mapping[str, str] = {"lstm": "c", "gru": "h"}
"""By cell, the gate of which a unit's state is made: it alone decides whether a state of 0 stays 0."""

ZERO_FOR_ZEROS = frozenset(
    "Dense EinsumDense Embedding Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose "
    "SeparableConv1D SeparableConv2D LSTM LSTMCell GRU GRUCell SimpleRNN SimpleRNNCell ConvLSTM1D ConvLSTM2D "
    "ConvLSTM3D".split()
)
"""Layers whose units are the activation of 0 if all numbers that make them are 0; they are pinned if that is
not 0."""

MULTIPLIES = frozenset({"gamma", "moving_variance", "depthwise_kernel", "alpha", "scale"})
"""Roles of arrays that leave a 0 that passes as it is; those of others are added to it."""


def quiet_elements(
    followed: Followed, requests: Sequence[Request], values: Mapping[WeightKey, Array], graph: Graph
) -> Quiet:
    """The elements that `requests` take away and nobody would miss.

    `values`: the arrays of the full-size model, of which only those are asked for in which these elements
    stand; `graph`: that model.
    """
    axes = [(roots_of(followed.elements, one.asked.ids), one.asked.change) for one in requests]
    gone = frozenset(roots[place] for roots, change in axes for place in change.gone)
    if not gone:
        return Quiet()
    units = Units(followed, values, dict(graph.walk()), gone)
    twins = {root: NEW for root in sorted(gone) if units.zero(root) or units.dead(root)}
    for roots, change in axes:
        lost = [roots[place] for place in change.gone if roots[place] not in twins]
        lost = [root for root in lost if units.repeatable(root)]
        if not lost:
            continue
        # Of several that are alike, the first one stands for what goes.
        stay = {units.signature(roots[place]): roots[place] for place in sorted(change.kept, reverse=True)}
        found = {root: stay.get(units.signature(root)) for root in lost}
        twins |= {root: twin for root, twin in found.items() if twin is not None}
    return Quiet(twins)


@dataclass(frozen=True)
class Units:
    """What the numbers of a model say of elements, by root. `gone`: all that go."""

    followed: Followed
    values: Mapping[WeightKey, Array]
    layers: Mapping[LayerPath, Layer]
    gone: frozenset[int]

    def dead(self, root: int) -> bool:
        """Whether nothing that stays listens to it."""
        listens = [one for one in self._standings(root) if one.side == "outgoing"]
        if not listens or root in self._mixed or root in self._shown:
            return False
        return all(self._nought(one, root) for one in listens)

    def zero(self, root: int) -> bool:
        """Whether it is 0 whatever the model is given."""
        here = self._standings(root)
        made = [one for one in here if one.side == "incoming"]
        added = [one for one in here if one.side == "each" and one.key.role not in MULTIPLIES]
        barred = (self._fed, self._shown, self._means, self._pinned["silent"])
        if not self._made_and_heard(root) or any(root in roots for roots in barred):
            return False
        kinds = {self.layers[one.key.path].kind for one in made}
        return kinds <= ZERO_FOR_ZEROS and all(self._nought(one, root) for one in (*made, *added))

    def repeatable(self, root: int) -> bool:
        """Whether another one could stand for it, if both are made alike."""
        barred = (self._fed, self._shown, self._mixed, self._pinned["copy"])
        return self._made_and_heard(root) and not any(root in roots for roots in barred)

    def _made_and_heard(self, root: int) -> bool:
        """Whether arrays have both sides of it: of what has none, nobody knows all that happens to it."""
        return {"incoming", "outgoing"} <= {one.side for one in self._standings(root)}

    def signature(self, root: int) -> Hashable:
        """The same for elements that are made alike and stand in the same arrays and calls as often."""
        arrays = [(one.key, one.symbol, one.mark(root)) for one in self._standings(root)]
        reads = [(number, roots[root]) for number, roots in enumerate(self._reads) if root in roots]
        return (*arrays, *reads)

    def _standings(self, root: int) -> list[Standing]:
        return self._by_root.get(root, [])

    @cached_property
    def _by_root(self) -> dict[int, list[Standing]]:
        found: dict[int, list[Standing]] = defaultdict(list)
        for one in self._all:
            for root in one.places:
                found[root].append(one)
        return dict(found)

    @cached_property
    def _all(self) -> list[Standing]:
        return [
            Standing(placed, symbol, self.followed.elements, partial(self.values.__getitem__, key))
            for key, placed in self.followed.arrays.items()
            for symbol in placed.ids
        ]

    def _nought(self, one: Standing, root: int) -> bool:
        """Whether nothing but zeros stands there for it: of what it says, to all that stay; of what makes it,
        in the gate that its state is made of."""
        if one not in self._noughts:
            made = one.towards(self.gone) if one.side == "outgoing" else one.of_gate(self._candidate(one))
            self._noughts[one] = zeros(made)
        return bool(self._noughts[one][list(one.places[root])].all())

    @cached_property
    def _noughts(self) -> dict[Standing, Array]:
        return {}

    def _candidate(self, one: Standing) -> str:
        gates = one.placed.form.gates
        return CANDIDATES.get(gates.cell, "") if gates is not None else ""

    def _roots(self, axes: Iterable[Ids | None]) -> frozenset[int]:
        elements = self.followed.elements
        return frozenset(root for ids in axes if ids is not None for root in roots_of(elements, ids))

    @cached_property
    def _fed(self) -> frozenset[int]:
        """What the model is given."""
        return self._roots(ids for dims in self.followed.inputs for ids in dims or ())

    @cached_property
    def _shown(self) -> frozenset[int]:
        """What the model puts out."""
        return self._roots(ids for dims in self.followed.outputs for ids in dims or ())

    @cached_property
    def _reads(self) -> list[Counter[int]]:
        return [Counter(roots_of(self.followed.elements, read.ids)) for read in self.followed.reads]

    @cached_property
    def _means(self) -> frozenset[int]:
        """What layers take means over: of them a zero is a part, too."""
        return self._roots(read.ids for read in self.followed.reads if read.over)

    @cached_property
    def _mixed(self) -> frozenset[int]:
        """What layers mix otherwise than by a matrix with a row for each: by means, or by one another."""
        found = set(self._means)
        for read, roots in zip(self.followed.reads, self._reads, strict=True):
            matrices = [
                one
                for one in self._all
                if one.side == "outgoing" and one.key.path[: len(read.path)] == read.path
            ]
            found |= {root for root in roots if not any(root in one.places for one in matrices)}
        return frozenset(found)

    @cached_property
    def _pinned(self) -> dict[Move, frozenset[int]]:
        moves: tuple[Move, ...] = ("silent", "copy")
        pins = self.followed.pins
        return {move: self._roots(pin.ids for pin in pins if move in pin.against) for move in moves}
