"""Layouts as mapping files declare them, with everything that they extend: `Declared`.

Short facts (gate order, bias form, orientation, names) are written out as arrays here; from then on a
layout is its arrays and what its cell computes. `storage` is how the Graph says so, `layout` how the steps
between two layouts are derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from lstm_migrate.errors import MappingError, Problem
from lstm_migrate.graph import Activation, Storage, StoredArray
from lstm_migrate.layouts.axes import Axes, Group, Symbol
from lstm_migrate.layouts.layout import CELL_GATES, COUPLED, GateOrder, Layout, StoredTensor
from lstm_migrate.mapping.layout_grammar import (
    ActivationMeaning,
    LayoutDeclaration,
    LayoutFacts,
    TensorDeclaration,
    flat_facts,
)

# The letters and words that papers and frameworks have for the gates.
GATE_NAMES: Mapping[str, Mapping[str, str]] = {
    "lstm": {
        **dict.fromkeys(("i", "input"), "i"),
        **dict.fromkeys(("f", "forget"), "f"),
        **dict.fromkeys(("c", "g", "j", "candidate", "cell"), "c"),
        **dict.fromkeys(("o", "output"), "o"),
    },
    "gru": {
        **dict.fromkeys(("z", "u", "update"), "z"),
        **dict.fromkeys(("r", "reset"), "r"),
        **dict.fromkeys(("h", "n", "c", "candidate", "new"), "h"),
    },
    "simple_rnn": {"h": "h"},
}
COMPUTES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "lstm": {"recurrent_activation": ("i", "f", "o"), "activation": ("c", "output")},
    "gru": {"recurrent_activation": ("z", "r"), "activation": ("h",)},
    "simple_rnn": {"activation": ("h",)},
}
JOINED = {"kernel": "x (gate u)", "recurrent_kernel": "h (gate u)", "bias": "(gate u)"}
BIASES = ("bias", "recurrent_bias")


@dataclass(frozen=True)
class Declared:
    """One layout with nothing left to look up.

    `letters`: what stands for each gate in names. `usual`: the source's era has it so; `stated`: a mapping
    file names it, or says something over it.
    """

    name: str
    cell: str = ""
    layer: str = ""
    gates: tuple[str, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    tensors: Mapping[str, StoredTensor] = field(default_factory=dict)
    computes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    activations: Mapping[str, Activation] = field(default_factory=dict)
    forget_bias: float = 0.0
    reset_after: bool | None = None
    update_gate: str = "keeps"
    coupled: str = ""
    directions: tuple[str, str] = ("forward", "backward")
    usual: bool = False
    stated: bool = True

    def layout(self) -> Layout:
        """The same for deriving steps. Only for cells."""
        return Layout(
            self.name,
            self.cell,
            GateOrder.coupled(self.cell, self.gates, self.coupled),
            self.tensors,
            self.computes,
            self.coupled,
            self.forget_bias,
            self.update_gate,
            self.reset_after,
        )

    def storage(self, at: Mapping[str, int], present: frozenset[str]) -> Storage:
        """The same for the Graph, with the arrays of the roles that are `present`."""
        arrays = {
            role: StoredArray(
                tensor.name,
                str(tensor.axes),
                tensor.gates,
                tensor.each_gate,
                " ".join(map(str, tensor.poured)),
            )
            for role, tensor in self.tensors.items()
            if role in present
        }
        return Storage(
            self.name,
            self.cell,
            self.gates,
            arrays,
            self.forget_bias,
            self.update_gate,
            self.coupled,
            dict(at),
        )


def resolved(name: str, declared: Mapping[str, LayoutDeclaration], seen: tuple[str, ...] = ()) -> Declared:
    """The layout `name` of `declared`; MappingError for what makes no sense."""
    if name not in declared:
        raise MappingError(unknown_layout(name, declared))
    if name in seen:
        raise MappingError(f"layout {name!r} extends itself", found=" → ".join((*seen, name)))
    own = declared[name]
    if own.extends is not None:
        base = replace(resolved(own.extends, declared, (*seen, name)), name=name)
    else:
        base = from_nothing(name, own)
    return with_facts(base, own)


def unknown_layout(name: str, declared: Mapping[str, LayoutDeclaration]) -> Problem:
    """The problem of a layout that nobody declares, with the nearest ones."""
    near = get_close_matches(name, declared, 3, 0.5)
    return Problem(
        f"no layout {name!r}",
        expected=f"nearest: {', '.join(near)}" if near else f"one of {', '.join(sorted(declared))}",
    )


def with_facts(base: Declared, said: LayoutFacts) -> Declared:
    """`base` with what is said over it; MappingError for facts that do not fit it."""
    facts = flat_facts(said)
    found = base
    if facts.get("coupled"):
        found = _coupled(found, facts["coupled"])
    if facts.get("gates"):
        found = _reordered(found, facts["gates"])
    if facts.get("tensors"):
        tensors = {role: _tensor(role, item, found) for role, item in facts["tensors"].items()}
        found = replace(found, tensors={**found.tensors, **tensors})
    if facts.get("bias"):
        found = replace(found, tensors=_with_bias(found, facts["bias"]))
    if facts.get("orientation"):
        found = replace(found, tensors=_turned(found, facts["orientation"]))
    if facts.get("names"):
        found = replace(found, tensors=_renamed(found, facts["names"]))
    if facts.get("activations"):
        meant = {key: meaning(value) for key, value in facts["activations"].items()}
        _check_keys(found, meant)
        found = replace(found, activations={**found.activations, **meant})
    if facts.get("directions"):
        found = replace(found, directions=tuple(facts["directions"]))
    if facts.get("computes"):
        found = replace(found, computes={key: tuple(gates) for key, gates in facts["computes"].items()})
    plain = {
        key: facts[key] for key in ("forget_bias", "reset_after", "update_gate") if facts.get(key) is not None
    }
    _check_cell(found, plain)
    return replace(found, **plain)


def meaning(value: str | ActivationMeaning) -> Activation:
    """The activation that is meant; MappingError where a bare name means different functions."""
    if isinstance(value, ActivationMeaning):
        return Activation(value.function, dict(value.model_extra or {}))
    if value == "hard_sigmoid":
        raise MappingError(
            "hard_sigmoid means different functions in different frameworks",
            found="hard_sigmoid",
            expected="{function: hard_sigmoid, slope: 0.2, offset: 0.5} for clip(0.2x + 0.5, 0, 1)",
            hint="Keras up to 2.15 and Theano have the slope 0.2, Keras 3 and PyTorch 1/6.",
        )
    return Activation(value)


def from_nothing(name: str, own: LayoutDeclaration) -> Declared:
    """What a layout that extends no other begins with, before its facts are looked at."""
    if (own.cell is None) == (own.layer is None):
        raise MappingError(
            f"layout {name!r} says neither what it extends nor what it is of"
            if own.cell is None
            else f"layout {name!r} is of a cell and of a layer",
            expected="`extends: LAYOUT`, `cell: lstm | gru | simple_rnn` or `layer: CLASS`",
        )
    if own.layer is not None:
        return Declared(name, layer=own.layer)
    assert own.cell is not None
    order = "".join(sorted(CELL_GATES[own.cell]))
    if len(order) > 1 and not own.gates:
        raise MappingError(
            f"layout {name!r} does not say the order of its gates", expected=f"gates: [{', '.join(order)}]"
        )
    base = Declared(name, own.cell, gates=tuple(order), letters={gate: gate for gate in order})
    if own.gates:
        # Before its arrays are looked at: some of them may hold some of the gates only.
        base = _reordered(_coupled(base, own.coupled) if own.coupled else base, own.gates)
    if not own.tensors:
        tensors = {
            role: StoredTensor(role, Axes.parse(axes), role, role == "bias") for role, axes in JOINED.items()
        }
        base = replace(base, tensors=tensors)
    return replace(base, computes=COMPUTES[own.cell])


def _reordered(found: Declared, said: list[str]) -> Declared:
    if not found.cell:
        raise MappingError(f"a layer of class {found.layer} has no gates", found=", ".join(said))
    known = GATE_NAMES.get(found.cell, {})
    wanted = CELL_GATES.get(found.cell, frozenset()) - {COUPLED.get(found.coupled, "")}
    gates = [known.get(letter, letter) for letter in said]
    if sorted(gates) != sorted(wanted):
        strange = [letter for letter in said if letter not in known]
        missing = wanted - set(gates)
        gate = next((gate for gate, letter in COUPLED.items() if missing == {letter}), "")
        coupled = gate and len(gates) == len(wanted) - 1 and found.cell == "lstm" and not found.coupled
        raise MappingError(
            f"not the gates of a {found.cell or found.layer} cell"
            + (f": no gate is called {', '.join(strange)}" if strange else ""),
            found=", ".join(said),
            expected=f"each of {_letters(known, wanted)} once"
            + (f", without the coupled {found.coupled} gate" if found.coupled else ""),
            hint=f"A gate that is 1 minus the other one and not stored needs `coupled: {gate}`."
            if coupled
            else "",
        )
    return replace(found, gates=tuple(gates), letters=dict(zip(gates, said, strict=True)))


def _letters(known: Mapping[str, str], wanted: frozenset[str]) -> str:
    """The gates, each with all that it may be called: "f/forget, i/input"."""
    return ", ".join(
        "/".join(letter for letter, gate in known.items() if gate == one) for one in sorted(wanted)
    )


def _coupled(found: Declared, gate: str) -> Declared:
    if found.cell != "lstm":
        raise MappingError(f"a {found.cell or found.layer} has no {gate} gate to couple", found=found.name)
    left = tuple(item for item in found.gates if item != COUPLED[gate])
    return replace(found, coupled=gate, gates=left)


def _tensor(role: str, declared: TensorDeclaration, base: Declared) -> StoredTensor:
    known = GATE_NAMES.get(base.cell, {})
    name = declared.name or (base.tensors[role].name if role in base.tensors else role)
    each = declared.each == "gate"
    if each and "{gate}" not in name:
        raise MappingError(
            f"{role}: each gate has an array of its own, and the name does not tell them apart",
            found=name,
            expected="{gate} in the name, as W_{gate}",
        )
    return StoredTensor(
        role,
        Axes.parse(declared.axes),
        name,
        declared.optional,
        each,
        tuple(symbol for axis in Axes.parse(declared.poured).pieces()[0].axes for symbol in axis)
        if declared.poured
        else (),
        declared.apart,
        None if declared.feeds is None else tuple(declared.feeds),
        tuple(known.get(gate, gate) for gate in declared.gates),
    )


def _with_bias(found: Declared, form: str) -> dict[str, StoredTensor]:
    tensors = dict(found.tensors)
    own = tensors.get("bias")
    if form == "none":
        return {role: tensor for role, tensor in tensors.items() if role not in BIASES}
    if own is None:
        raise MappingError(f"{found.name} has no bias to be {form}", expected="tensors: {bias: {axes: …}}")
    sets = "set" in own.axes.symbols
    if form == "single":
        tensors.pop("recurrent_bias", None)
        if sets:
            tensors["bias"] = replace(own, axes=Axes.parse("(gate u)"))
    elif "recurrent_bias" not in tensors and not sets:
        name = own.name.replace("bias", "recurrent_bias") if "bias" in own.name else f"recurrent_{own.name}"
        tensors["recurrent_bias"] = replace(own, role="recurrent_bias", name=name)
    return tensors


def _turned(found: Declared, orientation: str) -> dict[str, StoredTensor]:
    tensors = dict(found.tensors)
    for role, tensor in tensors.items():
        fed = [item for item in tensor.axes.items if _symbols(item) & set("xh")]
        if not fed:
            continue
        others = [item for item in tensor.axes.items if item not in fed]
        if len(tensor.axes.items) > 2 or tensor.poured:
            raise MappingError(
                f"{role}: an array of more than two axes has no orientation",
                found=str(tensor.axes),
                expected="its axes written out under `tensors`",
            )
        items = (*fed, *others) if orientation == "inputs_first" else (*others, *fed)
        tensors[role] = replace(tensor, axes=Axes(items))
    return tensors


def _symbols(item: Symbol | Group) -> frozenset[str]:
    return Axes((item,)).symbols


def _renamed(found: Declared, names: Mapping[str, str]) -> dict[str, StoredTensor]:
    tensors = dict(found.tensors)
    for role, name in names.items():
        if role not in tensors:
            near = get_close_matches(role, tensors, 1, 0.5)
            raise MappingError(
                f"the layout has no array {role!r}",
                found=role,
                expected=f"nearest: {near[0]}" if near else f"one of {', '.join(tensors)}",
            )
        if tensors[role].each_gate and "{gate}" not in name:
            raise MappingError(f"{role}: each gate has an array of its own", found=name, expected="W_{gate}")
        tensors[role] = replace(tensors[role], name=name)
    return tensors


def _check_keys(found: Declared, meant: Mapping[str, Any]) -> None:
    keys = found.computes or {"activation": ()}
    for key in meant:
        if key not in keys:
            raise MappingError(
                f"no activation {key!r} in a {found.cell or found.layer}", expected=" or ".join(keys)
            )


ONLY_IN = {"forget_bias": "lstm", "reset_after": "gru", "update_gate": "gru"}


def _check_cell(found: Declared, facts: Mapping[str, Any]) -> None:
    for key, cell in ONLY_IN.items():
        if key in facts and found.cell != cell:
            raise MappingError(
                f"{key} is a fact about {cell} cells", found=f"a layout of {found.cell or found.layer}"
            )
