"""Wishes: what rules want of single axes of the model, before it is worked out what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from lstm_migrate.errors import LstmMigrateError, MappingError, PlanError, Problem, UsageError
from lstm_migrate.graph import LayerPath, WeightKey
from lstm_migrate.planning.naming import names_of
from lstm_migrate.planning.sizes import Sized, Sizes, Wordlists
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.origins import Origins, called, size_in
from lstm_migrate.resizing.vocabularies import Renumbering, read_tokens, renumbering, resized_rows
from lstm_migrate.restriction import NEW

Kind = Literal["units", "features", "rows", "classes"]
FILLS: Mapping[Kind, tuple[str, ...]] = {
    "units": ("duplicate", "incoming", "outgoing", "zeros"),
    "features": ("zeros",),
    "rows": ("mean", "zeros", "normal"),
    "classes": ("mean", "zeros", "normal"),
}
"""What new elements may be filled with, the default first."""

_WORDS = {"u": "units", "n": "rows"}
SHOWN = 12
HOW = ("keep", "fill", "seed", "dead", "compensate")
"""What a rule says of how a size is changed; of an axis that its other keys name."""


@dataclass(frozen=True)
class Wish:
    """What one rule wants of one axis.

    `path`: the target's layer whose axis it is, `of` what messages call it. `said`: "count", or "places" (for
    each element afterwards the old one, NEW for a new one), and how; `at`: where each of these stands.
    `tokens`: what a vocabulary says of the rows.
    """

    kind: Kind
    path: LayerPath
    of: str
    ids: Ids
    said: Mapping[str, Any]
    at: Mapping[str, str]
    tokens: Renumbering | None = None

    @property
    def where(self) -> str:
        return " and ".join(dict.fromkeys(self.at.values()))


@dataclass(frozen=True)
class Reading:
    """That a layer is said to read so many features of others, which follow from their units."""

    layer: str
    ids: Ids
    count: int
    where: str


@dataclass
class Wishes:
    """Goes through what is said of each layer and finds the axes that it is about."""

    origins: Origins
    found: list[Wish] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    problems: list[LstmMigrateError] = field(default_factory=list)

    def gather(self, sized: Sized) -> None:
        """Fills `found` and `readings`; `problems` is what is wrong."""
        for path, said in sized.items():
            try:
                self._layer(path, said)
            except LstmMigrateError as error:
                self.problems.append(error)

    def _layer(self, path: LayerPath, said: Sizes) -> None:
        _check_how(said)
        if said.units is not None:
            self._units(path, said, said.units)
        if said.rows is not None:
            self._rows(path, said, said.rows)
        if said.vocabulary is not None:
            self._vocabulary(path, said, said.vocabulary)
        if said.inputs is not None or said.features is not None:
            self._features(path, said)

    def _units(self, path: LayerPath, said: Sizes, count: int) -> None:
        how = self._how(said, "units")
        owners = self._owners(path, "u", said.places["units"])
        self._check_no_probabilities(owners, said.places["units"])
        for own in owners:
            self._wish("units", path, own, "u", {"count": count, **how}, said, {"count": "units"})

    def _rows(self, path: LayerPath, said: Sizes, count: int) -> None:
        own = self._owners(path, "n", said.places["rows"])[0]
        how = self._how(said, "rows")
        self._wish("rows", path, own, "n", {"count": count, **how}, said, {"count": "rows"})

    def _vocabulary(self, path: LayerPath, said: Sizes, words: Wordlists) -> None:
        where = said.places["vocabulary"]
        layer = self.origins.layers[path]
        kinds = {"Embedding": ("rows", "n"), "Dense": ("classes", "u")}
        inner = next((one for _, one in layer.walk() if one.kind in kinds), layer)
        if inner.kind not in kinds:
            raise PlanError(
                f"{called(path)} has no vocabulary",
                where=where,
                found=f"a layer of class {layer.kind}",
                expected="an Embedding, or the Dense layer that has a unit for each token",
            )
        kind, symbol = kinds[inner.kind]
        self._tokens("rows" if kind == "rows" else "classes", path, symbol, said, words, where)
        if not words.output:
            if words.bias is not None and kind == "rows":
                raise PlanError(
                    "`bias` is about the Dense layer that has a unit for each token, and none is named",
                    where=where,
                    expected="`output` with the name of that layer",
                )
            return
        output = self._named(words.output, where)
        if kind == "classes":
            raise PlanError("`output` is said beside the vocabulary of an Embedding", where=where)
        if not any(one.kind == "Dense" for _, one in self.origins.layers[output].walk()):
            found = f"{words.output}, a {self.origins.layers[output].kind}"
            raise PlanError("`output` names no Dense layer", where=where, found=found)
        self._tokens("classes", output, "u", said, words, where)

    def _tokens(
        self, kind: Kind, path: LayerPath, symbol: str, said: Sizes, words: Wordlists, where: str
    ) -> None:
        own = self._owners(path, symbol, where)[0]
        rows = len(self.origins.followed.own[own][symbol])
        if words.old is not None and words.new is not None:
            old = read_tokens(words.old, where)
            old.check_fits(
                rows, f"its {'Embedding' if kind == 'rows' else 'Dense layer'}, {called(path)}", where
            )
            new = read_tokens(words.new, where)
            if words.size is not None:
                new.check_fits(words.size, f"the size of {called(path)}", where)
            tokens = renumbering(old, new, rows, words.size)
        else:
            assert words.size is not None, "the grammar asks for files or a size"
            tokens = resized_rows(rows, words.size)
        told = {"fill": words.fill, "seed": words.seed, "bias": self._bias(kind, own, words, where)}
        said_here = {key: value for key, value in told.items() if value is not None}
        how = {"places": tokens.places, **self._how(said, kind), **said_here}
        at = dict.fromkeys(("places", *said_here), "vocabulary")
        self._wish(kind, path, own, symbol, how, said, at, tokens)

    def _bias(self, kind: Kind, own: LayerPath, words: Wordlists, where: str) -> str | None:
        if kind != "classes":
            return None
        if WeightKey(own, "bias") in self.origins.followed.arrays:
            return words.bias or "-inf-like"
        if words.bias is not None:
            raise PlanError(f"{called(own)} has no bias", where=where, found=f"bias: {words.bias}")
        return None

    def _features(self, path: LayerPath, said: Sizes) -> None:
        where = said.at("inputs", "features")
        if self.origins.owners(path, "n"):
            raise PlanError(
                f"{called(path)} takes tokens, no features",
                where=where,
                expected="`input_dim` or `vocabulary`, for the number of tokens",
            )
        ids = self.origins.fed(path)
        if ids is None:
            raise PlanError(
                f"nothing is known of features that {'/'.join(path)} takes",
                where=where,
                expected="an input of the model, or a layer that reads features",
            )
        name = self.origins.input_at(path) or self.origins.input_of(ids)
        if name is None:
            self._reading(path, said, ids)
            return
        at = {"count": "inputs", "places": "features"}
        asked: dict[str, Any] = {}
        if said.inputs is not None:
            asked["count"] = said.inputs
        if said.features is not None:
            asked["places"] = self._order(said.features, len(ids), name, said.places["features"])
        how = self._how(said, "features") if said.units is None else {}
        self._wish("features", (name,), (name,), "", {**asked, **how}, said, at, ids=ids)

    def _order(self, features: tuple[int | None, ...], count: int, name: str, where: str) -> tuple[int, ...]:
        strange = [str(place) for place in features if place is not None and place >= count]
        if strange:
            raise PlanError(
                f"`features` names features of {name} that are not there",
                where=where,
                found=", ".join(strange[:8]),
                expected=f"numbers from 0 to {count - 1}, or null for a new one",
            )
        return tuple(NEW if place is None else place for place in features)

    def _reading(self, path: LayerPath, said: Sizes, ids: Ids) -> None:
        """Of features that other layers make, only the number can be said."""
        for name in self.origins.plan.target.inputs:
            own = self.origins.features(name)
            if own is not None and self.origins.share(own, ids):
                raise PlanError(
                    f"{'/'.join(path)} does not read the features of {name} alone, or in their order",
                    where=said.at("inputs", "features"),
                    expected=f"a rule on {name}",
                )
        if said.features is not None:
            raise PlanError(
                f"`features` is about what the model is fed; {'/'.join(path)} reads units of other layers",
                where=said.places["features"],
                expected="a rule with `units` and `keep` on the layer before it",
            )
        if said.inputs is not None:
            self.readings.append(Reading("/".join(path), ids, said.inputs, said.places["inputs"]))

    def _wish(
        self,
        kind: Kind,
        path: LayerPath,
        own: LayerPath,
        symbol: str,
        told: Mapping[str, Any],
        said: Sizes,
        at: Mapping[str, str],
        tokens: Renumbering | None = None,
        ids: Ids | None = None,
    ) -> None:
        places = {key: said.places[at.get(key, key)] for key in told if at.get(key, key) in said.places}
        whole = len(self.origins.owners(path, symbol)) < 2
        of = f"{kind} of {called(path if whole else own)}"
        ids = self.origins.followed.own[own][symbol] if ids is None else ids
        self.found.append(Wish(kind, own, of, ids, dict(told), places, tokens))

    def _how(self, said: Sizes, kind: Kind) -> dict[str, Any]:
        """How the size is to be changed; PlanError for a fill that is of other axes."""
        how = {key: getattr(said, key) for key in HOW if getattr(said, key) is not None}
        if how.get("fill", FILLS[kind][0]) not in FILLS[kind]:
            raise PlanError(
                f"new {kind} cannot be filled so",
                where=said.places["fill"],
                found=f"fill: {how['fill']}",
                expected=f"one of {', '.join(FILLS[kind])}" if len(FILLS[kind]) > 1 else FILLS[kind][0],
            )
        return how

    def _owners(self, path: LayerPath, symbol: str, where: str) -> list[LayerPath]:
        """The target's layers that a rule on a source layer means; PlanError if it has no such size."""
        layer = self.origins.layers[path]
        if layer.graph is not None:
            inner = [called(one) for one, _ in layer.graph.walk(path)]
            raise PlanError(
                f"{called(path)} is a model, whose layers have sizes of their own",
                where=where,
                expected=f"a rule on one of them: {', '.join(inner[:8])}",
            )
        found = self.origins.owners(path, symbol)
        if not found:
            raise self._without(path, symbol, where)
        sizes = {called(own): len(self.origins.followed.own[own][symbol]) for own in found}
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{size} in {name}" for name, size in sizes.items())
            raise PlanError(
                f"the parts of {called(path)} have different numbers of units",
                where=where,
                found=told,
                expected="a rule for each",
            )
        if (symbol == "u" and size_in(layer) not in (None, next(iter(sizes.values())))) or (
            len(found) > 1 and not layer.children
        ):
            raise PlanError(
                f"{called(path)} is rebuilt in Keras 3 as other layers, and cannot be resized",
                where=where,
                found=f"a layer of class {layer.kind}, which becomes {', '.join(sizes)}",
            )
        return found

    def _without(self, path: LayerPath, symbol: str, where: str) -> PlanError:
        layer = self.origins.layers[path]
        kind = f"a layer of class {layer.kind}"
        if symbol == "u" and size_in(layer) is not None:
            return PlanError(
                f"the units of {called(path)} cannot be followed through the model",
                where=where,
                found=kind,
                hint="It, or a layer before it, does with its features what nothing is known of.",
            )
        others = ", ".join(self._changeable(symbol)) or "this model has none"
        return PlanError(
            f"{called(path)} has no {_WORDS[symbol]} of its own",
            where=where,
            found=kind,
            expected=f"a rule on one that has: {others}",
        )

    def _changeable(self, symbol: str) -> list[str]:
        """The layers that a rule may name, without those in them."""
        found: list[LayerPath] = []
        for path, layer in self.origins.layers.items():
            inside = any(path[: len(one)] == one for one in found)
            if layer.graph is None and not inside and self.origins.owners(path, symbol):
                found.append(path)
        return [called(path) for path in found[:SHOWN]]

    def _check_no_probabilities(self, owners: list[LayerPath], where: str) -> None:
        followed = self.origins.followed
        for number in sorted(followed.softmaxed):
            dims = followed.outputs[number]
            last = dims[-1] if dims else None
            for own in owners:
                if last is not None and self.origins.share(last, followed.own[own]["u"]):
                    raise PlanError(
                        f"the units of {called(own)} are the classes of a softmax, an output of the model",
                        where=where,
                        expected="`vocabulary`, which says what becomes of each class",
                        hint="Say `vocabulary: {size: N}`, or with two files of tokens.",
                    )

    def _named(self, name: str, where: str) -> LayerPath:
        names = {one: path for path in self.origins.layers for one in names_of(path)}
        if name not in names:
            near = get_close_matches(name, names, 3, 0.4)
            raise PlanError(
                f"the model has no layer {name!r}",
                where=where,
                found=f"layers {', '.join(called(path) for path in list(self.origins.layers)[:12])}",
                expected=f"nearest: {', '.join(near)}" if near else "",
            )
        return names[name]


def _check_how(said: Sizes) -> None:
    """MappingError for a rule that says how, and not what is changed."""
    sizes = ("units", "rows", "vocabulary", "inputs", "features")
    how = [key for key in HOW if getattr(said, key) is not None]
    if how and all(getattr(said, key) is None for key in sizes):
        raise MappingError(
            f"`{how[0]}` without a size that is changed",
            where=said.places[how[0]],
            expected="units: N beside it",
        )


def all_of(problems: list[LstmMigrateError]) -> LstmMigrateError:
    """All of them as one: a MappingError if a file or an option is wrong by itself."""
    listed: list[Problem] = [problem for error in problems for problem in error.problems]
    for kind in (MappingError, UsageError):
        if all(isinstance(error, kind) for error in problems):
            return kind(list(dict.fromkeys(listed)))
    return PlanError(list(dict.fromkeys(listed)))
