"""Parts: the groups of a file told apart one by one: which layer each is, by its name and its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Layer
from lstm_migrate.inference.arrays import Fit, fit
from lstm_migrate.inference.assumptions import Choices
from lstm_migrate.inference.names import kind_by_name
from lstm_migrate.inference.order import grouped, in_order
from lstm_migrate.inference.traits import TRAITS, WITH_ARRAYS, WITHOUT_ARRAYS
from lstm_migrate.inference.wrapped import WRAPPERS, bidirectional, stack
from lstm_migrate.mapping.vocabulary import Vocabulary

WAYS_OUT = (
    "Pass the model's architecture with --architecture FILE (its to_json), or replace the layer by stock "
    "layers with a mapping."
)
MOST_LAYERS = 1000
BRANCHES = frozenset(
    "Add Subtract Multiply Average Maximum Minimum Concatenate Dot Merge Attention AdditiveAttention "
    "MultiHeadAttention".split()
)
OPERATIONS = ("tf_op_layer", "tf.", "lambda")  # default names of what is no layer class
NESTED = frozenset({"Model", "Functional", "Sequential"})


def parts(checkpoint: Checkpoint, vocabulary: Vocabulary, choices: Choices) -> list[Fit]:
    """Each group of the file as a layer; PlanError that names every one that is none."""
    if len(checkpoint.groups) > MOST_LAYERS:
        raise PlanError(
            "too many layers to infer an architecture",
            found=f"{len(checkpoint.groups)} layers",
            expected=f"at most {MOST_LAYERS}",
            hint=WAYS_OUT,
        )
    found: list[Fit] = []
    problems: list[Problem] = []
    for place, (group, arrays) in enumerate(grouped(checkpoint).items()):
        if arrays:
            first = not any(part.gives for part in found)
            part = with_arrays(group, arrays, vocabulary, first)
        else:
            part = _bare(group, place, vocabulary, choices)
        if isinstance(part, Problem):
            problems.append(part)
        else:
            found.append(part)
    problems += _second_inputs(found, choices)
    if problems:
        raise PlanError(problems)
    if not any(part.width or part.gives for part in found):
        raise PlanError("no layer of the file has arrays", expected="weights", hint=WAYS_OUT)
    return in_order(checkpoint, found)


def with_arrays(
    group: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary, first: bool
) -> Fit | Problem:
    """A group of arrays as a layer, or why it is none."""
    kind = kind_by_name(group, vocabulary)
    if kind is None and first and len(arrays) == 1:
        kind = "Embedding"  # a Dense without a bias at the very start is rarer, if no name tells
    name = group
    if kind in NESTED:
        return _unknown(group, arrays, "a model inside the model: what its layers feed is not in the file")
    if kind in WRAPPERS:
        wrapped = WRAPPERS[kind](name, arrays, vocabulary)
        return wrapped or _unknown(group, arrays, f"arrays that no {kind} of a stock layer has")
    if kind is not None and kind in WITH_ARRAYS:
        found = fit(kind, name, arrays, vocabulary)
        if found is not None:
            return found
    for other in WITH_ARRAYS:
        found = fit(other, name, arrays, vocabulary)
        if found is not None:
            return found
    return (
        bidirectional(name, arrays, vocabulary)
        or stack(name, arrays, vocabulary)
        or _unknown(group, arrays, "arrays that no layer known to inference has")
    )


def _bare(group: str, place: int, vocabulary: Vocabulary, choices: Choices) -> Fit | Problem:
    """A group without arrays."""
    kind = kind_by_name(group, vocabulary)
    if kind in BRANCHES:
        return _unknown(group, (), f"a {kind} layer, which joins branches: a chain has none")
    if kind in WITH_ARRAYS or kind in WRAPPERS:
        return _unknown(group, (), f"a {kind} layer without arrays: what it holds is not in the file")
    if kind in NESTED or (kind is not None and kind not in TRAITS and kind != "InputLayer"):
        return _unknown(group, (), f"a {kind} layer, whose work its arrays do not tell")
    if kind is None and group.startswith(OPERATIONS):
        return _unknown(group, (), "an operation of TensorFlow, whose arguments are not in the file")
    if kind is None:
        first = ("InputLayer",) if place == 0 else ()
        reason = "it has no arrays, and its name is no default name of Keras"
        kind = choices.pick(f"{group}.kind", (*first, *WITHOUT_ARRAYS), reason, cost=2.0, shaping=True)
    return Fit(Layer(group, kind), None, None)


def _second_inputs(found: Sequence[Fit], choices: Choices) -> list[Problem]:
    """Inputs behind the first; several nameless layers before any array are inputs, too."""
    bare = [part.layer.name for part in takewhile(lambda part: part.gives is None, found[1:])]
    loose = [name for name in bare if f"{name}.kind" in choices.made]
    loose = [] if len(loose) < 2 or found[0].layer.kind != "InputLayer" else loose
    known = [part.layer.name for part in found[1:] if part.layer.kind == "InputLayer"]
    return [
        _unknown(name, (), "a further input: only chains can be inferred")
        for name in dict.fromkeys([*known, *loose])
    ]


def _unknown(group: str, arrays: Sequence[TensorInfo], why: str) -> Problem:
    shown = ", ".join(f"{info.name.removeprefix(f'{group}/')} {info.shape}" for info in arrays[:9])
    more = f" and {len(arrays) - 9} more" if len(arrays) > 9 else ""
    return Problem(
        f"layer {group!r} cannot be inferred: {why}",
        found=f"arrays {shown}{more}" if arrays else "no arrays",
        expected="a chain of stock layers",
        hint=WAYS_OUT,
    )
