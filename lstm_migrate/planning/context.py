"""Context: what every part of the planning may ask: both vocabularies, what is bound, the headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes, Group, Symbol, solve
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Form, Rearrange, Step
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.slots import first_fit, gate_roles, shapes

STORED_BY_POLICY = {"mixed_float16": "float32", "mixed_bfloat16": "float32"}


@dataclass(frozen=True)
class Context:
    """The fixed facts of one planning. `backend` is what the source computed with, `renamed` which layers
    are to have other names."""

    source: Vocabulary
    target: Vocabulary
    bound: Mapping[WeightKey, str]
    tensors: Mapping[str, TensorInfo]
    backend: str
    semantics: Mapping[str, object]
    renamed: Mapping[LayerPath, str] = field(default_factory=dict)

    @cached_property
    def _roles(self) -> dict[LayerPath, frozenset[str]]:
        found: dict[LayerPath, set[str]] = {}
        for key in self.bound:
            found.setdefault(key.path, set()).add(key.role)
        return {path: frozenset(roles) for path, roles in found.items()}

    def roles(self, path: LayerPath) -> frozenset[str]:
        """The roles of the arrays that the file holds for the layer at `path`."""
        return self._roles.get(path, frozenset())

    def info(self, key: WeightKey) -> TensorInfo:
        """The header of the array that belongs at `key`."""
        return self.tensors[self.bound[key]]

    def solved(self, layout: Layout, path: LayerPath, sizes: Mapping[str, int]) -> dict[str, int]:
        """All sizes of a layout's arrays at `path`, each array agreeing with the others."""
        known = layout.sizes(sizes)
        arrays = [
            (tensor, name) for role, tensor in layout.tensors.items() for name in gate_roles(layout, role)
        ]
        for tensor, role in arrays:
            key = WeightKey(path, role)
            if key not in self.bound:
                continue
            own = {**known, "gate": len(layout.gates_of(tensor))} if tensor.gates else known
            found = solve(tensor.axes, self.info(key).shape, own)
            if found is None:
                raise PlanError(
                    f"the shape of {self.bound[key]!r} does not fit the layer's other arrays",
                    where=f"{'/'.join(path)}: {role}",
                    found=str(self.info(key).shape),
                    expected=f"{tensor.axes} with {', '.join(f'{k}={v}' for k, v in known.items())}",
                )
            known = {**found, "gate": known["gate"]} if "gate" in known else found
        return known

    def flips(self, kind: str, role: str) -> bool:
        """Whether this source stores the array turned by 180° in its spatial axes."""
        declared = self.source.document.backends.get(self.backend)
        return declared is not None and role in declared.flipped.get(kind, [])

    def stored(self, layout: Layout, kind: str) -> Layout:
        """`layout` as this file's backend stored it: spatial axes flipped where it turns kernels."""
        tensors = {
            role: replace(tensor, axes=turned(tensor.axes)) if self.flips(kind, role) else tensor
            for role, tensor in layout.tensors.items()
        }
        return replace(layout, tensors=tensors)

    def assignment(
        self,
        layer: Layer,
        role: str,
        tensors: tuple[str, ...],
        steps: tuple[Step, ...],
        shape: tuple[int, ...],
        forms: tuple[Form, Form] | None = None,
    ) -> Assignment:
        """How the array `role` of a target layer is made, in the dtype in which its policy stores it.

        Its path starts at the layer; whoever places the layer puts what is above it in front.
        """
        dtype = STORED_BY_POLICY.get(layer.dtype, layer.dtype)
        return Assignment(WeightKey((layer.name,), role), tensors, role, steps, shape, dtype, forms)

    def in_order(self, layer: Layer, key: WeightKey) -> tuple[Rearrange, ...]:
        """The step that brings an array from the source's order of axes to Keras 3's, if they differ."""
        role, info = key.role, self.info(key)
        declared = self.source.document.classes[layer.kind]
        wanted = declared.axes.get(role)
        if wanted is None:
            return ()
        ways, known = shapes(layer, self.source)
        stored = first_fit(ways[role], info.shape, known)
        assert stored is not None, "binding checked the shape"
        if self.flips(layer.kind, role):
            stored = turned(stored)
        goal = Axes.parse(wanted)
        if str(stored) == str(goal):
            return ()
        sizes = solve(stored, info.shape, {})
        if sizes is None:
            return ()
        return (Rearrange(Form(stored, sizes), Form(with_ones(goal, stored), sizes)),)


def with_ones(goal: Axes, stored: Axes) -> Axes:
    """`goal` with the symbols that only `stored` has, each of size one, joined to its first axis."""
    more = [Symbol(name) for name in sorted(stored.symbols - goal.symbols)]
    first = goal.items[0]
    if not more or not isinstance(first, Symbol):
        return goal
    return Axes((Group(((first, *more),)), *goal.items[1:]))


def turned(axes: Axes) -> Axes:
    """The expression with its spatial axes (k0, k1, k2) stored in reverse."""
    return Axes(
        tuple(
            Symbol(item.name, flipped=True)
            if isinstance(item, Symbol) and item.name.startswith("k")
            else item
            for item in axes.items
        )
    )
