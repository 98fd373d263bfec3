"""Outlook: what the layers further down a chain tell about the outputs of one above them."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_migrate.inference.arrays import Fit
from lstm_migrate.inference.traits import ACTING, SEQUENCES, TRAITS

# They leave neither the number of features nor the features themselves in their places.
_REORDERING = frozenset({"Flatten", "Reshape", "Permute"})
_IDLE = frozenset(
    {"Dropout", "BatchNormalization", "ActivityRegularization", "GaussianNoise", "GaussianDropout"}
)
FLAT = "flat"


class Outlook:
    """Looks down the chain of `parts`, from the layer at a place on."""

    def __init__(self, parts: Sequence[Fit]) -> None:
        self.parts = parts

    def axes(self, place: int) -> int | str | None:
        """How many axes the layers from `place` on must be given; FLAT where they are flattened first."""
        for part in self.parts[place:]:
            kind = part.layer.kind
            if kind == "Flatten":
                return FLAT
            if TRAITS[kind].takes is not None:
                return TRAITS[kind].takes
            if kind == "Reshape":
                return None
        return None

    def width(self, place: int) -> int | None:
        """How many features the layers from `place` on must be given; None if they do not tell."""
        for part in self.parts[place:]:
            if part.width is not None:
                return part.width
            if part.layer.kind in _REORDERING or part.gives is not None:
                return None
        return None

    def flat_width(self, place: int) -> int | None:
        """The features of the layer behind the Flatten that is next; None if there is no such."""
        for number, part in enumerate(self.parts[place:], place):
            if part.layer.kind == "Flatten":
                return self.width(number + 1)
            if part.width is not None and part.gives is not None:
                return None
        return None

    def is_acted_on(self, place: int) -> bool:
        """Whether an activation layer stands behind the layer before `place`."""
        for part in self.parts[place:]:
            if part.layer.kind in ACTING:
                return True
            if part.layer.kind not in _IDLE:
                return False
        return False

    def is_last(self, place: int) -> bool:
        """Whether nothing from `place` on has arrays that multiply what it is given."""
        return not any(part.gives is not None for part in self.parts[place:])

    def heeds_masks(self, place: int) -> bool:
        """Whether a mask that starts before `place` reaches a layer that heeds it."""
        for part in self.parts[place:]:
            if part.layer.kind in SEQUENCES or part.layer.kind == "GlobalAveragePooling1D":
                return True
            if not TRAITS[part.layer.kind].keeps_mask:
                return False
        return False
