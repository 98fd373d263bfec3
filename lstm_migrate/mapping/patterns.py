"""Patterns of names in mapping files: `rnn/cell_{k}`, `encoder.*`, and what their captures stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from lstm_migrate.errors import MappingError

SEPARATORS = "/._"
"""What may stand between a layer's name and an array's: "lstm_1/kernel", "lstm_1.kernel", "lstm_1_W"."""

MOST_OPEN = 4  # what is open in a pattern: more of it would take for ever to match
_PLACES = re.compile(r"\{(\w+)([+-]\d{1,6})?\}")
_PARTS = re.compile(r"\{(\w+)\}|(\*)|([^{*]+)|(.)")


@dataclass(frozen=True)
class Pattern:
    """A name with `{captures}` of one word each, and `*` for anything.

    A "/" also stands for a ".", which other frameworks put between a layer and what is in it.
    """

    text: str

    def __post_init__(self) -> None:
        names = self.captures
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        wrong = [part[3] for part in _PARTS.findall(self.text) if part[3]]
        if len(names) + self.text.count("*") > MOST_OPEN:
            raise MappingError(
                "too many captures and stars", found=self.text[:80], expected=f"at most {MOST_OPEN}"
            )
        if twice or wrong:
            raise MappingError(
                "not a pattern of names", found=self.text, expected="each {capture} once, with a word in it"
            )

    @property
    def captures(self) -> list[str]:
        """The names in braces, in their order."""
        return [part[0] for part in _PARTS.findall(self.text) if part[0]]

    @cached_property
    def source(self) -> str:
        """The regular expression, not anchored."""
        return "".join(
            f"(?P<{capture}>[^/.]+?)"
            if capture
            else (".*" if star else re.escape(plain).replace("/", "[/.]"))
            for capture, star, plain, _ in _PARTS.findall(self.text)
        )

    def match(self, name: str) -> dict[str, str] | None:
        """What the captures stand for in `name`, or None if it does not match."""
        found = re.fullmatch(self.source, name)
        return None if found is None else found.groupdict()

    def filled(self, captures: Mapping[str, str]) -> str | None:
        """The one name that has these captures; None if it is not known whole."""
        if "*" in self.text or not set(self.captures) <= set(captures):
            return None
        return "".join(
            captures[capture] if capture else plain for capture, _, plain, _ in _PARTS.findall(self.text)
        )

    def before(self, array: str) -> re.Pattern[str]:
        """Names of a layer that matches, with an array's behind it; `array` is a regular expression."""
        between = f"[{SEPARATORS}]" if self.text else ""
        return re.compile(f"{self.source}{between}{array}(:0)?")


def wanted(template: str) -> list[str]:
    """The captures that a template of `to` has: "lstm_{k+1}" has k."""
    return [found[1] for found in _PLACES.finditer(template)]


def filled(template: str, captures: Mapping[str, str]) -> str:
    """The template with its captures put in, numbers counted on; MappingError for what cannot be put in."""
    return _PLACES.sub(lambda found: _put(found, template, captures), template)


def captured(template: str, name: str) -> dict[str, str] | None:
    """The inverse of `filled`: what the captures stood for, or None if the template never gives `name`."""
    places = list(_PLACES.finditer(template))
    between = [re.escape(text) for text in _PLACES.sub("\0", template).split("\0")]
    words = [r"(\d+)" if place[2] else "([^/.]+?)" for place in places]
    pairs = zip(between, [*words, ""], strict=True)
    match = re.fullmatch("".join(text + word for text, word in pairs), name)
    if match is None:
        return None
    found: dict[str, str] = {}
    for place, text in zip(places, match.groups(), strict=True):
        number = int(text) - int(place[2]) if place[2] else 0
        if number < 0:
            return None
        found[place[1]] = str(number) if place[2] else text
    return found if filled(template, found) == name else None


def _put(found: re.Match[str], template: str, captures: Mapping[str, str]) -> str:
    name, step = found[1], found[2]
    if name not in captures:
        known = ", ".join(f"{{{name}}}" for name in captures)
        raise MappingError(
            f"nothing is captured as {{{name}}}",
            found=template,
            expected=f"one of {known}" if known else "no captures",
        )
    if step is None:
        return captures[name]
    if not re.fullmatch(r"[0-9]{1,9}", captures[name]):
        raise MappingError(f"{{{name}}} is no number", found=captures[name], expected=f"one, for {found[0]}")
    return str(int(captures[name]) + int(step))
