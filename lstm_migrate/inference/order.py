"""The order of the layers where a file does not list it: a weight store names them by class.

Layers of one class are counted in the order of the model; between classes, the chain of sizes must
leave one order only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.errors import PlanError
from lstm_migrate.inference.arrays import Fit

CONTAINERS = ("layers/", "_layer_checkpoint_dependencies/")
_COUNTED = re.compile(r"(.*?)(?:_(\d+))?$")
MOST_STEPS = 100_000
MOST_LAYERS = 200


def grouped(checkpoint: Checkpoint) -> dict[str, list[TensorInfo]]:
    """The arrays by layer: as the file groups them, or in a store by the layers that own the objects."""
    if checkpoint.format != "keras-store":
        return {
            group: [checkpoint.tensors[name] for name in names] for group, names in checkpoint.groups.items()
        }
    found: dict[str, list[str]] = {}
    for group, names in checkpoint.groups.items():
        container = next((each for each in CONTAINERS if group.startswith(each)), "")
        layer = group[len(container) :].split("/")[0]
        found.setdefault(layer, []).extend(names)
    ordered = sorted(found, key=lambda name: (_class(name), _count(name)))
    return {name: [checkpoint.tensors[each] for each in sorted(found[name], key=_place)] for name in ordered}


def in_order(checkpoint: Checkpoint, parts: Sequence[Fit]) -> list[Fit]:
    """The parts as they follow one another; PlanError if a store's sizes leave several orders, or none."""
    if checkpoint.format != "keras-store":
        return list(parts)
    if len(parts) > MOST_LAYERS:
        raise PlanError(
            f"{len(parts)} layers whose order is not in the file", expected=f"at most {MOST_LAYERS}"
        )
    queues: dict[str, list[Fit]] = {}
    for part in parts:
        queues.setdefault(_class(part.layer.name), []).append(part)
    steps = iter(range(MOST_STEPS))
    orders: list[list[Fit]] = []
    for order in _orders(queues, None, steps):
        orders.append(order)
        if len(orders) == 2:
            break
    if len(orders) == 1 and next(steps, None) is not None:
        return orders[0]
    shown = [" → ".join(part.layer.name for part in order) for order in orders]
    raise PlanError(
        "the sizes leave several orders of the layers" if orders else "the sizes of the layers form no chain",
        where=str(checkpoint.path),
        found="; or ".join(shown) or ", ".join(f"{p.layer.name} {p.width} → {p.gives}" for p in parts[:12]),
        expected="one chain, for a weight store does not say which layer follows which",
        hint="Pass the model's architecture with --architecture FILE (its to_json).",
    )


def _orders(
    queues: Mapping[str, Sequence[Fit]], given: frozenset[int] | None, steps: Iterator[int]
) -> Iterator[list[Fit]]:
    """Every order in which each layer can take what the one before it gives."""
    if not any(queues.values()):
        yield []
        return
    for name, queue in queues.items():
        if not queue or next(steps, None) is None:
            continue
        part = queue[0]
        if given is not None and part.width not in given:
            continue
        for rest in _orders({**queues, name: queue[1:]}, _given(part, given), steps):
            yield [part, *rest]


def _given(part: Fit, given: frozenset[int] | None) -> frozenset[int] | None:
    """The numbers of features that a layer may put out."""
    if part.gives is None:
        return given if part.width is None else frozenset({part.width})
    if part.layer.kind == "Bidirectional" and "merge_mode" not in part.layer.config:
        return frozenset({part.gives, part.gives // 2})
    return frozenset({part.gives})


def _class(name: str) -> str:
    match = _COUNTED.match(name)
    return match[1] if match else name


def _count(name: str) -> int:
    match = _COUNTED.match(name)
    return int(match[2] or 0) if match else 0


def _place(name: str) -> tuple[bool, list[tuple[str, int]]]:
    """Forward before backward, the cells of a stack by their counters, variables by their numbers."""
    steps = [
        (_class(step), _count(step)) if not step.isdigit() else ("", int(step)) for step in name.split("/")
    ]
    return "/backward_layer/" in name, steps
