"""A cell in a file: its arrays as the file has them, in Keras's orientation and order of gates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from lstm_migrate.errors import UsageError
from lstm_migrate.gates.block import Block
from lstm_migrate.gates.cell import Gates
from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.derive import Way, ways
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Array, Form, Join, loose_names, unfold
from lstm_migrate.opening import Planned
from lstm_migrate.planning.cells import stored_as
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.slots import gate_roles
from lstm_migrate.weights import Weights


@dataclass
class Opened:
    """An opened source with its plan; `open` as long as arrays can be read."""

    found: Planned
    open: bool = True
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        found, checkpoint = self.found, self.found.checkpoint
        plan = found.plan
        self.context = Context(
            found.source,
            found.target,
            plan.bound,
            checkpoint.tensors,
            checkpoint.writer.backend,
            plan.semantics[0],
        )
        self._weights = Weights(plan.bound, checkpoint.read)

    def read(self, key: WeightKey) -> Array:
        """The array that belongs at `key`, as stored; UsageError once the file is closed."""
        if not self.open:
            raise UsageError(
                "the file is closed",
                where="/".join(key.path),
                hint="Read gates inside the `with open_layers(...)` block, or copy them there.",
            )
        return self._weights[key]


def stored_gates(layer: Layer, path: LayerPath, opened: Opened) -> Gates:
    """The gates of the cell at `path` in the source's Graph."""
    context = opened.context
    wanted = as_target(layer, context)
    described, target = context.source.cell(layer), context.target.cell(wanted)
    assert described is not None and target is not None, "the table of cells has it"
    layout, sizes = described
    sizes = context.solved(layout, path, sizes)
    roles = context.roles(path)
    present = frozenset(role for role, names in stored_as(layout).items() if names <= roles)
    at = layer.storage.at if layer.storage else {}
    found = ways(context.stored(layout, layer.kind), target[0], sizes, present, at, fill=True)
    blocks: dict[str, Block] = {}
    for role in ("kernel", "recurrent_kernel", "bias"):
        if role in found:
            blocks |= _blocks(role, found[role], [*_keys(found[role], layout, path)], opened)
    reset_after = bool(wanted.config.get("reset_after"))
    return Gates("/".join(path), layout.cell, blocks, reset_after, tuple(_differences(layout)))


def as_target(layer: Layer, context: Context) -> Layer:
    """The layer as Keras 3's kind, without the keys that only told how the source packs its arrays."""
    becomes = context.source.document.cells[layer.kind].becomes
    kind = (becomes and becomes.kind) or layer.kind
    config = {**layer.config, **(becomes.config if becomes else {})}
    kept = {key: value for key, value in config.items() if context.target.keeps(kind, key)}
    return replace(layer, kind=kind, config=kept, storage=None)


def _keys(way: Way, layout: Layout, path: LayerPath) -> Iterator[WeightKey]:
    for role in way.sources:
        for name in gate_roles(layout, role):
            yield WeightKey(path, name)


def _blocks(role: str, way: Way, keys: list[WeightKey], opened: Opened) -> dict[str, Block]:
    """The array as a block, or as two if it holds two biases: set and gate in front, the rest as in Keras."""
    front = [name for name in ("set", "gate") if name in way.form.axes.symbols]
    rest = [name for name in loose_names(way.goal) if name not in ("set", "gate")]
    form = Form(Axes(tuple(map(Symbol, (*front, *rest)))), way.form.sizes, way.form.gates)

    @cache
    def values() -> Array:
        read = [opened.read(key) for key in keys]
        value = read[0]
        for step in way.steps:
            value = step.apply(step.join(read) if isinstance(step, Join) else value)
        loose, names = unfold(value, way.form)
        return loose.transpose([names.index(name) for name in (*front, *rest)])

    if "set" not in front:
        return {role: Block(form, values)}
    return {name: Block(form, values, place) for place, name in enumerate((role, f"recurrent_{role}"))}


def _differences(layout: Layout) -> Iterator[str]:
    """What the cell computes otherwise than Keras's with the same arrays."""
    if layout.forget_bias:
        yield f"{layout.forget_bias:g} is added to its forget bias at run time"
    if layout.update_gate != "keeps":
        yield "its update gate is 1 minus Keras's"
    if layout.coupled:
        other = "forget" if layout.coupled == "input" else "input"
        yield f"its {layout.coupled} gate is not stored, but 1 minus its {other} gate"
