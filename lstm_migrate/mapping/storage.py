"""Storage: one mapping file's words for what is computed, another's for how the arrays are kept.

For an architecture and weights of two eras: Keras 3 builds the model, Keras 1 wrote the arrays.
"""

from __future__ import annotations

from lstm_migrate.mapping.document import Document, LayerDeclaration

# Of the unwritten rules, those that say how arrays lie or that came with the framework that used them.
KEPT_RULES = ("kernels_follow_ordering",)


def stored_as(words: Document, stored: Document) -> Document:
    """`words` with the names, orders of axes and cell layouts of `stored`."""
    classes = {
        name: _kept(declared, stored.classes[name]) if name in stored.classes else declared
        for name, declared in words.classes.items()
    }
    cells = {
        name: declared.model_copy(
            update={"layout": stored.cells[name].layout, "when": {**stored.cells[name].when, **declared.when}}
        )
        if name in stored.cells
        else declared
        for name, declared in words.cells.items()
    }
    rules = {name: stored.semantics[name] for name in KEPT_RULES if name in stored.semantics}
    return words.model_copy(
        update={
            "classes": classes,
            "cells": cells,
            "layouts": {**stored.layouts, **words.layouts},
            "backends": stored.backends,
            "semantics": {**words.semantics, **rules},
        }
    )


def _kept(own: LayerDeclaration, stored: LayerDeclaration) -> LayerDeclaration:
    names = {
        role: stored.names.get(other, other)
        for role, other in zip(_roles(own), _roles(stored), strict=False)
        if stored.names.get(other, other) != role
    }
    sizes = {symbol: key for symbol, key in stored.sizes.items() if symbol not in own.sizes}
    return own.model_copy(
        update={
            "names": names,
            "stored": stored.stored,
            "stored_when": stored.stored_when,
            "sizes": {**own.sizes, **sizes},
        }
    )


def _roles(declared: LayerDeclaration) -> list[str]:
    return [entry.partition("?")[0] for entry in declared.weights]
