"""ConvLSTM1D, 2D and 3D: the LSTM's equations with convolutions for products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_migrate.reference.cells import LSTM_GATES, Arithmetic, Gates, States, arithmetic_of, by_gate
from lstm_migrate.reference.convolution import convolve
from lstm_migrate.reference.declared_cells import joined_lstm
from lstm_migrate.reference.recurrent import arguments, run
from lstm_migrate.reference.scope import Array, Scope, Tensor, forward
from lstm_migrate.reference.spatial import each_axis

RANKS = {"ConvLSTM1D": 1, "ConvLSTM2D": 2, "ConvLSTM3D": 3}


@dataclass(frozen=True)
class ConvLSTMCell:
    """An LSTM cell over (batch, *space, channels); the recurrent convolution keeps the space's size."""

    kernel: Array
    recurrent_kernel: Array
    bias: Array | None
    strides: tuple[int, ...]
    padding: str
    dilation: tuple[int, ...]
    recurrent_padding: str
    space: tuple[int, ...]
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(*self.space, self.recurrent_kernel.shape[-2])] * 2

    def project(self, x: Array) -> Gates:
        batch, time = x.shape[:2]
        merged = x.reshape(batch * time, *x.shape[2:])
        result = convolve(merged, self.kernel, self.strides, self.padding, self.dilation)
        if self.bias is not None:
            result = result + self.bias
        result = self.arithmetic.precision.cast(result)
        return by_gate(result.reshape(batch, time, *result.shape[1:]), LSTM_GATES)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        h, c = states
        numbers, cast = self.arithmetic, self.arithmetic.precision.cast
        ones = (1,) * len(self.strides)
        heard = convolve(numbers.heard(h), self.recurrent_kernel, ones, self.recurrent_padding, ones)
        recurrent = by_gate(cast(heard), LSTM_GATES)
        before = {gate: cast(projected[gate] + recurrent[gate]) for gate in LSTM_GATES}
        kept = numbers.gate(before["f"]) * c
        c = cast(kept + numbers.gate(before["i"]) * numbers.candidate(before["c"]))
        h = cast(numbers.gate(before["o"]) * numbers.candidate(c))
        return h, [h, c]


@forward(*RANKS)
def conv_recurrent(
    scope: Scope, sequences: Any, *more: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    """A ConvLSTM on (batch, time, *space, channels), or channels before space."""
    given = arguments(scope, sequences, more, initial_state, mask)
    channels_first = scope.config.get("data_format") == "channels_first"
    if channels_first:
        states = given.states and [np.moveaxis(state, 1, -1) for state in given.states]
        given = replace(given, sequences=np.moveaxis(given.sequences, 2, -1), states=states)
    result = run(scope, _cell(scope, given.sequences), given)
    if not channels_first:
        return result
    tensors = result if isinstance(result, list) else [result]
    axis = 2 if scope.config.get("return_sequences") else 1
    moved = [Tensor(np.moveaxis(tensors[0].value, -1, axis), tensors[0].mask)]
    moved += [Tensor(np.moveaxis(state.value, -1, 1)) for state in tensors[1:]]
    return moved if isinstance(result, list) else moved[0]


def _cell(scope: Scope, x: Array) -> ConvLSTMCell:
    rank, config = RANKS[scope.layer.kind], scope.config
    kernel, recurrent_kernel, bias = _arrays(scope, rank)
    strides = each_axis(config.get("strides", 1), rank)
    padding = _padding(scope, str(config.get("padding", "valid")))
    dilation = each_axis(config.get("dilation_rate", 1), rank)
    one_step = convolve(scope.precision.cast(x[:1, 0]), kernel, strides, padding, dilation)
    return ConvLSTMCell(
        kernel,
        recurrent_kernel,
        bias,
        strides,
        padding,
        dilation,
        _padding(scope, "same"),
        one_step.shape[1:-1],
        arithmetic_of(scope),
    )


def _arrays(scope: Scope, rank: int) -> tuple[Array, Array, Array | None]:
    if scope.layer.storage is not None:
        return joined_lstm(scope, rank)
    bias = _joined(scope, "bias") if scope.config.get("use_bias", True) else None
    return _kernel(scope, "kernel", rank), _kernel(scope, "recurrent_kernel", rank), bias


def _kernel(scope: Scope, role: str, rank: int) -> Array:
    """The kernel as a cross-correlation takes it; Theano's convolution reads it from its end."""
    kernel = _joined(scope, role)
    return np.flip(kernel, tuple(range(rank))) if scope.semantics.theano_convolutions else kernel


def _joined(scope: Scope, role: str) -> Array:
    """The gates side by side on the last axis, of whatever the file holds."""
    if scope.has(role):
        return scope.weight(role)
    parts = [scope.weight(f"{role}_{gate}") for gate in LSTM_GATES]
    if scope.config.get("data_format") == "channels_first" and parts[0].ndim > 1:
        # Keras 1 kept these kernels as (filters, channels, rows, columns).
        parts = [np.moveaxis(part, (0, 1), (-1, -2)) for part in parts]
    return np.concatenate(parts, axis=-1)


def _padding(scope: Scope, padding: str) -> str:
    return "half" if padding == "same" and scope.semantics.theano_convolutions else padding
