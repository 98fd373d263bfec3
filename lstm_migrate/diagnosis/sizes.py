"""Sizes: units, inputs, vocabulary and windows of a layer of the file against those of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.part import Core, word_for_units
from lstm_migrate.diagnosis.slicing import Cut


@dataclass(frozen=True)
class Size:
    """One size of a layer. `word`: for people; `argument`: of the layer's constructor, "" if it has none."""

    word: str
    argument: str = ""


SIZES: Mapping[str, Size] = {
    "u": Size("units", "units"),
    "x": Size("inputs"),
    "c": Size("features"),
    "n": Size("rows of the embedding (vocabulary)", "input_dim"),
    "k0": Size("kernel size", "kernel_size"),
    "k1": Size("kernel size (second axis)", "kernel_size"),
    "k2": Size("kernel size (third axis)", "kernel_size"),
    "m": Size("depth multiplier", "depth_multiplier"),
}
ARGUMENTS = {"filters": "filters", "features": "output_dim"}  # what `units` is called elsewhere


def size_findings(source: Core, target: Core, *, cut: bool, fed: Cut | None) -> Iterator[Finding]:
    """Every size in which the two differ. `cut`: units of such a layer can be left out; `fed`: what layers
    before it leave of its inputs."""
    for symbol, size in SIZES.items():
        own, wanted = source.sizes.get(symbol), target.sizes.get(symbol)
        if own is None or wanted is None or own == wanted:
            continue
        word = word_for_units(source) if symbol == "u" else size.word
        why = f"checkpoint has {own} {word}, target {wanted}"
        if symbol == "u" and cut and own > wanted:
            lost = f"keeps the first {wanted} of {own} {word}; what the other {own - wanted} did is lost"
            yield Finding(word, "differs", why, Cure({"units": wanted, "keep": "first"}, lost))
        elif symbol == "x" and fed == Cut(own, wanted):
            yield Finding(
                word, "differs", f"{why}: follows from the layer before it", Cure({"inputs": wanted})
            )
        else:
            yield Finding(word, "differs", why, way_out=_way_out(size, word, own, wanted))


def _way_out(size: Size, word: str, own: int, wanted: int) -> str:
    if size.argument:
        return f"build the target with {ARGUMENTS.get(word, size.argument)}={own}"
    more = f"; the checkpoint has no weights for {wanted - own} of them" if wanted > own else ""
    return f"build the target so that this layer is fed {own} {word}{more}"
