"""Which shipped mapping file a checkpoint's writer speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import MappingError, SourceError
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.document import Document, LayerDeclaration
from lstm_migrate.mapping.storage import stored_as
from lstm_migrate.mapping.vocabulary import STORED_AS, Vocabulary, version_numbers

# (writer, first version, first version that is no longer meant) → mapping file
SOURCES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], str], ...] = (
    ("keras", (0,), (2,), "keras1"),
    ("keras", (2,), (2, 4), "keras2"),
    ("keras", (3,), (4,), "keras3"),
    ("tf.keras", (2,), (3,), "tfkeras"),
)


def source_vocabulary(
    writer: Writer, arrays: Writer | None = None, documents: Sequence[Document] = ()
) -> Vocabulary:
    """The vocabulary of the file's writer; SourceError if no mapping file speaks for it.

    `arrays`: who wrote the weights, if the architecture comes from elsewhere: how arrays are called and
    lie is for their writer to say. `documents`: what a user's mapping files add.
    """
    own, stored = mapping_of(writer), None if arrays is None else mapping_of(arrays)
    if own is None:
        raise _unknown(writer)
    words = document(own)
    if stored is not None and stored != own:
        words = stored_as(words, document(stored))
    return Vocabulary(with_words(words, documents), version_numbers(writer.version))


def with_words(words: Document, documents: Sequence[Document]) -> Document:
    """`words` with the classes and activations that a user's mapping files declare besides."""
    for added in documents:
        known = {alias: name for name, one in words.classes.items() for alias in (name, *one.aliases)}
        forks = {name: _fork(name, one, words, known) for name, one in added.classes.items()}
        words = words.model_copy(
            update={
                "classes": {**words.classes, **forks},
                "activations": {**words.activations, **added.activations},
            }
        )
    return words


def _fork(name: str, own: LayerDeclaration, words: Document, known: Mapping[str, str]) -> LayerDeclaration:
    """A fork's class: what it is a fork of, with what is said over it."""
    if not own.is_:
        return own
    if own.is_ not in known:
        near = get_close_matches(own.is_, known, 3)
        raise MappingError(
            f"class {name!r} is said to be a fork of {own.is_!r}, which this source does not have",
            expected=f"nearest: {', '.join(near)}" if near else "a layer class of the source",
        )
    base = words.classes[known[own.is_]]
    layout = {STORED_AS: own.layout} if own.layout else {}
    return base.model_copy(
        update={
            "is_": own.is_,
            "kind": base.kind or known[own.is_],
            "aliases": own.aliases,
            "keep": [*base.keep, *own.keep],
            "rename": {**base.rename, **own.rename},
            "drop": {**base.drop, **own.drop},
            "only": {**base.only, **own.only},
            "defaults": {**base.defaults, **own.defaults, **layout},
        }
    )


def mapping_of(writer: Writer) -> str | None:
    """The name of the mapping file that speaks for a writer, if any does."""
    version = version_numbers(writer.version)
    for name, first, end, mapping in SOURCES:
        if writer.name == name and first <= version < end:
            return mapping
    return None


def _unknown(writer: Writer) -> SourceError:
    return SourceError(
        f"written by {writer.name} {writer.version or 'of unknown version'}",
        found="; ".join(writer.evidence),
        expected="Keras 0.3 to 3, or tf.keras of TensorFlow 1.13 to 2.15",
    )


def target_vocabulary() -> Vocabulary:
    """Keras 3's own words, with the meaning that they have in its latest version."""
    return Vocabulary(document("keras3"), (4,))
