"""The shipped mapping files: where they lie, and one of them with everything it extends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration
from lstm_migrate.mapping.reading import load_document

_MERGED_BY_KEY = (
    "semantics activations activation_layers value_types groups classes layouts cells linear backends"
    " operations node_operations"
).split()


def folder() -> Path:
    """Where the shipped mapping files lie: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_mappings", package.parent / "mappings"):
        if place.is_dir():
            return place
    raise MappingError("the shipped mapping files are missing", where=str(package), hint="Install again.")


def names() -> list[str]:
    """The names of the shipped mapping files."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


@cache
def document(name: str) -> Document:
    """The shipped mapping file `name`, with what it extends merged under it, key by key."""
    path = folder() / f"{name}.yaml"
    if not path.is_file():
        raise MappingError(f"no shipped mapping {name!r}", expected=f"one of {', '.join(names())}")
    own = load_document(path)
    parents = [own.extends] if isinstance(own.extends, str) else (own.extends or [])
    merged = own
    for parent in reversed(parents):
        merged = _merge(document(parent), merged)
    return merged


@cache
def layouts() -> Mapping[str, LayoutDeclaration]:
    """Every layout that some shipped file declares, by its name."""
    found: dict[str, LayoutDeclaration] = {}
    for name in names():
        found |= document(name).layouts
    return found


def _merge(base: Document, own: Document) -> Document:
    changes: dict[str, Any] = {
        field: {**getattr(base, field), **getattr(own, field)} for field in _MERGED_BY_KEY
    }
    changes["objects"] = {
        kind: {**base.objects.get(kind, {}), **own.objects.get(kind, {})}
        for kind in {**base.objects, **own.objects}
    }
    changes["never_trained"] = sorted({*base.never_trained, *own.never_trained})
    if own.common == type(own.common)():
        changes["common"] = base.common
    return own.model_copy(update=changes)
