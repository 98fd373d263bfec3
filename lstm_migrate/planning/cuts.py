"""Cuts: the target's layers and arrays cut to the units and inputs that are left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.steps import Form
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.kept_features import Kept
from lstm_migrate.planning.plan import Assignment, Plan
from lstm_migrate.planning.resizable import Resizable
from lstm_migrate.rules.cut import Cut


@dataclass
class Cuts:
    """Cuts the target's layers and the arrays that go to them, one after the other."""

    plan: Plan
    target: Vocabulary

    def make(self, kind: Resizable, units: Kept | None, inputs: Kept | None) -> None:
        """One layer cut to the units and the inputs that are left; None for all."""
        inputs = None if inputs is None or inputs.whole else inputs
        if units is None and inputs is None:
            return
        for holder in kind.holders:
            place = self._place(holder)
            layer = dict(self.plan.target.walk())[place]
            assignments = tuple(
                self._cut(item, layer, units, inputs) if item.target.path == place else item
                for item in self.plan.assignments
            )
            self.plan = replace(self.plan, assignments=assignments)
            if units is not None:
                self._change(place, len(units.positions))

    def _place(self, holder: LayerPath) -> LayerPath:
        """Where in the target the arrays of a source layer go."""
        names = {name for key, name in self.plan.bound.items() if key.path == holder}
        places = {item.target.path for item in self.plan.assignments if names & set(item.tensors)}
        moved = self.plan.moved.get(holder)
        if moved in places:  # both directions may come out of the same arrays
            return moved
        if len(places) != 1:
            raise PlanError("a layer that is rebuilt as several cannot be cut", where="/".join(holder))
        return places.pop()

    def _change(self, place: LayerPath, units: int) -> None:
        def change(path: LayerPath, layer: Layer) -> Layer:
            return replace(layer, config={**layer.config, "units": units}) if path == place else layer

        self.plan = replace(self.plan, target=self.plan.target.changed(change))

    def _cut(self, item: Assignment, layer: Layer, units: Kept | None, inputs: Kept | None) -> Assignment:
        form = self._form(item, layer)
        wanted = {"x": inputs, "u": units, "h": units}
        kept = {symbol: one for symbol, one in wanted.items() if one and symbol in form.axes.symbols}
        if not kept:
            return item
        wrong = [f"{symbol}={one.total}" for symbol, one in kept.items() if form.sizes[symbol] != one.total]
        if wrong:
            expected = f"{form.axes} with {', '.join(wrong)}"
            raise PlanError(
                "an array is not of these sizes",
                where=str(item.target),
                found=str(form.shape),
                expected=expected,
            )
        said = [f"{len(one.positions)} of {one.total} {WORDS[symbol]}" for symbol, one in kept.items()]
        places = {symbol: one.positions for symbol, one in kept.items()}
        step = Cut(form, places, " and ".join(said))
        forms = (item.forms[0], step.after) if item.forms else None if item.steps else (form, step.after)
        return replace(item, steps=(*item.steps, step), shape=step.shape, forms=forms, kept=places)

    def _form(self, item: Assignment, layer: Layer) -> Form:
        """How the array lies in the target before it is cut."""
        cell = self.target.cell(layer)
        if cell is None:
            axes = Axes.parse(self.target.document.classes[layer.kind].axes[item.target.role])
            return Form(axes, _solved(axes, item.shape, {}))
        layout, sizes = cell
        tensor = layout.tensors[item.target.role]
        known = _solved(tensor.axes, item.shape, layout.sizes_of(tensor, sizes))
        return Form(tensor.axes, known, layout.gates.only(layout.gates_of(tensor)), tensor.poured)


def _solved(axes: Axes, shape: tuple[int, ...], known: Mapping[str, int]) -> dict[str, int]:
    sizes = solve(axes, shape, known)
    assert sizes is not None, "planning made the array by these axes"
    return sizes


WORDS: Mapping[str, str] = {"x": "inputs", "u": "units", "h": "states"}
