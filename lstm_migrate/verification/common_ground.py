"""Common ground: whether what two models of other sizes are compared in is as much as it should be.

Which outputs they share, and which tokens both know, comes from the plan. A plan that said too little would
leave the comparison nothing to see, so it is held against the models and against what became of the arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from lstm_migrate.reference.scope import Array, NoReference, ShapeTooSmall
from lstm_migrate.restriction import NEW, Feed, Places
from lstm_migrate.verification.behaviour import raw_outputs
from lstm_migrate.verification.probes import probes
from lstm_migrate.verification.side import Part
from lstm_migrate.verification.subject import Recipe, Subject


def faults(subject: Subject, *, exact: bool) -> list[str]:
    """What is wrong with the ground on which the second half of a proof stands, in words.

    `exact`: nothing may be left out of the comparison but what is new.
    """
    full, resized = subject.source, subject.target
    found = [
        said
        for number, feed in enumerate(full.side.feeds)
        if feed is not None
        for said in _tokens(number, feed, subject.recipes)
    ]
    if not any(part is not None for part in full.side.parts):
        return found
    try:
        inputs, wanted = next(iter(probes(full.graph, lambda given: raw_outputs(full, given))))
        made = raw_outputs(resized, inputs)
    except (NoReference, ShapeTooSmall):
        return found  # then nothing is compared
    left: dict[int, list[int]] = {}
    for places in (places for recipe in subject.recipes for places in recipe.kept.values()):
        left.setdefault(len(places), []).append(len(set(places) - {NEW}))
    pairs = zip_longest(full.side.parts, resized.side.parts)
    for number, (one, other) in enumerate(pairs):
        if one is not None or other is not None:
            found += _parts(number, one, other, wanted[number], made[number], left, exact)
    return found


def _parts(
    number: int,
    one: Part | None,
    other: Part | None,
    full: Array,
    resized: Array,
    left: Mapping[int, Sequence[int]],
    exact: bool,
) -> Iterator[str]:
    """`left`: by the size of an axis, how many old places axes of that size have left."""
    if one is None or other is None or one.axis != other.axis or len(one.places) != len(other.places):
        yield f"output {number}: the two models are compared in different parts of it"
        return
    sizes = full.shape[one.axis], resized.shape[one.axis]
    for places, size in ((one.places, sizes[0]), (other.places, sizes[1])):
        if len(set(places)) < len(places) or any(not 0 <= place < size for place in places):
            yield f"output {number}: {places} are no places among {size}"
    least = sizes[0] if exact else min((*sizes, *left.get(sizes[1], ())))
    if len(one.places) < least:
        yield f"output {number}: compared at {len(one.places)} places only, of {sizes[0]} and {sizes[1]}"


def _tokens(number: int, feed: Feed, recipes: Sequence[Recipe]) -> Iterator[str]:
    """Tokens must go where the rows of a table went."""
    if feed.tokens is None:
        return
    tables = [recipe.kept["n"] for recipe in recipes if "n" in recipe.kept]
    if not any(_renumbered(places, len(feed.tokens)) == tuple(feed.tokens) for places in tables):
        yield f"input {number}: its tokens get other numbers than the rows of any table"


def _renumbered(places: Places, count: int) -> Places:
    new = {old: row for row, old in enumerate(places) if old != NEW}
    return tuple(new.get(old, NEW) for old in range(count))
