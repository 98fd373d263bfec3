"""Salience: how much a unit says, by its numbers alone or by what it does on given inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.resizing.activities import Laboratory
from lstm_migrate.resizing.assembling import roots_of
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed, Side
from lstm_migrate.resizing.readers import Matrix, Readers
from lstm_migrate.resizing.standing import Standing


def most_salient(saliences: Sequence[float] | Array, count: int) -> tuple[int, ...]:
    """The places of the `count` units that say most, in ascending order; of equals the earlier stay."""
    order = np.argsort(-np.asarray(saliences, np.float64), kind="stable")
    return tuple(sorted(order[:count].tolist()))


def by_norm(followed: Followed, values: Mapping[WeightKey, Array], ids: Ids) -> Array:
    """For each element the length of what makes it times the length of what reads it.

    Pruning by magnitude, as filters are pruned by the sum of their numbers (Li et al. 2017, "Pruning Filters
    for Efficient ConvNets"), for both sides of a unit: their product stays what it is where one is scaled up
    and the other down. Biases say nothing of how much a unit listens; they count where nothing else makes it.
    """
    roots = roots_of(followed.elements, ids)
    sides: tuple[Side, ...] = ("incoming", "outgoing")
    found = [_lengths(followed, values, roots, side) for side in sides]
    there = [one for one in found if one is not None]
    if not there:
        # The rows of a table are made by nothing and read by nothing: they are what they hold.
        held = _lengths(followed, values, roots, "each")
        there = [np.ones(len(roots)) if held is None else held]
    return np.asarray(np.sqrt(np.prod(there, axis=0)))


def by_activity(followed: Followed, laboratory: Laboratory, ids: Ids) -> Array:
    """For each element its share, from 0 to 1, in what its readers hear of all of them on the laboratory's
    inputs: the mean square of its value times the sum of squares of its rows.

    That is |weight| · ‖activation‖ as in Wanda (Sun et al. 2024, "A Simple and Effective Pruning Approach for
    Large Language Models"), for a unit as a whole. Each reader counts alike: a Dense layer of one unit is not
    drowned by the gates of the cell. Of what layers mix in other ways the value alone counts.
    """
    roots = roots_of(followed.elements, ids)
    number_of = {root: number for number, root in enumerate(roots)}
    readers = Readers(followed, dict(laboratory.graph.walk()), laboratory.weights)
    numbers = [
        number
        for number, read in enumerate(followed.reads)
        if number_of.keys() & set(roots_of(followed.elements, read.ids))
    ]
    reads = [followed.reads[number] for number in numbers]
    found = np.zeros(len(roots))
    for number, read, rows in zip(numbers, reads, laboratory.sight(reads).rows, strict=True):
        said = np.mean(rows * rows, axis=0) * _heard(readers.matrices(number), len(read.ids))
        heard = np.zeros(len(roots))
        for place, root in enumerate(roots_of(followed.elements, read.ids)):
            if root in number_of:
                heard[number_of[root]] += said[place]
        found += heard / (heard.sum() or 1.0)
    return found / max(1, len(reads))


def _heard(matrices: Sequence[Matrix], count: int) -> Array:
    """For each feature of a read the sum of squares of its rows."""
    if not matrices:
        return np.ones(count)
    return np.asarray(np.sum([matrix.sizes for matrix in matrices], axis=0))


def _lengths(
    followed: Followed, values: Mapping[WeightKey, Array], roots: Sequence[int], side: Side
) -> Array | None:
    """For each root the sum of squares of all that arrays hold for it on one side of it; None if there are
    none."""
    standings = [
        Standing(placed, symbol, followed.elements, partial(values.__getitem__, key))
        for key, placed in followed.arrays.items()
        for symbol, own in placed.sides.items()
        if own == side
    ]
    there = [one for one in standings if one.places.keys() & set(roots)]
    if not there:
        return None
    found = np.zeros(len(roots))
    for one in [one for one in there if _is_matrix(one)] or there:
        sizes = one.sizes
        found += [sum(sizes[place] for place in one.places.get(root, ())) for root in roots]
    return found


def _is_matrix(one: Standing) -> bool:
    return bool(one.placed.form.axes.symbols - {one.symbol, "gate", "set"})
