"""Arrays: a side of a diagnosis that is weights alone, told apart by names and shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lstm_migrate.checkpoint import Checkpoint, TensorInfo, Writer
from lstm_migrate.diagnosis.part import Held, Part, cores_of, counted, store_order
from lstm_migrate.errors import Problem
from lstm_migrate.graph import LayerPath
from lstm_migrate.inference.parts import with_arrays
from lstm_migrate.mapping.sources import mapping_of, source_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.slots import slots_of

# Whose words are tried where a file does not say who wrote it, the likeliest first.
LIKELY = {
    "keras-store": (Writer("tf.keras", "2.15.0", ""), Writer("keras", "3.0", "")),
    "keras0-weights": (Writer("keras", "0.3", ""),),
}
ANYBODY = (Writer("keras", "1.2.2", ""), Writer("tf.keras", "2.15.0", ""), Writer("keras", "3.0", ""))
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


@dataclass(frozen=True)
class Group:
    """The arrays of one layer. `path`: what it is called; `group`: what the file calls it as a whole;
    `store`: its path in a weight store."""

    path: LayerPath
    arrays: tuple[TensorInfo, ...]
    group: str
    store: str = ""


def parts_alone(checkpoint: Checkpoint) -> tuple[tuple[Part, ...], Vocabulary, str]:
    """The layers that the arrays seem to be, with the words in which most of them are layers."""
    own = mapping_of(checkpoint.writer) is not None
    writers = (checkpoint.writer,) if own else likely_writers(checkpoint)
    groups = list(groups_of(checkpoint))
    found = []
    for writer in writers:
        words = source_vocabulary(writer)
        found.append((tuple(_parts(groups, words)), words, mapping_of(writer) or ""))
    return max(found, key=lambda item: sum(part.layer is not None for part in item[0]))


def likely_writers(checkpoint: Checkpoint) -> tuple[Writer, ...]:
    """Who may have written a file that does not say so, the likeliest first."""
    return LIKELY.get(checkpoint.format, ANYBODY)


def groups_of(checkpoint: Checkpoint) -> Iterator[Group]:
    """The layers of the file that have arrays."""
    if checkpoint.format == "keras-store":
        yield from _stored(checkpoint)
        return
    for group, names in checkpoint.groups.items():
        if names:
            arrays = tuple(checkpoint.tensors[name] for name in names)
            yield Group((group,), arrays, group)


def _stored(checkpoint: Checkpoint) -> Iterator[Group]:
    """A store names objects by class, counted: a layer is what stands behind the last container."""
    found: dict[str, list[str]] = {}
    for at, names in checkpoint.groups.items():
        steps = at.split("/")
        places = [number for number, step in enumerate(steps) if step in CONTAINERS]
        layer = "/".join(steps[: places[-1] + 2]) if places else steps[0]
        found.setdefault(layer, []).extend(names)
    for at in sorted(found, key=store_order):
        path = tuple(step for step in at.split("/") if step not in CONTAINERS)
        arrays = tuple(checkpoint.tensors[name] for name in sorted(found[at], key=_place))
        yield Group(path, arrays, at, at)


def _parts(groups: Sequence[Group], words: Vocabulary) -> Iterator[Part]:
    known = False
    for group in groups:
        part = _part(group, words, not known)
        if part.layer is None and not group.store:
            inside = [_part(inner, words, False) for inner in _split(group)]
            if len(inside) > 1 and all(one.layer is not None for one in inside):
                yield from inside
                continue
        known = known or part.layer is not None
        yield part


def _split(group: Group) -> list[Group]:
    """The layers of a model inside the model, by the first scope of their arrays' names."""
    found: dict[str, list[TensorInfo]] = {}
    for info in group.arrays:
        steps = info.name.removeprefix(f"{group.group}/").split("/")
        found.setdefault(steps[0] if len(steps) > 1 else "", []).append(info)
    return [Group((*group.path, name), tuple(infos), group.group) for name, infos in found.items() if name]


def _part(group: Group, words: Vocabulary, first: bool) -> Part:
    fit = with_arrays(group.path[-1], group.arrays, words, first)
    plain = tuple(Held("", info.shape, info.name, info.dtype) for info in group.arrays)
    if isinstance(fit, Problem):
        return Part(group.path, None, (), plain, False, group.group, group.store)
    layer = replace(fit.layer, name=group.path[-1])
    held = {
        slot.key._replace(path=(*group.path[:-1], *slot.key.path)): Held(
            slot.key.role, info.shape, info.name, info.dtype
        )
        for slot, info in zip(slots_of(layer, words), group.arrays, strict=False)
    }
    cores = cores_of(group.path, layer, words, held)
    arrays = tuple(array for core in cores for array in core.arrays)
    return Part(group.path, layer, cores, arrays or plain, False, group.group, group.store)


def _place(name: str) -> tuple[bool, list[tuple[str, int]]]:
    """Forward before backward, cells by their counters, variables by their numbers."""
    steps = [("", int(step)) if step.isdigit() else counted(step) for step in name.split("/")]
    return "/backward_layer/" in name, steps
