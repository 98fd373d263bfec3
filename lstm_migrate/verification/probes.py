"""Probes: seeded inputs that a model can take, long enough to see a recurrent mistake.

A one-step probe sees neither a forgotten forget bias nor a transposed recurrent kernel, so free axes
get 8 steps or more. Where the model masks, some samples have holes in front, inside and behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_migrate.graph import Call, Graph, Layer, Ref, leaves, references
from lstm_migrate.reference.scope import Array, ShapeTooSmall

SIZES = ((4, 9), (3, 12))  # samples and steps of each probe: what fails for some shapes only has two chances
LONGEST = 600

# Layers that hand their input's values on, so that what is asked of their output is asked of it.
PASSING = frozenset(
    "Reshape Flatten Permute RepeatVector Concatenate Dropout SpatialDropout1D Activation Identity "
    "ZeroPadding1D Cropping1D ops.reshape ops.cast ops.expand_dims ops.squeeze ops.concatenate "
    "ops.transpose ops.get_item ops.stack".split()
)


@dataclass
class Wishes:
    """What the layers behind an input ask of it: ids below `below`, a value that masks a step, or values
    `among` those that a table knows."""

    below: int | None = None
    mask_value: float | None = None
    among: tuple[int, ...] = ()

    def join(self, other: Wishes) -> None:
        """Both wishes at once."""
        known = [value for value in (self.below, other.below) if value is not None]
        self.below = min(known) if known else None
        if self.mask_value is None:
            self.mask_value = other.mask_value
        self.among = self.among or other.among


def probe(graph: Graph, seed: int, length: int, batch: int = 4) -> list[Array]:
    """One set of inputs for `graph`: `batch` samples; other free axes have `length` steps."""
    random = np.random.default_rng(seed)
    wishes = wishes_of_graph(graph)
    # With time_major the first axis is time, so it must be long, too.
    time_major = any(layer.config.get("time_major") for _, layer in graph.walk())
    batch = length if time_major else batch
    return [
        _values(graph.layers[name], wishes.get(name, Wishes()), length, batch, random)
        for name in graph.inputs
    ]


def probes(graph: Graph, run: Callable[[list[Array]], Any]) -> Iterator[tuple[list[Array], Any]]:
    """(inputs, run(inputs)) for several seeds and, where an axis is free, several lengths.

    A probe that is too short for the model's convolutions and pools is tried again twice as long.
    """
    free = any(None in graph.layers[name].config["batch_shape"][1:] for name in graph.inputs)
    for seed, (batch, length) in enumerate(SIZES):
        while True:
            inputs = probe(graph, seed, length, batch)
            try:
                yield inputs, run(inputs)
                break
            except ShapeTooSmall:
                length *= 2
                if not free or length > LONGEST:
                    raise


def _values(layer: Layer, wishes: Wishes, length: int, batch: int, random: np.random.Generator) -> Array:
    sizes = layer.config["batch_shape"]
    shape = [size if size is not None else length for size in sizes[1:]]
    batch = sizes[0] if sizes and sizes[0] is not None else batch
    dtype = str(layer.config["dtype"])
    holes = _holes(batch, shape[0], random) if shape else np.zeros((batch,), bool)
    if wishes.among:
        return random.choice(wishes.among, (batch, *shape)).astype(dtype)
    if wishes.below is not None:
        lowest = 1 if wishes.mask_value is not None and wishes.below > 1 else 0
        values = random.integers(lowest, wishes.below, (batch, *shape))
        if lowest:
            values[holes] = 0
        return values.astype(dtype if dtype.startswith(("int", "uint")) else "float32")
    if dtype == "bool":
        return random.integers(0, 2, (batch, *shape)).astype(bool)
    if dtype.startswith(("int", "uint")):
        return random.integers(0, 2, (batch, *shape)).astype(dtype)
    values = random.normal(size=(batch, *shape)).astype("float32")
    if wishes.mask_value is not None and shape:
        values[holes] = wishes.mask_value
    return values


def _holes(batch: int, length: int, random: np.random.Generator) -> Array:
    """(batch, length): True where a step is masked. Sample 0 has none, 1 behind, 2 in front, 3 inside."""
    holes = np.zeros((batch, length), bool)
    if length < 4:
        return holes
    for number in range(batch):
        cut = int(random.integers(1, length // 2))
        if number % 4 == 1:
            holes[number, -cut:] = True
        elif number % 4 == 2:
            holes[number, :cut] = True
        elif number % 4 == 3:
            holes[number, cut : cut + max(1, length // 4)] = True
            holes[number, 0] = bool(cut > 1)
    return holes


@dataclass
class _Walk:
    """Which inputs each tensor of one graph stems from, as far as values are handed on."""

    found: dict[str, Wishes] = field(default_factory=dict)
    origins: dict[Ref, set[str]] = field(default_factory=dict)


def wishes_of_graph(graph: Graph) -> dict[str, Wishes]:
    """What the layers behind each input ask of it, by its name."""
    walk = _Walk({}, {Ref(name, 0, 0): {name} for name in graph.inputs})
    for call in graph.calls:
        layer = graph.layers[call.layer]
        origins = {name for ref in references(call) for name in walk.origins.get(ref, set())}
        if not origins:
            continue
        for name, wish in _wishes_of_call(layer, call, walk.origins):
            walk.found.setdefault(name, Wishes()).join(wish)
        if layer.kind in PASSING or _inner(layer).kind in PASSING:
            walk.origins[Ref(call.layer, call.index, 0)] = origins
    return walk.found


def _wishes_of_call(layer: Layer, call: Call, origins: dict[Ref, set[str]]) -> Iterator[tuple[str, Wishes]]:
    refs = [leaf for leaf in leaves(list(call.args)) if isinstance(leaf, Ref)]
    if layer.graph is not None:
        inner = wishes_of_graph(layer.graph)
        for ref, inside in zip(refs, layer.graph.inputs, strict=False):
            for name in origins.get(ref, ()):
                yield name, inner.get(inside, Wishes())
        return
    wish = _wish(_inner(layer))
    for ref in refs:
        for name in origins.get(ref, ()):
            yield name, wish


def _inner(layer: Layer) -> Layer:
    child = layer.children.get("layer")
    if child is None:
        return layer
    if child.graph is not None and child.graph.calls:
        return child.graph.layers[child.graph.calls[0].layer]
    return _inner(child)


def _wish(layer: Layer) -> Wishes:
    if layer.kind == "Embedding":
        masks = 0.0 if layer.config.get("mask_zero") else None
        return Wishes(int(layer.config["input_dim"]), masks)
    if layer.kind == "Masking":
        return Wishes(None, float(layer.config.get("mask_value", 0.0)))
    vocabulary = layer.config.get("vocabulary")
    if layer.kind == "IntegerLookup" and vocabulary:
        # Values that it knows, the mask, and where it has a number for them, some that it does not know.
        mask = layer.config.get("mask_token")
        known = [int(token) for token in (*vocabulary, *([] if mask is None else [mask]))]
        others = range(max(known) + 1, max(known) + 4) if layer.config.get("num_oov_indices", 1) else ()
        return Wishes(among=(*known, *others))
    if layer.kind == "CategoryEncoding":
        return Wishes(int(layer.config["num_tokens"]))
    return Wishes()
