"""Values: the arrays of the full-size model, for what a rule decides by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.planning.plan import Assignment


class Values(Mapping[WeightKey, Array]):
    """Every variable of the model as converted, made when it is first asked for."""

    def __init__(self, assignments: Sequence[Assignment], read: Callable[[str], Array]) -> None:
        self._recipes = {item.target: item for item in assignments}
        self._read = read
        self._made: dict[WeightKey, Array] = {}

    def __getitem__(self, key: WeightKey) -> Array:
        if key not in self._made:
            self._made[key] = self._recipes[key].run(self._read)
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        return key in self._recipes

    def __iter__(self) -> Iterator[WeightKey]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)


@dataclass(frozen=True)
class Wanted:
    """What a user allows and gives beside the rules. `inputs`: arrays in the order of the model's inputs, by
    which units are chosen and readers fitted; `compensate`: fit the readers of every layer that is cut."""

    allow_lossy: bool = False
    inputs: tuple[Array, ...] | None = None
    compensate: bool = False
