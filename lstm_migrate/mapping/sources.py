"""Which shipped mapping file a checkpoint's writer speaks."""

from __future__ import annotations

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import SourceError
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary, version_numbers

# (writer, first version, first version that is no longer meant) → mapping file
SOURCES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], str], ...] = (
    ("keras", (2,), (2, 4), "keras2"),
    ("tf.keras", (2,), (3,), "tfkeras"),
)


def source_vocabulary(writer: Writer) -> Vocabulary:
    """The vocabulary of the file's writer; SourceError if no mapping file speaks for it."""
    version = version_numbers(writer.version)
    for name, first, end, mapping in SOURCES:
        if writer.name == name and first <= version < end:
            return Vocabulary(document(mapping), version)
    raise SourceError(
        f"written by {writer.name} {writer.version or 'of unknown version'}",
        found="; ".join(writer.evidence),
        expected="Keras 2.0 to 2.3.1 or tf.keras of TensorFlow 1.13 to 2.15",
    )


def target_vocabulary() -> Vocabulary:
    """Keras 3's own words."""
    return Vocabulary(document("keras3"), (3,))
