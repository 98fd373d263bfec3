"""Which shipped mapping file a checkpoint's writer speaks."""

from __future__ import annotations

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import SourceError
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.storage import stored_as
from lstm_migrate.mapping.vocabulary import Vocabulary, version_numbers

# (writer, first version, first version that is no longer meant) → mapping file
SOURCES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], str], ...] = (
    ("keras", (0,), (2,), "keras1"),
    ("keras", (2,), (2, 4), "keras2"),
    ("keras", (3,), (4,), "keras3"),
    ("tf.keras", (2,), (3,), "tfkeras"),
)


def source_vocabulary(writer: Writer, arrays: Writer | None = None) -> Vocabulary:
    """The vocabulary of the file's writer; SourceError if no mapping file speaks for it.

    `arrays`: who wrote the weights, if the architecture comes from elsewhere: how arrays are called and
    lie is for their writer to say.
    """
    own, stored = mapping_of(writer), None if arrays is None else mapping_of(arrays)
    if own is None:
        raise _unknown(writer)
    words = document(own)
    if stored is not None and stored != own:
        words = stored_as(words, document(stored))
    return Vocabulary(words, version_numbers(writer.version))


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
