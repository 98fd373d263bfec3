"""What makes no sense in what a rule says of sizes, before any source is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from lstm_migrate.errors import Problem
from lstm_migrate.mapping.complaints import Complaint
from lstm_migrate.mapping.expectations import Path
from lstm_migrate.mapping.rule_grammar import UNITS, LayerRule, VocabularyRule

SIZED = (*UNITS, "inputs", "features", "input_dim", "vocabulary")
"""Keys that change a size; the others say how."""
HOW = ("keep", "fill", "seed", "dead", "compensate")


def size_faults(path: Path, rule: LayerRule, *, whole: bool = True) -> Iterator[Complaint]:
    """What is wrong in one rule. `whole`: nothing else is said of its layers, as in a call."""
    said = rule.model_fields_set
    yield from _lone(path, said, whole)
    named = [key for key in UNITS if key in said]
    if len(named) > 1:
        problem = Problem("the number of units twice", found=", ".join(named), expected="one of them")
        yield Complaint((*path, named[1]), problem, of_key=True)
    if isinstance(rule.keep, list):
        yield from _once((*path, "keep"), rule.keep, "`keep` lists a unit twice")
    if rule.features is not None:
        old = [place for place in rule.features if place is not None]
        yield from _once((*path, "features"), old, "`features` lists a feature twice")
        if not rule.features:
            yield Complaint((*path, "features"), Problem("no features are left", expected="[0, 2, null], …"))
        if rule.inputs not in (None, len(rule.features)):
            found = f"{len(rule.features)} features, inputs: {rule.inputs}"
            problem = Problem("`features` and `inputs` say different numbers", found=found)
            yield Complaint((*path, "inputs"), problem)
    if rule.vocabulary is not None:
        yield from _vocabulary_faults((*path, "vocabulary"), rule.vocabulary)
        if rule.input_dim is not None:
            problem = Problem(
                "the number of rows twice",
                found="input_dim and vocabulary",
                expected="one of them; a vocabulary may have a `size` of its own",
            )
            yield Complaint((*path, "input_dim"), problem, of_key=True)


def _lone(path: Path, said: set[str], whole: bool) -> Iterator[Complaint]:
    how = [key for key in HOW if key in said]
    if whole and how and not said & set(SIZED):
        key = how[0]
        of = "a number to keep" if key == "keep" else "a size that is changed"
        yield Complaint((*path, key), Problem(f"`{key}` without {of}", expected="units: N beside it"))


def _once(path: Path, listed: Iterable[Hashable], what: str) -> Iterator[Complaint]:
    twice = [str(place) for place, count in Counter(listed).items() if count > 1]
    if twice:
        yield Complaint(path, Problem(what, found=", ".join(twice)))


def _vocabulary_faults(path: Path, said: VocabularyRule) -> Iterator[Complaint]:
    if bool(said.old) != bool(said.new):
        have, lack = ("old", "new") if said.old else ("new", "old")
        problem = Problem(
            f"a vocabulary with `{have}` alone", expected=f"`{lack}: FILE` beside it, or `size: N`"
        )
        yield Complaint((*path, have), problem, of_key=True)
    elif not said.old and said.size is None:
        problem = Problem("a vocabulary without files and size", expected="`old` and `new`, or `size`")
        yield Complaint(path, problem)
