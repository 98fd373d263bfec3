"""Expansion: what one source layer becomes in the target, and how its calls are wired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_migrate.architecture.chains import chain_graph
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Call, Graph, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.report import Note

# (call index, args, kwargs of the source's call) → (target calls, the Ref of output k)
Wiring = Callable[[int, tuple[Any, ...], Mapping[str, Any]], tuple[list[Call], Callable[[int], Ref]]]


@dataclass(frozen=True)
class Expansion:
    """One source layer's target layers, in the order in which they are called.

    Without `wiring` they form a chain: the first takes the call's arguments, each other one the output
    before it. Paths in `assignments` start at one of `layers`. `fed`: the shape, without the batch, of the
    one tensor that a wired expansion takes, where its arrays tell it.
    """

    layers: tuple[Layer, ...]
    assignments: tuple[Assignment, ...] = ()
    notes: tuple[Note, ...] = ()
    wiring: Wiring | None = None
    fed: tuple[int, ...] | None = None

    def wire(
        self, index: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Call], Callable[[int], Ref]]:
        """The target's calls for one call of the source layer."""
        if self.wiring is not None:
            return self.wiring(index, args, kwargs)
        calls = []
        for layer in self.layers:
            calls.append(Call(layer.name, index, args, kwargs))
            args, kwargs = (Ref(layer.name, index, 0),), {}
        last = self.layers[-1].name
        return calls, lambda output: Ref(last, index, output)


def as_one(expansion: Expansion) -> Expansion:
    """The expansion as a single layer, for where only one may stand: a chain becomes a Sequential model, and
    what is wired otherwise a functional one.

    PlanError if it is not known what that one is fed.
    """
    if expansion.wiring is not None and expansion.fed is not None:
        return _functional(expansion, expansion.wiring, expansion.fed)
    if len(expansion.layers) == 1 and not expansion.layers[0].kind.startswith("ops."):
        # Its own wiring, if it has one, only sorts states; inside a wrapper these are the wrapper's to sort.
        return expansion
    if expansion.wiring is not None:
        name = expansion.layers[0].name
        raise PlanError(
            "what this layer is rebuilt from cannot stand inside a wrapper",
            where=name,
            found="; ".join(note.text for note in expansion.notes),
        )
    layers = expansion.layers
    name = f"{layers[0].name}_chain"
    first = Layer(f"{name}_input", "InputLayer", {"batch_shape": None, "dtype": layers[0].dtype})
    model = Layer(name, "Model", graph=chain_graph(name, first, list(layers)))
    return replace(expansion, layers=(model,), assignments=placed(expansion.assignments, (name,)))


def _functional(expansion: Expansion, wiring: Wiring, fed: tuple[int, ...]) -> Expansion:
    last = expansion.layers[-1]
    name = f"{last.name}_parts"
    first = Layer(f"{name}_input", "InputLayer", {"batch_shape": (None, *fed), "dtype": last.dtype})
    calls, result = wiring(0, (Ref(first.name, 0, 0),), {})
    layers = {item.name: item for item in (first, *expansion.layers)}
    graph = Graph(name, layers, tuple(calls), (first.name,), result(0))
    model = Layer(name, "Model", graph=graph)
    return Expansion((model,), placed(expansion.assignments, (name,)), expansion.notes)


def placed(assignments: tuple[Assignment, ...], above: LayerPath) -> tuple[Assignment, ...]:
    """The assignments with `above` put in front of their paths."""
    return tuple(
        replace(item, target=WeightKey((*above, *item.target.path), item.target.role)) for item in assignments
    )


def labelled(expansion: Expansion, above: LayerPath, label: str) -> tuple[Assignment, ...]:
    """The assignments of a single wrapped layer, which is known by its label, not by its name."""
    return tuple(
        replace(item, target=WeightKey((*above, label, *item.target.path[1:]), item.target.role))
        for item in expansion.assignments
    )


@dataclass
class Names:
    """Layer names of one target model: mended where Keras 3 forbids them, unique always."""

    taken: set[str] = field(default_factory=set)

    @staticmethod
    def mend(wanted: str) -> str:
        """`wanted` with what Keras 3 forbids replaced."""
        return mended(wanted)

    def unique(self, wanted: str) -> str:
        """`wanted`, mended, or with a counter behind it if it is taken."""
        name, counter = mended(wanted), 0
        base = name
        while name in self.taken:
            counter += 1
            name = f"{base}_{counter}"
        self.taken.add(name)
        return name


_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def mended(name: str) -> str:
    """`name` with what Keras 3 forbids in a layer's name (a slash above all) replaced by "_"."""
    clean = "".join(char if char in _ALLOWED else "_" for char in name)
    return clean if clean[:1].isalnum() or clean[:1] in (".", "_") else f"layer{clean}"
