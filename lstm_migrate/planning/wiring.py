"""Wiring: the calls of a layer that is rebuilt from several which are not a mere chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.graph import Call, Layer, Ref
from lstm_migrate.planning.expansion import Wiring


@dataclass
class Wires:
    """The target's calls for one call of the source's layer, and the layers that they call.

    `name`: the source's layer, whose name stands in front of the parts' names.
    """

    name: str
    dtype: str
    index: int = 0
    calls: list[Call] = field(default_factory=list)
    layers: dict[str, Layer] = field(default_factory=dict)

    def call(self, layer: Layer, *args: Any, turn: int = 0, turns: int = 1) -> Ref:
        """The layer's output for these arguments; `turns`: how often it is called, this time as `turn`."""
        index = self.index * turns + turn
        self.layers.setdefault(layer.name, layer)
        self.calls.append(Call(layer.name, index, args))
        return Ref(layer.name, index, 0)

    def operation(self, part: str, kind: str, *args: Any, **arguments: Any) -> Ref:
        """The output of keras.ops.<kind>; without a part it is the whole and has the layer's own name."""
        made = Layer(f"{self.name}_{part}" if part else self.name, f"ops.{kind}")
        self.layers.setdefault(made.name, made)
        self.calls.append(Call(made.name, self.index, args, arguments))
        return Ref(made.name, self.index, 0)

    def stock(self, part: str, kind: str, *args: Any, **config: Any) -> Ref:
        """The output of a stock layer without arrays, called so."""
        name = f"{self.name}_{part}" if part else self.name
        return self.call(Layer(name, kind, config, dtype=self.dtype), *args)


# Given the wires and what the source's layer is fed, the output.
Computed = Callable[[Wires, Any], Ref]


def wired(layer: Layer, computed: Computed) -> tuple[tuple[Layer, ...], Wiring]:
    """The layers that `computed` calls, in that order, and the wiring that calls them."""

    def wire(
        index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        wires = Wires(layer.name, layer.dtype, index)
        result = computed(wires, args[0])
        return wires.calls, lambda output: result

    tried = Wires(layer.name, layer.dtype)
    # Which layers are called does not depend on what they are fed; a merge is fed a list.
    fed = Ref(layer.name, 0, 0)
    computed(tried, [fed, fed])
    return tuple(tried.layers.values()), wire
