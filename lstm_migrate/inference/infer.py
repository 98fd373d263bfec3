"""infer(): weights alone → the Graph of a chain, with all that had to be assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lstm_migrate.architecture.chains import chain_graph
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer
from lstm_migrate.inference.arrays import Fit
from lstm_migrate.inference.assumptions import Assumption, Choices, Inferred
from lstm_migrate.inference.chain import Chain, Shape
from lstm_migrate.inference.outlook import Outlook
from lstm_migrate.inference.parts import WAYS_OUT, parts
from lstm_migrate.mapping.vocabulary import Vocabulary


class Unchained(PlanError):
    """The layers do not fit each other, under the `assumptions` that had been made until then."""

    def __init__(self, error: PlanError, assumptions: tuple[Assumption, ...]) -> None:
        super().__init__(error.problems)
        self.assumptions = assumptions


def infer(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary,
    assume: Mapping[str, str] | None = None,
    *,
    fed: Sequence[Shape] = (),
    given: Sequence[Shape] = (),
) -> Inferred:
    """The model that the arrays of `checkpoint` make up, if it is a chain of stock layers.

    `assume` states what would be assumed otherwise, by key. `fed` and `given`: shapes of inputs and
    outputs that somebody recorded. Raises PlanError where the arrays make up no such chain, UsageError
    where `assume` states what is not open.
    """
    choices = Choices(dict(assume or {}))
    found = parts(checkpoint, vocabulary, choices)
    dtype = _floatx(checkpoint)
    first, rest = _first(found)
    shape = _input_shape(first.name, rest, choices, fed)
    last = given[0] if len(given) == 1 else None
    chain = Chain(rest, vocabulary, choices, last)
    try:
        layers = [_typed(layer, dtype) for layer in chain.walk(shape)]
    except PlanError as error:
        raise Unchained(error, tuple(choices.made.values())) from error
    if chain.length is not None:
        # A Flatten further down: its next kernel tells how long the sequences are.
        shape = (shape[0], chain.length, *shape[2:])
    ints = _embeds_first(rest)
    entry = replace(first, config={"batch_shape": shape, "dtype": "int32" if ints else dtype})
    return Inferred(chain_graph("inferred", entry, layers), choices.finish())


def _first(found: Sequence[Fit]) -> tuple[Layer, list[Fit]]:
    if found[0].layer.kind == "InputLayer":
        return found[0].layer, list(found[1:])
    return Layer(f"{found[0].layer.name}_input", "InputLayer"), list(found)


def _input_shape(name: str, rest: Sequence[Fit], choices: Choices, fed: Sequence[Shape]) -> Shape:
    """The batch shape of the input: what the layers take, and what was recorded where they do not tell."""
    outlook = Outlook(rest)
    axes, width = outlook.axes(0), outlook.width(0)
    recorded = fed[0] if len(fed) == 1 else None
    if len(fed) > 1:
        raise PlanError(f"{len(fed)} inputs were recorded, and a chain has one", hint=WAYS_OUT)
    ints = _embeds_first(rest)
    likely: list[str] = []
    if isinstance(axes, int):
        free = axes - 1 if ints else axes - 2
        likely = [_text((*[None] * free, *([] if ints else [width])))]
    elif axes is None and width is not None:
        likely = [_text((width,))]
    if recorded is not None and (needs_sizes(rest) or not isinstance(axes, int)):
        likely = [_text(tuple(recorded[1:]))]
    certain = isinstance(axes, int) and (width is not None or ints) and not (recorded and needs_sizes(rest))
    if certain and f"{name}.shape" not in choices.stated:
        return (None, *_shape(likely[0]))
    reason = "what the first layer with arrays takes" if recorded is None else "the shape that was recorded"
    text = choices.pick(f"{name}.shape", likely, reason, free="sizes or None", shaping=True)
    return (None, *_shape(text))


def needs_sizes(rest: Sequence[Fit]) -> bool:
    """Whether a Flatten makes the model depend on how large its inputs are."""
    return any(part.layer.kind in ("Flatten", "Reshape") for part in rest)


def _embeds_first(rest: Sequence[Fit]) -> bool:
    return next((part.layer.kind for part in rest if part.gives is not None), "") == "Embedding"


def _text(sizes: Sequence[int | None]) -> str:
    return ",".join(map(str, sizes))


def _shape(text: str) -> Shape:
    return tuple(None if size == "None" else int(size) for size in text.split(","))


def _typed(layer: Layer, dtype: str) -> Layer:
    children = {label: _typed(child, dtype) for label, child in layer.children.items()}
    return replace(layer, dtype=dtype, children=children)


def _floatx(checkpoint: Checkpoint) -> str:
    stored = {info.dtype for info in checkpoint.tensors.values() if info.dtype.startswith("float")}
    return stored.pop() if len(stored) == 1 else "float32"
