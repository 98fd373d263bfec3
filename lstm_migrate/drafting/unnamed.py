"""Layers whose arrays no shipped layout names: what their shapes allow, with a layout of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_migrate.drafting.found import KINDS, Found, hinted
from lstm_migrate.drafting.sizes import Shape, sizes_of
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.layout import CELL_GATES
from lstm_migrate.mapping.layouts import GATE_NAMES

ORDERS = {"lstm": ["i", "f", "c", "o"], "gru": ["z", "r", "h"], "simple_rnn": ["h"]}
"""Keras's order of the gates, for want of a better one."""

# In the name of an array that multiplies the state, or is added to what it gives.
_OF_STATE = re.compile(r"hh|h2h|rec|state|hid|(^|_)[uhr]|[_.]?[hr](\{gate\})?$", re.IGNORECASE)


@dataclass(frozen=True)
class Array:
    """One array, or one for each gate: then `name` holds "{gate}" and `letters` are what stands there."""

    name: str
    shape: Shape
    tensors: Mapping[str, Shape]
    letters: tuple[str, ...] = ()

    @property
    def of_state(self) -> bool:
        return bool(_OF_STATE.search(self.name))


def guessed(prefix: str, arrays: Mapping[str, Shape]) -> Found | None:
    """The layer whose arrays these are, by the names behind `prefix`; None if no layer comes to mind."""
    apart = _one_a_gate(arrays)
    joined = [Array(_behind(name, prefix), shape, {name: shape}) for name, shape in arrays.items()]
    for listed in (apart, joined):
        for cell in _cells(prefix) if listed else ():
            if listed is apart and not _gates(cell, listed):
                continue
            found = _cell(prefix, cell, listed)
            if found is not None:
                return found
    return _dense(prefix, joined)


def _cells(prefix: str) -> list[str]:
    """The cells, the one first of which the layer's name speaks."""
    hint = hinted(prefix)
    return sorted(KINDS, key=lambda cell: KINDS[cell] != hint)


def _cell(prefix: str, cell: str, arrays: Sequence[Array]) -> Found | None:
    flat = [array for array in arrays if len(array.shape) == 1]
    kernels = [array for array in arrays if len(array.shape) == 2]
    if len(flat) + len(kernels) != len(arrays) or len(kernels) not in (1, 2) or len(flat) > 2:
        return None
    if len(kernels) == 1 and hinted(prefix) != KINDS[cell]:
        return None  # one matrix is a plain layer's unless a name says otherwise
    each = bool(arrays[0].letters)
    width = "u" if each else "(gate u)"
    known = {"gate": 1 if each else len(CELL_GATES[cell]), "set": 2}
    for roles in _roles(kernels, flat, width):
        sizes = sizes_of([(Axes.parse(axes), array.shape) for axes, array in roles.values()], known)
        if sizes is not None:
            facts = _apart(cell, roles, _gates(cell, arrays)) if each else _facts(cell, roles)
            shapes = {name: shape for array in arrays for name, shape in array.tensors.items()}
            config = {} if flat else {"use_bias": False}
            return Found(prefix, KINDS[cell], "", shapes, sizes["u"], sizes["x"], facts, config=config)
    return None


Roles = Mapping[str, tuple[str, Array]]
"""Role → its axes and the array that plays it."""


def _roles(kernels: Sequence[Array], flat: Sequence[Array], width: str) -> Iterator[Roles]:
    """The ways in which the arrays may play the parts of a cell, likely ones first."""
    biases = _biases(flat, width)
    for turned in (False, True):
        if len(kernels) == 1:
            stack = f"{width} (x + h)" if turned else f"(x + h) {width}"
            yield {"kernel": (stack, kernels[0]), **biases}
            continue
        for state in sorted(kernels, key=lambda array: not array.of_state):
            other = next(array for array in kernels if array is not state)
            axes = ("{1} {0}" if turned else "{0} {1}").format
            yield {
                "kernel": (axes("x", width), other),
                "recurrent_kernel": (axes("h", width), state),
                **biases,
            }


def _biases(flat: Sequence[Array], width: str) -> dict[str, tuple[str, Array]]:
    if len(flat) < 2:
        return {"bias": (width, flat[0])} if flat else {}
    first, second = sorted(flat, key=lambda array: array.of_state)
    return {"bias": (width, first), "recurrent_bias": (width, second)}


def _facts(cell: str, roles: Roles) -> dict[str, Any]:
    """How a cell's joined arrays differ from Keras's."""
    axes, _ = roles["kernel"]
    if "+" in axes:
        tensors = {role: _tensor(role, *said) for role, said in roles.items()}
        return {"cell": cell, "gates": ORDERS[cell], "tensors": tensors, **_computed(cell)}
    facts: dict[str, Any] = {"extends": f"keras.{cell}"}
    if len(ORDERS[cell]) > 1:
        facts["gates"] = ORDERS[cell]
    if axes.endswith(" x"):
        facts["orientation"] = "units_first"
    if "bias" not in roles:
        facts["bias"] = "none"
    if "recurrent_bias" in roles:
        facts["bias"] = "double"
    names = {role: array.name for role, (_, array) in roles.items() if array.name != role}
    if names:
        facts["names"] = names
    if cell == "gru":
        facts["reset_after"] = "recurrent_bias" in roles
        facts["update_gate"] = "keeps"
    return facts | _computed(cell)


def _computed(cell: str) -> dict[str, Any]:
    """What no array shows of a cell, as most have it."""
    if cell == "simple_rnn":
        return {"activations": {"activation": "tanh"}}
    usual = {"activations": {"activation": "tanh", "recurrent_activation": "sigmoid"}}
    return {"forget_bias": 0.0, **usual} if cell == "lstm" else usual


def _apart(cell: str, roles: Roles, letters: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {"cell": cell}
    known = {GATE_NAMES[cell][letter] for letter in letters}
    if len(known) < len(CELL_GATES[cell]):
        (missing,) = CELL_GATES[cell] - known
        facts["coupled"] = {"i": "input", "f": "forget"}[missing]
    facts["gates"] = list(letters)
    facts["tensors"] = {role: {**_tensor(role, *said), "each": "gate"} for role, said in roles.items()}
    if cell == "gru":
        facts["reset_after"] = "recurrent_bias" in roles
        facts["update_gate"] = "keeps"
    return facts | _computed(cell)


def _tensor(role: str, axes: str, array: Array) -> dict[str, Any]:
    return {"axes": axes} if array.name == role else {"axes": axes, "name": array.name}


def _dense(prefix: str, arrays: Sequence[Array]) -> Found | None:
    """A plain layer: one matrix, and a bias as long as one of its sides."""
    kernels = [array for array in arrays if len(array.shape) == 2]
    flat = [array for array in arrays if len(array.shape) == 1]
    if len(kernels) != 1 or len(flat) > 1 or len(arrays) != len(kernels) + len(flat):
        return None
    rows, columns = kernels[0].shape
    turned = bool(flat) and flat[0].shape == (rows,) != (columns,)
    if flat and flat[0].shape not in ((rows,), (columns,)):
        return None
    tensors = {"kernel": _tensor("kernel", "u x" if turned else "x u", kernels[0])}
    if flat:
        tensors["bias"] = _tensor("bias", "u", flat[0])
    facts = {"layer": "Dense", "tensors": tensors}
    shapes = {name: shape for array in arrays for name, shape in array.tensors.items()}
    units, inputs = (rows, columns) if turned else (columns, rows)
    return Found(
        prefix, "Dense", "", shapes, units, inputs, facts, config={} if flat else {"use_bias": False}
    )


def _one_a_gate(arrays: Mapping[str, Shape]) -> list[Array]:
    """Arrays of one shape whose names differ in the letter of a gate; [] if some are of no such kind."""
    found, left = [], dict(arrays)
    for name in arrays:
        if name not in left:
            continue
        families = [_family(name, place, left) for place in range(len(name))]
        best = max(families, key=len)
        if len(best) < 3:
            return []
        template, shape = _template(list(best.values())), arrays[name]
        found.append(
            Array(_behind(template, ""), shape, {one: left.pop(one) for one in best.values()}, tuple(best))
        )
    return found


def _family(name: str, place: int, arrays: Mapping[str, Shape]) -> dict[str, str]:
    """The tensors that are called as `name` but for the letter at `place`, by that letter."""
    letters = {letter for names in GATE_NAMES.values() for letter in names if len(letter) == 1}
    named = {letter: name[:place] + letter + name[place + 1 :] for letter in sorted(letters)}
    return {letter: one for letter, one in named.items() if arrays.get(one) == arrays[name]}


def _template(names: Sequence[str]) -> str:
    place = next(place for place, letters in enumerate(zip(*names, strict=True)) if len(set(letters)) > 1)
    return names[0][:place] + "{gate}" + names[0][place + 1 :]


def _gates(cell: str, arrays: Sequence[Array]) -> tuple[str, ...]:
    """The letters of the gates, if all arrays have the same and they are those of the cell."""
    letters = {array.letters for array in arrays}
    if len(letters) != 1:
        return ()
    (own,) = letters
    known = GATE_NAMES[cell]
    if not set(own) <= set(known) or len({known[letter] for letter in own}) != len(own):
        return ()
    missing = CELL_GATES[cell] - {known[letter] for letter in own}
    return own if not missing or (cell == "lstm" and missing in ({"i"}, {"f"})) else ()


def _behind(name: str, prefix: str) -> str:
    """An array's name without its layer's."""
    bare = name.removesuffix(":0")
    if not prefix:
        return re.split(r"[/.]", bare)[-1]
    # Keras 1 calls the arrays of lstm_1 "lstm_1/lstm_1_W".
    own = re.split(r"[/.]", prefix)[-1]
    return bare[len(prefix) :].lstrip("/._").removeprefix(f"{own}_")
