"""Sizes: units, inputs, vocabulary and windows of a layer of the file against those of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lstm_migrate.diagnosis.carrying import Carried
from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.part import CELLS, Core, word_for_units


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

OUTPUTS = "they are the model's outputs"
FILES = "two files of tokens (`vocabulary: {old: …, new: …}`) carry over each token"


@dataclass(frozen=True)
class Difference:
    """A size of which the file has `own` and the model `wanted`; `word`: for it, `key`: a rule's."""

    core: Core
    own: int
    wanted: int
    word: str
    key: str

    @property
    def gone(self) -> int:
        """How many the model lacks; less than none if it has more."""
        return self.own - self.wanted

    @property
    def why(self) -> str:
        return f"checkpoint has {self.own} {self.word}, target {self.wanted}"

    def mended(self, facts: Mapping[str, object], how: str = "", lost: str = "") -> Finding:
        """The finding with the rule that mends it."""
        why = f"{self.why}; {how}" if how else self.why
        return Finding(self.word, "differs", why, Cure(facts, lost, otherwise=_left(self)))


def size_findings(
    source: Core, target: Core, carried: Callable[[str, int], Carried | None]
) -> Iterator[Finding]:
    """Every size in which the two differ. `carried`: what is known of a size of the model, by its symbol, if
    it is so great in the file."""
    for symbol, size in SIZES.items():
        own, wanted = source.sizes.get(symbol), target.sizes.get(symbol)
        if own is None or wanted is None or own == wanted:
            continue
        word = word_for_units(source) if symbol == "u" else size.word
        key = ARGUMENTS.get(word, size.argument) if size.argument else ""
        found = Difference(target, own, wanted, word, key)
        known = carried(symbol, own)
        mended = None if known is None or known.against else MENDED[known.place](found)
        yield mended or _left(found, known)


def _inside(found: Difference) -> Finding:
    facts = {found.key: found.wanted}
    if found.gone < 0:
        return found.mended(facts, "new ones repeat old ones, so that the model computes the same")
    kept = f"keeps the first {found.wanted} of {found.own} {found.word}"
    lost = f"{kept}; what the other {found.gone} did is lost"
    return found.mended({**facts, "keep": "first"}, lost=lost)


def _outputs(found: Difference) -> Finding | None:
    """Of a cell without a head some outputs can go; others and more of them are of another model."""
    return _inside(found) if found.gone > 0 and found.core.family in CELLS else None


def _classes(found: Difference) -> Finding:
    facts = {"vocabulary": {"size": found.wanted}}
    if found.gone > 0:
        lost = f"keeps the first {found.wanted} of {found.own} classes; the other {found.gone} are lost"
        return found.mended(facts, f"as classes of a softmax; are they the same ones? {FILES}", lost)
    if found.core.array("bias") is None:
        lost = f"the {-found.gone} new classes take from the probabilities of the old ones"
        return found.mended(facts, "as classes of a softmax", lost)
    how = "as classes of a softmax: new ones hardly ever win until the model is trained"
    return found.mended(facts, how)


def _rows(found: Difference) -> Finding:
    facts = {found.key: found.wanted}
    how = f"is the vocabulary the right one? {FILES}"
    if found.gone < 0:
        return found.mended(facts, f"new rows are the mean of the old ones; {how}")
    kept = f"keeps the first {found.wanted} of {found.own} rows"
    lost = f"{kept}; the tokens of the other {found.gone} are lost"
    return found.mended(facts, how, lost)


def _inputs(found: Difference) -> Finding:
    facts = {"inputs": found.wanted}
    if found.gone < 0:
        return found.mended(facts, "new ones are not heeded until the model is trained")
    kept = f"takes the first {found.wanted} of {found.own} inputs"
    lost = f"{kept}; what the other {found.gone} told is lost"
    how = "are they the first ones? `features` in the place of `inputs` lists others"
    return found.mended(facts, how, lost)


def _tied(found: Difference) -> Finding:
    return found.mended({found.key: found.wanted}, "as many as there are inputs, with which they are tied")


def _follows(found: Difference) -> Finding:
    return Finding(found.word, "differs", f"{found.why}: follows from the layer before it", Cure({}))


MENDED: Mapping[str, Callable[[Difference], Finding | None]] = {
    "inside": _inside,
    "outputs": _outputs,
    "classes": _classes,
    "rows": _rows,
    "inputs": _inputs,
    "tied": _tied,
    "follows": _follows,
}


def _left(found: Difference, known: Carried | None = None) -> Finding:
    """What no rule mends, with the reason where the sizes alone do not tell it."""
    why = found.why
    if known is not None and known.against:
        why += f"; it cannot be carried through: {known.against}"
    elif known is not None:
        why += f"; {OUTPUTS}"
    return Finding(found.word, "differs", why, way_out=_built(found))


def _built(found: Difference) -> str:
    """What the target must be like instead."""
    if found.key:
        return f"build the target with {found.key}={found.own}"
    more = f"; the checkpoint has no weights for {-found.gone} of them" if found.gone < 0 else ""
    return f"build the target so that this layer is fed {found.own} {found.word}{more}"
