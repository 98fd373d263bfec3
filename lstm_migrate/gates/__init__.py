"""Gates by name, for live Keras layers and for the layers of old files.

`layer.get_weights()` of an LSTM is `[kernel, recurrent_kernel, bias]`: two matrices and a vector in which
four gates stand side by side, in the order input, forget, candidate, output. So `weights[1]` is no bias but
the recurrent kernel, and nothing in the list says where a gate begins. Here gates have names:

>>> import keras
>>> from lstm_migrate.gates import gates, set_gates
>>> lstm = keras.layers.LSTM(3, name="lstm")
>>> lstm.build((None, None, 5))
>>> forget = gates(lstm)["forget"]
>>> forget.kernel.shape, forget.recurrent_kernel.shape, forget.bias.shape
((5, 3), (3, 3), (3,))
>>> set_gates(lstm, {"forget": {"bias": forget.bias + 1}})
>>> gates(lstm)["forget"].bias.tolist()
[2.0, 2.0, 2.0]

Kernels are (input_features, units), recurrent kernels (units, units), biases (units,). The shapes are in
the names, and what does not fit is refused with the name of the gate:

>>> set_gates(lstm, {"forget": {"bias": lstm.get_weights()[1]}})
Traceback (most recent call last):
lstm_migrate.errors.UsageError: lstm['forget'].bias: the shape is wrong (found (3, 12), expected (units=3,)).
This is the shape of the recurrent kernel: get_weights() is [kernel, recurrent_kernel, bias], so weights[1]
is no bias.

`open_layers` gives the layers of a file that any Keras wrote, and `gates` takes them as it takes live ones,
whether the file has twelve arrays for an LSTM (Keras 1), transposed blocks (cuDNN) or numbered variables
(`.keras`):

    with open_layers("old.h5") as layers:
        layers["lstm_1"]                                 # <StoredLayer …>; list(layers) has all paths
        set_gates(lstm, gates(layers["lstm_1"]))         # all gates, or nothing if one does not fit
        set_gates(lstm, {"output": gates(layers["lstm_2"])["output"]})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_migrate.errors import UsageError
from lstm_migrate.gates.cell import Gate, Gates, Parts, UnknownName
from lstm_migrate.gates.live import live_gates
from lstm_migrate.gates.setting import set_live
from lstm_migrate.gates.stored import StoredLayer, StoredLayers, open_layers

__all__ = [
    "Gate",
    "Gates",
    "Parts",
    "StoredLayer",
    "StoredLayers",
    "UnknownName",
    "gates",
    "open_layers",
    "set_gates",
]


def gates(layer: Any) -> Mapping[Any, Any]:
    """The gates of a live Keras layer or cell, or of a layer of `open_layers`, by name.

    An LSTM has "input", "forget", "candidate" and "output" (or "i", "f", "c", "o"), a GRU "update", "reset"
    and "candidate" ("z", "r", "h"), a SimpleRNN "candidate" ("h"). Each gate has

    - `.kernel` (input_features, units): what multiplies the input, as in `x @ kernel`;
    - `.recurrent_kernel` (units, units): what multiplies the last output;
    - `.bias` (units,), or None if there is none;
    - `.recurrent_bias` (units,): the second bias of a GRU with reset_after, which stands inside the product
      with the reset gate, and of cuDNN's layers in files; else None.

    Of a convolutional cell the kernels have the sizes of the window in front of these two axes.

    A Bidirectional has two cells, `gates(layer)["forward"]["forget"]` and `["backward"]`; stacked cells are
    numbered, `gates(layer)[0]["forget"]`.

    Arrays are views that cannot be written to: a live layer's of what its variables were when `gates` was
    called, a file's of what is read when they are asked for. `set_gates` is what changes a layer.

    Raises UsageError for a layer without gates or without arrays yet, UnknownName (a KeyError) for a key
    that is no gate.
    """
    if isinstance(layer, StoredLayer):
        return layer.layers.gates(layer.path)
    return live_gates(layer)


def set_gates(layer: Any, values: Any) -> None:
    """Sets gates of a live Keras layer: {"forget": {"kernel": ..., "bias": ...}}; the others stay.

    `values`: by gate and role as `gates` gives them, or what `gates` gave for another layer, live or of a
    file; for a Bidirectional {"forward": {...}}, for stacked cells {0: {...}}. Also the whole list of arrays,
    if it is what `layer.get_weights()` would give; one that is not is explained, array by array.

    Every array is checked first, and nothing is changed unless all fit: raises UsageError with every gate
    and array that does not, the shape found and the shape expected. Numbers are rounded to the layer's dtype;
    NaN and infinity are set as given. Where two biases are given to an LSTM or SimpleRNN, which keeps one,
    their sum is set; a GRU's are not summed, since reset_after makes them two things.

    Arrays do not carry activations: the layer computes what the other one did only if its activations do.
    Gates of a file whose cell means something else by its arrays (a forget bias added at run time, an
    inverted update gate) are refused as a whole; give single ones by role, with what is to be added.
    """
    if isinstance(layer, StoredLayer):
        raise UsageError(
            "a layer of a file cannot be set",
            where=layer.path,
            found="a file, opened to be read",
            expected="a live Keras layer",
            hint="Convert the file, load the new one and set the gates of its layer.",
        )
    set_live(layer, values)
