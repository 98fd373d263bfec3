"""Claiming: which layouts take which tensors of a file for the arrays of one layer, by names and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.graph import Layer
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.mapping.catalogue import layouts
from lstm_migrate.mapping.layouts import Declared, resolved
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.planning.naming import arrays_of, name_pattern
from lstm_migrate.planning.slots import gate_role
from lstm_migrate.planning.storing import usual

WORDS = {"lstm": "lstm", "gru": "gru", "simple_rnn": "rnn"}  # what names of cells have in them
LAYER_WORDS = {
    "Embedding": "emb",
    "Conv1D": "conv",
    "Conv2D": "conv",
    "BatchNormalization": "norm",
    "LayerNormalization": "norm",
}
PLAIN = ("Dense", "Embedding", "Conv1D", "Conv2D", "BatchNormalization", "LayerNormalization")


@dataclass(frozen=True)
class Place:
    """Where the arrays of one layer stand: behind which name, and which layer and direction of several."""

    of: str
    layer: str = ""
    dir: str = ""


@dataclass
class Claim:
    """The arrays that a layout takes for those of one layer, by role."""

    declared: Declared
    place: Place
    arrays: dict[str, TensorInfo] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def is_whole(self) -> bool:
        """Whether nothing that the layout needs is missing, and every shape fits."""
        for role, tensor in self.declared.tensors.items():
            names = arrays_of(role, self.declared).keys()
            if not names <= self.arrays.keys() and (not tensor.optional or names & self.arrays.keys()):
                return False
        self.sizes = self._units()
        return all(self._fits(role) for role in self.declared.tensors)

    def _units(self) -> dict[str, int]:
        """The units, off an axis of units and gates alone: inputs and state on one axis need them."""
        for role, tensor in self.declared.tensors.items():
            for name in arrays_of(role, self.declared) if self.declared.cell else ():
                shape = self.arrays[name].shape if name in self.arrays else ()
                for item, size in zip(tensor.axes.items, shape, strict=False):
                    axis = Axes((item,))
                    known = self.declared.layout().sizes_of(tensor, {})
                    found = solve(axis, (size,), known) if axis.symbols <= {"gate", "set", "u"} else None
                    if found is not None and "u" in found:
                        return {"u": found["u"]}
        return {}

    def _fits(self, role: str) -> bool:
        declared, tensor = self.declared, self.declared.tensors[role]
        for name in arrays_of(role, declared):
            if name not in self.arrays:
                continue
            known = declared.layout().sizes_of(tensor, self.sizes) if declared.cell else self.sizes
            found = solve(tensor.axes, self.arrays[name].shape, known)
            if found is None or any(size < 1 for size in found.values()):
                return False
            self.sizes = {key: size for key, size in found.items() if key not in ("gate", "set")}
        return True

    @property
    def likely(self) -> bool:
        """Whether the name says that it is such a cell, or does not say that it is one."""
        of = self.place.of.lower()
        if self.declared.cell:
            return WORDS[self.declared.cell] in of
        known = LAYER_WORDS.get(self.declared.layer)
        others = [*WORDS.values(), *(() if known else LAYER_WORDS.values())]
        return (known is None or known in of) and not any(word in of for word in others)


@cache
def shipped() -> tuple[Declared, ...]:
    """What Keras itself calls the arrays of plain layers, and every shipped layout that has other arrays."""
    words = target_vocabulary()
    found = [usual(Layer(kind.lower(), kind), words) for kind in PLAIN]
    seen = set()
    for name in layouts():
        one = resolved(name, layouts())
        said = (one.cell or one.layer, one.gates, tuple(one.tensors.items()))
        if said not in seen:
            seen.add(said)
            found.append(one)
    return tuple(found)


def chosen(checkpoint: Checkpoint, known: Iterable[Declared]) -> tuple[list[Claim], list[str]]:
    """Claims that share no array, those of many arrays first; and the tensors that none has."""
    whole = [claim for declared in known for claim in _claims(checkpoint, declared) if claim.is_whole()]
    # A name that says "lstm" is no Dense layer's, whatever the shapes are.
    whole = [claim for claim in whole if claim.declared.cell or claim.likely or not _is_cell(claim)]
    whole.sort(key=lambda claim: (-len(claim.arrays), not claim.likely))
    taken: set[str] = set()
    found: list[Claim] = []
    for claim in whole:
        names = {info.name for info in claim.arrays.values()}
        if not names & taken:
            taken |= names
            found.append(claim)
    return found, [name for name in checkpoint.tensors if name not in taken]


def _is_cell(claim: Claim) -> bool:
    return any(word in claim.place.of.lower() for word in (*WORDS.values(), "cell"))


def _claims(checkpoint: Checkpoint, declared: Declared) -> Iterator[Claim]:
    found: dict[Place, Claim] = {}
    gates = {letter: gate for gate, letter in declared.letters.items()}
    for role, tensor in declared.tensors.items():
        pattern = re.compile(rf"(?:(?P<of_>.+?)[/._])?{name_pattern(tensor, declared)}(:0)?")
        for name, info in checkpoint.tensors.items():
            match = pattern.fullmatch(name)
            if match is None:
                continue
            said = match.groupdict()
            place = Place(said["of_"] or "", said.get("layer_") or "", said.get("dir_") or "")
            gate = said.get("gate_")
            key = role if gate is None else gate_role(role, gates.get(gate, gate))
            found.setdefault(place, Claim(declared, place)).arrays[key] = info
    yield from found.values()
