"""Reproducing: under which storage and meaning the source's arrays compute what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from lstm_migrate.diagnosis.variants import Combination, Variants

SHOWN = 3  # further combinations that are named


@dataclass(frozen=True)
class Reproduced:
    """What the search found. `fitting`: combinations that reproduce the recording, the likeliest first;
    `closest`: how far off the best other one is; `obstacle`: why
    nothing could be computed."""

    variants: Variants
    fitting: tuple[Combination, ...]
    tried: int
    total: int
    closest: float = float("inf")
    obstacle: str = ""

    @property
    def complete(self) -> bool:
        return self.tried == self.total

    def sentences(self) -> tuple[str, ...]:
        """The result in words."""
        return tuple(self._said())

    def _said(self) -> list[str]:
        many = f"all {self.total}" if self.complete else f"{self.tried} of {self.total} (cut by the clock)"
        if self.obstacle:
            return [f"the recorded outputs cannot be computed: {self.obstacle}"]
        if not self.fitting:
            gap = f"; the closest is {self.closest:.1e} off" if isfinite(self.closest) else ""
            return [f"no combination reproduces the recorded outputs, {many} tried{gap}"]
        best, *others = self.fitting
        alone = " alone" if self.complete and not others else ""
        found = [
            f"{self.variants.described(best)}: this{alone} reproduces the recorded outputs, {many} tried"
        ]
        found += [f"as well: {self.variants.described(other)}" for other in others[:SHOWN]]
        if others:
            found.append(f"{len(self.fitting)} combinations fit: record more inputs to tell them apart")
        return found

    def facts(self) -> dict[str, dict[str, Any]]:
        """What a mapping file says of the layers, by their names in it: what the best combination changes."""
        found: dict[str, dict[str, Any]] = {}
        for cell in self.variants.model.cells.values():
            said = self.variants.said(cell, self.fitting[0]) if self.fitting else {}
            facts: dict[str, Any] = {
                key: [cell.letters.get(gate, gate) for gate in value] if key == "gates" else value
                for key, value in said.items()
            }
            meant = {key: facts.pop(key) for key in ("activation", "recurrent_activation") if key in facts}
            if facts.pop("poured", None) is False:
                facts["layout"] = cell.layout.name.replace("cudnn_", "")
            found[cell.source] = {**facts, **({"activations": meant} if meant else {})}
        head, acting = self.variants.model.head, None
        if head is not None and self.fitting:
            acting = self.variants.of_head(self.fitting[0])
        if head is not None and acting is not None:
            found[head[1]] = {"activations": {"activation": acting}}
        return found
