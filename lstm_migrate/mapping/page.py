"""The tables of mappings/README.md that come from the grammar and the shipped files.

Each stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`. `python -m
lstm_migrate.mapping.page` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.document import USER_SECTIONS, Document, LayerDeclaration
from lstm_migrate.mapping.expectations import shown_type
from lstm_migrate.mapping.layout_checks import SYMBOLS, functions
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration, LayoutFacts, TensorDeclaration
from lstm_migrate.mapping.layouts import GATE_NAMES, Declared, resolved
from lstm_migrate.mapping.listing import unseen
from lstm_migrate.mapping.rule_grammar import (
    SIZE_KEYS,
    LayerRule,
    ModelLayer,
    Position,
    SourceFacts,
    VerifySettings,
    VocabularyRule,
)

RENEW = "python -m lstm_migrate.mapping.page"
_TABLE = re.compile(r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
GATE_MEANINGS = {
    ("lstm", "i"): "input gate",
    ("lstm", "f"): "forget gate",
    ("lstm", "c"): "candidate, the new content",
    ("lstm", "o"): "output gate",
    ("gru", "z"): "update gate",
    ("gru", "r"): "reset gate",
    ("gru", "h"): "candidate, the new state",
}


def path() -> Path:
    """Where the page lies."""
    return catalogue.folder() / "README.md"


def renewed(text: str) -> str:
    """The page with its tables as they are to be; MappingError for a table that nobody makes."""

    def table(found: re.Match[str]) -> str:
        name = found[2]
        if name not in TABLES:
            raise MappingError(f"no table {name!r}", expected=f"one of {', '.join(TABLES)}")
        return f"{found[1]}\n{TABLES[name]()}\n{found[3]}"

    return _TABLE.sub(table, text)


def _drawn(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def _keys(part: type[BaseModel], names: Iterable[str] | None = None) -> Callable[[], str]:
    """The table of the keys that a part of the grammar has."""

    def table() -> str:
        fields = {info.alias or name: info for name, info in part.model_fields.items()}
        rows = [
            (f"`{name}`", shown_type(fields[name].annotation), fields[name].description or "")
            for name in names or fields
        ]
        return _drawn(("key", "value", "what it says"), rows)

    return table


def _symbols() -> str:
    return _drawn(("symbol", "what it counts"), ((f"`{name}`", said) for name, said in SYMBOLS.items()))


def _gates() -> str:
    rows = []
    for (cell, gate), meaning in GATE_MEANINGS.items():
        letters = [letter for letter, known in GATE_NAMES[cell].items() if known == gate]
        rows.append((cell, meaning, ", ".join(f"`{letter}`" for letter in letters)))
    return _drawn(("cell", "gate", "what you may call it"), rows)


def _functions() -> str:
    rows = [
        (f"`{name}`", ", ".join(f"`{one}`" for one in sorted(own)))
        for name, own in sorted(functions().items())
    ]
    return _drawn(("function", "parameters"), rows)


def _layouts() -> str:
    rows = []
    for name, declared in catalogue.layouts().items():
        whole = resolved(name, catalogue.layouts())
        rows.append((f"`{name}`", declared.summary, _arrays(whole), unseen(whole)))
    return _drawn(("layout", "of", "arrays", "what no array shows"), rows)


def _arrays(layout: Declared) -> str:
    return ", ".join(f"`{tensor.name}` {tensor.axes}" for tensor in layout.tensors.values())


TABLES: Mapping[str, Callable[[], str]] = {
    "sections": _keys(Document, USER_SECTIONS),
    "further sections": _keys(
        Document, [name for name in Document.model_fields if name not in USER_SECTIONS]
    ),
    "source": _keys(SourceFacts),
    "layouts": _keys(LayoutDeclaration, ["extends", "cell", "layer", "summary", "computes"]),
    "facts": _keys(LayoutFacts),
    "tensors": _keys(TensorDeclaration),
    "layers": _keys(
        LayerRule,
        [name for name in LayerRule.model_fields if name not in LayoutFacts.model_fields.keys() | SIZE_KEYS],
    ),
    "at": _keys(Position),
    "sizes": _keys(LayerRule, [name for name in LayerRule.model_fields if name in SIZE_KEYS]),
    "vocabulary": _keys(VocabularyRule),
    "model": _keys(ModelLayer, ["class", "name", "config"]),
    "classes": _keys(
        LayerDeclaration, ["is", "layout", "aliases", "keep", "rename", "drop", "only", "defaults"]
    ),
    "verify": _keys(VerifySettings),
    "symbols": _symbols,
    "gates": _gates,
    "functions": _functions,
    "shipped layouts": _layouts,
}

if __name__ == "__main__":
    path().write_text(renewed(path().read_text(encoding="utf-8")), encoding="utf-8")
