"""make_plan: Graph and headers → Plan. Every size is checked here, and no value is read."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Activation, Graph, Layer, LayerPath, WeightKey
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.custom_layers import bound_arrays, needed, with_arrays
from lstm_migrate.planning.features import Features
from lstm_migrate.planning.packing import as_packed
from lstm_migrate.planning.plan import Assignment, Plan
from lstm_migrate.planning.store_binding import bind_store
from lstm_migrate.planning.translate import Translator
from lstm_migrate.report import LayerLine, Note

# Which tensor is which array: by paths in the stores of Keras 2.12 and later, else by the names of layers.
BINDERS = {"keras-archive": bind_store, "keras-store": bind_store}


def make_plan(
    graph: Graph,
    checkpoint: Checkpoint,
    source: Vocabulary,
    target: Vocabulary,
    *,
    bound: Mapping[WeightKey, str] | None = None,
    renamed: Mapping[LayerPath, str] = MappingProxyType({}),
    allow_lossy: bool = False,
) -> Plan:
    """The Plan that carries `graph` with the tensors of `checkpoint` over to Keras 3.

    `bound`: which tensor is which array, if rules say so; `renamed`: layers that get another name. Raises
    PlanError with every reason why there is none.
    """
    packed: list[Note] = []
    notes: list[Note] = []
    if bound is None:
        graph, packed = as_packed(graph, checkpoint, source)
        bound, notes = BINDERS.get(checkpoint.format, bind)(graph, checkpoint, source)
    graph = with_arrays(graph, bound_arrays(graph, bound))
    semantics = source.semantics(checkpoint.writer.backend, checkpoint.architecture)
    context = Context(
        source, target, bound, checkpoint.tensors, checkpoint.writer.backend, semantics[0], renamed
    )
    features = Features(context)
    features.follow(graph)
    if features.problems:
        raise PlanError(features.problems)
    translator = Translator(context)
    made = translator.graph(graph)
    narrowed = _narrowed(translator.assignments, checkpoint, allow_lossy)
    layers = tuple(_lines(graph, made, context, translator.moved))
    return Plan(
        graph,
        made,
        bound,
        tuple(translator.assignments),
        translator.moved,
        layers,
        (*packed, *notes, *translator.notes, *narrowed, *needed(made, target.custom)),
        tuple(semantics),
    )


def _narrowed(assignments: list[Assignment], checkpoint: Checkpoint, allow_lossy: bool) -> list[Note]:
    """What is stored in fewer bits than in the source: a note each if that is allowed, else PlanError."""
    found = [
        (name, checkpoint.tensors[name].dtype, item)
        for item in assignments
        for name in item.tensors
        if _bits(checkpoint.tensors[name].dtype) > _bits(item.dtype)
    ]
    if found and not allow_lossy:
        hint = "Allow it with --allow-lossy."
        raise PlanError(
            [
                Problem(f"{name} would lose precision", str(item.target), stored, item.dtype, hint)
                for name, stored, item in found
            ]
        )
    return [Note("limit", name, f"{stored} rounded to {item.dtype}") for name, stored, item in found]


def _bits(dtype: str) -> int:
    digits = "".join(char for char in dtype if char.isdigit())
    return int(digits or 0) if "float" in dtype else 0


def _lines(graph: Graph, made: Graph, context: Context, moved: dict[LayerPath, LayerPath]) -> list[LayerLine]:
    kinds = {path: layer.kind for path, layer in made.walk()}
    lines = []
    for path, layer in graph.walk():
        if layer.kind == "InputLayer":
            continue
        cell = context.source.cell(layer)
        shapes = [context.info(WeightKey(path, role)).shape for role in context.roles(path)]
        lines.append(
            LayerLine(
                "/".join(path),
                layer.kind,
                _sizes(layer),
                {key: str(value) for key, value in layer.config.items() if isinstance(value, Activation)},
                cell[0].name if cell else "",
                sum(map(prod, shapes)),
                f"{kinds.get(moved.get(path, path), layer.kind)} {'/'.join(moved.get(path, path))}",
            )
        )
    return lines


def _sizes(layer: Layer) -> dict[str, int]:
    named = ("units", "filters", "input_dim", "output_dim", "num_heads", "key_dim")
    return {key: layer.config[key] for key in named if isinstance(layer.config.get(key), int)}
