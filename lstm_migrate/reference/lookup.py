"""Tables that number known integers: IntegerLookup with its vocabulary in the config."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_migrate.reference.outcome import without_mask
from lstm_migrate.reference.preprocessing import encoded
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward


@forward("IntegerLookup")
def integer_lookup(scope: Scope, x: Tensor) -> Tensor:
    """Where each value stands in the vocabulary, behind the numbers of the mask and of unknown values.

    Unknown values share the numbers kept for them by their remainder. Only output_mode="int" has a
    number for the mask; the other modes leave masked values out.
    """
    tokens, first, unknown = table(scope)
    values = x.value.astype(np.int64)
    if scope.config.get("invert", False):
        raise NoReference(scope.path, "an inverted lookup")
    mask, integers = scope.config.get("mask_token"), scope.config.get("output_mode", "int") == "int"
    weighs = scope.config.get("output_mode") == "tf_idf"
    if weighs or scope.config.get("oov_method", "floormod") != "floormod":
        raise NoReference(scope.path, "a lookup that weighs its tokens or hashes unknown ones")
    numbers = first + (values % unknown if unknown else np.zeros_like(values))
    known = np.zeros(values.shape, bool)
    for place, token in enumerate(tokens):
        found = values == token
        numbers, known = np.where(found, first + unknown + place, numbers), known | found
    masked = np.zeros(values.shape, bool) if mask is None else values == mask
    if not unknown and not (known | masked).all():
        raise NoReference(scope.path, "a value outside of the vocabulary, with num_oov_indices=0")
    numbers = np.where(masked, 0 if integers else -1, numbers)
    if integers:
        return without_mask(scope, numbers)
    padded = scope.config.get("pad_to_max_tokens") and scope.config.get("max_tokens")
    return without_mask(scope, encoded(scope, numbers, int(padded or len(tokens) + unknown), None))


def table(scope: Scope) -> tuple[Array, int, int]:
    """(the vocabulary, the first number behind the mask's, how many numbers unknown values share)."""
    listed: Any = scope.config.get("vocabulary")
    if not isinstance(listed, (list, tuple)):
        raise NoReference(scope.path, "a lookup whose vocabulary is not in the config")
    config = scope.config
    unknown = int(config.get("num_oov_indices", 1))
    masks = config.get("mask_token") is not None and config.get("output_mode", "int") == "int"
    special = [config.get("mask_token")] * masks + [config.get("oov_token", -1)] * unknown
    if special and list(listed[: len(special)]) == special:
        # A vocabulary that another layer's get_vocabulary gave names the special tokens as well.
        listed = listed[len(special) :]
    return np.asarray(listed, np.int64), int(masks), unknown
