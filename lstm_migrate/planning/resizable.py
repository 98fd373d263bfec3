"""Resizable: layers of which units or inputs can be left out, and layers that hand fewer features on."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_migrate.graph import Activation, Layer, LayerPath

LOOPS = frozenset({"LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU"})
LOOP_CELLS = frozenset({"LSTMCell", "GRUCell", "SimpleRNNCell"})

# What they put out for a feature depends on that feature alone, and is zero where it is.
PASSING = frozenset(
    "ActivityRegularization Dropout ELU GaussianDropout Identity LeakyReLU RepeatVector"
    " SpatialDropout1D".split()
)
KEEPING_ZERO = frozenset(
    "linear tanh relu relu6 leaky_relu elu selu celu softsign silu swish hard_silu hard_swish gelu mish"
    " hard_tanh tanh_shrink soft_shrink hard_shrink".split()
)
POOLING = frozenset("AveragePooling1D GlobalAveragePooling1D GlobalMaxPooling1D MaxPooling1D".split())
OVER_ALL_UNITS = frozenset({"softmax", "log_softmax", "glu"})


@dataclass(frozen=True)
class Resizable:
    """One layer of the outermost model whose arrays can be cut.

    `holders`: where its arrays are. `loops`: where states go from step to step; none of a Dense layer, whose
    units cannot be cut. `units`: how many it has, each direction of a Bidirectional layer so many; None if
    these differ. `merge`: how a Bidirectional layer joins them.
    """

    holders: tuple[LayerPath, ...]
    loops: tuple[LayerPath, ...] = ()
    units: int | None = None
    merge: str | None = ""


def resizable(layer: Layer, path: LayerPath) -> Resizable | None:
    """The layer, if it is of a kind whose arrays can be cut."""
    if layer.kind == "Dense":
        return Resizable((path,))
    if layer.kind in LOOPS:
        return Resizable((path,), (path,), layer.config.get("units"))
    inner = {label: (*path, label) for label in layer.children}
    cell = layer.children.get("cell")
    if layer.kind == "RNN" and cell is not None and cell.kind in LOOP_CELLS:
        return Resizable((inner["cell"],), (path,), cell.config.get("units"))
    found = [resizable(child, inner[label]) for label, child in layer.children.items()]
    whole = [one for one in found if one is not None]
    if layer.kind == "TimeDistributed" and whole and not whole[0].loops:
        return whole[0]
    if layer.kind == "Bidirectional" and len(whole) == len(found):
        return Resizable(
            tuple(holder for one in whole for holder in one.holders),
            tuple(loop for one in whole for loop in one.loops),
            whole[0].units if len({one.units for one in whole}) == 1 else None,
            layer.config.get("merge_mode", "concat"),
        )
    return None


def hands_on(layer: Layer) -> bool:
    """Whether the layer puts out for each feature what that one says, and nothing for one that is zero."""
    if layer.kind == "TimeDistributed":
        return all(hands_on(child) for child in layer.children.values())
    if layer.kind == "Masking":
        return not layer.config.get("mask_value")
    if layer.kind == "ReLU":
        return not layer.config.get("threshold")
    if layer.kind == "Activation":
        meant = layer.config.get("activation")
        return meant is None or (isinstance(meant, Activation) and meant.function in KEEPING_ZERO)
    if layer.kind in POOLING:
        return layer.config.get("data_format") != "channels_first"
    return layer.kind in PASSING


def looks_at_all(layer: Layer) -> str:
    """Which activation of a cell, or of a cell in the layer, looks at all units at once; "" if none does."""
    own = layer.config.values() if layer.kind in LOOPS | LOOP_CELLS else ()
    found = [value.function for value in own if isinstance(value, Activation)]
    wrong = [name for name in found if name in OVER_ALL_UNITS]
    return next(iter(wrong), "") or next(filter(None, map(looks_at_all, layer.children.values())), "")
