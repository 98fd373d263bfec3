"""A user's own layer in a config → Layer: the arguments stay as they are, for its own class to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary

WAYS_OUT = (
    "Its code is not in the file: say in a mapping file of which class it is a fork (classes:), put stock "
    "layers in its place (replace:), or give the class with --custom module:name."
)


def custom_layer(
    draft: Draft, kind: str, class_name: str, name: str, config: Mapping[str, Any], where: str, dtype: str
) -> Layer:
    """The layer; a note for each argument that Keras 3 takes otherwise than the source did."""
    fate = draft.vocabulary.fate(class_name, config, where)
    for key, reason in fate.dropped.items():
        draft.note("dropped", f"{where}: {key}", reason)
    for key, value in fate.config.items():
        if draft.vocabulary.type_of(key) == "activation" and _differs(value, draft.vocabulary):
            said = f"{key}={value} is another function in Keras 3: the class must compute the old one"
            draft.note("limit", where, said)
    return Layer(name, kind, fate.config, trainable=bool(config.get("trainable", True)), dtype=dtype)


def _differs(value: Any, vocabulary: Vocabulary) -> bool:
    """Whether Keras 3 gives the name of an activation another meaning."""
    try:
        return vocabulary.activation(value) != target_vocabulary().activation(value)
    except PlanError:
        return False
