"""What is verified: two models with their arrays, and the recipes that led from one to the other.

The judge sees recipes only through these protocols: it imports neither layouts nor rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lstm_migrate.graph import Graph, LayerPath, WeightKey
from lstm_migrate.reference.scope import Array
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.restriction import Silence
from lstm_migrate.verification.side import WHOLE, Side


class Form(Protocol):
    """How an array is declared to lie: axes as text, sizes, gate order, pouring."""

    @property
    def axes(self) -> Any: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...
    @property
    def gates(self) -> Any: ...
    @property
    def poured(self) -> Any: ...


class Step(Protocol):
    """One step of a recipe. `unused`: flat positions of its input that end there, since the source does not
    compute with them; `blank`: how many zeros it puts where the source has nothing."""

    @property
    def effect(self) -> str: ...
    @property
    def unused(self) -> Array | None: ...
    @property
    def blank(self) -> int: ...
    def apply(self, value: Array) -> Array: ...
    def trace(self, positions: Array) -> Array: ...
    def omitted(self, value: Array) -> Array: ...


class Recipe(Protocol):
    """How one target variable is made."""

    @property
    def target(self) -> WeightKey: ...
    @property
    def tensors(self) -> tuple[str, ...]: ...
    @property
    def steps(self) -> Sequence[Any]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def forms(self) -> tuple[Any, Any] | None: ...
    @property
    def kept(self) -> Mapping[str, tuple[int, ...]]: ...
    def run(self, read: Callable[[str], Array]) -> Array: ...
    def follow(self, values: list[Array], move: Callable[[Any, Array], Array]) -> Array: ...


@dataclass(frozen=True)
class Model:
    """A Graph with its arrays and the semantics under which it computes.

    Where the other model has other sizes, `side` says how the inputs are given to this one and which of its
    outputs the other has, too, and `silences` what its layers are not to see, for the other lacks it.
    """

    graph: Graph
    weights: Mapping[WeightKey, Array]
    semantics: Semantics
    silences: Mapping[LayerPath, tuple[Silence, ...]] = field(default_factory=dict)
    side: Side = WHOLE


@dataclass(frozen=True)
class Words:
    """What messages call the two models, and who runs the second one; `key`: the same in measured numbers."""

    source: str = "the source's equations"
    target: str = "the written weights"
    runner: str = "Keras"
    key: str = "keras"


class Live(Protocol):
    """The written file, opened by Keras."""

    def outputs(self, inputs: Sequence[Array]) -> list[Array]: ...
    def reset_states(self) -> None: ...


@dataclass(frozen=True)
class Subject:
    """Everything that verification looks at.

    `source`: the old model on the arrays as stored; `target`: the written file's own config and
    values; `live`: the same file run by Keras; `moved`: which target layer answers to a source layer.
    `read` and `shapes` give the source's tensors and their shapes by name. `alternatives`: semantics
    that the source may have had instead, because its version does not tell frameworks apart.
    `blocks` gives a source tensor in parts. `settle(name, array)` is told of each source tensor that
    was found in the target bit for bit: one array in memory can then stand for both.
    `assumed`: what of the source model is assumed and not proven by recorded outputs. `returned`: the source
    was made from the target, so that what changes numbers was rounded twice on its way through both.
    `resized`: the target has other sizes than the source, so that layers cannot be compared one by one.
    """

    source: Model
    target: Model
    live: Live
    recipes: Sequence[Recipe]
    moved: Mapping[LayerPath, LayerPath]
    read: Callable[[str], Array]
    shapes: Mapping[str, tuple[int, ...]]
    alternatives: tuple[Semantics, ...] = ()
    blocks: Callable[[str], Iterable[tuple[slice, Array]]] | None = None
    settle: Callable[[str, Callable[[], Array]], None] = lambda name, array: None
    assumed: tuple[str, ...] = ()
    returned: bool = False
    resized: bool = False
    words: Words = Words()

    def parts(self, name: str) -> Iterable[tuple[slice, Array]]:
        """A source tensor in parts, with where they stand along its first axis."""
        return [(slice(None), self.read(name))] if self.blocks is None else self.blocks(name)

    def made(self, recipe: Recipe) -> bool:
        """Whether the target has the variable that the recipe makes."""
        return recipe.target in self.target.weights

    def foreign(self) -> list[str]:
        """What tells a file that somebody else made: variables that no recipe makes, or that it lacks."""
        planned = {recipe.target for recipe in self.recipes}
        lacks = [f"{key}: the target has no such variable" for key in planned - self.target.weights.keys()]
        own = [f"{key}: no recipe makes it" for key in self.target.weights.keys() - planned]
        return sorted(lacks + own)
