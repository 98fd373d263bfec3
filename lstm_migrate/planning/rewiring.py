"""Rewiring: a source model's calls as the target's, through each layer's Expansion and its masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Call, Graph, Ref, map_leaves
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.masks import MERGES, Mask, MaskReading, MaskWriter


class Rewiring:
    """The calls of one model. `renamed`: the target's name of each source layer."""

    def __init__(
        self,
        source: Graph,
        expansions: Mapping[str, Expansion],
        renamed: Mapping[str, str],
        masks: MaskReading,
        unique: Callable[[str], str],
    ) -> None:
        self.source, self.expansions, self.renamed, self.masks = source, expansions, renamed, masks
        self.writer = MaskWriter(masks, unique, self.ref)
        self.results: dict[tuple[str, int], Callable[[int], Ref]] = {}

    def ref(self, ref: Ref) -> Ref:
        """The target's tensor for a source's, of a call that has been rewired."""
        made = self.results.get((ref.layer, ref.call))
        return made(ref.output) if made else Ref(self.renamed[ref.layer], ref.call, ref.output)

    def calls(self) -> list[Call]:
        """All calls of the target, in the order of the source's."""
        return [made for call in self.source.calls for made in self._calls(call)]

    def _calls(self, call: Call) -> list[Call]:
        layer = self.source.layers[call.layer]
        args, kwargs = self._moved(call.args), self._moved(dict(call.kwargs))
        before: list[Call] = []
        if self.masks.explicit:
            before, heeded = self.writer.keywords(layer, call)
            kwargs |= heeded
        elif self.masks.ends_at_merges and layer.kind in MERGES:
            before, args = self.writer.bare(self.renamed[layer.name], args)
        wired, result = self.expansions[call.layer].wire(call.index, args, kwargs)
        after: list[Call] = []
        if self.masks.explicit and self._makes_mask(call):
            named = replace(layer, name=self.renamed[layer.name])
            after, bare = self.writer.arising(named, call, args[0], result(0))
            result = {0: bare}.__getitem__
        self.results[call.layer, call.index] = result
        return [*before, *wired, *after]

    def _makes_mask(self, call: Call) -> bool:
        mask = self.masks.masks.get(Ref(call.layer, call.index, 0))
        return mask == Mask(made=(call.layer, call.index))

    def _moved(self, structure: Any) -> Any:
        return map_leaves(structure, lambda leaf: self.ref(leaf) if isinstance(leaf, Ref) else leaf)
