"""Side: one of two models of other sizes: how it is given inputs made for the full one, what both put out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lstm_migrate.reference.scope import Array
from lstm_migrate.restriction import NEW, Feed, Places, Restriction

SEED = 5  # of what new features are fed: whatever it is, the outputs must not depend on it


@dataclass(frozen=True)
class Part:
    """The positions along `axis` of an output that the other model has, too, in a common order.

    `normalised`: they are then scaled to the sum of 1.
    """

    axis: int
    places: Places
    normalised: bool

    def of(self, output: Array) -> Array:
        """The part of one output."""
        value = np.take(output, self.places, axis=self.axis)
        if not self.normalised:
            return value
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(value / value.sum(axis=self.axis, keepdims=True))


@dataclass(frozen=True)
class Side:
    """`feeds` and `parts` by the number of an input and an output, None where both models agree.

    `full`: it is the model that the inputs were made for. Tokens that only it knows are replaced by known
    ones on both sides. `mask_values`: by input, which value marks a step that is not there: new features of
    such a step have it, too.
    """

    feeds: tuple[Feed | None, ...] = ()
    parts: tuple[Part | None, ...] = ()
    full: bool = True
    mask_values: Mapping[int, float] = field(default_factory=dict)

    def given(self, inputs: Sequence[Array]) -> list[Array]:
        """What this model is called with."""
        feeds = self.feeds or (None,) * len(inputs)
        return [
            value if feed is None else self._given(number, value, feed)
            for number, (value, feed) in enumerate(zip(inputs, feeds, strict=True))
        ]

    def takes(self, number: int, shape: Sequence[int | None] | None) -> Sequence[int | None] | None:
        """The shape of an input whose shape in the full model is this one."""
        feed = self.feeds[number] if self.feeds else None
        if self.full or feed is None or feed.places is None or shape is None:
            return shape
        return (*shape[:-1], len(feed.places))

    def shared(self, outputs: Sequence[Array]) -> list[Array]:
        """Of one call's outputs what both models have."""
        parts = self.parts or (None,) * len(outputs)
        pairs = zip(outputs, parts, strict=True)
        return [value if part is None else part.of(value) for value, part in pairs]

    def _given(self, number: int, value: Array, feed: Feed) -> Array:
        if feed.tokens is not None:
            value = _known(value, feed.tokens)
            if not self.full:
                value = np.asarray(feed.tokens)[value.astype(np.int64)].astype(value.dtype)
        if self.full or feed.places is None:
            return value
        return self._placed(value, feed.places, self.mask_values.get(number))

    def _placed(self, value: Array, places: Places, mask_value: float | None) -> Array:
        new = np.array(places) == NEW
        made = np.asarray(value[..., np.maximum(places, 0)])
        random = np.random.default_rng([SEED, *made.shape])
        floats = made.dtype.kind == "f"
        fed = random.normal(size=made.shape) if floats else random.integers(0, 2, made.shape)
        made[..., new] = fed[..., new].astype(made.dtype)
        if mask_value is not None:
            nothing = np.all(value == np.asarray(mask_value, value.dtype), axis=-1, keepdims=True)
            made = np.where(nothing, np.asarray(mask_value, made.dtype), made)
        return made


WHOLE = Side()


def _known(value: Array, tokens: Places) -> Array:
    """The tokens, those that the resized model lacks replaced by ones that it has; not by 0, which may say
    that nothing is there."""
    known = [old for old, new in enumerate(tokens) if new != NEW]
    others = np.array([old for old in known if old] or known)
    rows = value.astype(np.int64)
    lost = ~np.isin(rows, known)
    return np.where(lost, others[rows % len(others)], rows).astype(value.dtype)


def sides(restriction: Restriction, mask_values: Mapping[int, float]) -> tuple[Side, Side]:
    """(the full model's side, the resized one's)."""
    full, resized = (
        tuple(
            None if one is None else Part(one.axis, getattr(one, side), one.normalised)
            for one in restriction.shown
        )
        for side in ("full", "resized")
    )
    feeds = restriction.feeds
    return Side(feeds, full, True, mask_values), Side(feeds, resized, False, mask_values)
