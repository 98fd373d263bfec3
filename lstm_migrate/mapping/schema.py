"""The JSON schema of mapping files, from which editors complete keys and underline mistakes.

It is pydantic's schema of the grammar made friendly: descriptions at every key, and the words that one may
write where the grammar only says "text": shipped layouts, Keras 3's classes, gates, functions. Names of
one's own stay allowed where a file may bring them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_checks import functions
from lstm_migrate.mapping.layouts import GATE_NAMES

FILE = "schema.json"
FIRST_LINE = f"# yaml-language-server: $schema={FILE}"
"""With which a file says that it lies beside the schema."""

RENEW = f"lstm-migrate mappings schema > mappings/{FILE}"
"""The command that writes the committed file anew."""

EXAMPLES = ("x (gate u)", "(gate u) x", "(x + h) (gate u)", "set (gate u)", "dir (gate u) x")
ROLES = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
ACTIVATIONS = ("activation", "recurrent_activation")


def schema() -> dict[str, Any]:
    """The schema as a JSON value."""
    raw = Document.model_json_schema()
    parts = {name: _part(value, _WORDS.get(name, {})) for name, value in sorted(raw["$defs"].items())}
    whole = _part(raw, _WORDS["Document"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lstm-migrate mapping file",
        **whole,
        "$defs": {**_named(), **parts},
    }


def text() -> str:
    """The schema as the file `mappings/schema.json` holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _named() -> Mapping[str, Any]:
    """The words that an editor offers, by what they name; of all but gates there may be others."""
    return {
        "Gate": {"enum": sorted({name for names in GATE_NAMES.values() for name in names})},
        "ShippedFile": _open(catalogue.names()),
        "LayoutName": _open(sorted(catalogue.layouts())),
        "LayerClass": _open(sorted(catalogue.document("keras3").classes)),
        "Function": _open(sorted(functions())),
        "Axes": {"type": "string", "examples": list(EXAMPLES)},
    }


# Part of the grammar → key → which words its text is of.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "Document": {"extends": "ShippedFile"},
    "SourceFacts": {"layout": "LayoutName"},
    "LayoutDeclaration": {
        "gates": "Gate",
        "activations": "Function",
        "extends": "LayoutName",
        "layer": "LayerClass",
    },
    "LayerRule": {"gates": "Gate", "activations": "Function", "layout": "LayoutName"},
    "TensorDeclaration": {"gates": "Gate", "feeds": "Gate", "axes": "Axes"},
    "ActivationMeaning": {"function": "Function"},
    "Replacement": {"class": "LayerClass"},
    "ModelLayer": {"class": "LayerClass"},
    "LayerDeclaration": {"is": "LayerClass", "layout": "LayoutName"},
    "CellDeclaration": {"layout": "LayoutName"},
}


def _part(raw: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """One model of the grammar, described by the first paragraph of its docstring."""
    found: dict[str, Any] = {}
    if raw.get("description"):
        found["description"] = " ".join(raw["description"].partition("\n\n")[0].split())
    found["type"] = "object"
    found["properties"] = {key: _value(value, words.get(key)) for key, value in raw["properties"].items()}
    for key, names in (("names", ROLES), ("activations", ACTIVATIONS)):
        entry = found["properties"].get(key)
        if entry is not None and "gates" in found["properties"]:
            entry["properties"] = dict.fromkeys(names, entry["additionalProperties"])
    if raw.get("required"):
        found["required"] = raw["required"]
    found["additionalProperties"] = raw.get("additionalProperties", False)
    return found


def _value(raw: Any, words: str | None, nothing: bool = False) -> Any:
    """A value's schema without pydantic's titles and defaults. `words`: what its text is of.

    `nothing`: it may be null. A key that may be left out may not: then it was forgotten.
    """
    if not isinstance(raw, dict):
        return raw
    if words and raw.get("type") == "string":
        described = {"description": raw["description"]} if "description" in raw else {}
        return {**described, "$ref": f"#/$defs/{words}"}
    found = {key: value for key, value in raw.items() if key not in ("title", "default", "anyOf")}
    if "additionalProperties" in found:
        found["additionalProperties"] = _value(found["additionalProperties"], words)
    if "items" in found:
        found["items"] = _value(found["items"], words, nothing=True)
    branches = [_value(one, words) for one in raw.get("anyOf", ()) if nothing or one != {"type": "null"}]
    if len(branches) == 1:
        return {**branches[0], **found}
    return {**found, "anyOf": branches} if branches else found


def _open(words: Iterable[str]) -> dict[str, Any]:
    """Words that an editor offers; others may stand there too."""
    return {"anyOf": [{"enum": list(words)}, {"type": "string"}]}
