"""Traits: for each kind of layer, how many axes it takes and gives, and what its arrays leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Option:
    """A config key that no array tells: the values that are tried, likely ones first, and why.

    `values` of the word "era" stand for what the writer's version has by default. `of_version`: it is
    open only where the writer's version, of which no more than the first number is known, would tell.
    """

    key: str
    values: tuple[str, ...]
    reason: str
    free: str = ""
    cost: float = 1.0
    shaping: bool = False
    of_version: bool = False


@dataclass(frozen=True)
class Trait:
    """`takes` and `gives`: numbers of axes with the batch; None: any, and as many as it was given.

    `config`: what is written besides; `keeps_mask`: a mask goes through.
    """

    takes: int | None = None
    gives: int | None = None
    options: tuple[Option, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    keeps_mask: bool = True


_NO_TRACE = "the layer has no arrays, and its name does not tell"
_RATE = {"rate": 0.0}  # what it was acts in training only, and no file of weights has it

_PADDING = Option("padding", ("valid", "same"), "kernels have no trace of it", shaping=True)
_CAUSAL = Option("padding", ("valid", "same", "causal"), "kernels have no trace of it", shaping=True)
_STRIDES = Option("strides", ("1", "2"), "kernels have no trace of it", "a whole number", 2.0, True)
_POOL = Option("pool_size", ("2", "3", "4", "5"), _NO_TRACE, "a whole number", 1.0, True)
_POOL_PADDING = Option("padding", ("valid", "same"), _NO_TRACE, cost=2.0, shaping=True)
_EPSILON = Option(
    "epsilon",
    ("era", "0.001", "1e-05", "1e-06"),
    "no array holds it; this version's default",
    "a number",
    2.0,
)
_DEVIATION = Option(
    "by_deviation",
    ("0", "1"),
    "running_std is a variance since Keras 1.0.6 and was a deviation before, and the file has no version",
    of_version=True,
)
_LAST = {"data_format": "channels_last"}


def _pool(rank: int) -> Trait:
    return Trait(rank, rank, (_POOL, _POOL_PADDING), _LAST, keeps_mask=False)


def _global(rank: int) -> Trait:
    return Trait(rank, 2, (), _LAST, keeps_mask=False)


def _convolution(rank: int) -> Trait:
    padding = _CAUSAL if rank == 3 else _PADDING
    return Trait(rank, rank, (padding, _STRIDES), {**_LAST, "dilation_rate": 1}, keeps_mask=False)


def _number(key: str, *values: str) -> Trait:
    return Trait(options=(Option(key, values, _NO_TRACE, "a number"),))


TRAITS: Mapping[str, Trait] = {
    "LSTM": Trait(3),
    "GRU": Trait(3),
    "SimpleRNN": Trait(3),
    "CuDNNLSTM": Trait(3),
    "CuDNNGRU": Trait(3),
    "RNN": Trait(3),
    "ConvLSTM2D": Trait(5, None, (_PADDING, _STRIDES), {**_LAST, "dilation_rate": 1}),
    "Bidirectional": Trait(3),
    "TimeDistributed": Trait(3, 3),
    "Dense": Trait(),
    "Embedding": Trait(2, 3),
    "Conv1D": _convolution(3),
    "SeparableConv1D": _convolution(3),
    "Conv2D": _convolution(4),
    "SeparableConv2D": _convolution(4),
    "BatchNormalization": Trait(options=(_EPSILON, _DEVIATION), config={"axis": -1}),
    "LayerNormalization": Trait(options=(_EPSILON,), config={"axis": -1}),
    "Dropout": Trait(config=_RATE),
    "GaussianDropout": Trait(config=_RATE),
    "AlphaDropout": Trait(config=_RATE),
    "GaussianNoise": Trait(config={"stddev": 0.0}),
    "ActivityRegularization": Trait(),
    "SpatialDropout1D": Trait(3, 3, config=_RATE),
    "SpatialDropout2D": Trait(4, 4, config=_RATE),
    "Activation": Trait(),
    "LeakyReLU": _number("negative_slope", "0.3", "0.1", "0.2", "0.01"),
    "ELU": _number("alpha", "1.0"),
    "ThresholdedReLU": _number("theta", "1.0"),
    "ReLU": Trait(),
    "Softmax": Trait(config={"axis": -1}),
    "Masking": Trait(3, 3, (Option("mask_value", ("0.0", "-1.0"), _NO_TRACE, "a number", 3.0),)),
    "Flatten": Trait(None, 2, (), _LAST, keeps_mask=False),
    "RepeatVector": Trait(2, 3, (Option("n", (), _NO_TRACE, "a whole number", 1.0, True),)),
    "Reshape": Trait(None, 3, (Option("target_shape", (), _NO_TRACE, "sizes", 1.0, True),), keeps_mask=False),
    "Permute": Trait(3, 3, (Option("dims", ("2,1",), _NO_TRACE, "sizes", 1.0, True),), keeps_mask=False),
    "MaxPooling1D": _pool(3),
    "AveragePooling1D": _pool(3),
    "MaxPooling2D": _pool(4),
    "AveragePooling2D": _pool(4),
    "GlobalMaxPooling1D": _global(3),
    "GlobalAveragePooling1D": _global(3),
    "GlobalMaxPooling2D": _global(4),
    "GlobalAveragePooling2D": _global(4),
    "UpSampling1D": Trait(3, 3, (Option("size", ("2", "3", "4"), _NO_TRACE, "a whole number", 1.0, True),)),
    "ZeroPadding1D": Trait(3, 3, (Option("padding", ("1", "2"), _NO_TRACE, "a whole number", 1.0, True),)),
}
"""What can be inferred; layers of other kinds are refused."""

WITH_ARRAYS = (
    "Dense",
    "LSTM",
    "GRU",
    "SimpleRNN",
    "CuDNNLSTM",
    "CuDNNGRU",
    "ConvLSTM2D",
    "Embedding",
    "Conv1D",
    "Conv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "BatchNormalization",
    "LayerNormalization",
)
"""What the arrays of a layer are held against if its name tells nothing, in this order."""

WITHOUT_ARRAYS = (
    "Dropout",
    "Activation",
    "Flatten",
    "GlobalMaxPooling1D",
    "GlobalAveragePooling1D",
    "Masking",
)
"""What a layer may be that has no arrays and a name of the user's own."""

ACTING = frozenset({"Activation", "LeakyReLU", "ELU", "ThresholdedReLU", "ReLU", "Softmax"})
"""Layers that take the place of an activation of the layer before them."""

SEQUENCES = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "RNN", "ConvLSTM2D", "Bidirectional"}
)
"""Layers whose outputs are sequences or last steps."""

RARE = frozenset(
    "relu6 leaky_relu log_softmax log_softmax_v2 log_sigmoid mish hard_tanh tanh_shrink soft_shrink "
    "hard_shrink threshold squareplus celu glu sparsemax sparse_plus sparse_sigmoid hard_silu "
    "hard_swish relu_squared".split()
)
"""Activations that nobody assumes; they can be stated."""

HIDDEN = ("relu", "linear", "tanh", "sigmoid", "elu", "selu")
CELL = ("tanh", "relu", "sigmoid", "linear", "hard_sigmoid", "softsign")
GATE = ("sigmoid", "hard_sigmoid", "relu", "tanh", "linear")
LAST_OF_MANY = ("softmax", "linear", "sigmoid", "tanh", "relu")
LAST_OF_ONE = ("sigmoid", "linear", "tanh", "relu")
