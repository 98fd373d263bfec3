"""Compensation: what goes, made up for by what stays: least squares on what layers see.

Units of one layer say much the same. What a reader loses with those that go is fitted from those that stay;
as readers are linear in what they see, the fit can be put into their own arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.resizing.activities import Laboratory, Sight, Silences
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet, Refit, roots_of
from lstm_migrate.resizing.change import Change, Changes
from lstm_migrate.resizing.correspondence import Correspondence, Fit
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.readers import Matrix, Readers
from lstm_migrate.resizing.ridge import ridge

ROUNDS = 3
"""So often readers are fitted: first to what the full model shows them, then to what is seen where the fit
before stands in for what goes."""

NEGLIGIBLE = 3e-4
"""A part of a fit that moves its readers by less than this, relative to all they hear, is left out: in the
file it could not be told from rounding."""

Fits = Mapping[int, Fit]
"""By the number of a Read, what makes up for what goes there: (kept × gone), and a constant for each."""


@dataclass(frozen=True)
class Compensation:
    """`reads`: what was fitted; `arrays`: the same as changes of arrays. `error` and `plain`: the mean square
    change of the model's outputs on the given inputs, relative to their variance, with it and without."""

    reads: Fits = field(default_factory=dict)
    arrays: Mapping[WeightKey, Refit] = field(default_factory=dict)
    error: float = 0.0
    plain: float = 0.0


@dataclass(frozen=True)
class Loss:
    """One read that loses features: `change` says which, `live` those of them that say something, as places
    in `change.gone`. `matrices`: the arrays that read them."""

    number: int
    change: Change
    live: tuple[int, ...]
    matrices: Sequence[Matrix]

    def fit(self, full: Array, seen: Array) -> Fit:
        """What stays, as it is `seen`, made into what goes, as the `full` model has it."""
        gone = [self.change.gone[place] for place in self.live]
        given, wanted = seen[:, list(self.change.kept)], full[:, gone]
        heard = np.sum([matrix.sizes for matrix in self.matrices], axis=0)
        centred = all(matrix.bias is not None for matrix in self.matrices)
        found, rest = ridge(given, wanted, heard[gone], centred=centred)
        least = NEGLIGIBLE**2 * float(np.mean(full * full, axis=0) @ heard)
        if float(np.mean((given @ found) ** 2, axis=0) @ heard[gone]) < least:
            found, rest = np.zeros_like(found), wanted.mean(axis=0)
        if not centred or float(rest**2 @ heard[gone]) < least:
            rest = np.zeros_like(rest)
        onto = np.zeros((len(self.change.kept), len(self.change.gone)))
        constant = np.zeros(len(self.change.gone))
        onto[:, list(self.live)], constant[list(self.live)] = found, rest
        return onto, constant if centred else None

    def constants(self, constant: Array) -> Array:
        """For each feature, how much larger it seems to be."""
        found = np.zeros(self.change.before)
        found[list(self.change.gone)] = constant
        return found


@dataclass(frozen=True)
class Compensator:
    """Fits the readers of what the requests numbered `chosen` take away."""

    laboratory: Laboratory
    followed: Followed
    changes: Changes
    requests: Sequence[Request]
    quiet: Quiet
    chosen: Collection[int]

    def compensation(self) -> Compensation:
        """The best fits found; none if they do worse on the given inputs than none."""
        losses = list(self._losses())
        reads = [self.followed.reads[loss.number] for loss in losses]
        if not losses:
            return Compensation()
        full = self.laboratory.sight(reads)
        plain = _error(full, self.laboratory.sight((), self._silences({})))
        best, error, seen = dict[int, Fit](), plain, full
        for _ in range(ROUNDS):
            if [rows.shape for rows in seen.rows] != [rows.shape for rows in full.rows]:
                break  # other steps are masked
            fits = {
                loss.number: loss.fit(wanted, rows)
                for loss, wanted, rows in zip(losses, full.rows, seen.rows, strict=True)
            }
            seen = self.laboratory.sight(reads, self._silences(fits))
            if (now := _error(full, seen)) < error:
                best, error = fits, now
        arrays = _arrays(losses, best) if best else {}
        return Compensation(best, arrays, error, plain)

    def _losses(self) -> Iterator[Loss]:
        readers = Readers(self.followed, dict(self.laboratory.graph.walk()), self.laboratory.weights)
        for number, read in enumerate(self.followed.reads):
            if not set(self.changes.touching(read.ids)) & set(self.chosen):
                continue
            change = self.changes.of(read.ids, "/".join(read.path))
            matrices = readers.matrices(number)
            if change is None or not change.kept or not matrices:
                continue
            roots = roots_of(self.followed.elements, read.ids)
            gone = enumerate(change.gone)
            live = tuple(place for place, one in gone if roots[one] not in self.quiet.twins)
            if live:
                yield Loss(number, change, live, matrices)

    def _silences(self, fits: Fits) -> Silences:
        """What the full model is not to see, and what it sees instead."""
        between = Correspondence(self.followed, self.changes, self.requests, self.quiet, fits, {})
        return between.restriction().silences


def _arrays(losses: Sequence[Loss], fits: Fits) -> dict[WeightKey, Refit]:
    """What the fits make of the arrays of the layers that read."""
    onto: dict[WeightKey, dict[str, Array]] = defaultdict(dict)
    shifts: dict[WeightKey, Array] = {}
    for loss in losses:
        rows, constant = fits[loss.number]
        for matrix in loss.matrices:
            onto[matrix.key][matrix.symbol] = rows
            if constant is not None and matrix.bias is not None:
                shift = matrix.shift(loss.constants(constant))
                shifts[matrix.bias.key] = shifts.get(matrix.bias.key, 0.0) + shift
    return {key: Refit(onto.get(key, {}), shifts.get(key)) for key in dict.fromkeys((*onto, *shifts))}


def _error(full: Sight, other: Sight) -> float:
    """The mean square change of outputs, each relative to its variance."""
    found = 0.0
    for wanted, value in zip(full.outputs, other.outputs, strict=True):
        if wanted.shape != value.shape:
            return float("inf")
        with np.errstate(all="ignore"):
            change = float(np.mean((wanted - value) ** 2)) if wanted.size else 0.0
            found += change / max(float(np.var(wanted)), 1e-12)
    return found if np.isfinite(found) else float("inf")
