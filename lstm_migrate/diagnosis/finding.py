"""Finding: one thing in which a layer of the file and a layer of the model differ, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_migrate.report import FitVerdict


@dataclass(frozen=True)
class Cure:
    """What a rule of a mapping file says of the layer. `lost`: what of the model it gives up; `otherwise`:
    what is found instead if the rule cannot be followed."""

    facts: Mapping[str, Any]
    lost: str = ""
    doubtful: bool = False  # written as a comment, for nothing shows that it is so
    otherwise: Finding | None = None


@dataclass(frozen=True)
class Finding:
    """`what`: what of the layer ("units"); `why`: the words for it.

    Exactly one of these is so: it changes nothing (`verdict` "fits"), a rule mends it (`cure`), or the model
    must be built otherwise (`way_out` says how).
    """

    what: str
    verdict: FitVerdict
    why: str
    cure: Cure | None = None
    way_out: str = ""

    @property
    def mended(self) -> bool:
        return self.verdict == "fits" or self.cure is not None
