"""Names that Keras gives by itself: "lstm_1" is an LSTM, "conv_lst_m2d" a ConvLSTM2D."""

from __future__ import annotations

import re
from functools import lru_cache

from lstm_migrate.mapping.vocabulary import Vocabulary

# Classes that no declaration has, but that say what a group without arrays is.
STRUCTURAL = ("InputLayer", "Input", "Model", "Functional", "Sequential", "Merge", "Lambda")
_COUNTER = re.compile(r"_\d+$")


def kind_by_name(name: str, vocabulary: Vocabulary) -> str | None:
    """The kind of layer whose default name this is; None if a user chose it."""
    base = _COUNTER.sub("", name.rpartition("/")[2])
    return _table(_Key(vocabulary)).get(base)


class _Key:
    """A vocabulary as a key of a cache: the document's identity counts, not its contents."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def __hash__(self) -> int:
        return id(self.vocabulary.document)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.vocabulary.document is self.vocabulary.document


@lru_cache(maxsize=16)
def _table(key: _Key) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in STRUCTURAL:
        found |= dict.fromkeys(_default_names(kind), kind)
    for class_name, declared in key.vocabulary.document.classes.items():
        for called in (class_name, *declared.aliases):
            for name in _default_names(called):
                found.setdefault(name, declared.kind or class_name)
    found["input"] = "InputLayer"
    return found


def _default_names(class_name: str) -> tuple[str, str, str]:
    """Keras 2's snake case; Keras 3's and late Keras 2's, which keeps capitals together; Keras 1's."""
    old = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", class_name)
    old = re.sub(r"([a-z])([A-Z])", r"\1_\2", old).lower()
    new = re.sub(r"\W+", "", class_name)
    new = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", new)
    new = re.sub(r"([a-z])([A-Z])", r"\1_\2", new).lower()
    return old, new, class_name.lower()
