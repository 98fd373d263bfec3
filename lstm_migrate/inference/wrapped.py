"""Arrays of several layers in one group: Bidirectional, TimeDistributed, and RNN over cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.graph import Layer
from lstm_migrate.inference.arrays import Fit, fit
from lstm_migrate.mapping.vocabulary import Vocabulary

SEQUENCES = ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "ConvLSTM2D")
CELLS = ("LSTMCell", "GRUCell", "SimpleRNNCell")
INSIDE = ("Dense", "Conv1D", "Conv2D", "BatchNormalization", "LayerNormalization")
MOST_CELLS = 64

# "…/forward_lstm_1/kernel" of Keras 2, "forward_lstm_1_W_i" of Keras 1, "…/forward_layer/…" of a store
_SIDE = re.compile(r"(?:^|/)(forward|backward)_(\w+?)(?=/|_(?:W|U|b)(?:_\w)?(?::\d+)?$)")


def bidirectional(name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as two recurrent layers, one for each direction."""
    sides = [(_SIDE.search(info.name) or [None, ""]) for info in arrays]
    half = sum(side[1] == "forward" for side in sides) or len(arrays) // 2
    if not half or any(side[1] == "backward" for side in sides[:half]):
        return None
    found = []
    for part, side in ((arrays[:half], sides[0]), (arrays[half:], sides[-1])):
        called = str(side[2]) if side[1] else "rnn"
        one = recurrent(called, part, vocabulary)
        if one is None:
            return None
        found.append(one)
    forward, backward = found
    if forward.width != backward.width:
        return None
    children = {
        "forward_layer": forward.layer,
        "backward_layer": replace(backward.layer, config={**backward.layer.config, "go_backwards": True}),
    }
    alike = forward.gives == backward.gives
    gives = (forward.gives or 0) + (backward.gives or 0)
    layer = Layer(name, "Bidirectional", {} if alike else {"merge_mode": "concat"}, children)
    return Fit(layer, forward.width, gives, forward.other)


def recurrent(name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as one recurrent layer: a stock one, or RNN over cells."""
    for kind in SEQUENCES:
        found = fit(kind, name, arrays, vocabulary)
        if found is not None:
            return found
    return stack(name, arrays, vocabulary)


def stack(name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as an RNN over cells, each as wide as the one before it puts out."""
    cells = next(_cells(tuple(arrays), None, vocabulary, 0), None)
    if not cells:
        return None
    if len(cells) == 1:
        layer = Layer(name, "RNN", {}, {"cell": cells[0].layer})
        return replace(cells[0], layer=layer)
    pile = Layer("stacked_rnn_cells", "StackedRNNCells", {}, {str(i): c.layer for i, c in enumerate(cells)})
    return Fit(Layer(name, "RNN", {}, {"cell": pile}), cells[0].width, cells[-1].gives)


def _cells(
    arrays: tuple[TensorInfo, ...], width: int | None, vocabulary: Vocabulary, depth: int
) -> Iterator[list[Fit]]:
    if not arrays:
        yield []
    if depth > MOST_CELLS:
        return
    for count in (3, 2):
        for kind in CELLS:
            found = fit(kind, _scope(arrays[0], kind), arrays[:count], vocabulary) if arrays else None
            if found is not None and width in (None, found.width):
                for rest in _cells(arrays[count:], found.gives, vocabulary, depth + 1):
                    yield [found, *rest]


def _scope(info: TensorInfo, kind: str) -> str:
    scopes = info.name.split("/")[:-1]
    return scopes[-1] if scopes and "cell" in scopes[-1] else kind.lower()


def time_distributed(name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as one layer that TimeDistributed wraps."""
    for kind in INSIDE:
        found = fit(kind, "layer", arrays, vocabulary)
        if found is not None:
            return replace(found, layer=Layer(name, "TimeDistributed", {}, {"layer": found.layer}))
    return None


def rnn(name: str, arrays: Sequence[TensorInfo], vocabulary: Vocabulary) -> Fit | None:
    """The arrays as an RNN over cells, or as another recurrent layer that somebody called "rnn_1"."""
    return stack(name, arrays, vocabulary) or recurrent(name, arrays, vocabulary)


WRAPPERS = {"Bidirectional": bidirectional, "TimeDistributed": time_distributed, "RNN": rnn}
