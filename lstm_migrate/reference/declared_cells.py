"""The cells of layers whose storage a mapping file declares, with what such cells compute otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_migrate.reference.cells import (
    DECLARED_CELLS,
    LSTM_GATES,
    Arithmetic,
    Cell,
    Gates,
    GRUCell,
    SimpleRNNCell,
    States,
    arithmetic_of,
    projection,
)
from lstm_migrate.reference.declared_arrays import COUPLED, cell_arrays
from lstm_migrate.reference.scope import Array, NoReference, Precision, Scope


@dataclass(frozen=True)
class DeclaredLSTMCell:
    """c' = f c + i g(candidate), h' = o g(c'), with σ(f + forget_bias) for f; states h, c.

    `coupled`: the gate ("i" or "f") that is 1 minus the other and has no matrices, or "".
    """

    kernel: Gates
    recurrent_kernel: Gates
    bias: Gates | None
    forget_bias: float
    coupled: str
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.recurrent_kernel["o"].shape[0],)] * 2

    def project(self, x: Array) -> Gates:
        return projection(x, self.kernel, self.bias, self.arithmetic)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        h, c = states
        numbers, cast = self.arithmetic, self.arithmetic.precision.cast
        before = {
            gate: cast(projected[gate] + numbers.product(h, matrix))
            for gate, matrix in self.recurrent_kernel.items()
        }
        if self.forget_bias:
            before["f"] = cast(before["f"] + self.forget_bias)
        opened = {gate: numbers.gate(before[gate]) for gate in "if" if gate != self.coupled}
        if self.coupled:
            (other,) = opened.values()
            opened[self.coupled] = cast(1 - other)
        c = cast(opened["f"] * c + opened["i"] * numbers.candidate(before["c"]))
        h = cast(numbers.gate(before["o"]) * numbers.candidate(c))
        return h, [h, c]


@dataclass(frozen=True)
class RenewingGRUCell(GRUCell):
    """h' = (1 − z) h + z g(candidate): the update gate lets in what is new."""

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        (h,) = states
        z, candidate = self.update_and_candidate(projected, h)
        h = self.arithmetic.precision.cast((1 - z) * h + z * candidate)
        return h, [h]


def joined_lstm(scope: Scope, rank: int) -> tuple[Array, Array, Array | None]:
    """Kernel, recurrent kernel and bias of a ConvLSTM with `rank` axes, the gates i f c o side by side."""
    _check(scope, "lstm")
    storage = scope.layer.storage
    assert storage is not None
    if storage.coupled:
        raise NoReference(scope.path, "coupled gates of convolutions")
    if scope.semantics.theano_convolutions:
        raise NoReference(scope.path, "Theano's convolution with arrays that a mapping file declares")
    arrays, cast = cell_arrays(scope, rank), scope.precision.cast
    bias = _sum(arrays.bias, arrays.recurrent_bias, scope.precision)
    if storage.forget_bias:
        units = arrays.kernel["f"].shape[-1]
        bias = dict(bias) if bias else {gate: np.zeros(units) for gate in LSTM_GATES}
        bias["f"] = bias["f"] + storage.forget_bias

    def joined(gates: Gates) -> Array:
        return cast(np.concatenate([gates[gate] for gate in LSTM_GATES], axis=-1))

    return joined(arrays.kernel), joined(arrays.recurrent_kernel), None if bias is None else joined(bias)


def _check(scope: Scope, cell: str) -> None:
    """NoReference where the storage says what makes no sense for the layer."""
    storage = scope.layer.storage
    assert storage is not None
    if storage.cell != cell:
        found = f"the layout {storage.layout!r} is of {storage.cell or 'no cell'}"
        raise NoReference(scope.path, f"{found}, and a {scope.layer.kind} is {cell}")
    polarity, coupled = storage.update_gate, COUPLED.get(storage.coupled)
    senseless = {
        "coupled": coupled is None or (cell != "lstm" and coupled != ""),
        "update_gate": polarity not in ("keeps", "renews") or (cell != "gru" and polarity == "renews"),
        "forget_bias": storage.forget_bias != 0 and (cell != "lstm" or coupled == "f"),
    }
    for key, wrong in senseless.items():
        if wrong:
            raise NoReference(scope.path, f"a {cell} cell with {key} {getattr(storage, key)!r}")


def _sum(one: Gates | None, other: Gates | None, precision: Precision) -> Gates | None:
    """Two biases that are added to the same argument."""
    if one is None or other is None:
        return one or other
    return {gate: precision.cast(precision.cast(one[gate]) + precision.cast(other[gate])) for gate in one}


def _lstm(scope: Scope) -> Cell:
    _check(scope, "lstm")
    storage, arrays = scope.layer.storage, cell_arrays(scope)
    assert storage is not None
    return DeclaredLSTMCell(
        arrays.kernel,
        arrays.recurrent_kernel,
        _sum(arrays.bias, arrays.recurrent_bias, scope.precision),
        storage.forget_bias,
        COUPLED[storage.coupled],
        arithmetic_of(scope),
    )


def _gru(scope: Scope) -> Cell:
    _check(scope, "gru")
    storage, arrays = scope.layer.storage, cell_arrays(scope)
    assert storage is not None
    if "reset_after" not in scope.config:
        raise NoReference(scope.path, "nothing says whether the reset gate acts after the recurrent product")
    kind = RenewingGRUCell if storage.update_gate == "renews" else GRUCell
    return kind(
        arrays.kernel,
        arrays.recurrent_kernel,
        arrays.bias,
        arrays.recurrent_bias,
        bool(scope.config["reset_after"]),
        arithmetic_of(scope),
    )


def _simple(scope: Scope) -> Cell:
    _check(scope, "simple_rnn")
    arrays = cell_arrays(scope)
    bias = _sum(arrays.bias, arrays.recurrent_bias, scope.precision)
    return SimpleRNNCell(arrays.kernel, arrays.recurrent_kernel, bias, arithmetic_of(scope))


BUILDERS: dict[str, Callable[[Scope], Cell]] = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}

for _kind, _builder in BUILDERS.items():
    DECLARED_CELLS.update({_kind: _builder, f"{_kind}Cell": _builder})
