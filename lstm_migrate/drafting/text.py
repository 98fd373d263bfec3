"""The text of a draft: sections with comments that say what was seen, and what nobody can see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.drafting.found import Found
from lstm_migrate.drafting.layers import Layers
from lstm_migrate.drafting.model import Listed, chained, config, input_shape
from lstm_migrate.drafting.rules import Rule, own_layouts, plain, rules
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration
from lstm_migrate.mapping.layouts import Declared, resolved
from lstm_migrate.mapping.listing import unseen
from lstm_migrate.mapping.writing import WIDTH, entry, flow, scalar

SHOWN = 6  # arrays in a comment

HEAD = (
    "A mapping file for {name}, drafted from the names and shapes of its arrays. What is said to `check`, no"
    " file shows: compare it with the code that computed with these arrays. Recorded outputs of that code are"
    " the only proof: convert … --recorded io.npz.",
)


def head(name: str, more: Sequence[str] = ()) -> list[str]:
    """The first lines of every draft."""
    return [line for said in (*HEAD, *more) for line in comment(said.format(name=name))] + ["version: 1"]


@dataclass
class TensorDraft:
    """The draft for a file of tensors alone. `given`: whether the model comes from elsewhere."""

    name: str
    format: str
    layers: Layers
    model: Sequence[Listed]
    given: bool = False
    own: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.own = own_layouts([part for layer in self.model for part in layer.parts])
        if self.given:
            self.own = {name: unsaid_by_models(facts) for name, facts in self.own.items()}

    def text(self) -> str:
        """The whole file."""
        parts = [
            head(self.name),
            list(self._source()),
            [*layouts_text(self.own), *self._otherwise()],
            list(self._rules()),
            list(self._ignored()),
            list(self._unknown()),
            [] if self.given else list(self._model()),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _layout(self, part: Found) -> str:
        facts = unsaid_by_models(part.facts) if self.given else part.facts
        return next((name for name, own in self.own.items() if own == facts), part.layout)

    def _defaults(self) -> list[str]:
        """The layouts that hold for all layers of their kind."""
        held: dict[str, dict[str, None]] = {}
        for layer in self.model:
            for part in layer.parts:
                held.setdefault(part.kind, {})[self._layout(part)] = None
        return [name for names in held.values() for name in names if name and len(names) == 1]

    def _source(self) -> Iterator[str]:
        yield "source:"
        yield f"  format: {self.format}"
        names = self._defaults()
        for name in names:
            if name in catalogue.layouts() and declared(name, self.own).cell:
                yield from comment(f"{name}, check: {unseen(declared(name, self.own))}", "  ")
        if names:
            yield f"  layout: {flow(names[0] if len(names) == 1 else names)}"

    def _otherwise(self) -> Iterator[str]:
        """Layouts to uncomment where the code is not as the shipped ones say."""
        used = dict.fromkeys(
            self._layout(part) for layer in self.model for part in layer.parts if part.recurrent
        )
        shipped = [name for name in used if name in catalogue.layouts()]
        for number, name in enumerate(shipped):
            own = f"my.{name.rpartition('.')[2]}"
            own = f"{own}_otherwise" if own in self.own else own
            yield from comment(
                f"Where the code says otherwise than {name}: uncomment and change this, and say {own} under"
                f" source: layout in the place of {name}."
            )
            if not self.own and not number:
                yield "# layouts:"
            said = _to_change(declared(name, self.own))
            said = unsaid_by_models(said) if self.given else said
            yield from (f"# {line}" for line in entry(own, {"extends": name, **said}, "  "))

    def _rules(self) -> Iterator[str]:
        found = rules(self.model)
        if found:
            yield "layers:"
        defaults = self._defaults()
        for rule in found:
            yield from comment(_seen(rule), "  ")
            layout = self._layout(rule.parts[0])
            said = {"to": rule.to} | ({"layout": layout} if layout and layout not in defaults else {})
            yield from entry(rule.pattern, said, "  ")

    def _ignored(self) -> Iterator[str]:
        patterns: dict[str, str] = {}
        for name, reason in self.layers.ignored.items():
            patterns[_slot_pattern(name)] = reason
        if patterns:
            yield "ignore:"
        for pattern, reason in patterns.items():
            yield from entry(pattern, reason, "  ")

    def _unknown(self) -> Iterator[str]:
        if self.layers.unknown:
            yield from comment(
                "No layout comes to mind for these tensors. Declare one under `layouts` and give them a rule"
                f" under `layers`, or a reason under `ignore`: {', '.join(self.layers.unknown)}."
            )

    def _model(self) -> Iterator[str]:
        if not self.model:
            return
        if self.layers.unknown and not any(layer.recurrent for layer in self.model):
            yield from comment(
                "No model is drafted: nobody knows the layers of the tensors above. When they have a layout,"
                " list the model's layers here, from its input on, or give it with --architecture:"
            )
            yield from ("# model:", "# - {class: Input, config: {shape: […]}}")
            return
        yield from comment(
            "The new model, from its input on. check: the order of the layers, the activations of those"
            " that are no cells, and whether the last recurrent layer returns sequences."
        )
        if not chained(self.model):
            yield from comment(
                "The widths do not follow from one another: layers are missing, or branch off."
            )
        yield "model:"
        yield f"- {flow({'class': 'Input', 'config': {'shape': input_shape(self.model[0])}})}"
        recurrent = [number for number, layer in enumerate(self.model) if layer.recurrent]
        for number, layer in enumerate(self.model):
            sequences = number in recurrent[:-1]
            reset_after = None
            if layer.kind == "GRU" and self._layout(layer.parts[0]):
                reset_after = declared(self._layout(layer.parts[0]), self.own).reset_after
            yield from _item(config(layer, sequences, reset_after))


def layouts_text(own: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The section of the layouts that a draft declares itself."""
    if own:
        yield "layouts:"
    for name, facts in own.items():
        whole = declared(name, own)
        if whole.cell:
            yield from comment(f"check: {unseen(whole)}", "  ")
        yield f"  {scalar(name)}:"
        for key, value in facts.items():
            yield from entry(key, value, "    ", open_=key == "tensors")


def _to_change(whole: Declared) -> dict[str, Any]:
    """The facts of a cell's layout that no array shows, to be changed."""
    said: dict[str, Any] = {}
    if len(whole.gates) > 1:
        said["gates"] = [whole.letters.get(gate, gate) for gate in whole.gates]
    if whole.cell == "lstm":
        said["forget_bias"] = whole.forget_bias
    if whole.cell == "gru":
        if whole.reset_after is not None:
            said["reset_after"] = whole.reset_after
        said["update_gate"] = whole.update_gate
    if whole.cell == "simple_rnn":
        meant = whole.activations.get("activation")
        said["activations"] = {"activation": meant.function if meant else "tanh"}
    return said


def declared(name: str, own: Mapping[str, Mapping[str, Any]]) -> Declared:
    """A layout of the draft's own or a shipped one."""
    said = {one: LayoutDeclaration.model_validate(facts) for one, facts in own.items()}
    return resolved(name, {**catalogue.layouts(), **said})


def unsaid_by_models(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without those that a model which is given says itself."""
    return {key: value for key, value in facts.items() if key not in ("activations", "reset_after")}


def _seen(rule: Rule) -> str:
    """What speaks for a rule: its arrays, and the sizes that follow."""
    part = rule.parts[0]
    arrays = [f"{_short(name, part)} {_shape(shape)}" for name, shape in list(part.arrays.items())[:SHOWN]]
    more = len(part.arrays) - SHOWN
    said = ", ".join(arrays) + (f" and {more} more" if more > 0 else "")
    said += f": {'an' if part.kind[0] in 'EL' else 'a'} {part.kind}"
    if part.recurrent:
        said += f" of {part.units} units"
    if part.inputs:
        said += f", {part.inputs} inputs"
    if len(rule.parts) > 1:
        said += f"; {len(rule.parts)} of its kind"
    return said


def _short(name: str, part: Found) -> str:
    return name[len(part.prefix) :].lstrip("/.") if part.prefix else name


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _item(said: Mapping[str, Any]) -> Iterator[str]:
    line = f"- {flow(said)}"
    if len(line) <= WIDTH:
        yield line
        return
    first = True
    for key, value in said.items():
        for inner in entry(key, value, ""):
            yield f"{'-' if first else ' '} {inner}"
            first = False


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Lines that begin with a # and are not too long."""
    line = f"{indent}#"
    for word in text.split():
        if len(line) + len(word) >= WIDTH:
            yield line
            line = f"{indent}# "
        line += f" {word}" if not line.endswith("# ") else word
    yield line


def _slot_pattern(name: str) -> str:
    """An optimizer's slot as a pattern for all of its kind."""
    *before, last = name.split("/")
    if not before:
        return plain(name)
    return "*/" + re.sub(r"_\d+$", "", last) + "*"
