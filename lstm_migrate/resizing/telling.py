"""Telling: what the report says of a resizing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.planning.plan import Plan
from lstm_migrate.report import LayerLine, LostUnit, Note, ResizeLine
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Assembled, Quiet
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.compensation import Compensation
from lstm_migrate.resizing.describing import described
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.losses import loses, takes_from_others
from lstm_migrate.resizing.reshaping import BATCH, Reshape

NO_FIT = "what was fitted for units that go did worse on the inputs than nothing, and was left out"

SIZES = ("units", "filters", "input_dim", "output_dim")


@dataclass(frozen=True)
class Telling:
    """A resizing of which everything is decided. `saliences`: by the number of a request, of each element."""

    full: Plan
    followed: Followed
    requests: Sequence[Request]
    changes: Changes
    quiet: Quiet
    fitted: Compensation
    saliences: Mapping[int, Array]
    reshapes: Sequence[Reshape] = ()

    def lost(self) -> Iterator[LostUnit]:
        """Everything that goes."""
        for number, request in enumerate(self.requests):
            said = self.saliences.get(number)
            for place in request.asked.change.gone:
                name = "" if request.tokens is None else request.tokens.lost.get(place, "")
                salience = None if said is None else float(said[place])
                yield LostUnit("/".join(request.path), place, salience, name)

    def notes(self) -> Iterator[Note]:
        """One for each request."""
        for number, request in enumerate(self.requests):
            lossy = loses(request, self.followed, self.quiet)
            said = described(request, lossy=lossy, takes=takes_from_others(request, self.followed))
            said += "".join(f"; {name} takes means over them: never exact" for name in self._means(number))
            if request.kind == "features" and request.asked.change.grows:
                said += "".join(
                    f"; at a step that {name} masks they must be its mask_value, too"
                    for name in self._masks()
                )
            said += "".join(self._shown(number)) if request.kind == "units" else ""
            yield Note("resized", "/".join(request.path), said)
        yield from self._left_alone()
        yield from self._fit()
        for one in self.reshapes:
            yield Note("resized", one.path[0], f"takes {' and '.join(map(_size, one.axes.items()))}")

    def _shown(self, number: int) -> Iterator[str]:
        """What becomes of the model's outputs."""
        for output, dims in enumerate(self.followed.outputs):
            for ids in dims or ():
                if ids is None or number not in self.changes.touching(ids):
                    continue
                change = self.changes.of(ids, f"output {output}")
                if change is not None:
                    yield f"; output {output} of the model has {change.after} numbers for {change.before}"
                    yield ", in another order" if change.reorders else ""

    def _left_alone(self) -> Iterator[Note]:
        """Softmaxes over as many classes as there were tokens, which keep the old numbers."""
        rows = {len(one.asked.ids) for one in self.requests if one.kind == "rows" and one.tokens is not None}
        for number in sorted(self.followed.softmaxed):
            last = (self.followed.outputs[number] or (None,))[-1]
            if last is not None and len(last) in rows and not self.changes.touching(last):
                said = f"output {number} has {len(last)} classes, which keep their numbers"
                yield Note(
                    "limit", self.full.source.name, f"{said}; if these are the same tokens, say `output`"
                )

    def _fit(self) -> Iterator[Note]:
        """What was fitted to make up for what goes."""
        name, fitted = self.full.source.name, self.fitted
        if fitted.reads:
            readers = {"/".join(self.followed.reads[number].path) for number in fitted.reads}
            yield Note(
                "resized",
                ", ".join(sorted(readers)),
                "fitted to make up for what goes: on the inputs that it was fitted to, the outputs' mean "
                f"square change is {fitted.error:.2g} of their variance, and {fitted.plain:.2g} without; on "
                "others it may be more",
            )
        elif fitted.plain:
            yield Note("limit", name, NO_FIT)

    def _means(self, number: int) -> list[str]:
        """Layers in whose means and deviations the elements of a request have a part."""
        found = [
            read for read in self.followed.reads if read.over and number in self.changes.touching(read.ids)
        ]
        return list(dict.fromkeys("/".join(read.path) for read in found))

    def _masks(self) -> list[str]:
        """Layers that mask a step if all its features are one number."""
        return ["/".join(path) for path, layer in self.full.target.walk() if layer.kind == "Masking"]


def _size(axis: tuple[int, int | None]) -> str:
    word = "samples at once" if axis[0] == BATCH else "steps"
    return f"any number of {word}" if axis[1] is None else f"{axis[1]} {word}"


def layer_lines(full: Plan, target: Graph) -> Iterator[LayerLine]:
    """The lines of the full plan, with the new sizes in what layers become."""
    before = dict(full.target.walk())
    new = {
        f"{layer.kind} {'/'.join(path)}": ", ".join(
            f"{key} {layer.config[key]}" for key in SIZES if key in layer.config
        )
        for path, layer in target.walk()
        if any(layer.config.get(key) != before[path].config.get(key) for key in SIZES)
    }
    for line in full.layers:
        sizes = new.get(line.becomes)
        yield replace(line, becomes=f"{line.becomes}, {sizes}") if sizes else line


def resize_lines(key: WeightKey, one: Assembled) -> Iterator[ResizeLine]:
    """What happens to one array, axis by axis."""
    for touch in one.touches:
        yield ResizeLine(str(key), touch.symbol, touch.before, touch.after, touch.of, touch.effect)


def measured(request: Request) -> bool:
    """Whether units go of which it can be said how much they said; a token says what its text says."""
    return bool(request.asked.change.gone) and request.kind in ("units", "features")
