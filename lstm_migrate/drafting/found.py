"""What a draft takes the arrays of a file for: `Found` layers, and the words that hint at them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
"""The Keras class of each cell."""

# Words in the names of layers, and the kind that they speak for; the first that fits counts.
_HINTS = (
    ("lstm", "LSTM"),
    ("gru", "GRU"),
    ("rnn_cell", "SimpleRNN"),
    ("simple_?rnn", "SimpleRNN"),
    ("emb", "Embedding"),
    ("conv", "Conv1D"),
    ("dense|linear|head|logits|softmax|output|decoder|proj|fc", "Dense"),
)


@dataclass(frozen=True)
class Found:
    """One layer of the file.

    `prefix`: what stands before its arrays' names. `kind`: its Keras class. `layout`: a shipped one, "" for
    Keras's usual; else `facts` declare it. `arrays`: tensor name → shape. `layer`, `dir`: which of several,
    as the arrays' names say. `of_gate`: the tensors are one a gate.
    """

    prefix: str
    kind: str
    layout: str
    arrays: Mapping[str, tuple[int, ...]]
    units: int = 0
    inputs: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    layer: int | None = None
    dir: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recurrent(self) -> bool:
        return self.kind in KINDS.values()


def hinted(name: str) -> str:
    """The kind of layer of which a name speaks; "" if it does not."""
    return next((kind for words, kind in _HINTS if re.search(words, name.lower())), "")


def suits(name: str, kind: str) -> int:
    """How well a name and a kind of layer go together: 1, 0 if it says nothing, -1."""
    hint = hinted(name)
    return 0 if not hint else 1 if hint == kind else -1
