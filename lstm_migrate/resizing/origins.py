"""Origins: which layers of the full-size target a layer of the source became, and what these take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lstm_migrate.graph import Call, Graph, Layer, LayerPath, Ref, leaves
from lstm_migrate.planning.naming import names_of
from lstm_migrate.planning.plan import Plan
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed


@dataclass(frozen=True)
class Origins:
    """Looks from the source's layers into the target and what was found of its features."""

    plan: Plan
    followed: Followed

    @cached_property
    def layers(self) -> dict[LayerPath, Layer]:
        """The layers of the source."""
        return dict(self.plan.source.walk())

    @cached_property
    def inputs(self) -> dict[str, str]:
        """What the target calls the source's inputs."""
        return dict(zip(self.plan.source.inputs, self.plan.target.inputs, strict=True))

    def input_at(self, path: LayerPath) -> str | None:
        """What the target calls the input at a path of the source; None if it is no input of the model."""
        return self.inputs.get(path[0]) if len(path) == 1 else None

    @cached_property
    def _by_tensor(self) -> dict[str, set[LayerPath]]:
        found: dict[str, set[LayerPath]] = {}
        for item in self.plan.assignments:
            for name in item.tensors:
                found.setdefault(name, set()).add(item.target.path)
        return found

    def places(self, path: LayerPath) -> list[LayerPath]:
        """The target layers that have the arrays of a source layer and of those in it; else its successor."""
        found: dict[LayerPath, None] = {}
        for key, name in self.plan.bound.items():
            if key.path[: len(path)] == path:
                targets = self._by_tensor.get(name, set())
                moved = self.plan.moved.get(key.path)
                # Both directions, or several layers, may come out of the same array.
                found |= dict.fromkeys([moved] if moved in targets and moved else sorted(targets))
        moved = self.plan.moved.get(path)
        return list(found) or ([moved] if moved is not None else [])

    def owners(self, path: LayerPath, symbol: str) -> list[LayerPath]:
        """The target layers whose units ("u") or rows ("n") are the source layer's."""
        places = self.places(path)
        return [
            own
            for own, ids in self.followed.own.items()
            if symbol in ids and any(own[: len(at)] == at or at[: len(own)] == own for at in places)
        ]

    def fed(self, path: LayerPath) -> Ids | None:
        """The features that a source layer takes; None if none are known."""
        own = self.input_at(path)
        if own is not None:
            return self.features(own)
        places = self.places(path)
        for key, placed in self.followed.arrays.items():
            if key.path in places and "x" in placed.ids:
                return placed.ids["x"]
        for inside, call in (found for place in places for found in self._calls(place)):
            for leaf in leaves(list(call.args)):
                dims = self.followed.tensors.get((inside, leaf)) if isinstance(leaf, Ref) else None
                if dims:
                    return dims[-1]
        return None

    def fed_by(self, path: LayerPath) -> list[str]:
        """The target's inputs that a source layer is called on; its own name if it is one."""
        own = self.input_at(path)
        if own is not None:
            return [own]
        found: dict[str, None] = {}
        for place in self.places(path):
            for inside, call in self._calls(place):
                names = [leaf.layer for leaf in leaves(list(call.args)) if isinstance(leaf, Ref)]
                found |= dict.fromkeys(
                    name for name in names if not inside and name in self.plan.target.inputs
                )
        return list(found)

    def input_of(self, ids: Ids) -> str | None:
        """The target's input whose features these are."""
        for name in self.plan.target.inputs:
            own = self.features(name)
            if own is not None and self.same(own, ids):
                return name
        return None

    def features(self, name: str) -> Ids | None:
        """The features of one of the target's inputs; None if it has none, as one of tokens."""
        dims = self.followed.inputs[self.plan.target.inputs.index(name)]
        last = dims[-1] if dims and len(dims) > 1 else None
        if last is None or dims is None or len(dims) > 2:
            return last
        # Of two axes the second one may count steps: then no array has a row for each.
        read = [placed.ids["x"] for placed in self.followed.arrays.values() if "x" in placed.ids]
        return last if any(self.share(last, one) for one in read) else None

    def share(self, one: Ids, other: Ids) -> bool:
        """Whether two axes have any element in common."""
        roots = self.followed.elements.roots
        return bool(np.isin(roots(one), roots(other)).any())

    def same(self, one: Ids, other: Ids) -> bool:
        """Whether two axes hold the same elements in the same order."""
        roots = self.followed.elements.roots
        return len(one) == len(other) and bool((roots(one) == roots(other)).all())

    def _calls(self, place: LayerPath) -> Iterator[tuple[LayerPath, Call]]:
        """(the model's path, a call in it) of the layer in whose place it stands, or which wraps it."""
        graph: Graph | None = self.plan.target
        inside: LayerPath = ()
        for name in place:
            if graph is None or name not in graph.layers:
                return
            layer = graph.layers[name]
            if layer.graph is None or len(place) == len(inside) + 1:
                yield from ((inside, call) for call in graph.calls if call.layer == name)
                return
            graph, inside = layer.graph, (*inside, name)


def called(path: LayerPath) -> str:
    """A layer as messages name it: "bidirectional_1/forward"."""
    return list(names_of(path))[-1]


def size_in(layer: Layer) -> Any:
    """What the config of a source layer says of its units; None if nothing."""
    return next(
        (layer.config[key] for key in ("units", "filters", "output_dim") if key in layer.config), None
    )
