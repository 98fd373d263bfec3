"""One time step of each recurrent cell, on arrays as the source stores them.

A cell works in two halves: `project` takes the inputs of all steps at once through the input
matrices, `step` takes one projected step and the states to the output and the next states. The loop
over time is `recurrent.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from lstm_migrate.graph import Activation
from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import matmul
from lstm_migrate.reference.scope import Array, NoReference, Precision, Scope

LSTM_GATES = "ifco"
GRU_GATES = "zrh"

TANH = Activation("tanh")  # what every Keras takes if a config does not say

Item = TypeVar("Item")
Gates = Mapping[str, Array]
States = list[Array]


class Cell(Protocol):
    """What the loop over time needs of a cell. `state_shapes` leave out the batch."""

    @property
    def state_shapes(self) -> list[tuple[int, ...]]: ...

    def project(self, x: Array) -> Gates: ...

    def step(self, projected: Gates, states: States) -> tuple[Array, States]: ...


def whole(state: Array) -> Array:
    """A hidden state of which the cell hears everything."""
    return state


@dataclass(frozen=True)
class Arithmetic:
    """The numbers and the two nonlinearities of a cell; `heard`: what its matrices hear of its state."""

    precision: Precision
    activation: Activation | None
    recurrent_activation: Activation | None
    heard: Callable[[Array], Array] = whole

    def candidate(self, x: Array) -> Array:
        return self.precision.cast(activate(self.activation, x))

    def gate(self, x: Array) -> Array:
        return self.precision.cast(activate(self.recurrent_activation, x))

    def product(self, x: Array, matrix: Array, bias: Array | None = None) -> Array:
        result = matmul(x, matrix, self.precision)
        return result if bias is None else self.precision.cast(result + self.precision.cast(bias))

    def recurrence(self, state: Array, matrix: Array, bias: Array | None = None) -> Array:
        return self.product(self.heard(state), matrix, bias)


@dataclass(frozen=True)
class LSTMCell:
    """c' = f c + i g(candidate), h' = o g(c'): Keras's equations; states h, c."""

    kernel: Gates
    recurrent_kernel: Gates
    bias: Gates | None
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.recurrent_kernel["i"].shape[0],)] * 2

    def project(self, x: Array) -> Gates:
        return projection(x, self.kernel, self.bias, self.arithmetic)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        h, c = states
        numbers, cast = self.arithmetic, self.arithmetic.precision.cast
        before = {
            gate: cast(projected[gate] + numbers.recurrence(h, self.recurrent_kernel[gate]))
            for gate in LSTM_GATES
        }
        kept = numbers.gate(before["f"]) * c
        added = numbers.gate(before["i"]) * numbers.candidate(before["c"])
        c = cast(kept + added)
        h = cast(numbers.gate(before["o"]) * numbers.candidate(c))
        return h, [h, c]


@dataclass(frozen=True)
class GRUCell:
    """h' = z h + (1 - z) g(candidate); the reset gate stands before or after the recurrent product."""

    kernel: Gates
    recurrent_kernel: Gates
    bias: Gates | None
    recurrent_bias: Gates | None
    reset_after: bool
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.recurrent_kernel["z"].shape[0],)]

    def project(self, x: Array) -> Gates:
        return projection(x, self.kernel, self.bias, self.arithmetic)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        (h,) = states
        z, candidate = self.update_and_candidate(projected, h)
        h = self.arithmetic.precision.cast(z * h + (1 - z) * candidate)
        return h, [h]

    def update_and_candidate(self, projected: Gates, h: Array) -> tuple[Array, Array]:
        """z, and what the state may turn into."""
        numbers, cast = self.arithmetic, self.arithmetic.precision.cast
        z = numbers.gate(cast(projected["z"] + self._recurrent(h, "z")))
        r = numbers.gate(cast(projected["r"] + self._recurrent(h, "r")))
        reset = r * self._recurrent(h, "h") if self.reset_after else self._recurrent(cast(r * h), "h")
        return z, numbers.candidate(cast(projected["h"] + reset))

    def _recurrent(self, h: Array, gate: str) -> Array:
        bias = None if self.recurrent_bias is None else self.recurrent_bias[gate]
        return self.arithmetic.recurrence(h, self.recurrent_kernel[gate], bias)


@dataclass(frozen=True)
class SimpleRNNCell:
    """h' = g(x W + h U + b)."""

    kernel: Gates
    recurrent_kernel: Gates
    bias: Gates | None
    arithmetic: Arithmetic

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.recurrent_kernel["h"].shape[0],)]

    def project(self, x: Array) -> Gates:
        return projection(x, self.kernel, self.bias, self.arithmetic)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        numbers = self.arithmetic
        recurrent = numbers.recurrence(states[0], self.recurrent_kernel["h"])
        h = numbers.candidate(numbers.precision.cast(projected["h"] + recurrent))
        return h, [h]


@dataclass(frozen=True)
class StackedCells:
    """Cells on top of one another. Their states stand in one flat list, the last cell's first if reversed."""

    cells: list[Cell]
    reverse_state_order: bool

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return self._flat([cell.state_shapes for cell in self.cells])

    def project(self, x: Array) -> Gates:
        return self.cells[0].project(x)

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        new_states, output = [], None
        for cell, own in zip(self.cells, self._by_cell(states), strict=True):
            if output is not None:
                projected = cell.project(output)
            output, new = cell.step(projected, own)
            new_states.append(new)
        assert output is not None
        return output, self._flat(new_states)

    def _flat(self, by_cell: list[list[Item]]) -> list[Item]:
        ordered = by_cell[::-1] if self.reverse_state_order else by_cell
        return [item for part in ordered for item in part]

    def _by_cell(self, states: States) -> list[States]:
        cells = self.cells[::-1] if self.reverse_state_order else self.cells
        parts, start = [], 0
        for cell in cells:
            count = len(cell.state_shapes)
            parts.append(states[start : start + count])
            start += count
        return parts[::-1] if self.reverse_state_order else parts


def cell_of(scope: Scope) -> Cell:
    """The cell of a recurrent layer, or of a cell layer, with its arrays."""
    kind = scope.layer.kind
    if kind == "RNN":
        return _inside(scope, "cell")
    declared = scope.layer.storage is not None
    build = (DECLARED_CELLS if declared else CELLS).get(kind)
    if build is None:
        how = " with a layout of its own" if declared else ""
        raise NoReference(scope.path, f"no reference for a {kind} cell{how}")
    return build(scope)


@dataclass(frozen=True)
class SeeingLess:
    """A cell that does not see all of its input."""

    cell: Cell
    seen: Callable[[Array], Array]

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return self.cell.state_shapes

    def project(self, x: Array) -> Gates:
        return self.cell.project(self.seen(x))

    def step(self, projected: Gates, states: States) -> tuple[Array, States]:
        return self.cell.step(projected, states)


def _inside(scope: Scope, label: str) -> Cell:
    """The cell `label` of a layer, which is not called as layers are."""
    inner = scope.inside(label)
    cell = cell_of(inner)
    return cell if scope.silencer is None else SeeingLess(cell, inner.seen)


def by_gate(array: Array, gates: str) -> Gates:
    """Equal parts of the last axis by gate name, as views."""
    return dict(zip(gates, np.split(array, len(gates), axis=-1), strict=True))


def gates_of(scope: Scope, role: str, gates: str) -> Gates:
    """An array's gates: parts of one array, or, as Keras 0 and 1 keep them, an array each."""
    if scope.has(role) or not scope.has(f"{role}_{gates[0]}"):
        return by_gate(scope.stored(role), gates)
    return {gate: scope.stored(f"{role}_{gate}") for gate in gates}


def projection(x: Array, kernel: Gates, bias: Gates | None, numbers: Arithmetic) -> Gates:
    """What the inputs give to each gate."""
    return {gate: numbers.product(x, kernel[gate], None if bias is None else bias[gate]) for gate in kernel}


def arithmetic_of(scope: Scope) -> Arithmetic:
    """What the layer's config says of activations."""
    config = scope.config
    activation, gates = config.get("activation", TANH), config.get("recurrent_activation")
    return Arithmetic(scope.precision, activation, gates, scope.heard)


def lstm_of(scope: Scope) -> LSTMCell:
    """An LSTM's cell on the layer's arrays."""
    if scope.config.get("packed") == "cudnn":
        return _cudnn_packed_lstm(scope, arithmetic_of(scope))
    return LSTMCell(
        gates_of(scope, "kernel", LSTM_GATES),
        gates_of(scope, "recurrent_kernel", LSTM_GATES),
        gates_of(scope, "bias", LSTM_GATES) if scope.config.get("use_bias", True) else None,
        arithmetic_of(scope),
    )


def _gru(scope: Scope) -> Cell:
    reset_after = bool(scope.config["reset_after"])
    if scope.config.get("packed") == "cudnn":
        return GRUCell(*_cudnn_arrays(scope, GRU_GATES), reset_after, arithmetic_of(scope))
    bias = recurrent_bias = None
    if scope.config.get("use_bias", True):
        if reset_after:
            bias, recurrent_bias = (by_gate(row, GRU_GATES) for row in scope.stored("bias"))
        else:
            bias = gates_of(scope, "bias", GRU_GATES)
    return GRUCell(
        gates_of(scope, "kernel", GRU_GATES),
        gates_of(scope, "recurrent_kernel", GRU_GATES),
        bias,
        recurrent_bias,
        reset_after,
        arithmetic_of(scope),
    )


def simple_of(scope: Scope) -> SimpleRNNCell:
    """A SimpleRNN's cell on the layer's arrays."""
    return SimpleRNNCell(
        {"h": scope.stored("kernel")},
        {"h": scope.stored("recurrent_kernel")},
        {"h": scope.stored("bias")} if scope.config.get("use_bias", True) else None,
        arithmetic_of(scope),
    )


def _stacked(scope: Scope) -> Cell:
    labels = sorted(scope.layer.children, key=int)
    cells = [_inside(scope, label) for label in labels]
    return StackedCells(cells, bool(scope.config.get("reverse_state_order", False)))


def _cudnn_numbers(scope: Scope) -> Arithmetic:
    # cuDNN's cells know these two functions only, and the old layers have no key for them.
    return Arithmetic(scope.precision, Activation("tanh"), Activation("sigmoid"))


def _cudnn_arrays(scope: Scope, gates: str) -> tuple[Gates, Gates, Gates, Gates]:
    """Kernel, recurrent kernel and both biases of a CuDNN layer by gate, ready for `x @ matrix`.

    Each gate's block is cuDNN's row-major (units, inputs) matrix poured into an (inputs, units) array.
    """

    def poured(block: Array) -> Array:
        inputs, units = block.shape
        return block.reshape(units, inputs).T

    kernel = {gate: poured(b) for gate, b in by_gate(scope.stored("kernel"), gates).items()}
    recurrent = {gate: poured(b) for gate, b in by_gate(scope.stored("recurrent_kernel"), gates).items()}
    bias, recurrent_bias = np.split(scope.stored("bias"), 2)
    return kernel, recurrent, by_gate(bias, gates), by_gate(recurrent_bias, gates)


def _cudnn_lstm(scope: Scope) -> Cell:
    return _cudnn_packed_lstm(scope, _cudnn_numbers(scope))


def _cudnn_packed_lstm(scope: Scope, numbers: Arithmetic) -> LSTMCell:
    kernel, recurrent, bias, recurrent_bias = _cudnn_arrays(scope, LSTM_GATES)
    cast = scope.precision.cast
    summed = {gate: cast(bias[gate]) + cast(recurrent_bias[gate]) for gate in LSTM_GATES}
    return LSTMCell(kernel, recurrent, summed, numbers)


def _cudnn_gru(scope: Scope) -> Cell:
    return GRUCell(*_cudnn_arrays(scope, GRU_GATES), True, _cudnn_numbers(scope))


CELLS: dict[str, Callable[[Scope], Cell]] = {
    "LSTM": lstm_of,
    "LSTMCell": lstm_of,
    "GRU": _gru,
    "GRUCell": _gru,
    "SimpleRNN": simple_of,
    "SimpleRNNCell": simple_of,
    "StackedRNNCells": _stacked,
    "CuDNNLSTM": _cudnn_lstm,
    "CuDNNGRU": _cudnn_gru,
}
"""How the cell of each kind of layer is put together; `addon_cells.py` adds those that Keras 3 lacks."""

DECLARED_CELLS: dict[str, Callable[[Scope], Cell]] = {}
"""The same where a mapping file declares how the arrays are stored; `declared_cells.py` fills it."""
