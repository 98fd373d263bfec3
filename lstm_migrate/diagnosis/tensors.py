"""Tensors: the layers in a file that knows none (.npz, safetensors), by what layouts call their arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.diagnosis.claiming import Claim, Place, chosen, shipped
from lstm_migrate.diagnosis.part import Entry, Held, Part, cores_of
from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.naming import arrays_of

KINDS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
SIDES = (("fw", "bw"), ("forward", "backward"))
OF_TRAINING = re.compile(
    r"(.*[/.])?(Adam\w*|Momentum|RMSProp(_\d+)?|global_step|beta\d?_power\w*|num_batches_tracked)"
)
UNUSED = "the optimizer's, or a counter"


def parts_named(
    checkpoint: Checkpoint, further: Mapping[str, Declared]
) -> tuple[tuple[Part, ...], Vocabulary, dict[str, str]]:
    """The layers, the words that know their layouts, and the tensors that nobody needs, with the reason.

    `further`: layouts of the user's own.
    """
    claims, left = chosen(checkpoint, [*further.values(), *shipped()])
    words = replace(target_vocabulary(), forks={claim.declared.name: claim.declared for claim in claims})
    parts = [_part(alike, words) for alike in _together(claims)]
    ignored = {name: UNUSED for name in left if OF_TRAINING.fullmatch(name)}
    unknown: dict[str, list[TensorInfo]] = {}
    for name in left:
        if name not in ignored:
            unknown.setdefault(re.split(r"[/.][^/.]*$", name)[0], []).append(checkpoint.tensors[name])
    parts += [_unknown(of, infos) for of, infos in unknown.items()]
    places = {name: number for number, name in enumerate(checkpoint.tensors)}
    parts.sort(key=lambda part: min(places[held.name] for held in part.arrays))
    return tuple(parts), words, ignored


def _together(claims: Sequence[Claim]) -> Iterator[tuple[Claim, ...]]:
    """Both directions of one layer side by side."""
    by_place = {(claim.declared.name, claim.place): claim for claim in claims}
    done: set[int] = set()
    for claim in claims:
        other = next((by_place[key] for key in _opposites(claim) if key in by_place), None)
        if other is not None and id(claim) not in done:
            done |= {id(claim), id(other)}
            yield claim, other
    yield from ((claim,) for claim in claims if id(claim) not in done)


def _opposites(claim: Claim) -> Iterator[tuple[str, Place]]:
    """Where the backward direction of a forward one would stand."""
    name, place = claim.declared.name, claim.place
    if claim.declared.cell and place.dir == claim.declared.directions[0] and place.layer:
        yield name, replace(place, dir=claim.declared.directions[1])
    for forward, backward in SIDES:
        steps = re.split(r"([/.])", place.of)
        if forward in steps:
            yield name, replace(place, of="".join(backward if step == forward else step for step in steps))


def _part(claims: tuple[Claim, ...], words: Vocabulary) -> Part:
    first = claims[0]
    path = (first.place.of, *([first.place.layer] if first.place.layer else []))
    labels = ("forward_layer", "backward_layer") if len(claims) > 1 else ("",)
    layers = [_layer(claim, label or path[-1]) for claim, label in zip(claims, labels, strict=True)]
    layer = layers[0]
    if len(claims) > 1:
        layer = Layer(path[-1], "Bidirectional", {}, dict(zip(labels, layers, strict=True)))
    held: dict[WeightKey, Held] = {}
    for claim, label in zip(claims, labels, strict=True):
        here: LayerPath = (*path, label) if label else path
        held |= {
            WeightKey(here, role): Held(role, info.shape, info.name, info.dtype)
            for role, info in claim.arrays.items()
        }
    cores = cores_of(path, layer, words, held)
    return Part(path, layer, cores, tuple(held.values()), False, entries=tuple(_entries(claims)))


def _layer(claim: Claim, name: str) -> Layer:
    declared = claim.declared
    present = frozenset(
        role for role in declared.tensors if arrays_of(role, declared).keys() & claim.arrays.keys()
    )
    if not declared.cell:
        return Layer(
            name, declared.layer, {"use_bias": "bias" in present}, storage=declared.storage({}, present)
        )
    config: dict[str, Any] = {
        "units": claim.sizes.get("u"),
        "use_bias": "bias" in present,
        **declared.activations,
    }
    if declared.cell == "gru" and declared.reset_after is not None:
        config["reset_after"] = declared.reset_after
    return Layer(name, KINDS[declared.cell], config, storage=declared.storage({}, present))


def _entries(claims: tuple[Claim, ...]) -> Iterator[Entry]:
    """The rules for the layer: one if the names tell directions apart, else one for each."""
    first = claims[0]
    facts: dict[str, Any] = {} if first.declared.usual else {"layout": first.declared.name}
    if first.place.layer:
        facts["at"] = {"layer": int(first.place.layer)}
    if len({claim.place.of for claim in claims}) == 1:
        yield Entry(first.place.of, facts, "/{dir}" if len(claims) > 1 else "")
        return
    for claim, side in zip(claims, ("/forward", "/backward"), strict=True):
        yield Entry(claim.place.of, facts, side)


def _unknown(of: str, infos: Sequence[TensorInfo]) -> Part:
    arrays = tuple(Held("", info.shape, info.name, info.dtype) for info in infos)
    return Part((of,), None, (), arrays, False)
