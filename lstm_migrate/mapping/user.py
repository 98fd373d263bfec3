"""What a user's mapping files say together: `UserRules`, ready to be held against a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.mapping.catalogue import layouts
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration, flat_facts
from lstm_migrate.mapping.layouts import Declared, resolved, with_facts
from lstm_migrate.mapping.loading import UserMapping
from lstm_migrate.mapping.patterns import Pattern
from lstm_migrate.mapping.rule_grammar import SIZE_KEYS, LayerRule, ModelLayer, Replacement
from lstm_migrate.mapping.settings import Setting

RULE_KEYS = SIZE_KEYS | {"to", "layout", "at"}
"""What a rule says beside facts about how its layer is stored."""


@dataclass(frozen=True)
class Rule:
    """One entry of `layers:`, and where it stands; `places` of its keys, `folder` of the file."""

    pattern: Pattern
    said: LayerRule
    where: str
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    folder: Path = Path()

    @property
    def facts(self) -> frozenset[str]:
        """The keys that say how the layer is stored otherwise than its layout."""
        return frozenset(flat_facts(self.said)) - RULE_KEYS

    @property
    def only_sizes(self) -> bool:
        """Whether it says nothing of where the layer's arrays are, and what they are called."""
        said = frozenset(flat_facts(self.said))
        return bool(said) and said <= SIZE_KEYS


@dataclass(frozen=True)
class Ignored:
    """One entry of `ignore:`."""

    pattern: Pattern
    reason: str
    where: str


@dataclass(frozen=True)
class UserRules:
    """The rules of several files; of two that speak of the same, the later one counts.

    `settings`: sizes that stand in no file.
    """

    mappings: Sequence[UserMapping] = ()
    settings: Sequence[Setting] = ()

    @property
    def files(self) -> str:
        """The files' names, for messages."""
        return ", ".join(mapping.path.name for mapping in self.mappings)

    @property
    def documents(self) -> list[Document]:
        return [mapping.document for mapping in self.mappings]

    @cached_property
    def layouts(self) -> Mapping[str, LayoutDeclaration]:
        """All layouts that a rule may name: the shipped ones and those of the files."""
        found = dict(layouts())
        for document in self.documents:
            found |= document.layouts
        return found

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule for layers."""
        found: dict[str, list[Rule]] = {}
        for mapping in self.mappings:
            for text, said in mapping.document.layers.items():
                found[text] = [
                    _rule(mapping, text, one, (number,) if isinstance(said, list) else ())
                    for number, one in enumerate(said if isinstance(said, list) else [said])
                ]
        return tuple(rule for listed in found.values() for rule in listed)

    @cached_property
    def ignored(self) -> tuple[Ignored, ...]:
        return tuple(
            Ignored(Pattern(text), reason, mapping.place("ignore", text))
            for mapping in self.mappings
            for text, reason in mapping.document.ignore.items()
        )

    @cached_property
    def defaults(self) -> tuple[Declared, ...]:
        """The layouts of layers of which no rule names one."""
        names = [name for document in self.documents for name in document.source.layouts]
        found = tuple(self.declared(name) for name in dict.fromkeys(names))
        kinds = [one.cell or one.layer for one in found]
        twice = [one for one in found if kinds.count(one.cell or one.layer) > 1]
        if twice:
            raise MappingError(
                f"two default layouts for one kind of layer: {', '.join(one.name for one in twice)}",
                where=self.files,
                expected="one for each kind; name the other in a rule of `layers`",
            )
        return found

    def declared(self, name: str) -> Declared:
        """The layout `name` with all that it extends."""
        return resolved(name, self.layouts)

    def own(self, base: Declared, rule: Rule) -> Declared:
        """`base` with the facts of a single rule over it."""
        if not rule.facts:
            return base
        try:
            found = with_facts(base, rule.said)
        except MappingError as error:
            raise MappingError([_placed(problem, rule.where) for problem in error.problems]) from error
        return replace(found, name=f"{base.name} of {rule.pattern.text}", stated=True)

    @property
    def replacements(self) -> dict[str, Sequence[Replacement]]:
        found: dict[str, Sequence[Replacement]] = {}
        for document in self.documents:
            found |= document.replace
        return found

    @property
    def assume(self) -> dict[str, str]:
        return {key: value for document in self.documents for key, value in document.assume.items()}

    @property
    def model(self) -> Sequence[ModelLayer]:
        """The chain of layers that the last file lists which lists one."""
        return next((document.model for document in reversed(self.documents) if document.model), ())

    @property
    def recorded(self) -> Path | None:
        """The recording that a file names, which lies beside it."""
        named = [
            mapping.path.parent / mapping.document.verify.recorded
            for mapping in self.mappings
            if mapping.document.verify.recorded
        ]
        return named[-1] if named else None

    @property
    def formats(self) -> dict[str, str]:
        """The formats that the files are for, with where they say so."""
        return {
            document.source.format: mapping.place("source", "format")
            for mapping, document in zip(self.mappings, self.documents, strict=True)
            if document.source.format
        }


def _rule(mapping: UserMapping, text: str, said: LayerRule, number: tuple[int, ...]) -> Rule:
    path: tuple[int | str, ...] = ("layers", text, *number)
    places = {key: mapping.place(*path, key) for key in said.model_fields_set & SIZE_KEYS}
    return Rule(Pattern(text), said, mapping.place("layers", text), places, mapping.path.parent)


def _placed(problem: Problem, where: str) -> Problem:
    return Problem(problem.what, where, problem.found, problem.expected, problem.hint, problem.rows)
