"""Checking a mapping file that the grammar accepts, as far as no source is needed for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from lstm_migrate.errors import Problem
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.complaints import Complaint, nearest, placed
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_checks import LayoutChecks, strange_function, unknown
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration
from lstm_migrate.mapping.rule_checks import rule_faults
from lstm_migrate.readers.yaml_text import Parsed


def checked(document: Document, parsed: Parsed | None = None, custom: Collection[str] = ()) -> list[Problem]:
    """Everything that makes no sense in `document`, with its place if it is known where it was read."""
    return placed(faults(document, custom), parsed)


def faults(
    document: Document,
    custom: Collection[str] = (),
    broken: Collection[str] = (),
    known: Mapping[str, LayoutDeclaration] = MappingProxyType({}),
    *,
    whole_sizes: bool = True,
) -> Iterator[Complaint]:
    """The same with the keys that lead to each.

    `custom`: the names of the user's own classes and functions. `broken`: layouts that the file declares
    though `document` lacks them, because the grammar refuses what they say. `known`: layouts that other
    files declare. `whole_sizes`: no sizes are said elsewhere.
    """
    layouts = LayoutChecks(document.layouts, {**catalogue.layouts(), **known, **document.layouts}, custom)
    layouts.check()
    rules = list(rule_faults(document, layouts, broken, custom, whole_sizes=whole_sizes))
    yield from (fault for fault in layouts.found if not _names(fault, broken))
    yield from rules
    yield from _vocabulary_faults(document, {*layouts.known, *broken}, custom)


def remarks(document: Document) -> tuple[str, ...]:
    """What is no mistake, but hardly meant: layouts that the file declares and never names."""
    rules = [one for said in document.layers.values() for one in (said if isinstance(said, list) else [said])]
    named = {
        *document.source.layouts,
        *(rule.layout for rule in rules),
        *(declared.extends for declared in document.layouts.values()),
        *(declared.layout for declared in document.classes.values()),
        *(layout for cell in document.cells.values() for layout in (cell.layout, *cell.when.values())),
    }
    unused = [name for name in document.layouts if name not in named]
    if not unused:
        return ()
    counted = "1 layout is" if len(unused) == 1 else f"{len(unused)} layouts are"
    hint = "name it under source: layout, or in a rule of layers"
    return (f"{counted} used by nothing in this file: {', '.join(unused)} ({hint})",)


def _names(fault: Complaint, broken: Collection[str]) -> bool:
    """Whether it is only about a layout that is complained of elsewhere."""
    return any(fault.problem.what == f"no layout {name!r}" for name in broken)


def _vocabulary_faults(
    document: Document, layouts: Collection[str], custom: Collection[str]
) -> Iterator[Complaint]:
    extends = [document.extends] if isinstance(document.extends, str) else document.extends or []
    for name in extends:
        if name not in catalogue.names():
            expected = nearest(name, catalogue.names(), f"one of {', '.join(catalogue.names())}")
            yield Complaint(("extends",), Problem(f"no shipped mapping {name!r}", expected=expected))
    for name, meant in document.activations.items():
        if (wrong := strange_function(meant, custom)) is not None:
            yield Complaint(("activations", name), wrong)
    for kind, cell in document.cells.items():
        named = [(("layout",), cell.layout), *((("when", key), to) for key, to in cell.when.items())]
        for path, layout in named:
            if layout not in layouts:
                yield Complaint(("cells", kind, *path), unknown(layout, layouts))
    for kind, declared in document.classes.items():
        if declared.layout and declared.layout not in layouts:
            yield Complaint(("classes", kind, "layout"), unknown(declared.layout, layouts))
