"""One time step of the cells of tf.keras.experimental and TensorFlow Addons, as their sources compute it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_migrate.reference.cells import (
    CELLS,
    LSTM_GATES,
    Arithmetic,
    Cell,
    Gates,
    LSTMCell,
    SimpleRNNCell,
    States,
    arithmetic_of,
    lstm_of,
    simple_of,
)
from lstm_migrate.reference.linear import summable
from lstm_migrate.reference.normalization import standardized
from lstm_migrate.reference.scope import Array, Precision, Scope

PEEPHOLES = {"i": "input", "f": "forget", "o": "output"}


@dataclass(frozen=True)
class PeepholeLSTMCell:
    """The gates also see the cell state: i and f the old one, o the new one; states h, c."""

    plain: LSTMCell
    peepholes: Gates

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return self.plain.state_shapes

    def project(self, x: Array) -> Gates:
        return self.plain.project(x)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        h, c = states
        numbers, cast = self.plain.arithmetic, self.plain.arithmetic.precision.cast
        before = {
            gate: cast(projected[gate] + numbers.recurrence(h, self.plain.recurrent_kernel[gate]))
            for gate in LSTM_GATES
        }
        i = numbers.gate(cast(before["i"] + self.peepholes["i"] * c))
        f = numbers.gate(cast(before["f"] + self.peepholes["f"] * c))
        c = cast(f * c + i * numbers.candidate(before["c"]))
        o = numbers.gate(cast(before["o"] + self.peepholes["o"] * c))
        h = cast(o * numbers.candidate(c))
        return h, [h, c]


@dataclass(frozen=True)
class Norm:
    """v ↦ (v − mean) / √(variance + epsilon) · gamma + beta, over the last axis."""

    gamma: Array
    beta: Array | None
    epsilon: float
    precision: Precision

    def __call__(self, value: Array) -> Array:
        scaled = standardized(summable(value), (value.ndim - 1,), self.epsilon) * self.gamma
        return self.precision.cast(scaled if self.beta is None else scaled + self.beta)


@dataclass(frozen=True)
class LayerNormLSTMCell:
    """z = norm(xW) + norm(hR) + b over all gates at once; c' = norm(f·c + i·candidate) is handed on."""

    kernel: Array
    recurrent_kernel: Array
    bias: Array | None
    kernel_norm: Norm
    recurrent_norm: Norm
    state_norm: Norm
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.recurrent_kernel.shape[0],)] * 2

    def project(self, x: Array) -> Gates:
        return {"all": self.kernel_norm(self.arithmetic.product(x, self.kernel))}

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        h, c = states
        numbers, cast = self.arithmetic, self.arithmetic.precision.cast
        z = cast(projected["all"] + self.recurrent_norm(numbers.recurrence(h, self.recurrent_kernel)))
        if self.bias is not None:
            z = cast(z + cast(self.bias))
        i, f, candidate, o = np.split(z, len(LSTM_GATES), axis=-1)
        c = cast(numbers.gate(f) * c + numbers.gate(i) * numbers.candidate(candidate))
        c = self.state_norm(c)
        h = cast(numbers.gate(o) * numbers.candidate(c))
        return h, [h, c]


@dataclass(frozen=True)
class LayerNormSimpleRNNCell:
    """h' = g(norm(xW + hR) + b), the norm without a shift."""

    plain: SimpleRNNCell
    norm: Norm
    bias: Array | None

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return self.plain.state_shapes

    def project(self, x: Array) -> Gates:
        return {"h": self.plain.arithmetic.product(x, self.plain.kernel["h"])}

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        numbers, cast = self.plain.arithmetic, self.plain.arithmetic.precision.cast
        recurrent = numbers.recurrence(states[0], self.plain.recurrent_kernel["h"])
        net = self.norm(cast(projected["h"] + recurrent))
        h = numbers.candidate(net if self.bias is None else cast(net + cast(self.bias)))
        return h, [h]


@dataclass(frozen=True)
class ESNCell:
    """h' = (1 − leaky)·h + leaky·g(xW + hR + b)."""

    plain: SimpleRNNCell
    leaky: float

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return self.plain.state_shapes

    def project(self, x: Array) -> Gates:
        return self.plain.project(x)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        fresh, _ = self.plain.step(projected, states)
        h = self.plain.arithmetic.precision.cast((1 - self.leaky) * states[0] + self.leaky * fresh)
        return h, [h]


def _norm(scope: Scope, name: str, epsilon_key: str, *, shifted: bool = True) -> Norm:
    under = f"{name}/" if name else ""
    beta = scope.weight(f"{under}beta") if shifted else None
    return Norm(scope.weight(f"{under}gamma"), beta, scope.config[epsilon_key], scope.precision)


def _bias(scope: Scope) -> Array | None:
    return scope.stored("bias") if scope.config["use_bias"] else None


def _peephole_lstm(scope: Scope) -> Cell:
    vectors = {gate: scope.weight(f"{name}_gate_peephole_weights") for gate, name in PEEPHOLES.items()}
    return PeepholeLSTMCell(lstm_of(scope), vectors)


def _layer_norm_lstm(scope: Scope) -> Cell:
    return LayerNormLSTMCell(
        scope.stored("kernel"),
        scope.stored("recurrent_kernel"),
        _bias(scope),
        _norm(scope, "kernel_norm", "norm_epsilon"),
        _norm(scope, "recurrent_norm", "norm_epsilon"),
        _norm(scope, "state_norm", "norm_epsilon"),
        arithmetic_of(scope),
    )


def _layer_norm_simple(scope: Scope) -> Cell:
    norm = _norm(scope, "", "layernorm_epsilon", shifted=False)
    return LayerNormSimpleRNNCell(simple_of(scope), norm, _bias(scope))


def _echo_state(scope: Scope) -> Cell:
    return ESNCell(simple_of(scope), float(scope.config["leaky"]))


CELLS.update(
    {
        "PeepholeLSTMCell": _peephole_lstm,
        "LayerNormLSTMCell": _layer_norm_lstm,
        "LayerNormSimpleRNNCell": _layer_norm_simple,
        "ESNCell": _echo_state,
    }
)
