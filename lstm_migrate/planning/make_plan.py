"""make_plan: Graph and headers → Plan. Every size is checked here, and no value is read."""

from __future__ import annotations

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Activation, Graph, Layer, LayerPath
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.plan import Assignment, Plan
from lstm_migrate.planning.translate import Translator
from lstm_migrate.report import LayerLine, Note

MAX_ELEMENTS = 1 << 34  # 64 GB of float32: more is a damaged header, not a model


def make_plan(
    graph: Graph, checkpoint: Checkpoint, source: Vocabulary, target: Vocabulary, *, allow_lossy: bool = False
) -> Plan:
    """The Plan that carries `graph` with the tensors of `checkpoint` over to Keras 3.

    Raises PlanError with every reason why there is none.
    """
    bound, notes = bind(graph, checkpoint, source)
    semantics = source.semantics(checkpoint.writer.backend)
    context = Context(source, target, bound, checkpoint.tensors, checkpoint.writer.backend, semantics[0])
    translator = Translator(context)
    made = translator.graph(graph)
    _check_effects(translator.assignments, checkpoint, allow_lossy)
    layers = tuple(_lines(graph, context, translator.moved))
    return Plan(
        graph,
        made,
        bound,
        tuple(translator.assignments),
        translator.moved,
        layers,
        (*notes, *translator.notes),
        tuple(semantics),
    )


def _check_effects(assignments: list[Assignment], checkpoint: Checkpoint, allow_lossy: bool) -> None:
    problems = []
    for item in assignments:
        for name in item.tensors:
            stored = checkpoint.tensors[name].dtype
            if _bits(stored) > _bits(item.dtype) and not allow_lossy:
                problems.append(
                    Problem(
                        f"{name} would lose precision",
                        str(item.target),
                        found=stored,
                        expected=item.dtype,
                        hint="Allow it with --allow-lossy.",
                    )
                )
    if problems:
        raise PlanError(problems)


def _bits(dtype: str) -> int:
    digits = "".join(char for char in dtype if char.isdigit())
    return int(digits or 0) if "float" in dtype else 0


def _lines(graph: Graph, context: Context, moved: dict[LayerPath, LayerPath]) -> list[LayerLine]:
    target_kinds: dict[LayerPath, str] = {}
    lines = []
    for path, layer in graph.walk():
        if layer.kind == "InputLayer":
            continue
        cell = context.source.cell(layer)
        keys = [key for key in context.bound if key.path == path]
        count = sum(_elements(context.info(key).shape) for key in keys)
        lines.append(
            LayerLine(
                "/".join(path),
                layer.kind,
                _sizes(layer),
                {key: str(value) for key, value in layer.config.items() if isinstance(value, Activation)},
                cell[0].name if cell else "",
                count,
                target_kinds.get(path, "/".join(moved.get(path, path))),
            )
        )
    return lines


def _elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _sizes(layer: Layer) -> dict[str, int]:
    named = ("units", "filters", "input_dim", "output_dim", "num_heads", "key_dim")
    return {key: layer.config[key] for key in named if isinstance(layer.config.get(key), int)}


def summary(notes: list[Note]) -> list[Note]:
    """The notes without repetitions, in order."""
    return list(dict.fromkeys(notes))
