"""Kept features: which of a tensor's features are left, from the layer that is cut to those that read it.

Followed through the layers of which it is plain. Where it is not, or where a reader still has arrays of the
old width, nothing can be cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Call, Graph, Layer, Ref, leaves, references
from lstm_migrate.planning.resizable import Resizable, hands_on, resizable
from lstm_migrate.planning.sizes import Sizes
from lstm_migrate.rules.cut import Positions


@dataclass(frozen=True)
class Kept:
    """Which of `total` features are left; they are units of the layer `of`."""

    positions: Positions
    total: int
    of: str

    @property
    def whole(self) -> bool:
        return self.positions == tuple(range(self.total))


@dataclass
class KeptFeatures:
    """Follows what is left of the `units` of some layers of one model.

    `asked`: what rules say, by layer. `inputs`: of the layers that read less, which inputs are left;
    `outputs`: of every layer that puts out less, which features are; None of layers that are whole.
    """

    graph: Graph
    asked: Mapping[str, Sizes]
    units: Mapping[str, Kept]
    inputs: dict[str, Kept | None] = field(default_factory=dict)
    outputs: dict[str, Kept | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    tensors: dict[Ref, Kept] = field(default_factory=dict)

    def follow(self) -> None:
        """Fills `inputs` and `outputs`; `problems` is what stands against the cut."""
        for call in self.graph.calls:
            try:
                self._call(call, self.graph.layers[call.layer])
            except PlanError as error:
                self.problems += error.problems
        self.problems = list(dict.fromkeys(self.problems))
        if self.problems:
            return
        for name, said in self.asked.items():
            if said.inputs is not None and self.inputs.get(name) is None:
                self.problems.append(_nothing_to_cut(name, said))

    def _call(self, call: Call, layer: Layer) -> None:
        name = call.layer
        fed = self._fed(call)
        kind = resizable(layer, (name,))
        if name in self.units and not self.units[name].whole:
            _check_stateless(call, layer)
        if kind is not None:
            out = self._put_out(name, kind)
            try:
                self._once(self.inputs, name, self._read(name, fed))
            except PlanError as error:
                # What it puts out is known all the same, and others may read that.
                self.problems += error.problems
        elif fed is None or hands_on(layer):
            out = fed
        elif fed.whole:
            out = None
        else:
            raise PlanError(
                f"what is left of {fed.of} cannot be followed through a {layer.kind} layer",
                where=name,
                expected="a Dense or recurrent layer, or one without arrays that hands each feature on",
            )
        self._once(self.outputs, name, out)
        if out is not None:
            for number in range(2):  # a Bidirectional layer may keep its directions apart
                self.tensors[Ref(name, call.index, number)] = out

    def _fed(self, call: Call) -> Kept | None:
        """What the call reads, if that has been cut."""
        cut = [ref for ref in references(call) if ref in self.tensors]
        if not cut:
            return None
        kept = self.tensors[cut[0]]
        if kept.whole and len(cut) > 1:
            return None
        if cut != [leaf for leaf in call.args[:1] if isinstance(leaf, Ref)]:
            raise PlanError(f"what is left of {kept.of} is not all that it reads", where=call.layer)
        return kept

    def _once(self, found: dict[str, Kept | None], name: str, kept: Kept | None) -> None:
        if found.setdefault(name, kept) != kept:
            raise PlanError("it is called on what is cut and on what is not, or is cut otherwise", where=name)

    def _read(self, name: str, fed: Kept | None) -> Kept | None:
        """What a layer with arrays is left of what it is fed; PlanError unless a rule says the same."""
        if fed is None:
            return None
        said, count = self.asked.get(name, Sizes()), len(fed.positions)
        if fed.whole and said.inputs is None:
            return fed
        if said.inputs is None:
            rule = f"Add `{name}: {{inputs: {count}}}` to `layers` in the mapping file."
            raise PlanError(
                f"reads {fed.total} features of {fed.of}, of which {count} are left",
                where=name,
                hint=f"Add `inputs: {count}` to its rule at {said.where}." if said.where else rule,
            )
        if said.inputs != count:
            raise PlanError(
                f"{name} is to read another number of inputs than {fed.of} has left",
                where=said.where,
                found=f"inputs: {said.inputs}",
                expected=f"inputs: {count}, of {fed.total}",
            )
        own = fed.positions
        if said.units is None and said.keep is not None:
            own = said.chosen(count, fed.total, "inputs")
        if own != fed.positions:
            raise PlanError(
                f"{name} is to keep other inputs than {fed.of} keeps units",
                where=said.where,
                hint="Leave `keep` out: the inputs that are left follow from the units.",
            )
        return fed

    def _put_out(self, name: str, kind: Resizable) -> Kept | None:
        units = self.units.get(name)
        if units is None or kind.merge != "concat":
            return units
        behind = tuple(place + units.total for place in units.positions)
        return Kept(units.positions + behind, 2 * units.total, units.of)


def _nothing_to_cut(name: str, said: Sizes) -> Problem:
    return Problem(
        f"nothing that {name} reads is cut",
        said.where,
        found=f"inputs: {said.inputs}",
        expected="a layer before it under a rule with `units`",
    )


def _check_stateless(call: Call, layer: Layer) -> None:
    """PlanError where states of a layer that is cut go in or out."""
    first = list(leaves(list(call.args[:1])))
    given = [*first[1:], *leaves([list(call.args[1:]), call.kwargs.get("initial_state")])]
    given = [leaf for leaf in given if leaf is not None]
    inner = [layer, *layer.children.values()]
    returned = any(item.config.get("return_state") for item in inner)
    if given or returned:
        said = "is given its first states" if given else "returns its states (return_state)"
        raise PlanError(f"{said}, and the sizes of states are not followed", where=call.layer)
