"""Sizes: what rules say of how many units and inputs a layer is to have, and how many its arrays have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lstm_migrate.checkpoint import Checkpoint, TensorInfo
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Graph, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.mapping.rule_grammar import LayerRule
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.planning.make_plan import BINDERS
from lstm_migrate.planning.packing import as_packed
from lstm_migrate.planning.slots import gate_roles
from lstm_migrate.rules.cut import Positions

Keep = str | Positions


@dataclass(frozen=True)
class Sizes:
    """What rules say of one layer: None where they say nothing. `where`: in which line of which file."""

    units: int | None = None
    inputs: int | None = None
    keep: Keep | None = None
    where: str = field(default="", compare=False)

    @staticmethod
    def of(rule: LayerRule, where: str) -> Sizes | None:
        """What a rule says of sizes; None if nothing."""
        if rule.units is None and rule.inputs is None:
            return None
        said = rule.keep if "keep" in rule.model_fields_set else None
        return Sizes(rule.units, rule.inputs, tuple(said) if isinstance(said, list) else said, where)

    def chosen(self, count: int, total: int, what: str) -> Positions:
        """The positions that are kept of `total`; PlanError if there are no such ones."""
        if count > total:
            raise PlanError(
                f"more {what} than there are", where=self.where, found=str(count), expected=f"at most {total}"
            )
        if not isinstance(self.keep, tuple):
            start = total - count if self.keep == "last" else 0
            return tuple(range(start, start + count))
        if len(self.keep) != count:
            found = f"{len(self.keep)} numbers"
            raise PlanError("`keep` is of another length", where=self.where, found=found, expected=str(count))
        strange = [str(place) for place in self.keep if place >= total]
        if strange:
            raise PlanError(
                f"`keep` names {what} that are not there",
                where=self.where,
                found=", ".join(strange[:8]),
                expected=f"numbers from 0 to {total - 1}",
            )
        return self.keep


Sized = Mapping[LayerPath, Sizes]


def units_as_stored(
    graph: Graph,
    sized: Sized,
    checkpoint: Checkpoint,
    vocabulary: Vocabulary,
    bound: Mapping[WeightKey, str] | None,
) -> Graph:
    """The graph with as many units as the arrays have, in layers whose units a rule changes.

    The architecture of such layers may be that of the new model, given beside the old arrays.
    """
    names = {path[0] for path, said in sized.items() if said.units is not None}
    free = graph.changed(lambda path, layer: _without_units(layer, vocabulary) if path[0] in names else layer)
    if not names or free == graph:
        return graph
    if bound is None:
        free, _ = as_packed(free, checkpoint, vocabulary)
        bound, _ = BINDERS.get(checkpoint.format, bind)(free, checkpoint, vocabulary)
    found = {
        path: _units_of(layer, path, bound, checkpoint.tensors, cell[0])
        for path, layer in free.walk()
        if path[0] in names and (cell := vocabulary.cell(layer)) is not None
    }

    def sized_again(path: LayerPath, layer: Layer) -> Layer:
        return replace(layer, config={**layer.config, "units": found[path]}) if found.get(path) else layer

    return graph.changed(sized_again)


def _without_units(layer: Layer, vocabulary: Vocabulary) -> Layer:
    if vocabulary.cell(layer) is None:
        return layer
    return replace(layer, config={key: value for key, value in layer.config.items() if key != "units"})


def _units_of(
    layer: Layer,
    path: LayerPath,
    bound: Mapping[WeightKey, str],
    tensors: Mapping[str, TensorInfo],
    layout: Layout,
) -> int | None:
    """The units by the recurrent arrays, the only ones that have as many rows; None if these disagree."""
    found: set[int] = set()
    for role, tensor in layout.tensors.items():
        for name in gate_roles(layout, role):
            key = WeightKey(path, name)
            if "h" in tensor.axes.symbols and key in bound:
                shape = tensors[bound[key]].shape
                found |= set(_counted(tensor.axes, shape, layout.sizes_of(tensor, {})))
    return found.pop() if len(found) == 1 else None


def _counted(axes: Axes, shape: tuple[int, ...], known: Mapping[str, int]) -> Iterator[int]:
    """What each axis of an array by itself says of u, or of h."""
    for axis, size in zip(axes.items, shape, strict=False):
        one = Axes((axis,))
        solved = solve(one, (size,), known) if len(one.symbols - known.keys()) == 1 else None
        yield from (solved[symbol] for symbol in ("u", "h") if solved and symbol in one.symbols)
