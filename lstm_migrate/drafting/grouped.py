"""Drafts for files of Keras, which know their layers: with an architecture, or weights alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.beside import FORMATS, Given
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.drafting.found import Found
from lstm_migrate.drafting.layers import layers_of
from lstm_migrate.drafting.rules import own_layouts
from lstm_migrate.drafting.sizes import Shape
from lstm_migrate.drafting.text import comment, head, layouts_text, unsaid_by_models
from lstm_migrate.errors import LstmMigrateError, PlanError, Problem
from lstm_migrate.inference.assumptions import Assumption
from lstm_migrate.inference.infer import infer
from lstm_migrate.inferring import likely_writer
from lstm_migrate.mapping.sources import source_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.mapping.writing import entry, scalar
from lstm_migrate.opening import planned
from lstm_migrate.report import LayerLine

SAID = "Nothing has to be said of this file: `convert` knows its layers. `to` is what they will be called."
NAME = re.compile(r"[A-Za-z0-9_.-]+")  # others are patterns, or no names for Keras 3
REFUSED = "`convert` refuses this file as it is, for the reasons below."
REPLACED = "Stock layers may take the place of what it cannot read."
MISFIT = (
    "The layers of the architecture and those of the file do not fit. `mappings draft` without --architecture"
    " shows what the file's arrays look like. If they are of a fork's class, give the architecture that the"
    " fork's own to_json() wrote: `classes` then says of which class it is a fork. Or rules under `layers`"
    " say which layer of the file is which of the architecture, and with which layout it is stored."
)
MODELS = ("Sequential", "Functional", "Model")


def with_architecture(checkpoint: Checkpoint, given: Given) -> str:
    """The draft for a file whose layers have classes: those of a fork are declared."""
    completed = given.completed(checkpoint)
    words = source_vocabulary(completed.writer, checkpoint.writer)
    unknown = _unknown_classes(completed.architecture, words)
    if not unknown:
        return _known(checkpoint, given, {_name(item) for item in _layer_entries(completed.architecture)})
    of_class = {name: _guess(checkpoint, names) for name, names in unknown.items()}
    # What a cell computes, the config of its layer says.
    of_class = {
        name: one and replace(one, facts=unsaid_by_models(one.facts)) for name, one in of_class.items()
    }
    own = own_layouts([one for one in of_class.values() if one is not None])
    sections = [list(layouts_text(own)), list(_classes(checkpoint, unknown, of_class, own))]
    return _text(checkpoint, ["Some of its layers are of classes that no Keras has."], sections)


def _known(checkpoint: Checkpoint, given: Given, layers: Collection[str]) -> str:
    """The draft for a model of Keras's own classes: its layers, or why it is refused."""
    try:
        with planned(checkpoint.path, given) as found:
            lines = [line for layer in found.plan.layers if "/" not in layer.path for line in _rule(layer)]
    except PlanError as error:
        said = [line for problem in error.problems for line in comment(f"- {_told(problem, checkpoint)}")]
        place = error.problems[0].where.partition(":")[0].partition("/")[0]
        if place not in layers:
            more = comment(MISFIT) if given.architecture else ()
            return _text(checkpoint, [REFUSED], [[*said, *more]])
        rule = f"#   {scalar(place)}: [{{class: …, config: {{…}}}}]"
        return _text(checkpoint, [f"{REFUSED} {REPLACED}"], [[*said, "#", "# replace:", rule]])
    section = ["layers:", *lines] if any(not line.startswith("  #") for line in lines) else lines
    return _text(checkpoint, [SAID], [section])


def weights_alone(checkpoint: Checkpoint) -> str:
    """The draft for weights: what an inferred architecture takes for granted."""
    completed = likely_writer(checkpoint)
    try:
        inferred = infer(completed, source_vocabulary(completed.writer), {})
    except LstmMigrateError as error:
        raise PlanError(
            [
                *error.problems[:3],
                *PlanError(
                    "no architecture can be inferred for the draft",
                    where=checkpoint.path.name,
                    hint="Give it with --architecture: what to_json() wrote, of a fork's layers too.",
                ).problems,
            ]
        ) from error
    said = "The file has no architecture: convert it with --architecture infer, or with one of its own."
    assumed = [line for item in inferred.assumptions for line in _assumption(item)]
    section = (
        ["assume:", *assumed] if assumed else ["# Its arrays tell everything: there is nothing to assume."]
    )
    return _text(checkpoint, [said], [section])


def _text(checkpoint: Checkpoint, more: Sequence[str], sections: Sequence[Sequence[str]]) -> str:
    format_ = FORMATS[checkpoint.format]
    first = "\n".join(head(checkpoint.path.name, more))
    parts = ["\n".join(lines) for lines in sections if lines]
    return "\n\n".join([first, f"source:\n  format: {format_}", *parts]) + "\n"


def _told(problem: Problem, checkpoint: Checkpoint) -> str:
    """A problem without the folder in which the file lies."""
    where = problem.where.replace(str(checkpoint.path), checkpoint.path.name)
    return replace(problem, where=where).sentence()


def _rule(layer: LayerLine) -> Iterator[str]:
    sizes = "".join(f", {name} {size}" for name, size in layer.sizes.items())
    layout = f", layout {layer.layout}" if layer.layout else ""
    named = NAME.fullmatch(layer.path) is not None
    yield from comment(f"{'' if named else f'{layer.path}: '}{layer.kind}{sizes}{layout}", "  ")
    if named:
        yield f"  {scalar(layer.path)}: {{to: {scalar(layer.path)}}}"


def _assumption(item: Assumption) -> Iterator[str]:
    others = f"; or {', '.join(item.alternatives)}" if item.alternatives else ""
    yield from comment(f"check: {item.reason}{others}", "  ")
    yield from entry(item.key, item.value, "  ")


def _classes(
    checkpoint: Checkpoint,
    unknown: Mapping[str, Sequence[str]],
    of_class: Mapping[str, Found | None],
    own: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    yield "classes:" if any(of_class.values()) else "# classes:"
    for name, layers in unknown.items():
        found = of_class[name]
        arrays = ", ".join(f"{one} {shape}" for one, shape in _arrays(checkpoint, layers[0]).items())
        yield from comment(f"{', '.join(layers)}: {arrays or 'no arrays'}", "  ")
        if found is None:
            yield from comment("check: no layer of Keras comes to mind. Is it a fork of one?", "  ")
            yield f"  # {scalar(name)}: {{is: …}}"
            continue
        layout = next((one for one, facts in own.items() if facts == found.facts), found.layout)
        said = {"is": found.kind} | ({"layout": layout} if layout else {})
        yield from entry(name, said, "  ")


def _guess(checkpoint: Checkpoint, layers: Sequence[str]) -> Found | None:
    """What the arrays of the first of these layers look like."""
    found = next((layers_of(arrays).found for name in layers if (arrays := _arrays(checkpoint, name))), [])
    # Of plain layers nearly everything is shaped so; a cell is not found by chance.
    return found[0] if len(found) == 1 and found[0].recurrent else None


def _arrays(checkpoint: Checkpoint, layer: str) -> dict[str, Shape]:
    """The arrays of a layer, "lstm_1/kernel", whatever else stands in their names."""
    found = {}
    for name in checkpoint.groups.get(layer, ()):
        bare = name.removesuffix(":0").rpartition("/")[2].removeprefix(f"{layer}_")
        found[f"{layer}/{bare}"] = checkpoint.tensors[name].shape
    return found


def _unknown_classes(architecture: Any, words: Vocabulary) -> dict[str, list[str]]:
    """The layer classes in a config that the source's vocabulary lacks, with the names of their layers."""
    found: dict[str, list[str]] = {}
    for item in _layer_entries(architecture):
        name = str(item["class_name"])
        if name not in MODELS and words.layer(name) is None:
            found.setdefault(name, []).append(_name(item))
    return found


def _name(item: Mapping[str, Any]) -> str:
    """What a config calls a layer."""
    config = item.get("config")
    said = config.get("name", "") if isinstance(config, Mapping) else ""
    return str(item.get("name") or said)


def _layer_entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every layer of a config, those in wrappers and nested models too."""
    if not isinstance(value, Mapping):
        return
    config = value.get("config")
    listed = (
        config if isinstance(config, list) else config.get("layers") if isinstance(config, Mapping) else None
    )
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and "class_name" in item:
            yield item
            yield from _layer_entries(item)
    inner = config if isinstance(config, Mapping) else {}
    for key in ("layer", "cell", "forward_layer", "backward_layer"):
        item = inner.get(key)
        if isinstance(item, Mapping) and "class_name" in item:
            yield item
            yield from _layer_entries(item)
