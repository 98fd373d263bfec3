"""Resizing: a plan whose layers are cut to the sizes that rules say, with everything that reads them.

The source Graph stays as the source is. The target has fewer units, and each array that has to do with them
ends with a step that leaves the others out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.cuts import Cuts
from lstm_migrate.planning.kept_features import Kept, KeptFeatures
from lstm_migrate.planning.plan import Plan
from lstm_migrate.planning.resizable import Resizable, looks_at_all, resizable
from lstm_migrate.planning.sizes import Sized, Sizes
from lstm_migrate.report import Note
from lstm_migrate.rules.cut import Positions


def resized(plan: Plan, sized: Sized, target: Vocabulary, *, allow_lossy: bool) -> Plan:
    """The plan with the units and inputs that the rules in `sized` leave.

    PlanError for sizes that cannot be, for layers that read what is gone, and for any loss that is not
    allowed.
    """
    if not sized:
        return plan
    asked = Asked(plan).gather(sized)
    followed = KeptFeatures(plan.source, asked.sizes, asked.units)
    followed.follow()
    if followed.problems:
        raise PlanError(followed.problems)
    lost = {name: kept for name, kept in asked.units.items() if not kept.whole}
    if lost and not allow_lossy:
        raise PlanError([_loss(kept, asked.sizes[name]) for name, kept in lost.items()])
    cuts = Cuts(plan, target)
    for name, kind in asked.kinds.items():
        cuts.make(kind, lost.get(name), followed.inputs.get(name))
    gone = {
        loop: tuple(sorted(set(range(kept.total)) - set(kept.positions)))
        for name, kept in lost.items()
        for loop in asked.kinds[name].loops
    }
    left: dict[LayerPath, Positions] = {
        (name,): kept.positions for name, kept in followed.outputs.items() if kept and not kept.whole
    }
    notes = [Note("limit", name, _note(kept)) for name, kept in lost.items()]
    return replace(cuts.plan, silenced=gone, kept=left, notes=(*plan.notes, *notes))


CHANGEABLE = "an LSTM, GRU or SimpleRNN of the outermost model, or for `inputs` a Dense layer"


@dataclass
class Asked:
    """What rules ask of the layers of the outermost model, by name; PlanError for what cannot be."""

    plan: Plan
    sizes: dict[str, Sizes] = field(default_factory=dict)
    kinds: dict[str, Resizable] = field(default_factory=dict)
    units: dict[str, Kept] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def gather(self, sized: Sized) -> Asked:
        """Goes through what is said of each layer."""
        for name, layer in self.plan.source.layers.items():
            said = {path: one for path, one in sized.items() if path[0] == name}
            if said:
                try:
                    self._layer(name, layer, said)
                except PlanError as error:
                    self.problems += error.problems
        if self.problems:
            raise PlanError(self.problems)
        return self

    def _layer(self, name: str, layer: Layer, said: Sized) -> None:
        one, where = next(iter(said.values())), next(iter(said.values())).where
        kind = resizable(layer, (name,))
        if kind is None:
            what = f"a layer of the model {name}" if layer.graph else f"a {layer.kind} layer"
            raise PlanError(f"the sizes of {what} cannot be changed", where=where, expected=CHANGEABLE)
        directions = {path[1] for path in said if len(path) > 1 and path[1].endswith("ward_layer")}
        if len(set(said.values())) > 1 or ((name,) not in said and len(directions) == 1):
            raise PlanError(f"the rules do not say the same of both directions of {name}", where=where)
        self.sizes[name], self.kinds[name] = one, kind
        if one.units is not None:
            self.units[name] = Kept(self._chosen(name, layer, kind, one), kind.units or 0, name)

    def _chosen(self, name: str, layer: Layer, kind: Resizable, said: Sizes) -> Positions:
        wrong = looks_at_all(layer)
        if not kind.loops:
            problem = f"the units of a {layer.kind} layer cannot be changed, only its inputs"
        elif kind.units is None:
            problem = f"nothing tells how many units {name} has, or its directions have different ones"
        elif wrong:
            problem = f"{name} cannot be cut: its {wrong} looks at all units at once"
        else:
            assert said.units is not None
            return said.chosen(said.units, kind.units, f"units of {name}")
        raise PlanError(problem, where=said.where)


def _loss(kept: Kept, said: Sizes) -> Problem:
    gone = kept.total - len(kept.positions)
    return Problem(
        f"{gone} of {kept.total} units of {kept.of} would be lost",
        said.where,
        hint="The new model computes something else than the old one. Allow it with --allow-lossy.",
    )


def _note(kept: Kept) -> str:
    shown = ", ".join(map(str, kept.positions[:4])) + (" …" if len(kept.positions) > 4 else "")
    return (
        f"{len(kept.positions)} of {kept.total} units are left (numbers {shown}), the others are lost: "
        "the new model computes something else than the old one"
    )
