"""Keras's own error: which message today's Keras gives when it loads these weights into this model, and
what it means.

Keras pairs layers by their order (`.h5`) or by their class, counted (`.weights.h5`, `.keras`), and compares
shapes alone. That is followed here; the messages are those of Keras 3.15, the tests hold them against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lstm_migrate.architecture.class_names import snake_case
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.keras_messages import MESSAGES
from lstm_migrate.diagnosis.kinds import shape_text
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.part import Shape
from lstm_migrate.planning.slots import Slot, slots_of_graph
from lstm_migrate.planning.store_binding import CONTAINER, WITH_CELL, Names, owned_objects

SILENT = "load_weights raises nothing: Keras pairs layers by {how} and compares shapes, nothing else"
LEGACY = frozenset({"keras-hdf5", "keras-hdf5-weights", "keras0-weights"})
STORES = frozenset({"keras-archive", "keras-store"})


@dataclass(frozen=True)
class Cause:
    """Why Keras raises, and the numbers in its message."""

    name: str
    facts: Mapping[str, object]


def keras_says(checkpoint: Checkpoint, target: Side, differs: bool) -> str:
    """The sentence; "" if nothing is said. `differs`: something does, so silence is worth a word."""
    if target.graph is None or target.era != "keras3" or checkpoint.format not in LEGACY | STORES:
        return ""
    cause = next(_causes(checkpoint, target), None)
    if cause is None:
        how = "order" if checkpoint.format in LEGACY else "class and number"
        return SILENT.format(how=how) if differs else ""
    message, meaning, older = (text.format(**cause.facts) for text in MESSAGES[cause.name])
    before = f" (Keras 2 said “{older}”.)" if older else ""
    return f"load_weights raises “{message}”: {meaning}.{before}"


def _causes(checkpoint: Checkpoint, target: Side) -> Iterator[Cause]:
    name = checkpoint.path.name
    if not name.endswith((".h5", ".hdf5", ".keras", ".weights.json")):
        yield Cause("suffix", {"name": name})
    elif checkpoint.format in LEGACY and name.endswith(".weights.h5"):
        renamed = f"{name.removesuffix('.weights.h5')}.h5"
        failed = list(_objects({}, checkpoint, target))
        yield Cause("another format", {**failed[0].facts, "objects": len(failed), "renamed": renamed})
    elif checkpoint.format in LEGACY:
        yield from _by_order(checkpoint, target)
    elif checkpoint.format == "keras-store" and not name.endswith((".weights.h5", ".weights.json")):
        yield Cause("store named h5", {"wanted": len(_layers(target))})
    else:
        failed = list(_objects(checkpoint.groups, checkpoint, target))
        if failed:
            yield Cause(failed[0].name, {**failed[0].facts, "objects": len(failed)})


def _layers(target: Side) -> list[tuple[str, list[Slot]]]:
    assert target.graph is not None
    return [(name, slots) for name, slots in slots_of_graph(target.graph, target.vocabulary) if slots]


def _by_order(checkpoint: Checkpoint, target: Side) -> Iterator[Cause]:
    """As Keras reads a file that lists its layers."""
    wanted = _layers(target)
    groups = [] if checkpoint.format == "keras0-weights" else list(checkpoint.groups.items())
    stored = [(group, names) for group, names in groups if names]
    if len(stored) != len(wanted):
        yield Cause("layer count", {"wanted": len(wanted), "found": len(stored)})
        return
    for number, ((group, names), (layer, slots)) in enumerate(zip(stored, wanted, strict=True)):
        facts = {"number": number, "group": group, "layer": layer}
        if len(names) != len(slots):
            yield Cause("weight count", {**facts, "wanted": len(slots), "found": len(names)})
        for slot, name in zip(slots, names, strict=False):
            found, expected = checkpoint.tensors[name].shape, _shape(target, slot)
            if _differ(found, expected):
                shapes = {"wanted": shape_text(expected), "found": shape_text(found)}
                yield Cause("shape", {**facts, **shapes, "role": slot.key.role})


def _objects(groups: Mapping[str, Sequence[str]], checkpoint: Checkpoint, target: Side) -> Iterator[Cause]:
    """The objects of the model that Keras cannot fill out of a store, in its order."""
    assert target.graph is not None
    names = Names({at: tuple(listed) for at, listed in groups.items()}, target.vocabulary, CONTAINER, 1)
    for at, slots in owned_objects(target.graph, names):
        stored = groups.get(at, ())
        facts = {"at": at, "layer": _object_name(at, slots, target)}
        if len(stored) != len(slots):
            yield Cause("variable count", {**facts, "wanted": len(slots), "found": len(stored)})
            continue
        for slot, name in zip(slots, stored, strict=True):
            found, expected = checkpoint.tensors[name].shape, _shape(target, slot)
            if _differ(found, expected):
                shapes = {"wanted": shape_text(expected), "found": shape_text(found)}
                yield Cause("variable shape", {**facts, **shapes, "role": slot.key.role})
                break


def _object_name(at: str, slots: Sequence[Slot], target: Side) -> str:
    """Keras calls the cell inside an LSTM "lstm_cell", other objects as their layer."""
    path = slots[0].key.path
    kinds = dict(target.graph.walk()) if target.graph is not None else {}
    layer = kinds.get(path)
    if layer is not None and layer.kind in WITH_CELL and at.endswith("/cell"):
        return f"{snake_case(layer.kind)}_cell"
    return layer.name if layer is not None else path[-1]


def _shape(target: Side, slot: Slot) -> Shape | None:
    held = target.held.get(slot.key)
    return None if held is None else held.shape


def _differ(found: Shape, expected: Shape | None) -> bool:
    """Whether two shapes cannot be the same; a size that nobody tells fits any."""
    if expected is None:
        return False
    if len(found) != len(expected):
        return True
    return any(None is not its != mine for mine, its in zip(found, expected, strict=True))
