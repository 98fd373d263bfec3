"""Case: what is said in the end of a source and a target: verdict, sentence, table and mapping file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.diagnosis.corrected import corrected_text, layouts_of
from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.keras_errors import keras_says
from lstm_migrate.diagnosis.matching import Matched
from lstm_migrate.diagnosis.mending import mapping_text
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.pairing import Pair
from lstm_migrate.diagnosis.part import Part
from lstm_migrate.diagnosis.rules import merged, rules_of
from lstm_migrate.inspection import source_line
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.planning.applying import TENSORS_ALONE
from lstm_migrate.report import Diagnosis, DiagnosisLine, Note

SHOWN = 4  # how many differences the sentence names


@dataclass(frozen=True)
class Recorded:
    """What the recorded outputs told. `facts`: what a mapping file says of each layer because of it;
    `contradicted`: nothing that was tried computes them; `reproduced`: something does."""

    sentences: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contradicted: bool = False
    reproduced: bool = False


@dataclass(frozen=True)
class Case:
    """Everything that is known of one pair of files. `told`: the source has a config of its own;
    `mappings`: the files that the user gave, `rules`: what they say, `architecture`: what was given so.
    `obstacle`: why a mapping file that would give layers other sizes cannot be followed."""

    opened: Checkpoint
    target: str
    own: Side
    other: Side
    found: Matched
    recorded: Recorded
    told: bool = False
    mappings: tuple[str, ...] = ()
    rules: UserRules = field(default_factory=UserRules)
    architecture: str = ""
    obstacle: str = ""

    @cached_property
    def mapping(self) -> str:
        """The mapping file, "" if none is needed."""
        if self.own.claims:
            facts = self._corrections()
            return corrected_text(self.rules, self.own.claims, facts, self._heading()) if facts else ""
        rules = rules_of(self.found, self.recorded.facts, told=self.told)
        layouts = layouts_of(self.rules) if self.whole else {}
        return mapping_text(rules, self.own.ignored, self._heading(), layouts)

    def _corrections(self) -> dict[str, Mapping[str, Any]]:
        """What is found of layers of which the user's rules say where their arrays are."""
        found: dict[str, Mapping[str, Any]] = {}
        for pair, listed in self.found:
            for cure in (one.cure for one in listed if one.cure is not None and not one.cure.doubtful):
                if pair.source is not None:
                    found[pair.source.name] = merged(found.get(pair.source.name, {}), cure.facts)
        for name, facts in self.recorded.facts.items():
            found[name] = merged(found.get(name, {}), facts)
        return {name: facts for name, facts in found.items() if facts}

    @property
    def whole(self) -> bool:
        """Whether the mapping file stands in the place of the user's: rules of a file that knows no layers
        are put together anew."""
        return bool(self.mappings) and self.opened.format in TENSORS_ALONE

    @cached_property
    def broken(self) -> list[tuple[Pair, Finding]]:
        """What no mapping file mends."""
        return [(pair, one) for pair, listed in self.found for one in listed if not one.mended]

    @cached_property
    def cures(self) -> list[Cure]:
        """What a mapping file says, without what stands there as a comment."""
        found = [one.cure for _, listed in self.found for one in listed if one.cure is not None]
        return [cure for cure in found if not cure.doubtful]

    @property
    def verdict(self) -> Literal["fits", "mended", "misfit"]:
        if self.broken or self.recorded.contradicted:
            return "misfit"
        return "mended" if self.cures or any(self.recorded.facts.values()) else "fits"

    @property
    def lossy(self) -> bool:
        return any(cure.lost for cure in self.cures)

    def diagnosis(self) -> Diagnosis:
        """All of it."""
        return Diagnosis(
            source_line(self.opened),
            self.target,
            self.verdict,
            self._sentence(),
            tuple(line for pair, listed in self.found for line in lines(pair, listed)),
            keras_says(self.opened, self.other, self.verdict != "fits"),
            tuple(self._ways_out()),
            self.mapping,
            self.lossy,
            self.recorded.sentences,
            tuple(self._notes()),
        )

    def _sentence(self) -> str:
        name, target, total = self.opened.path.name, Path(self.target).name, len(self.found)
        differing = sum(any(one.verdict != "fits" for one in listed) for _, listed in self.found)
        loss = ", which gives up a part of the model" if self.lossy else ""
        if self.verdict == "fits" and self.own.claims:
            under = f"{name} fits {target} under {', '.join(Path(file).name for file in self.mappings)}"
            if self.recorded.reproduced:
                return f"{under}, whose facts reproduce the recorded outputs; `convert` and `verify` prove it"
            return f"{under} in all its {total} layers; `convert` and `verify` prove it"
        if self.verdict == "fits":
            return f"{name} fits {target} in all its {total} layers; `convert` and `verify` prove it"
        if self.verdict == "misfit":
            return f"{name} does not fit {target}, and no mapping file mends it: {self._causes()}"
        if not differing and any(self.recorded.facts.values()):
            said = "its cells compute otherwise, as the recorded outputs show"
            return f"{name} does not fit {target} as it is: {said}; the mapping file below says how"
        if not differing:
            return f"{name} fits {target} under the names that the mapping file below gives its layers"
        mends = "the mapping file below mends them" if self.mapping else "`convert` mends them by itself"
        many = f"{differing} of {total} layers differ"
        return f"{name} does not fit {target} as it is: {many}, and {mends}{loss}"

    def _causes(self) -> str:
        named = dict.fromkeys(f"{name_of(pair)} ({_topic(one)})" for pair, one in self.broken)
        if not named:
            return "nothing that was tried computes the recorded outputs"
        return ", ".join(list(named)[:SHOWN]) + (" …" if len(named) > SHOWN else "")

    def _ways_out(self) -> Iterator[str]:
        yield from (f"{name_of(pair)}: {one.way_out}" for pair, one in self.broken)
        if self.recorded.contradicted:
            yield (
                "the recorded outputs: are they of these weights? If so, declare in a mapping file how the "
                "cells are stored and what they compute"
            )

    def _heading(self) -> Sequence[str]:
        name, target = self.opened.path.name, Path(self.target).name
        options = [] if self.told else [f"--architecture {self.architecture or self.target}"]
        files = () if self.whole else self.mappings
        options += [f"--mapping {file}" for file in (*files, "THIS.yaml")]
        options += ["--allow-lossy"] if self.lossy else []
        instead = f" in the place of {', '.join(self.mappings)}" if self.whole else ""
        return (
            f"For {name}, to fit {target}. Use it{instead} with",
            f"lstm-migrate convert {name} --to NEW.keras {' '.join(options)}",
        )

    def _notes(self) -> Iterator[Note]:
        if self.own.unread:
            yield Note("limit", self.opened.path.name, self.own.unread)
        if self.obstacle:
            yield Note("limit", "sizes", f"the model cannot be given the target's: {self.obstacle}")


def lines(pair: Pair, listed: Sequence[Finding]) -> Iterator[DiagnosisLine]:
    """The rows of one pair: one for each finding, or one that says that all is well."""
    source, target = (part.name if part is not None else "" for part in (pair.source, pair.target))
    for one in listed:
        why = f"{one.why}; {one.way_out}" if one.way_out else one.why
        yield DiagnosisLine(source, target, one.what, one.verdict, why)
    if pair.target is not None and all(one.verdict == "fits" for one in listed):
        yield DiagnosisLine(source, target, pair.target.described(), "fits", _why_fits(pair.target))


def name_of(pair: Pair) -> str:
    """What people call the pair: the target's layer, or the source's if it is alone."""
    part = pair.target or pair.source
    return part.name if part is not None else ""


def _why_fits(target: Part) -> str:
    count = len(target.arrays)
    if not count:
        return "no arrays, and the same settings"
    return f"{count} arrays of the same shapes" if count > 1 else "one array of the same shape"


def _topic(one: Finding) -> str:
    return one.verdict if one.verdict in ("missing", "extra") else one.what
