"""Sizes: what is said of the sizes of one layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.graph import LayerPath
from lstm_migrate.mapping.rule_grammar import SIZE_KEYS, UNITS, LayerRule, VocabularyRule
from lstm_migrate.mapping.settings import Setting
from lstm_migrate.mapping.user import Rule

Keep = str | tuple[int, ...]
Free = int | Literal["free"]


@dataclass(frozen=True)
class Wordlists:
    """What is said of a layer's tokens: two files, or a size. `output`: the name of the Dense layer that has
    a unit for each, "" if none is named."""

    old: Path | None = None
    new: Path | None = None
    size: int | None = None
    fill: str | None = None
    seed: int | None = None
    output: str = ""
    bias: str | None = None


@dataclass(frozen=True)
class Sizes:
    """What is said of the sizes of one layer of the source: None where nothing is.

    `units`: units, filters or the width of an Embedding; `rows` those of an Embedding; `features`: for each
    feature that it is to take the number that it had, None for a new one. `places`: where each key stands.
    """

    units: int | None = None
    inputs: int | None = None
    keep: Keep | None = None
    fill: str | None = None
    seed: int | None = None
    dead: bool | None = None
    compensate: bool | None = None
    features: tuple[int | None, ...] | None = None
    rows: int | None = None
    vocabulary: Wordlists | None = None
    batch: Free | None = None
    time: Free | None = None
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(rule: Rule) -> Sizes | None:
        """What a rule of a mapping file says; None if nothing."""
        return Sizes._said(rule.said, rule.where, rule.places, rule.folder)

    @staticmethod
    def of_setting(one: Setting) -> Sizes:
        """What is said in a call or on the command line."""
        found = Sizes._said(one.said, one.where, {}, Path())
        assert found is not None, "a setting has a key of a size"
        return found

    @staticmethod
    def _said(rule: LayerRule, where: str, places: Mapping[str, str], folder: Path) -> Sizes | None:
        said = {key: getattr(rule, key) for key in rule.model_fields_set & SIZE_KEYS}
        named = {_NAMES.get(key, key): places.get(key, where) for key in said}
        values = {_NAMES.get(key, key): value for key, value in said.items() if value is not None}
        for key in ("keep", "features"):
            if isinstance(values.get(key), list):
                values[key] = tuple(values[key])
        if "vocabulary" in values:
            values["vocabulary"] = _wordlists(values["vocabulary"], folder)
        return Sizes(**values, places={key: named[key] for key in values}) if values else None

    @property
    def where(self) -> str:
        """Where it stands: each place once."""
        return " and ".join(dict.fromkeys(self.places.values()))

    def at(self, *keys: str) -> str:
        """Where these keys stand, as far as they do; else where anything does."""
        return (
            " and ".join(dict.fromkeys(self.places[key] for key in keys if key in self.places)) or self.where
        )

    @property
    def said(self) -> dict[str, Any]:
        """All keys of which something is said."""
        return {key: getattr(self, key) for key in self.places}

    def joined(self, other: Sizes, of: str) -> Sizes:
        """What both say of the layer `of`; MappingError if they say the same key differently."""
        mine, theirs = self.said, other.said
        problems = [
            Problem(
                f"two rules contradict each other over `{SPELLED.get(key, key)}` of {of}",
                other.places[key],
                found=f"{shown_value(mine[key])} at {self.places[key]}, {shown_value(theirs[key])} here",
                expected="one of them",
            )
            for key in mine.keys() & theirs.keys()
            if mine[key] != theirs[key]
        ]
        if problems:
            raise MappingError(problems)
        return Sizes(**{**theirs, **mine}, places={**other.places, **self.places})


_NAMES = {**dict.fromkeys(UNITS, "units"), "input_dim": "rows"}
SPELLED = {"rows": "input_dim"}


def shown_value(value: Any) -> str:
    """A value as users write it."""
    if isinstance(value, tuple):
        text = ", ".join("null" if one is None else str(one) for one in value[:8])
        return f"[{text}{', …' if len(value) > 8 else ''}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Wordlists):
        said = {key: getattr(value, key) for key in ("old", "new", "size", "fill", "seed", "output", "bias")}
        return "{" + ", ".join(f"{key}: {one}" for key, one in said.items() if one not in (None, "")) + "}"
    return str(value)


def _wordlists(said: VocabularyRule, folder: Path) -> Wordlists:
    old, new = (folder / name if name else None for name in (said.old, said.new))
    return Wordlists(old, new, said.size, said.fill, said.seed, said.output, said.bias)


Sized = Mapping[LayerPath, Sizes]
