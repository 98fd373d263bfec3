"""What makes no sense in the rules of a mapping file, before any source is looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.complaints import Complaint, nearest
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.expectations import Path
from lstm_migrate.mapping.layout_checks import LayoutChecks, unknown
from lstm_migrate.mapping.layouts import Declared
from lstm_migrate.mapping.patterns import Pattern, wanted
from lstm_migrate.mapping.rule_grammar import INPUTS, LayerRule
from lstm_migrate.mapping.size_checks import size_faults
from lstm_migrate.mapping.vocabulary import STRUCTURAL

FROM_NAMES = ("layer", "dir")
"""What a layout's names and axes capture by themselves."""


def rule_faults(
    document: Document,
    layouts: LayoutChecks,
    broken: Collection[str],
    custom: Collection[str],
    *,
    whole_sizes: bool = True,
) -> Iterator[Complaint]:
    """What is wrong in the rules.

    `broken`: layouts that are declared, and complained of elsewhere. `whole_sizes`: nothing else says sizes.
    """
    named = {*layouts.known, *broken}
    yield from _source_faults(document, layouts, named)
    yield from _pattern_faults("layers", list(document.layers))
    for text, said in document.layers.items():
        listed = said if isinstance(said, list) else [said]
        yield from _list_faults(("layers", text), listed)
        for number, rule in enumerate(listed):
            path: Path = ("layers", text, number) if isinstance(said, list) else ("layers", text)
            yield from _layer_faults(path, text, rule, document, layouts, named, whole_sizes)
    yield from _ignore_faults(document)
    yield from _model_faults(document, custom)


def _source_faults(document: Document, layouts: LayoutChecks, named: Collection[str]) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    said = document.source.layout
    for number, name in enumerate(document.source.layouts):
        path: Path = ("source", "layout") if isinstance(said, str) else ("source", "layout", number)
        found = layouts.layout(name) if name in layouts.known else None
        if name not in named:
            yield Complaint(path, unknown(name, named))
        elif found is not None:
            kind = found.cell or found.layer
            if kind in seen:
                yield Complaint(
                    path,
                    Problem(
                        f"a second default layout for {kind} layers",
                        found=f"{seen[kind]} and {name}",
                        expected="one for each kind; name the other in a rule of `layers`",
                    ),
                )
            seen.setdefault(kind, name)


def _layer_faults(
    path: Path,
    text: str,
    rule: LayerRule,
    document: Document,
    layouts: LayoutChecks,
    named: Collection[str],
    whole_sizes: bool,
) -> Iterator[Complaint]:
    if rule.layout and rule.layout not in named:
        yield Complaint((*path, "layout"), unknown(rule.layout, named))
        return
    names = [rule.layout] if rule.layout else document.source.layouts
    found = [layouts.layout(name) for name in names if name in layouts.known]
    whole = [one for one in found if one is not None]
    if len(whole) == 1 == len(names):
        layouts.facts(whole[0], rule, path)
    yield from size_faults(path, rule, whole=whole_sizes)
    yield from _capture_faults((*path, "to"), text, rule.to, whole, certain=len(whole) == len(names))


def _capture_faults(
    path: Path, text: str, to: str, layouts: Sequence[Declared], certain: bool
) -> Iterator[Complaint]:
    try:
        captured = Pattern(text).captures
    except MappingError:
        return
    used = wanted(to)
    if len(used) != to.count("{") or len(used) != to.count("}"):
        problem = Problem("braces that hold no capture", found=to, expected="{k}, or {k+1} to count on")
        yield Complaint(path, problem)
    own = {name for one in layouts for name in _captured(one)} if certain else set(FROM_NAMES)
    for name in used:
        if name not in captured and name not in own:
            have = [f"{{{one}}}" for one in (*captured, *sorted(own))]
            yield Complaint(
                path,
                Problem(
                    f"nothing is captured as {{{name}}}",
                    found=f"{to} for {text!r}",
                    expected=f"one of {', '.join(have)}" if have else f"{{{name}}} in the pattern as well",
                ),
            )


def _captured(layout: Declared) -> Iterator[str]:
    for tensor in layout.tensors.values():
        for name in FROM_NAMES:
            if f"{{{name}}}" in tensor.name or name in tensor.axes.symbols:
                yield name


def _list_faults(path: Path, rules: Sequence[LayerRule]) -> Iterator[Complaint]:
    if not rules:
        yield Complaint(path, Problem("an empty list of rules", expected="{to: …}, or several in a list"))
    for number, rule in enumerate(rules):
        if any(rule.to == other.to and rule.at == other.at for other in rules[:number]):
            problem = Problem(f"two rules of one list go to {rule.to!r}", expected="another `to` or `at`")
            yield Complaint((*path, number), problem)


def _pattern_faults(section: str, patterns: Sequence[str]) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    for text in patterns:
        problem = None
        # A rule for arrays that have no layer's name before theirs has an empty pattern.
        if not text.strip() and (text or section != "layers"):
            problem = Problem("an empty pattern", expected="names, or a pattern such as rnn/*")
        try:
            meant = re.sub(r"\?P<\w+>", "", Pattern(text).source)
        except MappingError as error:
            meant, problem = text, error.problems[0]
        if meant in seen:
            both = f"{seen[meant]!r} and {text!r}"
            problem = Problem("two rules with one pattern", found=both, expected="one")
        if problem is not None:
            yield Complaint((section, text), problem, of_key=True)
        seen.setdefault(meant, text)


def _ignore_faults(document: Document) -> Iterator[Complaint]:
    yield from _pattern_faults("ignore", list(document.ignore))
    for text, reason in document.ignore.items():
        if not reason.strip():
            yield Complaint(("ignore", text), Problem("no reason is given", expected="why nobody needs it"))


def _model_faults(document: Document, custom: Collection[str]) -> Iterator[Complaint]:
    yield from _pattern_faults("replace", list(document.replace))
    for text, listed in document.replace.items():
        if not listed:
            yield Complaint(("replace", text), Problem("an empty list", expected="the layers in its place"))
        for number, item in enumerate(listed):
            yield from _class_faults(("replace", text, number), item.class_, item.config, custom)
    names: set[str] = set()
    for number, layer in enumerate(document.model):
        yield from _class_faults(("model", number), layer.class_, layer.config, custom)
        if layer.name in names:
            problem = Problem(f"two layers are called {layer.name!r}", expected="names of their own")
            yield Complaint(("model", number, "name"), problem)
        names |= {layer.name} - {""}


def _class_faults(
    path: Path, class_name: str, config: Mapping[str, Any], custom: Collection[str]
) -> Iterator[Complaint]:
    classes = catalogue.document("keras3").classes
    if class_name in custom or class_name in INPUTS:
        return
    if class_name not in classes:
        problem = Problem(
            f"Keras 3 has no layer class {class_name!r}",
            expected=nearest(class_name, [*classes, *custom]),
            hint="" if custom else "A class of your own is given with --custom.",
        )
        yield Complaint((*path, "class"), problem)
        return
    known = arguments(class_name)
    for key, value in config.items():
        if key not in known:
            expected = nearest(key, known, f"one of {', '.join(sorted(known))}")
            problem = Problem(f"a {class_name} has no argument {key!r}", expected=expected)
            yield Complaint((*path, "config", key), problem, of_key=True)
        # A layer inside another is written as those of the list are.
        elif isinstance(value, dict) and isinstance(value.get("class"), str):
            inner = value.get("config")
            yield from _class_faults(
                (*path, "config", key), value["class"], inner if isinstance(inner, dict) else {}, custom
            )


def arguments(class_name: str) -> Mapping[str, Any]:
    """The constructor arguments of a layer class of Keras 3, as the shipped mapping declares them."""
    words = catalogue.document("keras3")
    declared = words.classes[class_name]
    found: dict[str, Any] = dict.fromkeys(STRUCTURAL)
    for key in (*declared.keep, *words.common.keep):
        found |= dict.fromkeys(words.groups[key[1:]] if key.startswith("@") else [key])
    for part in (declared, words.common):
        found |= dict.fromkeys((*part.rename, *part.drop, *part.only, *part.defaults, *part.convert))
    return found
