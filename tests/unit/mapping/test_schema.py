"""The JSON schema of mapping files: current, and of one mind with the grammar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.document import USER_SECTIONS
from lstm_migrate.mapping.loading import load_document
from lstm_migrate.mapping.schema import FILE, FIRST_LINE, RENEW, schema, text
from lstm_migrate.readers.yaml_text import parse_plain

SCHEMA = schema()
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def errors(value: Any, rule: dict[str, Any], where: str = "") -> Iterator[str]:
    """What an editor would underline, by the keywords that the schema uses."""
    known = {"description", "examples", "title", "$schema", "$defs"}
    for key, said in rule.items():
        if key == "$ref":
            yield from errors(value, SCHEMA["$defs"][said.removeprefix("#/$defs/")], where)
        elif key == "type":
            of_type = isinstance(value, TYPES[said]) and (said == "boolean" or not isinstance(value, bool))
            yield from () if of_type else (f"{where}: no {said}",)
        elif key in ("enum", "const"):
            yield from (
                () if value in (said if key == "enum" else [said]) else (f"{where}: not one of {said}",)
            )
        elif key == "anyOf":
            if all(any(errors(value, one, where)) for one in said):
                yield f"{where}: none of several"
        elif key == "properties" and isinstance(value, dict):
            for name in value.keys() & said:
                yield from errors(value[name], said[name], f"{where}/{name}")
        elif key == "additionalProperties" and isinstance(value, dict):
            for name in [] if said is True else value.keys() - rule.get("properties", {}):
                one = (
                    [f"{where}: unknown {name}"]
                    if said is False
                    else errors(value[name], said, f"{where}/{name}")
                )
                yield from one
        elif key == "required" and isinstance(value, dict):
            yield from (f"{where}: no {name}" for name in said if name not in value)
        elif key == "items" and isinstance(value, list):
            for number, item in enumerate(value):
                yield from errors(item, said, f"{where}/{number}")
        elif key in ("minItems", "maxItems", "minLength") and isinstance(value, str | list):
            good = len(value) <= said if key == "maxItems" else len(value) >= said
            yield from () if good else (f"{where}: of another length",)
        elif key == "minimum":
            yield from () if not isinstance(value, int) or value >= said else (f"{where}: too small",)
        else:
            assert key in known or key in ("properties", "additionalProperties", "required", "items"), key


def value_of(source: str | bytes) -> Any:
    return parse_plain(source if isinstance(source, bytes) else source.encode(), "m.yaml").value


def test_the_committed_schema_is_current() -> None:
    committed = (catalogue.folder() / FILE).read_text(encoding="utf-8")
    assert committed == text(), f"the grammar has changed: run `{RENEW}`"


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_mapping_names_the_schema_and_obeys_it(name: str) -> None:
    source = (catalogue.folder() / f"{name}.yaml").read_text(encoding="utf-8")
    assert source.startswith(FIRST_LINE + "\n")
    assert list(errors(value_of(source), SCHEMA)) == []


def test_every_key_is_described() -> None:
    parts = {"file": schema(), **schema()["$defs"]}
    for name, part in parts.items():
        for key, rule in part.get("properties", {}).items():
            assert rule.get("description"), f"{name}: {key}"
    assert list(schema()["properties"])[: len(USER_SECTIONS)] == list(USER_SECTIONS)


WRONG = [
    "{}",
    "version: 2",
    "version: 1\nlayer: {}",
    "version: 1\nsource: {format: zip}",
    "version: 1\nlayouts: {a: {cell: lstn}}",
    "version: 1\nlayouts: {a: {cell: lstm, gates: ifco}}",
    "version: 1\nlayouts: {a: {cell: lstm, gates: [i, f, q, o]}}",
    "version: 1\nlayouts: {a: {bias: 1}}",
    "version: 1\nlayouts: {a: {forget_bias: '1'}}",
    "version: 1\nlayouts: {a: {reset_after: 1}}",
    "version: 1\nlayouts: {a: {directions: [a]}}",
    "version: 1\nlayouts: {a: {bias: null}}",
    "version: 1\nlayouts: {a: {tensors: {kernel: {name: b}}}}",
    "version: 1\nlayers: {a: [{too: b}]}",
    "version: 1\nlayers: {a: {at: {layer: -1}}}",
    "version: 1\nignore: {a: ''}",
    "version: 1\nreplace: {a: [{config: {}}]}",
    "version: 1\nmodel: [{class_: Dense}]",
    "version: 1\nassume: {a: 1}",
]


@pytest.mark.parametrize("source", WRONG)
def test_what_the_grammar_refuses_an_editor_underlines(source: str, tmp_path: Path) -> None:
    assert list(errors(value_of(source), SCHEMA))
    file = tmp_path / "m.yaml"
    file.write_text(source, encoding="utf-8")
    if "q, o" not in source:  # an unknown gate is found by its layout
        with pytest.raises(MappingError):
            load_document(file)


def test_editors_offer_what_is_shipped() -> None:
    offered = schema()["$defs"]
    assert "torch.lstm" in offered["LayoutName"]["anyOf"][0]["enum"]
    assert "Bidirectional" in offered["LayerClass"]["anyOf"][0]["enum"]
    assert {"i", "f", "c", "g", "j", "o", "z", "r", "n"} <= set(offered["Gate"]["enum"])
