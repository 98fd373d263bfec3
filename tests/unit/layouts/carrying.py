"""Layouts made up for tests, arrays for them, and the way to a Keras layout and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.derive import Way, ways
from lstm_migrate.layouts.inversion import put_back
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor
from lstm_migrate.layouts.steps import Array
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.report import Check
from lstm_migrate.rules.completion import completed
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.subject import Model, Subject

Arrays = dict[tuple[str, str], Array]  # by role and gate, "" where an array holds several

JOINED = {"kernel": "x (gate u)", "recurrent_kernel": "h (gate u)"}


def tensor(
    role: str, axes: str, gates: str = "", *, each: bool = False, poured: str = "", apart: bool = False
) -> StoredTensor:
    symbols = tuple(map(Symbol, poured.split()))
    return StoredTensor(
        role, Axes.parse(axes), role, each_gate=each, poured=symbols, apart=apart, gates=tuple(gates)
    )


def layout(cell: str, gates: str, *tensors: StoredTensor, coupled: str = "", **facts: object) -> Layout:
    order = GateOrder.coupled(cell, tuple(gates), coupled)
    held = {one.role: one for one in tensors}
    return replace(Layout("fork", cell, order, held, coupled=coupled), **facts)  # type: ignore[arg-type]


def keras(cell: str, gates: str, bias: str = "(gate u)") -> Layout:
    kernels = [tensor(role, axes) for role, axes in JOINED.items()]
    optional = replace(tensor("bias", bias), optional=True)
    return replace(layout(cell, gates, *kernels, optional), name="keras")


LSTM = keras("lstm", "ifco")
GRU = keras("gru", "zrh")
GRU_RESET_AFTER = keras("gru", "zrh", "set (gate u)")
SIMPLE_RNN = keras("simple_rnn", "h")


def drawn(source: Layout, sizes: Mapping[str, int], seed: int = 0) -> Arrays:
    """Random values for every array of a layout."""
    rng = np.random.default_rng(seed)
    return {
        (role, gate): rng.normal(size=one.axes.shape(source.sizes_of(one, sizes))).astype("f4")
        for role, one in source.tensors.items()
        for gate in (source.gates_of(one) if one.each_gate else ("",))
    }


def empty(arrays: Arrays) -> Arrays:
    return {name: np.full_like(value, np.nan) for name, value in arrays.items()}


def found(
    source: Layout,
    target: Layout,
    sizes: Mapping[str, int],
    at: Mapping[str, int] | None = None,
    *,
    fill: bool = False,
) -> dict[str, Way]:
    """The ways between two layouts, with all that changes a meaning."""
    derived = ways(source, target, sizes, frozenset(source.tensors), at or {}, fill=fill)
    return {role: completed(way, role, source, target) for role, way in derived.items()}


def _assignment(role: str, way: Way) -> Assignment:
    names = tuple(f"{part.role} {part.gate}" for part in way.parts)
    key = WeightKey(("cell",), role)
    return Assignment(key, names, role, way.steps, way.form.shape, "float32", way.forms)


def _named(arrays: Arrays) -> dict[str, Array]:
    return {f"{role} {gate}": value for (role, gate), value in arrays.items()}


def carried(way: Way, arrays: Arrays) -> Array:
    """What the plan makes of the arrays: the steps as an assignment follows them."""
    return _assignment("", way).run(_named(arrays).__getitem__)


def placed(ways: Mapping[str, Way], arrays: Arrays) -> Check:
    """The verifier's word on where these ways bring the elements of all arrays."""
    recipes = [_assignment(role, way) for role, way in ways.items()]
    stored = _named(arrays)
    made = {recipe.target: recipe.run(stored.__getitem__) for recipe in recipes}
    model = Model(Graph("m", {}, (), (), []), made, Semantics())
    shapes = {name: value.shape for name, value in stored.items()}
    subject = Subject(model, model, None, recipes, {}, stored.__getitem__, shapes)  # type: ignore[arg-type]
    return check_placement(subject)


def returned(way: Way, value: Array, arrays: Arrays) -> None:
    """Puts a target variable's values back into the arrays."""
    put_back(way.steps, value, [arrays[part.role, part.gate] for part in way.parts])


def equal(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        value.tobytes() == other[name].tobytes() for name, value in one.items()
    )
