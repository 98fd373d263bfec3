"""The rules of a draft: one for layers that are called alike but for a number, which it captures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_migrate.drafting.found import Found
from lstm_migrate.drafting.model import Listed
from lstm_migrate.mapping.patterns import filled


@dataclass(frozen=True)
class Rule:
    """One rule: its pattern, where it leads, and the layers of the file that it is about."""

    pattern: str
    to: str
    parts: tuple[Found, ...]


Target = tuple[Found, str]


def rules(layers: Sequence[Listed]) -> list[Rule]:
    """The rules that bring every found layer to its place."""
    targets = [(part, layer.path(part)) for layer in layers for part in layer.parts]
    by_prefix: dict[str, list[Target]] = {}
    for part, path in targets:
        by_prefix.setdefault(part.prefix, []).append((part, path))
    several = [_of_one_prefix(prefix, held) for prefix, held in by_prefix.items() if len(held) > 1]
    single = [held[0] for held in by_prefix.values() if len(held) == 1]
    return [*(rule for some in several for rule in some), *_folded(single)]


def _of_one_prefix(prefix: str, held: Sequence[Target]) -> list[Rule]:
    """Layers and directions that the arrays' own names tell apart."""
    parts = tuple(part for part, _ in held)
    captures = [
        {"layer": str(part.layer if part.layer is not None else 0), "dir": part.dir} for part in parts
    ]
    to = template([path for _, path in held], captures, "layer")
    if to is not None:
        return [Rule(plain(prefix), to, parts)]
    return [Rule(plain(prefix), path, (part,)) for part, path in held]


def _folded(single: Sequence[Target]) -> Iterator[Rule]:
    """Prefixes that differ in one number only, as one pattern; the others each for itself."""
    left = list(single)
    while left:
        part, path = left[0]
        best: tuple[str, str, list[Target]] = (plain(part.prefix), path, [left[0]])
        for place in re.finditer(r"\d+", part.prefix):
            before, behind = part.prefix[: place.start()], part.prefix[place.end() :]
            shape = re.compile(rf"{re.escape(before)}(\d+){re.escape(behind)}")
            alike = [one for one in left if shape.fullmatch(one[0].prefix) and _same(one[0], part)]
            captures = [{"k": _number(shape, one.prefix)} for one, _ in alike]
            to = template([target for _, target in alike], captures, "k") if len(alike) > 1 else None
            if to is not None and len(alike) > len(best[2]):
                best = (f"{plain(before)}{{k}}{plain(behind)}", to, alike)
        pattern, to, taken = best
        left = [one for one in left if one not in taken]
        yield Rule(pattern, to, tuple(one for one, _ in taken))


def plain(name: str) -> str:
    """A name as a pattern: its own braces and stars mean nothing."""
    return re.sub(r"[{}*]", "*", name)


def template(targets: Sequence[str], captures: Sequence[Mapping[str, str]], number: str) -> str | None:
    """A template of `to` that gives each target from its captures, if there is one."""
    first = targets[0]
    counted = [first]
    for place in re.finditer(r"\d+", first):
        step = int(place.group()) - int(captures[0][number])
        said = f"{{{number}{step:+d}}}" if step else f"{{{number}}}"
        counted.append(first[: place.start()] + said + first[place.end() :])
    tried = [re.sub(r"/(forward|backward)$", "/{dir}", one) for one in counted]
    for one in (*counted, *tried):
        if all(filled(one, said) == target for said, target in zip(captures, targets, strict=True)):
            return one
    return None


def _number(shape: re.Pattern[str], prefix: str) -> str:
    found = shape.fullmatch(prefix)
    assert found is not None
    return found[1]


def _same(one: Found, other: Found) -> bool:
    """Whether both are stored alike."""
    return (one.kind, one.layout, one.dir, dict(one.facts)) == (
        other.kind,
        other.layout,
        other.dir,
        dict(other.facts),
    )


def own_layouts(found: Sequence[Found]) -> dict[str, Mapping[str, Any]]:
    """The layouts that the draft declares itself, by the names that they get."""
    named: dict[str, Mapping[str, Any]] = {}
    for one in found:
        if one.facts and one.facts not in named.values():
            stem = f"my.{one.kind.lower()}"
            name = next(
                name for name in (stem, *(f"{stem}_{number}" for number in range(2, 99))) if name not in named
            )
            named[name] = one.facts
    return named
