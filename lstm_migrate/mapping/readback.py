"""Reading back: the mapping lines with which tensors are written, and with which they are read again.

What is written is named and laid out by rules that a user could have given, so that the way back is an
ordinary conversion: what the mapping files say of names and layouts, and a few lines beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lstm_migrate.errors import UsageError
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layouts import Declared, unknown_layout
from lstm_migrate.mapping.loading import UserMapping
from lstm_migrate.mapping.rule_grammar import VerifySettings
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.readers.yaml_text import read_plain

OPTION = "--as"
VERSION = "version: 1"
# What mapping files say of a source that is not read here, and its value where nothing is said.
OF_THE_SOURCE = {
    "ignore": {},
    "replace": {},
    "assume": {},
    "model": [],
    "classes": {},
    "verify": VerifySettings(),
}
IN_THE_WAY = ("ignore", "replace", "assume")
"""Sections that are errors where what they speak of is not there."""


@dataclass(frozen=True)
class ReadBack:
    """What the user gives, as rules for writing.

    `layouts`: those that `--as` names. `directed`: Bidirectional layers whose two directions have one name,
    which the layout's own names or axes tell apart.
    """

    given: UserRules
    layouts: Sequence[str] = ()
    directed: Sequence[str] = ()

    @cached_property
    def rules(self) -> UserRules:
        """The rules; UsageError for layouts that are unknown or speak of the same layers."""
        self._check()
        stripped = [
            replace(mapping, document=mapping.document.model_copy(update=OF_THE_SOURCE))
            for mapping in self.given.mappings
        ]
        lines = self.lines
        return UserRules((*stripped, *([_made(lines)] if lines else [])))

    @property
    def lines(self) -> str:
        """The mapping file that the user did not give, on one line; "" if none is needed."""
        said = []
        if self.layouts:
            said.append(f"source: {{layout: [{', '.join(map(_quoted, self.layouts))}]}}")
        if self.directed:
            rules = [f"{_quoted(name)}: {{to: {_quoted(f'{name}/{{dir}}')}}}" for name in self.directed]
            said.append(f"layers: {{{', '.join(rules)}}}")
        return f"{{{VERSION}, {', '.join(said)}}}" if said else ""

    def said(self, model: Path) -> str:
        """How to read what was written, in words."""
        files = [f"--mapping {mapping.path.name}" for mapping in self.given.mappings]
        without = [
            section
            for section in IN_THE_WAY
            if any(getattr(mapping.document, section) for mapping in self.given.mappings)
        ]
        left_out = f" (take its {', '.join(without)} out)" if without else ""
        given = " ".join([f"--architecture {model.name}", *files]) + left_out
        return f"convert it with {given}" + (
            f" and a {'further ' if files else ''}mapping file that says {self.lines}" if self.lines else ""
        )

    def _check(self) -> None:
        for name in self.layouts:
            if name not in self.given.layouts:
                raise UsageError(replace(unknown_layout(name, self.given.layouts), where=f"{OPTION} {name}"))
        kinds: dict[str, Declared] = {}
        for name in self.layouts:
            declared = self.given.declared(name)
            other = kinds.setdefault(declared.cell or declared.layer, declared)
            if other.name != name:
                raise UsageError(
                    f"two layouts for {declared.cell or declared.layer} layers",
                    found=f"{OPTION} {other.name} and {OPTION} {name}",
                    expected="one for each kind; a mapping file can say it layer by layer (--mapping)",
                )


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][\w.]*", text) else json.dumps(text, ensure_ascii=False)


def _made(lines: str) -> UserMapping:
    parsed = read_plain(lines.encode(), OPTION)
    return UserMapping(Path(OPTION), Document.model_validate(parsed.value), parsed)
