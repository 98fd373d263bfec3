"""Models put in another order, doubled, cut or grown by nothing but what following their features found.

Whoever reads two twins reads half of each, and whoever reads a new unit that is silent, or reads it by zeros,
hears nothing, so the outputs stay what they were: if one array, number of a config, tie or pin were missing,
they would not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.steps import Form, fold, unfold
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Dims, Followed, Move, Placed
from lstm_migrate.restriction import Silence

Array = np.ndarray[Any, Any]


class Axis(NamedTuple):
    """For each new position the old one; how much of it its readers read; whether it is a new element."""

    taken: list[int]
    shares: list[float]
    fresh: list[bool]


@dataclass(frozen=True)
class Moved:
    """A model of other units. `order`: for each root the one that stands where it stood; `twice`: roots that
    have a second element behind them, by `filled` "copy", "silent" or "loud"; `gone`: those left out."""

    followed: Followed
    order: Mapping[int, int] = field(default_factory=dict)
    twice: frozenset[int] = frozenset()
    filled: str = "copy"
    gone: frozenset[int] = frozenset()

    def along(self, ids: Ids) -> Axis:
        roots = [int(root) for root in self.followed.elements.roots(ids)]
        places: dict[int, list[int]] = {}
        for place, root in enumerate(roots):
            places.setdefault(root, []).append(place)
        axis, seen = Axis([], [], []), dict[int, int]()
        for root, run in groupby(roots):
            source, count = self.order.get(root, root), len(list(run))
            first = seen.get(root, 0)
            block = places[source][first : first + count]
            seen[root] = first + count
            again = source in self.twice
            for new in [] if source in self.gone else [False, True][: 1 + again]:
                axis.taken.extend(block)
                axis.fresh.extend([new] * count)
                axis.shares.extend([0.5 if again else 1.0] * count)
        return axis

    def weights(self, weights: Mapping[WeightKey, Array]) -> dict[WeightKey, Array]:
        arrays = self.followed.arrays
        return {
            key: self._array(arrays[key], value) if key in arrays else value for key, value in weights.items()
        }

    def _array(self, placed: Placed, value: Array) -> Array:
        loose, names = unfold(value, placed.form)
        sizes = dict(placed.form.sizes)
        random = np.random.default_rng(5)
        for symbol in sorted(placed.ids, key=lambda one: placed.sides[one] == "outgoing"):
            axis = self.along(placed.ids[symbol])
            place, side = names.index(symbol), placed.sides[symbol]
            loose = np.moveaxis(np.take(loose, axis.taken, place), place, 0)
            sizes[symbol] = len(axis.taken)
            new = np.flatnonzero(axis.fresh)
            if self.filled == "copy" and side == "outgoing":
                loose = loose * np.reshape(axis.shares, (-1,) + (1,) * (loose.ndim - 1))
            elif self.filled != "copy":
                loud = (self.filled == "loud") == (side == "incoming")
                filling = random.normal(size=loose[new].shape) if loud else np.zeros(loose[new].shape)
                loose[new] = placed.neutral if side == "each" else filling
            loose = np.moveaxis(loose, 0, place)
        return fold(loose, names, Form(placed.form.axes, sizes, placed.form.gates, placed.form.poured))

    def graph(self, graph: Graph) -> Graph:
        """The model with the sizes that its config now has."""

        def change(path: LayerPath, layer: Layer) -> Layer:
            config = dict(layer.config)
            for size in self.followed.sizes:
                if size.path != path:
                    continue
                count = len(self.along(size.ids).taken)
                if size.index is None:
                    config[size.key] = count
                else:
                    entries = list(config[size.key])
                    entries[size.index] = count
                    config[size.key] = tuple(entries)
            return replace(layer, config=config)

        return graph.changed(change)

    def silences(self) -> dict[LayerPath, tuple[Silence, ...]]:
        """What the readers of the old model are not to hear."""
        found: dict[LayerPath, tuple[Silence, ...]] = {}
        for read in self.followed.reads if self.gone else ():
            kept = tuple(self.along(read.ids).taken)
            gone = tuple(sorted(set(range(len(read.ids))) - set(kept)))
            if gone:
                one = Silence(read.argument, read.axis, gone, kept, over=read.over)
                found[read.path] = (*found.get(read.path, ()), one)
        return found

    def shared(self, dims: Dims | None, old: Array, new: Array) -> tuple[Array, Array]:
        """What the two models have in common of an output."""
        for place, ids in enumerate(dims or ()):
            if ids is not None:
                axis = self.along(ids)
                there = [not fresh or self.filled == "copy" for fresh in axis.fresh]
                old = np.take(
                    old, [one for one, known in zip(axis.taken, there, strict=True) if known], place
                )
                if new.shape[place] == len(there):
                    new = np.take(new, np.flatnonzero(there), place)
        return old, new


def reordered(followed: Followed, roots: Ids, random: np.random.Generator) -> Moved:
    return Moved(followed, dict(zip(roots.tolist(), random.permutation(roots).tolist(), strict=True)))


def doubled(followed: Followed, roots: Ids, random: np.random.Generator) -> Moved:
    return Moved(followed, twice=half(roots, random))


def silenced(followed: Followed, roots: Ids, random: np.random.Generator) -> Moved:
    return Moved(followed, twice=half(roots, random), filled="silent")


def unheard(followed: Followed, roots: Ids, random: np.random.Generator) -> Moved:
    return Moved(followed, twice=half(roots, random), filled="loud")


def cut(followed: Followed, roots: Ids, random: np.random.Generator) -> Moved:
    # Every second one, so that something is left of each of several layers that have them.
    return Moved(followed, gone=frozenset(roots[1::2].tolist()))


def half(roots: Ids, random: np.random.Generator) -> frozenset[int]:
    return frozenset(random.choice(roots, (len(roots) + 1) // 2, replace=False).tolist())


Making = Callable[[Followed, Ids, np.random.Generator], Moved]

MAKINGS: Mapping[str, tuple[Making, frozenset[Move]]] = {
    "order": (reordered, frozenset({"order"})),
    "copy": (doubled, frozenset({"grow", "copy"})),
    "silent": (silenced, frozenset({"grow", "silent"})),
    "loud": (unheard, frozenset({"grow", "loud"})),
    "cut": (cut, frozenset({"cut"})),
}
"""Ways to move a model, with the moves that they are."""


def movable(followed: Followed, name: str) -> Iterator[tuple[LayerPath, Ids]]:
    """(a layer, the roots of its units), for those that nothing pins against such a move."""
    held = [pin.ids for pin in followed.pins if pin.against & MAKINGS[name][1]]
    held += [ids for dims in followed.inputs for ids in dims or () if ids is not None]
    pinned = followed.elements.roots(np.concatenate([np.zeros(0, np.int64), *held]))
    for path, symbols in followed.own.items():
        for symbol, ids in symbols.items():
            roots = np.unique(followed.elements.roots(ids))
            if symbol.startswith("u") and not np.isin(roots, pinned).any() and _whole(followed, roots, name):
                yield path, roots


def _whole(followed: Followed, roots: Ids, name: str) -> bool:
    """Whether all of these stand wherever any of them does: else nobody could put them in another order."""
    axes = [axis for placed in followed.arrays.values() for axis in placed.ids.values()]
    inside = [np.isin(roots, followed.elements.roots(axis)) for axis in axes]
    return name != "order" or all(found.all() or not found.any() for found in inside)


def difference(graph: Graph, weights: Mapping[WeightKey, Array], inputs: list[Array], moved: Moved) -> float:
    """How far the outputs of the moved model lie from those of the old one, where they share them."""
    before = evaluate(graph, weights, inputs, semantics=Semantics(), silences=moved.silences())
    after = evaluate(moved.graph(graph), moved.weights(weights), inputs, semantics=Semantics())
    worst = 0.0
    for number, pair in enumerate(zip(before, after, strict=True)):
        dims = moved.followed.outputs[number]
        old, new = moved.shared(dims, *pair)
        if old.shape != new.shape:
            return float("inf")
        # Of probabilities those that are shared take part in another sum.
        if number in moved.followed.softmaxed and (moved.twice or moved.gone) and _changes(moved, dims):
            continue
        worst = max(worst, float(np.max(np.abs(old.astype(float) - new.astype(float)), initial=0.0)))
    return worst


def _changes(moved: Moved, dims: Dims | None) -> bool:
    last = dims[-1] if dims else None
    return last is not None and moved.along(last).taken != list(range(len(last)))


def random_weights(
    shapes: Mapping[WeightKey, tuple[int, ...]], random: np.random.Generator
) -> dict[WeightKey, Array]:
    """Weights large enough to matter; positive where a root is taken of them."""
    made = {key: random.normal(size=shape) * 0.7 for key, shape in shapes.items()}
    return {key: np.abs(value) + 0.1 if "varia" in key.role else value for key, value in made.items()}
