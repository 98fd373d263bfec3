"""Carrying: which sizes of a model may be others than the file's, as resizing carries them through.

The model is followed through all its layers, and what differs in it is turned back into what the file has:
a layer that then reads as many features as the file's layer does needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.diagnosis.kinds import comparable
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.pairing import Pair
from lstm_migrate.diagnosis.part import Core, Part, Shape
from lstm_migrate.diagnosis.widths import fed_widths
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import LayerPath
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.make_plan import make_plan
from lstm_migrate.planning.plan import Plan
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.change import Asked, Change, Changes
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed, Pin
from lstm_migrate.resizing.following import follow
from lstm_migrate.resizing.obstacles import moves
from lstm_migrate.resizing.origins import Origins
from lstm_migrate.resizing.wishes import FILLS, Kind
from lstm_migrate.restriction import NEW

Place = Literal["inside", "outputs", "classes", "rows", "inputs", "tied", "follows"]
"""What a size is of: units that other layers read, the model's outputs, those of a softmax, a table's rows,
what the model is fed, units that are added to that; or that it is as it is because of layers before."""

KINDS: dict[Place, Kind] = {"classes": "classes", "rows": "rows", "inputs": "features"}
FOLLOWED = "unxc"
"""Symbols of sizes: units, rows, inputs, features that pass."""
TIED = "they are added to, or multiplied with, what the model is fed"


@dataclass(frozen=True)
class Carried:
    """One size that differs. `against`: why the change cannot be carried through, "" if it can."""

    place: Place
    against: str = ""


@dataclass
class Carrying:
    """What was found of one model and the layers of the file that belong to it.

    `requests`: the differing sizes of layers and inputs, turned back; `by_axis`: their numbers.
    """

    origins: Origins
    requests: list[Request] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    by_axis: dict[tuple[LayerPath, str], int] = field(default_factory=dict)

    @property
    def followed(self) -> Followed:
        return self.origins.followed

    def hear(self, pairs: Sequence[Pair]) -> None:
        """Notes everything that differs of itself: first what the model is fed, then what layers make."""
        cores = [one for pair in pairs for one in _cores(pair)]
        for path, own, wanted in cores:
            fed = self._read(path, "x") if _differ(own, wanted, "x") else None
            if fed is not None and self.origins.input_of(fed) is not None:
                self._note(path, "x", fed, (own.sizes["x"], wanted.sizes["x"]), "inputs")
        for path, own, wanted in cores:
            for symbol in ("u", "n"):
                for owner in self.origins.owners(path, symbol) if _differ(own, wanted, symbol) else ():
                    ids = self.followed.own[owner][symbol]
                    place = "rows" if symbol == "n" else self._place(ids, wanted)
                    self._note(path, symbol, ids, (own.sizes[symbol], wanted.sizes[symbol]), place)

    def of(self, path: LayerPath, symbol: str, own: int) -> Carried | None:
        """What is known of a size of the model's layer that is `own` in the file."""
        number = self.by_axis.get((path, symbol))
        if number is not None:
            fed = self.places[number] == "inputs" and symbol != "x"
            return Carried("tied" if fed else self.places[number], self._against(number))
        return Carried("follows") if self._turned_back(path, symbol) == own else None

    def _note(self, path: LayerPath, symbol: str, ids: Ids, sizes: tuple[int, int], place: Place) -> None:
        """Notes a difference once: others to which the model ties it have its number. What is fed to several
        layers is one and no other."""
        own, wanted = sizes
        if len(ids) != wanted:
            return
        for number, other in enumerate(self.requests):
            if self.origins.share(other.asked.ids, ids):
                if self.origins.same(other.asked.ids, ids) and symbol != "x":
                    self.by_axis[path, symbol] = number
                return
        kind = KINDS.get(place, "units")
        self.by_axis[path, symbol] = len(self.requests)
        self.places.append(place)
        self.requests.append(Request(Asked(ids, _resized(wanted, own), "", ""), path, kind, FILLS[kind][0]))

    def _place(self, ids: Ids, core: Core) -> Place:
        for number, dims in enumerate(self.followed.outputs):
            if any(axis is not None and self.origins.share(axis, ids) for axis in dims or ()):
                softmax = number in self.followed.softmaxed and core.layer.kind == "Dense"
                return "classes" if softmax else "outputs"
        return "inside"

    def _read(self, path: LayerPath, symbol: str) -> Ids | None:
        """The elements along an axis of the layer's arrays."""
        places = self.origins.places(path)
        arrays = (one for key, one in self.followed.arrays.items() if key.path in places)
        return next((one.ids[symbol] for one in arrays if symbol in one.ids), None)

    def _turned_back(self, path: LayerPath, symbol: str) -> int | None:
        """How many there are when all that differs is as in the file."""
        ids = self._read(path, symbol)
        if ids is None:
            return None
        try:
            change = self._changes.of(ids, "")
        except PlanError:
            return None
        return len(ids) if change is None else change.after

    def _against(self, number: int) -> str:
        """What resizing would say against the change from the file's size to the model's."""
        wanted = _forward(self.requests[number])
        for pin in self._pinned.get(number, ()):
            if moves(wanted) & pin.against:
                return f"{'/'.join(pin.path)} {pin.why}"
        return TIED if wanted.kind != "features" and number in self._fed else ""

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.followed.elements, [one.asked for one in self.requests])

    @cached_property
    def _pinned(self) -> Mapping[int, Sequence[Pin]]:
        """What holds each of the differing sizes fast."""
        found: dict[int, list[Pin]] = {}
        for pin in self.followed.pins:
            for number in self._changes.touching(pin.ids):
                found.setdefault(number, []).append(pin)
        return found

    @cached_property
    def _fed(self) -> frozenset[int]:
        """Those that are sizes of what the model is fed."""
        every = [ids for dims in self.followed.inputs for ids in dims or () if ids is not None]
        return frozenset(number for ids in every for number in self._changes.touching(ids))


def carrying(side: Side, pairs: Sequence[Pair]) -> Carrying | None:
    """What is found of the target; None if no size differs, or it is no model that can be followed."""
    cores = [(own, wanted) for pair in pairs for _, own, wanted in _cores(pair)]
    differing = any(_differ(own, wanted, symbol) for own, wanted in cores for symbol in FOLLOWED)
    plan = _full(side) if differing else None
    if plan is None:
        return None
    shapes = {item.target: item.shape for item in plan.assignments}
    followed = follow(plan.target, shapes, _words(side))
    found = Carrying(Origins(plan, followed))
    found.hear(pairs)
    return found


def core_path(part: Part, core: Core) -> LayerPath:
    """Where a core is in its model."""
    return (*part.path, *(core.label.split("/") if core.label else ()))


def _cores(pair: Pair) -> Iterator[tuple[LayerPath, Core, Core]]:
    if pair.source is None or pair.target is None or not comparable(pair.source, pair.target):
        return
    for own, wanted in zip(pair.source.cores, pair.target.cores, strict=True):
        yield core_path(pair.target, wanted), own, wanted


def _differ(one: Core, other: Core, symbol: str) -> bool:
    sizes = {core.sizes.get(symbol) for core in (one, other)}
    return len(sizes) > 1 and None not in sizes


def _resized(before: int, after: int, copy: bool = False) -> Change:
    if after < before:
        return Change.taken(before, range(after))
    return Change.grown(before, [0 if copy else NEW] * (after - before))


def _forward(request: Request) -> Request:
    """The request as a rule would make it, from the file's size to the model's."""
    asked = request.asked
    change = _resized(asked.change.after, asked.change.before, copy=request.fill == "duplicate")
    return Request(Asked(asked.ids, change, "", ""), request.path, request.kind, request.fill)


def _words(side: Side) -> Vocabulary:
    return replace(target_vocabulary(), custom=side.vocabulary.custom)


def _full(side: Side) -> Plan | None:
    """The model in Keras 3's words, planned as if there were a file with just its arrays."""
    if side.graph is None or side.supplied is None:
        return None
    widths = fed_widths(side.graph, side.vocabulary, side.supplied.config)
    infos: dict[str, TensorInfo] = {}
    for key, held in side.held.items():
        shape = _whole(held.shape, widths.get(key.path))
        if shape is None:
            return None
        infos[str(key)] = TensorInfo(str(key), shape, held.dtype or "float32")
    writer, config = side.supplied.writer, side.supplied.config
    made_up = Checkpoint(Path(side.supplied.source), "keras-hdf5", writer, {}, infos, config)
    bound = {key: str(key) for key in side.held}
    try:
        return make_plan(side.graph, made_up, side.vocabulary, _words(side), bound=bound, allow_lossy=True)
    except PlanError:
        return None


def _whole(shape: Shape | None, width: int | None) -> tuple[int, ...] | None:
    """The shape of an array; where nobody tells it, that of a vector with a number for each that is fed."""
    if shape in (None, (None,)):
        return None if width is None else (width,)
    known = tuple(size for size in shape or () if size is not None)
    return known if len(known) == len(shape or ()) else None
