"""Flow: what a kind of layer is asked with, and where it notes how features pass through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_migrate.graph import Layer, LayerPath, leaves
from lstm_migrate.mapping.document import LayerDeclaration
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import EVERY_MOVE, Dims, Move, Side
from lstm_migrate.resizing.ledger import Ledger

SIDES: Mapping[str, Side] = {"x": "outgoing", "h": "outgoing", "u": "incoming"}
"""What an array has to do with the elements of a symbol; "each" for the others."""

OPERATION = "ops."
UNKNOWN_LAYER = "computes what nobody can follow"
UNKNOWN_INPUT = "stands behind a layer whose outputs nobody can follow"

# A layer that knows how many axes its input has, whoever made it.
KNOW_THEIR_RANK = frozenset({"model", "recurrent", "bidirectional", "convolution", "conv_recurrent"})


class Opaque(Exception):
    """Nothing can be followed through this call; the words go behind the layer's name."""


@dataclass(frozen=True)
class Tensor:
    """A tensor on its way: `dims` is None if not even its number of axes is known.

    `argument`: which tensor it is of those that the layer is called with, masks not counted. `shares`: the
    numbers of softmaxes whose outcome it is, unchanged. `fed`: the number of the model's input whose values
    these are, unchanged.
    """

    dims: Dims | None
    argument: int = 0
    shares: frozenset[int] = frozenset()
    fed: int | None = None

    @property
    def computed(self) -> Tensor:
        """The same elements with other values."""
        return Tensor(self.dims, self.argument)

    def laid(self, *dims: Ids | None) -> Tensor:
        """The same values along other axes."""
        return replace(self, dims=dims)

    @property
    def known(self) -> Dims:
        """The axes; Opaque if they are not known."""
        if self.dims is None:
            raise Opaque(UNKNOWN_INPUT)
        return self.dims

    @property
    def rank(self) -> int:
        return len(self.known)

    def at(self, axis: int) -> int:
        """`axis` counted from 0; Opaque if there is none."""
        if not -self.rank <= axis < self.rank:
            raise Opaque(f"has no axis {axis} of its input")
        return axis % self.rank

    def with_axis(self, axis: int, ids: Ids | None) -> Tensor:
        """The same with other elements along one axis."""
        place = self.at(axis)
        return replace(self, dims=(*self.known[:place], ids, *self.known[place + 1 :]))


@dataclass(frozen=True)
class Given:
    """What a layer is called with: nested lists with Tensors and constants as leaves."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def every(self) -> list[Tensor]:
        """All tensors, masks among them."""
        return list(_tensors([list(self.args), dict(self.kwargs)]))

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that are no masks."""
        said = {key: value for key, value in self.kwargs.items() if not is_mask(key)}
        return list(_tensors([list(self.args), said]))

    @property
    def first(self) -> Tensor:
        return self.tensors[0]

    def get(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name, default)


def is_mask(name: str) -> bool:
    """Whether an argument says where something is, and has no features."""
    return name == "mask" or name.endswith("_mask")


def _tensors(structure: Any) -> Iterator[Tensor]:
    return (leaf for leaf in leaves(structure) if isinstance(leaf, Tensor))


Made = Tensor | list[Tensor]
Passing = Callable[["Flow", Given], Made]


@dataclass(frozen=True)
class Flow:
    """One call of one layer. `shift`: how many axes more a tensor has where a user sees it than it has here,
    inside a wrapper."""

    ledger: Ledger
    table: Mapping[str, Passing]
    layer: Layer
    path: LayerPath
    shift: int = 0

    @property
    def config(self) -> Mapping[str, Any]:
        return self.layer.config

    @property
    def declared(self) -> LayerDeclaration:
        """What keras3.yaml says of the class."""
        found = self.ledger.target.document.classes.get(self.layer.kind)
        return found if found is not None else LayerDeclaration()

    @property
    def word(self) -> str:
        """How features pass, as declared; "" if nobody says."""
        if self.layer.graph is not None:
            return "model"
        if not self.layer.kind.startswith(OPERATION):
            return self.declared.flow or ""
        operation = self.layer.kind.removeprefix(OPERATION)
        declared = self.ledger.target.document.operations.values()
        return next((str(one.get("flow", "")) for one in declared if one.get("op") == operation), "")

    def inside(self, label: str, shift: int = 0) -> Flow:
        """A wrapped layer, whose inputs have `shift` axes less."""
        child, path = self.layer.children[label], (*self.path, label)
        return replace(self, layer=child, path=path, shift=self.shift + shift)

    def run(self, given: Given) -> list[Tensor]:
        """What the call puts out; [] if nobody knows."""
        word = self.word
        try:
            if word not in self.table:
                raise Opaque(UNKNOWN_LAYER)
            if word not in KNOW_THEIR_RANK and any(tensor.dims is None for tensor in given.every):
                raise Opaque(UNKNOWN_INPUT)
            self._masks(given)
            made = self.table[word](self, given)
        except Opaque as reason:
            made = self._opaque(given, str(reason))
        results = made if isinstance(made, list) else [made]
        passed = {number for tensor in results for number in tensor.shares}
        self.ledger.consumed |= {number for tensor in given.every for number in tensor.shares} - passed
        return results

    def _masks(self, given: Given) -> None:
        """A mask has the steps of the tensor that it masks, and no features."""
        for mask, masked in zip(_tensors(given.kwargs.get("mask")), given.tensors, strict=False):
            if mask.dims is None or masked.dims is None:
                continue
            self.ledger.no_features(mask.dims)
            for one, other in zip(mask.dims[:2], masked.dims[:2], strict=False):
                if one is not None and other is not None and len(one) == len(other):
                    self.ledger.tie(one, other)

    def _opaque(self, given: Given, why: str) -> list[Tensor]:
        for tensor in given.every:
            for axis in range(len(tensor.dims or ())):
                self.pin(tensor.known[axis], axis, why)
        return []

    def own(self, symbol: str, count: int) -> Ids:
        """The elements that a rule on this layer speaks of: the same at every call."""
        return self.ledger.own(self.path, symbol, count)

    def fixed(self, count: int, axis: int, why: str) -> Ids:
        """New elements that can never change."""
        ids = self.ledger.elements.new(count)
        self.pin(ids, axis, why)
        return ids

    def features(self, tensor: Tensor, axis: int, count: int) -> Ids:
        """The elements along an axis that has to be `count` long."""
        place = tensor.at(axis)
        ids = tensor.known[place]
        if ids is None:
            return self.fixed(count, place, "reads features of which nobody says where they come from")
        if len(ids) != count:
            raise Opaque(f"reads {count} features of a tensor that has {len(ids)}")
        return ids

    def shape(self, role: str) -> tuple[int, ...]:
        """An array's shape; Opaque if there is none in this role."""
        found = self.ledger.shapes.get(self.path, {}).get(role)
        if found is None:
            raise Opaque(f"has no array {role}")
        return found

    @property
    def roles(self) -> list[str]:
        """The arrays that the layer has."""
        return list(self.ledger.shapes.get(self.path, {}))

    def place(
        self,
        role: str,
        ids: Mapping[str, Ids],
        axes: str = "",
        sides: Mapping[str, Side] | None = None,
        neutral: float = 0.0,
    ) -> None:
        """Notes which elements stand along the axes of an array, by the symbols of its axes."""
        known = {**SIDES, **(sides or {})}
        neutral = self.declared.neutral.get(role, neutral)
        self.ledger.place(self.layer, self.path, role, ids, axes, known, neutral)

    def size(self, key: str, ids: Ids | None, index: int | None = None) -> None:
        """Notes that a number in the config is the length of an axis."""
        if ids is not None:
            self.ledger.size(self.path, key, ids, index)

    def pin(self, ids: Ids | None, axis: int, why: str, against: frozenset[Move] = EVERY_MOVE) -> None:
        """Notes that elements must stay as they are, whatever they are."""
        if ids is not None and len(ids):
            self.ledger.pin(ids, self.path, axis + self.shift, why, against)

    def hold(self, ids: Ids | None, axis: int, why: str, against: frozenset[Move] = EVERY_MOVE) -> None:
        """The same if they are features: steps of time or space may be more or fewer here."""
        if ids is not None and len(ids):
            self.ledger.hold(ids, self.path, axis + self.shift, why, against)

    def hold_all(self, tensor: Tensor, why: str, against: frozenset[Move]) -> None:
        """The same for all axes of a tensor behind the batch."""
        for axis in range(1, tensor.rank):
            self.hold(tensor.known[axis], axis, why, against)

    def read(self, tensor: Tensor, axis: int, *, over: bool = False) -> None:
        """Notes that the outputs mix the elements along an axis."""
        place = tensor.at(axis)
        ids = tensor.known[place]
        if ids is not None:
            # A layer may be called with tensors of several ranks, and read the last axis of each.
            place = place if place < tensor.rank - 1 else -1
            self.ledger.read(self.path, tensor.argument, place, ids, over=over)

    def derive(self, before: Ids | None, count: int | None, axis: int) -> Ids | None:
        """New elements that are so many because `before` are as many as they are; None if not known."""
        if before is None or count is None:
            return None
        return self.ledger.derive(before, count, self.path, axis + self.shift)
