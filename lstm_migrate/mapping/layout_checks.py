"""What makes no sense in the layouts of a mapping file, each fault with the keys that lead to it.

A layout is put together fact by fact, as `layouts.py` does it, so that each fact answers for itself; a
whole one is then tried on Keras's own layout of the same cell, with sizes made up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from lstm_migrate.errors import LstmMigrateError, MappingError, Problem
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.derive import ways
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.complaints import Complaint, nearest
from lstm_migrate.mapping.expectations import Path
from lstm_migrate.mapping.layout_grammar import ActivationMeaning, LayoutDeclaration, LayoutFacts
from lstm_migrate.mapping.layouts import Declared, from_nothing, resolved, unknown_layout, with_facts

# The facts in the order in which one builds on another; `layouts.with_facts` takes them in the same.
_ORDER = (
    "coupled gates tensors bias orientation names activations directions computes forget_bias reset_after"
    " update_gate"
).split()
_ENTRY_BY_ENTRY = ("tensors", "names", "activations")
Fault = tuple[Path, Problem]
_START = ("cell", "layer", "gates", "coupled", "tensors")

SYMBOLS: Mapping[str, str] = {
    "x": "input features",
    "h": "recurrent state, as an input of the recurrent kernel",
    "u": "units",
    "gate": "gates, in the order of `gates`",
    "set": "two biases: the input's, then the recurrent one",
    "dir": "directions: forward, then backward",
    "layer": "layers, from 0",
    **{f"k{place}": f"spatial axis {place} of a convolution's kernel" for place in range(3)},
}
"""The symbols of axis expressions in layouts of cells."""


@dataclass
class LayoutChecks:
    """Resolves the layouts of one file and gathers what is wrong. `known`: all that a file may name."""

    own: Mapping[str, LayoutDeclaration]
    known: Mapping[str, LayoutDeclaration]
    custom: Collection[str] = ()
    found: list[Complaint] = field(default_factory=list)
    done: dict[str, Declared | None] = field(default_factory=dict)

    def check(self) -> list[Complaint]:
        """What is wrong in the file's own layouts."""
        for name in self.own:
            self.layout(name)
        return self.found

    def layout(self, name: str) -> Declared | None:
        """The layout of this name; None if something is wrong in it or in one that it extends."""
        if name not in self.done:
            self.done[name] = None  # what extends itself ends here
            self.done[name] = self._own(name) if name in self.own else self._shipped(name)
        return self.done[name]

    def facts(self, base: Declared, said: LayoutFacts, path: Path) -> Declared | None:
        """`base` with what is said over it, noting what does not fit; None if anything does not."""
        found, sound = base, True
        for keys, part in _parts(said):
            try:
                found = with_facts(found, part)
            except MappingError as error:
                self._note((*path, *keys), error)
                sound = False
        for faults in (_strange_symbols(found, said), _strange_functions(said, self.custom)):
            for keys, problem in faults:
                self.found.append(Complaint((*path, *keys), problem))
                sound = False
        return found if sound else None

    def _shipped(self, name: str) -> Declared | None:
        try:
            return resolved(name, self.known) if name in self.known else None
        except MappingError:
            return None  # it extends one of this file's own, which is complained of itself

    def _own(self, name: str) -> Declared | None:
        declared, path = self.own[name], ("layouts", name)
        if catalogue.layouts().get(name, declared) != declared:
            self.found.append(Complaint(path, _taken(name), of_key=True))
            return None
        base = self._base(name, declared, path)
        if base is None:
            return None
        whole = self.facts(replace(base, name=name), declared, path)
        if whole is None:
            return None
        faults = list(_layer_faults(whole) if whole.layer else _cell_faults(whole))
        self.found += [Complaint((*path, *keys), problem, of_key=True) for keys, problem in faults]
        return None if faults else whole

    def _base(self, name: str, declared: LayoutDeclaration, path: Path) -> Declared | None:
        parent = declared.extends
        if parent is None:
            try:
                return from_nothing(name, _only(declared, _START))
            except MappingError as error:
                of_gates = bool(declared.gates and declared.cell and not declared.layer)
                self._note((*path, "gates") if of_gates else path, error, of_key=not of_gates)
                return None
        if parent not in self.known:
            self.found.append(Complaint((*path, "extends"), unknown_layout(parent, self.known)))
            return None
        circle = self._circle(name)
        if circle and name == min(circle):
            problem = Problem(f"layout {name!r} extends itself", found=" → ".join((*circle, name)))
            self.found.append(Complaint((*path, "extends"), problem))
        return None if circle else self.layout(parent)

    def _circle(self, name: str) -> list[str]:
        """The layouts from `name` back to itself, if it extends itself."""
        seen = [name]
        parent = self.known[name].extends
        while parent is not None and parent in self.known and parent not in seen:
            seen.append(parent)
            parent = self.known[parent].extends
        return seen if parent == name else []

    def _note(self, path: Path, error: LstmMigrateError, of_key: bool = False) -> None:
        self.found += [Complaint(path, replace(one, where=""), of_key) for one in error.problems]


def _taken(name: str) -> Problem:
    return Problem(
        f"{name!r} is the name of a shipped layout",
        expected=f"a name of your own, as my.{name.rpartition('.')[2]}",
        hint=f"It may extend the shipped one: {{extends: {name}, …}}.",
    )


def unknown(name: str, known: Iterable[str]) -> Problem:
    """The problem of a layout that no file declares."""
    known = sorted(known)
    return Problem(f"no layout {name!r}", expected=nearest(name, known, f"one of {', '.join(known)}"))


@cache
def functions() -> Mapping[str, frozenset[str]]:
    """The functions that an activation may mean, with the parameters of each."""
    found: dict[str, frozenset[str]] = {}
    for name in catalogue.names():
        document = catalogue.document(name)
        for meant in document.activations.values():
            held = found.get(meant.function, frozenset())
            found[meant.function] = held | frozenset(meant.model_extra or {})
        for layer in document.activation_layers.values():
            held = found.get(layer.function, frozenset())
            found[layer.function] = held | frozenset(layer.parameters.values())
    return found


def strange_function(meant: str | ActivationMeaning, custom: Collection[str] = ()) -> Problem | None:
    """What is wrong with an activation's meaning, if anything is."""
    name = meant if isinstance(meant, str) else meant.function
    if name in custom:
        return None
    if name not in functions():
        return Problem(
            f"no function {name!r}",
            expected=nearest(name, functions(), f"one of {', '.join(sorted(functions()))}"),
        )
    said: dict[str, Any] = {} if isinstance(meant, str) else dict(meant.model_extra or {})
    for key, value in said.items():
        if key not in functions()[name]:
            takes = ", ".join(sorted(functions()[name])) or "no parameters"
            return Problem(f"{name} has no parameter {key!r}", expected=takes)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            return Problem(f"the parameter {key} of {name} is no number", found=str(value))
    if not isinstance(meant, str) and name == "hard_sigmoid" and set(said) != {"slope", "offset"}:
        return Problem(
            "hard_sigmoid without its slope and offset",
            expected="{function: hard_sigmoid, slope: 0.2, offset: 0.5} for clip(0.2x + 0.5, 0, 1)",
        )
    return None


def _only(said: LayoutFacts, keys: Iterable[str]) -> Any:
    """The same with nothing said but these keys."""
    values = {key: getattr(said, key) for key in keys if key in said.model_fields_set}
    return type(said).model_construct(**values)


def _parts(said: LayoutFacts) -> Iterator[tuple[Path, LayoutFacts]]:
    """Each single fact, with the keys that lead to it."""
    for key in _ORDER:
        if key not in said.model_fields_set:
            continue
        value = getattr(said, key)
        if key in _ENTRY_BY_ENTRY:
            for name, one in value.items():
                alone: dict[str, Any] = {key: {name: one}}
                yield (key, name), type(said).model_construct(None, **alone)
        else:
            yield (key,), _only(said, [key])


def _strange_symbols(found: Declared, said: LayoutFacts) -> Iterator[Fault]:
    for role, tensor in said.tensors.items() if found.cell else ():
        axes = Axes.parse(tensor.axes).symbols
        for symbol in sorted(axes - set(SYMBOLS)):
            listed = ", ".join(f"{name} ({meant})" for name, meant in SYMBOLS.items() if name[0] != "k")
            yield (
                ("tensors", role, "axes"),
                Problem(
                    f"unknown symbol {symbol!r} in the axes of a cell's array",
                    found=tensor.axes,
                    expected=nearest(symbol, SYMBOLS, listed),
                ),
            )
        if "u" not in axes:
            yield (
                ("tensors", role, "axes"),
                Problem("each array of a cell has an axis of units", found=tensor.axes, expected="u in it"),
            )


def _strange_functions(said: LayoutFacts, custom: Collection[str]) -> Iterator[Fault]:
    for key, meant in said.activations.items():
        problem = strange_function(meant, custom)
        if problem is not None:
            yield ("activations", key), problem


def _cell_faults(whole: Declared) -> Iterator[Fault]:
    """Why no steps lead from the cell's arrays to those of Keras's cell, if none do."""
    axes = set().union(*(tensor.axes.symbols for tensor in whole.tensors.values()))
    if any(tensor.apart for tensor in whole.tensors.values()) or "k0" in axes:
        return  # no plain cell, whatever it is called
    lacking = list(_lacking_parts(whole, axes))
    if lacking:
        yield from lacking
        return
    two_biases = "set" in axes or "recurrent_bias" in whole.tensors
    name = f"keras.{whole.cell}"
    if whole.cell == "gru" and (whole.reset_after or (two_biases and whole.reset_after is None)):
        name = "keras.gru_reset_after"
    target = resolved(name, catalogue.layouts()).layout()
    several = axes & {"layer", "dir"}
    sizes, at = {"x": 3, "u": 5, "h": 5, **dict.fromkeys(several, 2)}, dict.fromkeys(several, 0)
    try:
        ways(whole.layout(), target, sizes, frozenset(whole.tensors), at, fill=True)
    except LstmMigrateError as error:
        yield from (((), replace(problem, where="")) for problem in error.problems)


def _lacking_parts(whole: Declared, axes: Collection[str]) -> Iterator[Fault]:
    """Arrays that hold nobody knows which gate, and kernels that no array holds."""
    for role, tensor in whole.tensors.items():
        told = tensor.each_gate or "gate" in tensor.axes.symbols or len(tensor.gates) == 1
        if len(whole.gates) > 1 and not told:
            problem = Problem(
                f"{role}: nothing says which gates it holds",
                found=str(tensor.axes),
                expected="`each: gate` beside them and {gate} in its name (one array for each gate), "
                "or `gate` in its axes",
            )
            yield ("tensors", role), problem
    for symbol, role, what in (("x", "kernel", "inputs"), ("h", "recurrent_kernel", "state")):
        if symbol not in axes:
            problem = Problem(
                f"no array of layout {whole.name} holds the {role}: none has an axis of the {what}",
                expected=f"an array `{role}` with {symbol} in its axes, or one for both: (x + h) (gate u)",
            )
            yield (), problem


def _layer_faults(whole: Declared) -> Iterator[Fault]:
    """Where the layout of a layer that is no cell does not have the layer's arrays and axes."""
    classes = catalogue.document("keras3").classes
    declared = classes.get(whole.layer)
    if declared is None:
        expected = nearest(whole.layer, classes)
        yield ("layer",), Problem(f"Keras 3 has no layer class {whole.layer!r}", expected=expected)
        return
    roles = [entry.partition("?")[0] for entry in declared.weights]
    for role, tensor in whole.tensors.items():
        if role not in roles:
            expected = nearest(role, roles, f"one of {', '.join(roles) or 'none at all'}")
            yield ("tensors", role), Problem(f"a {whole.layer} has no array {role!r}", expected=expected)
        axes = declared.axes.get(role)
        if axes is not None and tensor.axes.symbols != Axes.parse(axes).symbols:
            expected = f"{' '.join(sorted(Axes.parse(axes).symbols))}, in any order; Keras has {axes}"
            found = str(tensor.axes)
            yield ("tensors", role), Problem(f"not the axes of a {whole.layer}'s {role}", "", found, expected)
    lacking = [role for role in declared.weights if "?" not in role and role not in whole.tensors]
    if lacking:
        yield (), Problem(f"a {whole.layer} has further arrays", expected=f"{', '.join(lacking)} too")
