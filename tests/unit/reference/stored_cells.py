"""Random cells, stored in random ways, and the same cells computed by loops over plain matrices.

Nothing here reads an axis expression: each way to store is written out as the NumPy calls of a framework
that stores so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lstm_migrate.graph import Activation, Layer, Storage, StoredArray
from lstm_migrate.reference.scope import Array

GATES = {"lstm": "ifco", "gru": "zrh", "simple_rnn": "h"}
KINDS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}

Matrices = Mapping[str, Array]
Write = Callable[[Sequence[Array]], Array]

# R stands for x or h; each function takes the gates' (R, u) matrices in the order of the file.
JOINED: Mapping[str, Write] = {
    "R (gate u)": lambda m: np.concatenate(m, axis=1),
    "(gate u) R": lambda m: np.concatenate([one.T for one in m], axis=0),
    "R (u gate)": lambda m: np.stack(m, axis=2).reshape(len(m[0]), -1),
    "(u gate) R": lambda m: np.stack([one.T for one in m], axis=1).reshape(-1, len(m[0])),
    "R gate u": lambda m: np.stack(m, axis=1),
    "gate u R": lambda m: np.stack([one.T for one in m]),
    "(gate R u)": lambda m: np.concatenate([one.ravel() for one in m]),
    "~R (gate u)": lambda m: np.concatenate(m, axis=1)[::-1],
    "R (~gate u)": lambda m: np.concatenate(m[::-1], axis=1),
    "(gate ~u) R": lambda m: np.concatenate([one.T[::-1] for one in m], axis=0),
}
STACKED: Mapping[str, Callable[[Sequence[Array], Sequence[Array]], Array]] = {
    "(x + h) (gate u)": lambda k, r: np.concatenate([np.concatenate(k, 1), np.concatenate(r, 1)], 0),
    "(h + x) (gate u)": lambda k, r: np.concatenate([np.concatenate(r, 1), np.concatenate(k, 1)], 0),
    "(gate u) (x + h)": lambda k, r: np.concatenate([np.concatenate(k, 1), np.concatenate(r, 1)], 0).T,
    "(u gate) (h + ~x)": lambda k, r: (
        np.concatenate([np.stack(r, 2), np.stack(k, 2)[::-1]]).reshape(len(k[0]) + len(r[0]), -1).T
    ),
}
ONE_GATE: Mapping[str, Callable[[Array], Array]] = {"R u": lambda m: m, "u R": lambda m: m.T}

ACTIVATIONS: Mapping[str, tuple[Activation, Callable[[float], float]]] = {
    "tanh": (Activation("tanh"), math.tanh),
    "relu": (Activation("relu"), lambda v: max(v, 0.0)),
    "sigmoid": (Activation("sigmoid"), lambda v: 1 / (1 + math.exp(-v))),
    "hard_sigmoid": (
        Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5}),
        lambda v: min(max(0.2 * v + 0.5, 0.0), 1.0),
    ),
}


@dataclass(frozen=True)
class Cell:
    """A cell by its plain matrices; `bias` and `recurrent_bias` are zeros where `sets` has them not."""

    cell: str
    kernel: Matrices
    recurrent: Matrices
    bias: Matrices
    recurrent_bias: Matrices
    storage: Storage
    arrays: Mapping[str, Array] = field(default_factory=dict)
    reset_after: bool = False
    activation: str = "tanh"
    gate_activation: str = "sigmoid"

    def layer(self, **more: Any) -> Layer:
        config = {
            "use_bias": True,
            "activation": ACTIVATIONS[self.activation][0],
            "recurrent_activation": ACTIVATIONS[self.gate_activation][0],
            "reset_after": self.reset_after,
            "return_sequences": True,
            **more,
        }
        return Layer("cell", KINDS[self.cell], config, storage=self.storage)

    def outputs(self, x: Array) -> Array:
        """h of every step, sample by sample, unit by unit."""
        step = {"lstm": self._lstm, "gru": self._gru, "simple_rnn": self._simple}[self.cell]
        units = next(iter(self.recurrent.values())).shape[0]
        results = []
        for sample in x:
            h, c, seen = [0.0] * units, [0.0] * units, []
            for features in sample:
                h, c = step(features, h, c)
                seen.append(h)
            results.append(seen)
        return np.array(results)

    def _argument(self, gate: str, unit: int, features: Array, h: Sequence[float]) -> float:
        return self._from_input(gate, unit, features) + self._from_state(gate, unit, h)

    def _from_input(self, gate: str, unit: int, features: Array) -> float:
        column = self.kernel[gate][:, unit]
        return sum(float(a * b) for a, b in zip(features, column, strict=True)) + self.bias[gate][unit]

    def _from_state(self, gate: str, unit: int, h: Sequence[float]) -> float:
        column = self.recurrent[gate][:, unit]
        total = sum(float(a * b) for a, b in zip(h, column, strict=True))
        return total + self.recurrent_bias[gate][unit]

    def _lstm(self, x: Array, h: list[float], c: list[float]) -> tuple[list[float], list[float]]:
        act, gate_act = ACTIVATIONS[self.activation][1], ACTIVATIONS[self.gate_activation][1]
        new_h, new_c = [], []
        for unit, before in enumerate(c):
            opened = {g: self._argument(g, unit, x, h) for g in self.kernel}
            if "f" in opened:
                opened["f"] += self.storage.forget_bias
            i = 1 - gate_act(opened["f"]) if "i" not in opened else gate_act(opened["i"])
            f = 1 - i if "f" not in opened else gate_act(opened["f"])
            new_c.append(f * before + i * act(opened["c"]))
            new_h.append(gate_act(opened["o"]) * act(new_c[-1]))
        return new_h, new_c

    def _gru(self, x: Array, h: list[float], c: list[float]) -> tuple[list[float], list[float]]:
        act, gate_act = ACTIVATIONS[self.activation][1], ACTIVATIONS[self.gate_activation][1]
        resets = [gate_act(self._argument("r", unit, x, h)) for unit in range(len(h))]
        new_h = []
        for unit, before in enumerate(h):
            z = gate_act(self._argument("z", unit, x, h))
            if self.reset_after:
                inside = resets[unit] * self._from_state("h", unit, h)
            else:
                inside = self._from_state("h", unit, [r * v for r, v in zip(resets, h, strict=True)])
            candidate = act(self._from_input("h", unit, x) + inside)
            kept = 1 - z if self.storage.update_gate == "renews" else z
            new_h.append(kept * before + (1 - kept) * candidate)
        return new_h, c

    def _simple(self, x: Array, h: list[float], c: list[float]) -> tuple[list[float], list[float]]:
        act = ACTIVATIONS[self.activation][1]
        return [act(self._argument("h", unit, x, h)) for unit in range(len(h))], c


Stored = tuple[dict[str, StoredArray], dict[str, Array]]


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """A cell of random sizes and facts, stored in a random way."""
    cell = draw(st.sampled_from(sorted(GATES)))
    coupled = draw(st.sampled_from(["", "input", "forget"])) if cell == "lstm" else ""
    order = draw(st.permutations([g for g in GATES[cell] if g != coupled[:1]]))
    inputs, units = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**20)))
    kernel, recurrent = (
        {gate: random.normal(size=(rows, units)) for gate in order} for rows in (inputs, units)
    )
    form = draw(st.sampled_from(["none", "single", "set (gate u)", "(set gate u)", "two"]))
    sets = {"none": 0, "single": 1}.get(form, 2)
    biases = [{gate: random.normal(size=units) * (sets > which) for gate in order} for which in range(2)]
    forgets = cell == "lstm" and coupled != "forget"
    storage = Storage(
        "fork",
        cell,
        tuple(order),
        forget_bias=draw(st.sampled_from([0.0, 1.0, 2.5])) if forgets else 0.0,
        update_gate=draw(st.sampled_from(["keeps", "renews"])) if cell == "gru" else "keeps",
        coupled=coupled,
    )
    stored, arrays = draw(_kernels(order, kernel, recurrent))
    more_stored, more_arrays = draw(_biases(order, biases, form))
    storage = replace(storage, arrays={**stored, **more_stored})
    arrays = {**arrays, **more_arrays}
    storage, arrays = draw(_among_others(storage, arrays, random))
    return Cell(
        cell,
        kernel,
        recurrent,
        *biases,
        storage,
        arrays,
        draw(st.booleans()),
        draw(st.sampled_from(["tanh", "relu"])),
        draw(st.sampled_from(["sigmoid", "hard_sigmoid"])),
    )


@st.composite
def _kernels(draw: st.DrawFn, order: Sequence[str], kernel: Matrices, recurrent: Matrices) -> Stored:
    way = draw(st.sampled_from(["joined", "stacked", "each", "split", "poured"]))
    if way == "stacked":
        axes = draw(st.sampled_from(sorted(STACKED)))
        both = ([part[gate] for gate in order] for part in (kernel, recurrent))
        return {"kernel": StoredArray("w", axes)}, {"kernel": STACKED[axes](*both)}
    stored: dict[str, StoredArray] = {}
    arrays: dict[str, Array] = {}
    for role, symbol, part in (("kernel", "x", kernel), ("recurrent_kernel", "h", recurrent)):
        matrices = [part[gate] for gate in order]
        if way == "each":
            axes = draw(st.sampled_from(sorted(ONE_GATE)))
            stored[role] = StoredArray("w", axes.replace("R", symbol), each_gate=True)
            arrays |= {f"{role}_{gate}": ONE_GATE[axes](part[gate]) for gate in order}
        elif way == "poured":
            stored[role] = StoredArray("w", f"{symbol} (gate u)", poured=f"u {symbol}")
            arrays[role] = np.concatenate([one.T.reshape(one.shape) for one in matrices], axis=1)
        elif way == "split" and len(order) > 1:
            many, one = draw(st.sampled_from(sorted(JOINED))), draw(st.sampled_from(sorted(ONE_GATE)))
            stored[role] = StoredArray("w", many.replace("R", symbol), gates=tuple(order[1:]))
            stored[f"{role}_of_one"] = StoredArray("v", one.replace("R", symbol), gates=(order[0],))
            arrays[role] = JOINED[many](matrices[1:])
            arrays[f"{role}_of_one"] = ONE_GATE[one](matrices[0])
        else:
            axes = draw(st.sampled_from(sorted(JOINED)))
            stored[role] = StoredArray("w", axes.replace("R", symbol))
            arrays[role] = JOINED[axes](matrices)
    return stored, arrays


@st.composite
def _biases(draw: st.DrawFn, order: Sequence[str], biases: Sequence[Matrices], form: str) -> Stored:
    vectors = [[part[gate] for gate in order] for part in biases]
    if form == "none":
        return {}, {}
    if "set" in form:
        array = np.stack([np.concatenate(part) for part in vectors])
        return {"bias": StoredArray("b", form)}, {"bias": array.ravel() if "(set" in form else array}
    stored, arrays = {}, {}
    roles = ("bias", "recurrent_bias")[: 2 if form == "two" else 1]
    for role, part in zip(roles, vectors, strict=False):
        way = draw(st.sampled_from(["(gate u)", "gate u", "(u gate)", "each"]))
        if way == "each":
            stored[role] = StoredArray("b", "u", each_gate=True)
            arrays |= {f"{role}_{gate}": vector for gate, vector in zip(order, part, strict=True)}
            continue
        table = np.stack(part)
        stored[role] = StoredArray("b", way)
        arrays[role] = {"(gate u)": table.ravel(), "gate u": table, "(u gate)": table.T.ravel()}[way]
    return stored, arrays


@st.composite
def _among_others(
    draw: st.DrawFn, storage: Storage, arrays: Mapping[str, Array], random: np.random.Generator
) -> tuple[Storage, Mapping[str, Array]]:
    """Each array, perhaps, as one of several along a leading axis."""
    axis = draw(st.sampled_from(["", "layer", "dir"]))
    if not axis:
        return storage, arrays
    count = draw(st.integers(1, 3))
    place = draw(st.integers(0, count - 1))
    declared = {role: replace(one, axes=f"{axis} {one.axes}") for role, one in storage.arrays.items()}
    among = {
        role: np.stack([array if at == place else random.normal(size=array.shape) for at in range(count)])
        for role, array in arrays.items()
    }
    return replace(storage, arrays=declared, at={axis: place}), among
