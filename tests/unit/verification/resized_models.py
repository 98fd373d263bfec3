"""Keras models resized by hand, well or badly, and what the judge is given of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from lstm_migrate.architecture import keras3
from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.graph import Graph, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Array, Effect, Step
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.restriction import NEW, STATE, Restriction, Silence
from lstm_migrate.targets.reopened import reopen
from lstm_migrate.targets.variables import fill, variables
from lstm_migrate.verification.resizing import Computed, Resizing, of_full, resizing
from lstm_migrate.verification.subject import Model, Subject

UNITS, KEPT, GONE = 5, (0, 2, 3), (1, 4)

New = Literal["zeros", "copy", "share", "unequal share", "random"]


@dataclass(frozen=True)
class Along(Step):
    """Takes places of one axis, in this order; a place that comes again, or NEW, is a new one.

    `new`: what stands there. "share" takes a quarter of what the old one had, which keeps the rest; "unequal
    share" is a mistake, for it keeps more.
    """

    before: tuple[int, ...]
    axis: int
    places: tuple[int, ...]
    new: New = "zeros"
    effect: Effect = "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.before[: self.axis], len(self.places), *self.before[self.axis + 1 :])

    @property
    def _fresh(self) -> Array:
        places = self.places
        return np.array([one == NEW or one in places[:number] for number, one in enumerate(places)])

    @property
    def unused(self) -> Array:
        positions = np.arange(int(np.prod(self.before))).reshape(self.before)
        gone = [place for place in range(self.before[self.axis]) if place not in self.places]
        return np.take(positions, gone, axis=self.axis).ravel()

    @property
    def blank(self) -> int:
        return int(self._fresh.sum() * np.prod(self.before) // self.before[self.axis])

    def apply(self, value: Array) -> Array:
        value = np.moveaxis(value, self.axis, 0)
        made = value[np.maximum(self.places, 0)]
        fresh, number = self._fresh, np.random.default_rng(3)
        if self.new in ("zeros", "random"):
            filled = number.normal(size=made.shape) if self.new == "random" else np.zeros(made.shape)
            made[fresh] = filled[fresh].astype(value.dtype)
        elif self.new.endswith("share"):
            for place in np.array(self.places)[fresh]:
                twins = np.array(self.places) == place
                made[twins & fresh] *= value.dtype.type(0.25)
                made[twins & ~fresh] *= value.dtype.type(0.75 if self.new == "share" else 0.875)
        return np.ascontiguousarray(np.moveaxis(made, 0, self.axis))

    def trace(self, positions: Array) -> Array:
        return replace(self, new="zeros").apply(positions)

    def omitted(self, value: Array) -> Array:
        # Forgetting which: the last ones, then the others.
        count = self.before[self.axis]
        wrong = tuple((place + 1) % count for place in range(len(self.places)))
        return np.take(value, wrong, axis=self.axis)

    def __str__(self) -> str:
        return f"along axis {self.axis}"


def of_gates(places: Sequence[int], units: int, gates: int) -> tuple[int, ...]:
    """The same places in each gate of an axis (gate u)."""
    return tuple(NEW if place == NEW else gate * units + place for gate in range(gates) for place in places)


Steps = dict[tuple[str, str], tuple[Step, ...]]
"""The steps of an array by its layer (with slashes) and its role; other arrays are copied."""

Silences = dict[LayerPath, tuple[Silence, ...]]


def named(said: tuple[str, str]) -> WeightKey:
    return WeightKey(tuple(said[0].split("/")), said[1])


def cell_steps(
    layer: str, arrays: Mapping[str, Array], kept: Sequence[int], units: int, gates: int = 4, **how: Any
) -> dict[tuple[str, str], tuple[Step, ...]]:
    """What becomes of a cell's arrays; `how` new columns are made. New rows get nothing, or a share."""
    columns, rows = of_gates(kept, units, gates), tuple(kept)
    outgoing = how.pop("outgoing", "zeros")
    found: dict[tuple[str, str], tuple[Step, ...]] = {}
    for role, value in arrays.items():
        steps: list[Step] = []
        shape = value.shape
        if role == "recurrent_kernel":
            steps.append(Along(shape, 0, rows, outgoing))
            shape = steps[-1].shape
        steps.append(Along(shape, value.ndim - 1, columns, **how))
        found[layer, role] = tuple(steps)
    return found


@dataclass(frozen=True)
class Pair:
    """A full model and the shape of a resized one, both Keras models with layers of the same names."""

    full: keras.Model
    small: keras.Model
    folder: Path

    def __post_init__(self) -> None:
        for number, layer in enumerate(self.full.layers):
            values = np.random.default_rng(number)
            layer.set_weights(
                [(0.6 * values.normal(size=w.shape) + 0.1).astype("float32") for w in layer.weights]
            )

    def resized(self, steps: Steps, restriction: Restriction, *, exact: bool) -> Resizing:
        """The small model filled by these steps, and what is to be proven of it."""
        full = self._model(self.full, "full.keras")
        first = Subject(full, full, Computed(full), self._copies(full), {}, _none, {})
        wanted = {named(said): each for said, each in steps.items()}
        recipes = [
            replace(item, steps=wanted[item.target], shape=wanted[item.target][-1].shape)
            if item.target in wanted
            else item
            for item in self._copies(full)
        ]
        for key, variable in variables(self.small, self._model(self.small, "small.keras").graph).items():
            (recipe,) = (one for one in recipes if one.target == key)
            fill(variable, key, recipe.run(lambda name: full.weights[self._key(full, name)]))
        self.small.save(self.folder / "small.keras")
        live = reopen(self.folder / "small.keras")
        graph = keras3.read(live.config(), Draft(target_vocabulary()))
        target = Model(graph, live.weights(graph), Semantics())
        return resizing(
            of_full(first),
            with_inputs_of(full.graph, graph),
            restriction,
            target,
            live,
            recipes,
            lambda name, array: None,
            exact=exact,
        )

    def arrays(self, layer: str) -> dict[str, Array]:
        """A layer's arrays by role."""
        full = self._model(self.full, "full.keras")
        path = tuple(layer.split("/"))
        return {key.role: np.array(value) for key, value in full.weights.items() if key.path == path}

    def _model(self, model: keras.Model, name: str) -> Model:
        model.save(self.folder / name)
        live = reopen(self.folder / name)
        graph = keras3.read(live.config(), Draft(target_vocabulary()))
        return Model(graph, live.weights(graph), Semantics())

    @staticmethod
    def _copies(full: Model) -> list[Assignment]:
        return [
            Assignment(key, (str(key),), key.role, (), value.shape, str(value.dtype))
            for key, value in full.weights.items()
        ]

    @staticmethod
    def _key(full: Model, name: str) -> WeightKey:
        return next(key for key in full.weights if str(key) == name)


def with_inputs_of(full: Graph, small: Graph) -> Graph:
    """The full model's graph with the batch and time sizes of the small one's inputs."""

    def change(path: tuple[str, ...], layer: Any) -> Any:
        if layer.kind != "InputLayer" or layer.name not in small.layers:
            return layer
        own, other = (graph.layers[layer.name].config["batch_shape"] for graph in (full, small))
        shape = (*other[:-1], own[-1]) if len(own) > 1 else other
        return replace(layer, config={**layer.config, "batch_shape": shape})

    return full.changed(change)


def _none(name: str) -> Array:
    raise KeyError(name)


def chain(*layers: keras.layers.Layer, shape: Sequence[int | None] = (7, 3), **options: Any) -> keras.Model:
    return keras.Sequential([keras.Input(shape, name="x", **options), *layers], name="model")


def one_lstm(units: int) -> keras.Model:
    return chain(keras.layers.LSTM(units, name="lstm"), keras.layers.Dense(4, name="dense"))


def cut_steps(pair: Pair, kept: Sequence[int] = KEPT) -> Steps:
    steps = cell_steps("lstm", pair.arrays("lstm"), kept, UNITS, effect="approximate")
    return {**steps, ("dense", "kernel"): (Along((UNITS, 4), 0, tuple(kept), effect="approximate"),)}


CUT = Restriction({("lstm",): (Silence(STATE, -1, GONE, KEPT),), ("dense",): (Silence(0, 1, GONE, KEPT),)})


def grown_steps(pair: Pair, repeated: Sequence[int], new: Any, outgoing: Any) -> Steps:
    places = (*range(UNITS), *repeated)
    return {
        **cell_steps("lstm", pair.arrays("lstm"), places, UNITS, new=new, outgoing=outgoing),
        ("dense", "kernel"): (Along((UNITS, 4), 0, places, outgoing),),
    }
