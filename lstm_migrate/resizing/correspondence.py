"""Correspondence: what the full and the resized model share, for the judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import LayerPath
from lstm_migrate.layouts.steps import Array
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet, roots_of
from lstm_migrate.resizing.change import Change, Changes
from lstm_migrate.resizing.followed import Dims, Followed, Read
from lstm_migrate.restriction import NEW, Feed, Places, Restriction, Shown, Silence

Fit = tuple[Array, Array | None]
"""What makes up at one place for features that go: (kept × gone), and a constant for each that goes."""


@dataclass
class Correspondence:
    """Puts a Restriction together. `fits`: by the number of a Read; `tokens`: by input."""

    followed: Followed
    changes: Changes
    requests: Sequence[Request]
    quiet: Quiet
    fits: Mapping[int, Fit]
    tokens: Mapping[int, Places]

    def restriction(self) -> Restriction:
        """How the full model is to be run so that it computes what the resized one does."""
        silences: dict[LayerPath, tuple[Silence, ...]] = {}
        for number, read in enumerate(self.followed.reads):
            silence = self._silence(number, read)
            if silence is not None:
                silences[read.path] = (*silences.get(read.path, ()), silence)
        feeds = tuple(self._feed(number, dims) for number, dims in enumerate(self.followed.inputs))
        shown = tuple(self._shown(number, dims) for number, dims in enumerate(self.followed.outputs))
        return Restriction(silences, feeds, shown)

    def _silence(self, number: int, read: Read) -> Silence | None:
        change = self.changes.of(read.ids, "/".join(read.path))
        if change is None or not change.gone:
            return None
        roots = roots_of(self.followed.elements, read.ids)
        live = [place for place in change.gone if read.over or roots[place] not in self.quiet.twins]
        if not live:
            return None
        onto, constant = self.fits.get(number, (None, None))
        columns = [change.gone.index(place) for place in live]
        return Silence(
            read.argument,
            read.axis,
            tuple(live),
            change.kept,
            None if onto is None else onto[:, columns],
            None if constant is None else constant[columns],
            read.over,
        )

    def _feed(self, number: int, dims: Dims | None) -> Feed | None:
        change = self._last(dims, f"input {number}")
        places = None if change is None else _without_new(change)
        tokens = self.tokens.get(number)
        return None if places is None and tokens is None else Feed(places, tokens)

    def _shown(self, number: int, dims: Dims | None) -> Shown | None:
        found = list(self._changed(dims, f"output {number}"))
        if not found:
            return None
        if len(found) > 1:
            raise PlanError(
                f"output {number} of the model changes along {len(found)} axes at once",
                found=", ".join(f"axis {axis}: {change.before} → {change.after}" for axis, change in found),
                expected="one axis; change the sizes one after the other",
            )
        axis, change = found[-1]
        full = change.kept
        resized = tuple(place for place, fresh in enumerate(change.fresh) if not fresh)
        probable = number in self.followed.softmaxed and (bool(change.gone) or self._likely(dims))
        return Shown(axis, full, resized, probable)

    def _likely(self, dims: Dims | None) -> bool:
        """Whether new classes take anything from the old ones."""
        touching = [n for ids in dims or () if ids is not None for n in self.changes.touching(ids)]
        return any(
            self.requests[n].bias != "-inf-like" for n in touching if self.requests[n].kind == "classes"
        )

    def _last(self, dims: Dims | None, where: str) -> Change | None:
        return next((change for _, change in self._changed(dims, where)), None)

    def _changed(self, dims: Dims | None, where: str) -> Iterator[tuple[int, Change]]:
        for axis, ids in enumerate(dims or ()):
            change = None if ids is None else self.changes.of(ids, where)
            if change is not None:
                yield axis, change


def _without_new(change: Change) -> Places:
    return tuple(NEW if fresh else place for place, fresh in zip(change.places, change.fresh, strict=True))
