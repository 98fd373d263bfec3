"""The chain of layers that a draft lists: in an order in which their widths follow from one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lstm_migrate.drafting.found import KINDS, Found

MOST = 12  # layers whose order is searched for
SNAKE = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}
OF_SAME_WIDTH = ("BatchNormalization", "LayerNormalization", "PReLU")
_FIRST = ("Embedding", "Conv1D", *KINDS.values())
SIZE = {"Embedding": "output_dim", "Conv1D": "filters"}


@dataclass(frozen=True)
class Listed:
    """One layer of the new model, and the layers of the file from which it is: two if bidirectional."""

    name: str
    parts: tuple[Found, ...]

    @property
    def kind(self) -> str:
        return self.parts[0].kind

    @property
    def bidirectional(self) -> bool:
        return len(self.parts) > 1

    @property
    def inputs(self) -> int:
        return self.parts[0].units if self.kind in OF_SAME_WIDTH else self.parts[0].inputs

    @property
    def outputs(self) -> int:
        return self.parts[0].units * len(self.parts)

    @property
    def recurrent(self) -> bool:
        return self.parts[0].recurrent

    def path(self, part: Found) -> str:
        """What rules call the place of one of its parts."""
        return f"{self.name}/{part.dir}" if self.bidirectional else self.name


def listed(found: Sequence[Found]) -> list[Listed]:
    """The layers of the new model with names of their own, in their likely order."""
    return _named(_ordered(_merged(found)))


def chained(layers: Sequence[Listed]) -> bool:
    """Whether each layer reads as many features as the one before it gives."""
    return all(one.outputs == other.inputs for one, other in pairwise(layers))


def config(layer: Listed, sequences: bool, reset_after: bool | None) -> dict[str, Any]:
    """The entry of a layer under `model`."""
    part = layer.parts[0]
    own: dict[str, Any] = {}
    if layer.kind not in OF_SAME_WIDTH:
        own[SIZE.get(layer.kind, "units")] = part.units
    own |= part.config
    if sequences:
        own["return_sequences"] = True
    if reset_after is False:
        own["reset_after"] = False
    if not layer.bidirectional:
        return {"class": layer.kind, "name": layer.name, "config": own}
    inner = {"class": layer.kind, "config": own}
    return {"class": "Bidirectional", "name": layer.name, "config": {"layer": inner}}


def input_shape(first: Listed) -> list[int | None]:
    """The shape of the new model's input, without the batch."""
    if first.kind == "Embedding":
        return [None]
    return [None, first.inputs] if first.kind in _FIRST else [first.inputs]


def _merged(found: Sequence[Found]) -> list[Listed]:
    """Both directions of one layer together."""
    pairs: dict[tuple[str, int | None], list[Found]] = {}
    for one in found:
        neutral = re.sub(r"(?<![a-z])(fw|bw|fwd|bwd|forward|backward)(?![a-z])", "*", one.prefix)
        key = (neutral if one.dir and one.layer is None else one.prefix, one.layer)
        pairs.setdefault(key, []).append(one)
    return [Listed("", tuple(sorted(pair, key=lambda one: one.dir, reverse=True))) for pair in pairs.values()]


def _ordered(layers: Sequence[Listed]) -> list[Listed]:
    """What comes first by its kind first, then by the file; another order if the widths demand one."""
    likely = sorted(
        layers, key=lambda layer: 0 if layer.kind == "Embedding" else 1 if layer.kind in _FIRST else 2
    )
    if len(layers) > MOST:
        return likely
    return next(_orders([], likely), likely)


def _orders(before: list[Listed], left: list[Listed]) -> Iterator[list[Listed]]:
    if not left:
        yield before
    for layer in left:
        if not before or before[-1].outputs == layer.inputs:
            yield from _orders([*before, layer], [one for one in left if one is not layer])


def _named(layers: Sequence[Listed]) -> list[Listed]:
    """Recurrent layers are called by their kind and number, others as in the file."""
    stems = [_stem(layer) for layer in layers]
    named, counts = [], dict.fromkeys(stems, 0)
    for layer, stem in zip(layers, stems, strict=True):
        counts[stem] += 1
        alone = stems.count(stem) == 1
        named.append(replace(layer, name=stem if alone else f"{stem}_{counts[stem]}"))
    return named


def _stem(layer: Listed) -> str:
    if layer.bidirectional:
        return "bidirectional"
    if layer.recurrent:
        return SNAKE[layer.kind]
    own = re.sub(r"\W+", "_", re.split(r"[/.]", layer.parts[0].prefix)[-1]).strip("_")
    return own or layer.kind.lower()


def renamed(layers: Sequence[Listed], names: Mapping[int, str]) -> list[Listed]:
    """The layers under other names, by their number."""
    return [replace(layer, name=names.get(number, layer.name)) for number, layer in enumerate(layers)]
