"""The loop over time: LSTM, GRU, SimpleRNN, their cuDNN twins and RNN, with masks and states.

The cells are `cells.py`'s, convolutional ones `conv_recurrent.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_migrate.graph import leaves
from lstm_migrate.reference.cells import Cell, Gates, States, cell_of
from lstm_migrate.reference.masking import explicit_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, ShapeTooSmall, Tensor, forward


@forward("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "RNN")
def recurrent(
    scope: Scope, sequences: Any, *more: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    """A recurrent layer on (batch, time, …); the initial state may follow the sequences in many ways."""
    given = arguments(scope, sequences, more, initial_state, mask)
    return run(scope, cell_of(scope), given)


@dataclass(frozen=True)
class Arguments:
    """What a recurrent layer is called with, batch first, states flat.

    `mask` is the one it computes with, `passed_mask` the one that its output may carry.
    """

    sequences: Array
    mask: Array | None
    passed_mask: Array | None
    states: States | None


def arguments(scope: Scope, sequences: Any, more: Iterable[Any], initial_state: Any, mask: Any) -> Arguments:
    """Sorts out sequences, masks and initial states; time_major is undone."""
    x, *given = (leaf for leaf in leaves([sequences, list(more), initial_state]) if isinstance(leaf, Tensor))
    used = passed = x.mask
    if mask is not None:
        used = passed = explicit_mask(mask, x)
    elif given and scope.semantics.initial_state_hides_mask:
        used = None
    if used is not None and used.ndim < 2:
        raise NoReference(scope.path, "its mask has no time axis")
    value = x.value
    if scope.config.get("time_major"):
        value, used = np.swapaxes(value, 0, 1), None if used is None else np.swapaxes(used, 0, 1)
    return Arguments(value, used, passed, [state.value for state in given] or None)


def run(scope: Scope, cell: Cell, given: Arguments) -> Any:
    """The whole layer: first states, the loop, stateful bookkeeping, and what it returns."""
    if given.sequences.shape[1] == 0:
        raise ShapeTooSmall(f"{'/'.join(scope.path)}: no time steps")
    states = _first_states(scope, cell, given.sequences.shape[0], given.states)
    outputs, states = loop(scope, cell, given, states)
    if scope.config.get("stateful"):
        scope.states[scope.path] = states
    if scope.config.get("return_sequences"):
        _zero_unrolled(scope, outputs, given.mask)
        axis = 0 if scope.config.get("time_major") else 1
        output = Tensor(np.stack(outputs, axis=axis), given.passed_mask)
    else:
        output = Tensor(outputs[-1])
    if scope.config.get("return_state"):
        return [output, *(Tensor(state) for state in states)]
    return output


def _zero_unrolled(scope: Scope, outputs: list[Array], mask: Array | None) -> None:
    """An unrolled loop sets its zeros when it is over, by the mask in the order of time.

    With go_backwards that is another order than the outputs': the frameworks put zeros at the wrong
    steps, and so does this.
    """
    if mask is None or not _zeroes_afterwards(scope):
        return
    for time, output in enumerate(outputs):
        outputs[time] = _where(mask[:, time], output, np.zeros_like(output))


def _zeroes_afterwards(scope: Scope) -> bool:
    config = scope.config
    return all(config.get(key) for key in ("zero_output_for_mask", "return_sequences", "unroll"))


def _first_states(scope: Scope, cell: Cell, batch: int, given: States | None) -> States:
    kept = scope.states.get(scope.path) if scope.config.get("stateful") else None
    outranks = kept is not None and any(state.any() for state in kept)
    if given is not None and not (outranks and scope.semantics.kept_state_outranks_given):
        if len(given) != len(cell.state_shapes):
            raise NoReference(scope.path, f"{len(given)} initial states for {len(cell.state_shapes)}")
        return [scope.precision.cast(state) for state in given]
    if kept is not None:
        return list(kept)
    return [np.zeros((batch, *shape), scope.precision.dtype) for shape in cell.state_shapes]


def loop(scope: Scope, cell: Cell, given: Arguments, states: States) -> tuple[list[Array], States]:
    """Outputs in the order of computing, and the last states."""
    length = given.sequences.shape[1]
    steps = range(length)[::-1] if scope.config.get("go_backwards") else range(length)
    projected = cell.project(scope.precision.cast(given.sequences))
    outputs: list[Array] = []
    for time in steps:
        now: Gates = {gate: part[:, time] for gate, part in projected.items()}
        output, new_states = cell.step(now, states)
        if given.mask is not None:
            there = given.mask[:, time]
            output = _where(there, output, _masked_output(scope, output, outputs, states))
            new_states = [_where(there, *pair) for pair in zip(new_states, states, strict=True)]
        outputs.append(output)
        states = new_states
    return outputs, states


def _masked_output(scope: Scope, output: Array, outputs: list[Array], states: States) -> Array:
    """What stands in for the output at a masked step."""
    if scope.config.get("zero_output_for_mask") and not _zeroes_afterwards(scope):
        return np.zeros_like(output)
    # Keras up to 2.2.4 took the first state in its symbolic loop, for it holds a cell's last output:
    # an initial state shows through, and of stacked cells the first one's state.
    if scope.semantics.masked_output == "first_state" and not scope.config.get("unroll"):
        if states[0].shape != output.shape:
            raise NoReference(scope.path, "a mask over stacked cells of different sizes")
        return states[0]
    return outputs[-1] if outputs else np.zeros_like(output)


def _where(there: Array, value: Array, otherwise: Array) -> Array:
    shape = there.shape + (1,) * (value.ndim - there.ndim)
    return np.asarray(np.where(there.astype(bool).reshape(shape), value, otherwise))
