"""Models to be resized, each with a label for every place along every axis of its arrays.

A label is (symbol, number): the unit, feature or token that stands there; None where nobody resizes. The same
builder makes the model in any sizes, so that a smaller one is built anew and not derived. Nothing here knows
lstm_migrate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

Label = tuple[str, int] | None
Labels = list[Label]
Axes = tuple[Labels, ...]

GATES = {
    "LSTM": 4,
    "GRU": 3,
    "SimpleRNN": 1,
    "LSTMCell": 4,
    "GRUCell": 3,
    "SimpleRNNCell": 1,
    "ConvLSTM2D": 4,
}

STEPS_IF_FREE = 5


def fixed(count: int) -> Labels:
    """An axis that nothing resizes."""
    return [None] * count


@dataclass(frozen=True)
class Flow:
    """A tensor and what stands along its last axis."""

    tensor: Any
    labels: Labels


@dataclass
class Draft:
    """A model in the making. `sizes`: those that are not to be as the builder has them; `arrays`: the axes of
    each layer's arrays, in the order of get_weights(); `owners`: the layers of whose units a symbol speaks;
    `gates`: the recurrent activation of cells that have one."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    gates: str = "sigmoid"
    arrays: dict[str, list[Axes]] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=dict)

    def labels(self, symbol: str, count: int) -> Labels:
        return [(symbol, number) for number in range(self.sizes.get(symbol, count))]

    def input(self, shape: Sequence[int | None], *, name: str | None = None, **options: Any) -> Flow:
        """An input, whose features are those of the symbol x where `sizes` has it."""
        import keras

        labels = self.labels("x" if name is None else f"x_{name}", shape[-1] or 0)
        return Flow(keras.Input((*shape[:-1], len(labels)), name=name, **options), labels)

    def ids(self, steps: int, name: str | None = None) -> Flow:
        import keras

        return Flow(keras.Input((steps,), dtype="int32", name=name), [])

    def dense(
        self, at: Flow, symbol: str, count: int, *, name: str = "", each: bool = False, **options: Any
    ) -> Flow:
        import keras

        name, units = name or f"dense_{symbol}", self._owned(symbol, count, name or f"dense_{symbol}")
        layer = keras.layers.Dense(len(units), name=f"{name}_inside" if each else name, **options)
        layer = keras.layers.TimeDistributed(layer, name=name) if each else layer
        self.arrays[name] = [(at.labels, units), (units,)]
        return Flow(layer(at.tensor), units)

    def axes(self, kind: str, at: Labels, units: Labels, **options: Any) -> list[Axes]:
        """The axes of a cell's kernel, recurrent kernel and bias."""
        gates = units * GATES[kind]
        around = (fixed(3), fixed(3)) if kind == "ConvLSTM2D" else ()
        twice = kind.startswith("GRU") and options.get("reset_after", True)
        return [(*around, at, gates), (*around, units, gates), (fixed(2), gates) if twice else (gates,)]

    def layer(self, kind: str, units: Labels, **options: Any) -> Any:
        """A recurrent layer or cell of Keras."""
        import keras

        gated = {} if kind.startswith("SimpleRNN") else {"recurrent_activation": self.gates}
        return getattr(keras.layers, kind)(len(units), **{**gated, **options})

    def rnn(self, kind: str, at: Flow, symbol: str, count: int, *, name: str = "", **options: Any) -> Flow:
        """A recurrent layer. `states`: what it begins with."""
        name, states = name or f"{kind.lower()}_{symbol}", options.pop("states", None)
        layer, units = self._recurrent(kind, at, symbol, count, name, options)
        said = {} if states is None else {"initial_state": [one.tensor for one in states]}
        return Flow(layer(at.tensor, **said), units)

    def rnn_with_states(self, kind: str, at: Flow, symbol: str, count: int, *, name: str) -> list[Flow]:
        """A recurrent layer's output and states."""
        layer, units = self._recurrent(kind, at, symbol, count, name, {"return_state": True})
        return [Flow(one, units) for one in layer(at.tensor)]

    def _recurrent(
        self, kind: str, at: Flow, symbol: str, count: int, name: str, options: dict[str, Any]
    ) -> tuple[Any, Labels]:
        units = self._owned(symbol, count, name)
        self.arrays[name] = self.axes(kind, at.labels, units, **options)
        return self.layer(kind, units, name=name, **options), units

    def both(
        self,
        kind: str,
        at: Flow,
        symbol: str,
        count: int,
        *,
        merge: str = "concat",
        name: str = "",
        **options: Any,
    ) -> Flow:
        import keras

        name = name or f"both_{symbol}"
        units = self._owned(symbol, count, name)
        self.arrays[name] = self.axes(kind, at.labels, units, **options) * 2
        inside = self.layer(kind, units, name=f"{name}_inside", **options)
        found = keras.layers.Bidirectional(inside, merge_mode=merge, name=name)(at.tensor)
        return Flow(found, units * 2 if merge == "concat" else units)

    def cells(self, at: Flow, said: Sequence[tuple[str, str, int]], *, name: str, **options: Any) -> Flow:
        """RNN over several cells: (kind, symbol, units) of each."""
        import keras

        made, labels, self.arrays[name] = [], at.labels, []
        for number, (kind, symbol, count) in enumerate(said):
            units = self._owned(symbol, count, f"{name}/cell/{number}")
            self.arrays[name] += self.axes(kind, labels, units)
            made.append(self.layer(kind, units, name=f"{name}_cell_{number}"))
            labels = units
        return Flow(keras.layers.RNN(made, name=name, **options)(at.tensor), labels)

    def conv(self, at: Flow, symbol: str, count: int, **options: Any) -> Flow:
        import keras

        name = f"conv_{symbol}"
        units = self._owned(symbol, count, name)
        self.arrays[name] = [(fixed(3), at.labels, units), (units,)]
        return Flow(
            keras.layers.Conv1D(len(units), 3, padding="same", name=name, **options)(at.tensor), units
        )

    def embedding(
        self, at: Flow, tokens: str, rows: int, symbol: str, count: int, *, name: str, **options: Any
    ) -> Flow:
        import keras

        width, words = self._owned(symbol, count, name), self._owned(tokens, rows, name)
        self.arrays[name] = [(words, width)]
        return Flow(keras.layers.Embedding(len(words), len(width), name=name, **options)(at.tensor), width)

    def vectors(self, kind: str, at: Flow, name: str) -> Flow:
        """A normalisation, with some vectors over the last axis."""
        import keras

        layer = getattr(keras.layers, kind)(name=name)
        found = layer(at.tensor)
        self.arrays[name] = [(at.labels,) for _ in layer.weights]
        return Flow(found, at.labels)

    def plain(self, layer: Any, *at: Flow, labels: Labels | None = None) -> Flow:
        """A layer without arrays: the labels of the first tensor, if nothing else is said."""
        tensors = [one.tensor for one in at]
        return Flow(
            layer(tensors if len(tensors) > 1 else tensors[0]), at[0].labels if labels is None else labels
        )

    def _owned(self, symbol: str, count: int, owner: str) -> Labels:
        if owner not in self.owners.setdefault(symbol, []):
            self.owners[symbol].append(owner)
        return self.labels(symbol, count)


Build = Callable[[Draft], Any]


@dataclass(frozen=True)
class Made:
    """A built model and what its arrays' axes hold."""

    model: Any
    arrays: Mapping[str, list[Axes]]
    owners: Mapping[str, list[str]]

    def rule(self, symbol: str) -> str:
        """The layer on which a rule changes that many units."""
        return self.owners[symbol][0]


@cache
def drafted(build: Build, sizes: tuple[tuple[str, int], ...] = ()) -> Draft:
    """What a builder says of the model in these sizes."""
    draft = Draft(dict(sizes))
    build(draft)
    return draft


def made(build: Build, sizes: Mapping[str, int] | None = None, *, seed: int = 0) -> Made:
    """The model in these sizes, with seeded numbers everywhere: no bias is zero, no gamma one."""
    import keras

    draft = Draft(sizes or {})
    keras.utils.set_random_seed(seed)
    model = build(draft)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(_drawn(random, weight.name, weight.shape))
    return Made(model, draft.arrays, draft.owners)


def _drawn(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> Any:
    if "variance" in name or "gamma" in name:
        return random.uniform(0.5, 1.5, shape)
    return random.normal(size=shape) * 0.4 + (0.05 if len(shape) == 1 else 0.0)


def inputs_for(model: Any, *, batch: int = 8, seed: int = 1, tokens: Sequence[int] = ()) -> list[Any]:
    """Random inputs of a model; `tokens`: of how many each input gets some, if it takes tokens."""
    random = np.random.default_rng(seed)
    shapes = [
        (one.shape[0] or batch, *(size or STEPS_IF_FREE for size in one.shape[1:])) for one in model.inputs
    ]
    if tokens:
        return [random.integers(0, high, shape) for high, shape in zip(tokens, shapes, strict=True)]
    return [random.normal(size=shape).astype("float32") for shape in shapes]
