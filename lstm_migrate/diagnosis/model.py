"""Model: a side of a diagnosis that has an architecture: layers, each with the arrays that it must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.eras import read_config
from lstm_migrate.architecture.given import Supplied, given_architecture, is_model
from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.custom import CustomParts
from lstm_migrate.diagnosis.part import Held, Part, cores_of, expected_shape, layers_of, stated_sizes
from lstm_migrate.diagnosis.widths import fed_widths, widths_inside
from lstm_migrate.errors import LstmMigrateError, PlanError
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.mapping.sources import mapping_of, source_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.opening import draft_of
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.claims import Claim
from lstm_migrate.planning.make_plan import BINDERS
from lstm_migrate.planning.slots import own_slots
from lstm_migrate.planning.store_binding import CONTAINER, Names
from lstm_migrate.readers import open_checkpoint


@dataclass(frozen=True)
class Side:
    """What is compared: its layers, and the model behind them if there is one.

    `era`: the mapping file that speaks its words; `unread`: why its own config says nothing; `held`: the
    arrays of the model; `supplied`: the config that it was made of. `usual`: the words of who wrote
    the arrays, where the model is in other words. `ignored`: tensors that no layer needs, with the reason.
    `claims`: by which of the user's rules each layer has its arrays, in a file that knows no layers;
    `as_target`: the model is the target's own, and those rules fit it.
    """

    parts: tuple[Part, ...]
    vocabulary: Vocabulary
    graph: Graph | None = None
    era: str = ""
    unread: str = ""
    held: Mapping[WeightKey, Held] = field(default_factory=dict)
    supplied: Supplied | None = None
    usual: Vocabulary | None = None
    ignored: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[LayerPath, Claim] = field(default_factory=dict)
    as_target: bool = False


def target_side(argument: str, custom: CustomParts, otherwise: Writer) -> Side:
    """The model that `argument` names; `otherwise` wrote it where it does not say who did."""
    try:
        return _target(argument, custom, otherwise)
    except LstmMigrateError as error:
        said = [
            replace(item, where=item.where.replace("--architecture", "--against")) for item in error.problems
        ]
        raise type(error)(said) from error


def _target(argument: str, custom: CustomParts, otherwise: Writer) -> Side:
    supplied = given_architecture(argument)
    known = supplied.writer.name != "unknown"
    supplied = supplied if known else replace(supplied, writer=otherwise)
    words = replace(source_vocabulary(supplied.writer), custom=custom)
    if is_model(Path(argument)):
        with open_checkpoint(Path(argument)) as checkpoint:
            return _made(supplied, words, draft_of(checkpoint, words), checkpoint)
    return _made(supplied, words, Draft(words), None)


def _made(supplied: Supplied, words: Vocabulary, draft: Draft, checkpoint: Checkpoint | None) -> Side:
    graph = read_config(supplied.config, supplied.writer, draft)
    widths = fed_widths(graph, words, supplied.config)
    held = {**expected(graph, words, widths), **(_stored(graph, checkpoint, words) if checkpoint else {})}
    held = {key: replace(one, name="") for key, one in held.items()}
    era = mapping_of(supplied.writer) or ""
    parts = parts_of(graph, words, held)
    return Side(parts, words, graph, era, held=held, supplied=supplied)


def parts_of(graph: Graph, words: Vocabulary, held: Mapping[WeightKey, Held]) -> tuple[Part, ...]:
    """The model's layers with the arrays of `held`."""
    stores = dict(store_paths(graph, words))
    found = []
    for path, layer in layers_of(graph):
        cores = cores_of(path, layer, words, held)
        arrays = tuple(array for core in cores for array in core.arrays)
        found.append(Part(path, layer, cores, arrays, True, path[0], stores.get(path, "")))
    return tuple(found)


def store_paths(graph: Graph, words: Vocabulary) -> Iterator[tuple[LayerPath, str]]:
    """For each layer its path in the weight stores of Keras 3: classes, counted."""
    names = Names({}, words, CONTAINER, 1)

    def walk(graph: Graph, at: str, path: LayerPath) -> Iterator[tuple[LayerPath, str]]:
        for layer, place in names.layers(graph, at):
            yield (*path, layer.name), place
            if layer.graph is not None:
                yield from walk(layer.graph, f"{place}/", (*path, layer.name))

    yield from walk(graph, "", ())


def expected(graph: Graph, words: Vocabulary, widths: Mapping[LayerPath, int]) -> dict[WeightKey, Held]:
    """The arrays that a model without any must have, with their shapes as far as its config tells them."""
    found: dict[WeightKey, Held] = {}
    for path, layer in layers_of(graph):
        fed = widths_inside(layer, path, widths.get(path))
        for inner_path, inner in layer.walk(path[:-1]):
            for slot in own_slots(inner, inner_path, (), True, words):
                sizes = {**_fed(inner, fed.get(inner_path)), **stated_sizes(inner), **(slot.sizes or {})}
                shape = expected_shape(slot.axes, sizes)
                if slot.axes is None and "axis" in inner.config and "c" in sizes:
                    shape = (sizes["c"],)  # a normalisation along the last axis
                found[slot.key] = Held(slot.key.role, shape, "", _stored_as(inner))
    return found


def _fed(layer: Layer, width: int | None) -> dict[str, int]:
    """The sizes that follow from what a layer is fed: a normalisation's own only along the last axis."""
    if width is None:
        return {}
    return {"x": width, "c": width} if _is_last(layer.config.get("axis", -1)) else {"x": width}


def _is_last(axis: Any) -> bool:
    """Whether a normalisation is surely over the last axis: old Keras counts it from the first."""
    place = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    return type(place) is int and (place == -1 or place > 1)


def _stored_as(layer: Layer) -> str:
    return "float32" if layer.dtype.startswith("mixed") else layer.dtype


def _stored(graph: Graph, checkpoint: Checkpoint, words: Vocabulary) -> dict[WeightKey, Held]:
    """The arrays that the target's own file holds; none if they do not fit its config."""
    try:
        return held_by(bound_arrays(graph, checkpoint, words), checkpoint)
    except PlanError:
        return {}


def bound_arrays(graph: Graph, checkpoint: Checkpoint, words: Vocabulary) -> Mapping[WeightKey, str]:
    """Which tensor of the file is which array of its model; PlanError if they do not fit."""
    binder: Any = BINDERS.get(checkpoint.format, bind)
    found: Mapping[WeightKey, str] = binder(graph, checkpoint, words)[0]
    return found


def held_by(bound: Mapping[WeightKey, str], checkpoint: Checkpoint) -> dict[WeightKey, Held]:
    """The arrays with the file's names and shapes."""
    infos = {key: checkpoint.tensors[name] for key, name in bound.items()}
    return {key: Held(key.role, info.shape, info.name, info.dtype) for key, info in infos.items()}
