"""The shipped mappings as `mappings list` and `mappings show` give them back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lstm_migrate.errors import UsageError
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.complaints import nearest
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.layout_grammar import LayoutDeclaration
from lstm_migrate.mapping.layouts import COMPUTES, Declared, resolved
from lstm_migrate.mapping.reading import load_document
from lstm_migrate.mapping.writing import entry
from lstm_migrate.report import LayoutLine, MappingLine, MappingList


def listed() -> MappingList:
    """Every shipped mapping file with the layouts that it declares itself."""
    return MappingList(
        tuple(MappingLine(name, _own(name).summary, tuple(_lines(name))) for name in catalogue.names())
    )


def contents(document: Document) -> dict[str, int]:
    """How much a mapping file says."""
    rules = document.layers.values()
    return {
        "layouts": len(document.layouts),
        "rules": sum(len(said) if isinstance(said, list) else 1 for said in rules),
        "replacements": len(document.replace),
        "ignored patterns": len(document.ignore),
        "layers of a model": len(document.model),
        "classes": len(document.classes),
        "assumptions": len(document.assume),
    }


def shown(name: str) -> str:
    """A shipped file as it is, or a layout with all that it extends written out."""
    if name in catalogue.names():
        return (catalogue.folder() / f"{name}.yaml").read_text(encoding="utf-8")
    if name in catalogue.layouts():
        return _written_out(name)
    known = [*catalogue.names(), *catalogue.layouts()]
    expected = nearest(name, known, f"one of {', '.join(known)}")
    raise UsageError(f"no shipped mapping and no layout {name!r}", expected=expected)


def unseen(layout: Declared) -> str:
    """What a layout takes for granted that no array shows."""
    said = []
    if len(layout.gates) > 1:
        letters = ", ".join(layout.letters.get(gate, gate) for gate in layout.gates)
        said.append(f"gates in the order {letters}")
    if layout.coupled:
        said.append(f"{layout.coupled} gate = 1 - the other one")
    if layout.cell == "lstm":
        added = f"{layout.forget_bias:g}" if layout.forget_bias else "nothing"
        said.append(f"{added} is added to the forget gate at run time")
    if layout.cell == "gru":
        if layout.reset_after is not None:
            place = "after" if layout.reset_after else "before"
            fact = f"reset_after: {str(layout.reset_after).lower()}"
            said.append(f"reset gate {place} the recurrent product ({fact})")
        kept = "h' = z h + (1 - z) n" if layout.update_gate == "keeps" else "h' = (1 - z) h + z n"
        said.append(f"{kept} (update_gate: {layout.update_gate})")
    for key, meant in layout.activations.items():
        said.append(f"{key} {meant}")
    if layout.cell and not layout.activations:
        said.append("activations as the new model has them")
    return "; ".join(said)


def _own(name: str) -> Document:
    return load_document(catalogue.folder() / f"{name}.yaml")


def _lines(name: str) -> Iterator[LayoutLine]:
    for layout, declared in _own(name).layouts.items():
        whole = resolved(layout, catalogue.layouts())
        yield LayoutLine(layout, whole.cell or whole.layer, declared.summary)


def _written_out(name: str) -> str:
    declared = catalogue.layouts()[name]
    whole = resolved(name, catalogue.layouts())
    own_name = f"my.{name.rpartition('.')[2]}"
    lines = [
        f"# {name}: {declared.summary or whole.cell or whole.layer}",
        f"# With all that it extends written out, to be copied and changed. As it is, say `layout: {name}`.",
        "version: 1",
        "layouts:",
        f"  {own_name}:",
    ]
    for key, value in _facts(whole, declared).items():
        lines += entry(key, value, "    ", open_=key == "tensors")
    return "\n".join(lines) + "\n"


def _facts(whole: Declared, declared: LayoutDeclaration) -> dict[str, Any]:
    """What the layout says, from nothing: no key that has its usual value."""
    found: dict[str, Any] = {"cell": whole.cell} if whole.cell else {"layer": whole.layer}
    if whole.coupled:
        found["coupled"] = whole.coupled
    if len(whole.gates) > 1:
        found["gates"] = [whole.letters.get(gate, gate) for gate in whole.gates]
    found["tensors"] = {role: _tensor(whole, role) for role in whole.tensors}
    if whole.computes and dict(whole.computes) != dict(COMPUTES.get(whole.cell, {})):
        found["computes"] = {key: list(gates) for key, gates in whole.computes.items()}
    if whole.activations:
        found["activations"] = {
            key: {"function": meant.function, **meant.parameters} if meant.parameters else meant.function
            for key, meant in whole.activations.items()
        }
    if whole.forget_bias:
        found["forget_bias"] = whole.forget_bias
    if whole.reset_after is not None:
        found["reset_after"] = whole.reset_after
    if whole.update_gate != "keeps":
        found["update_gate"] = whole.update_gate
    if whole.directions != ("forward", "backward"):
        found["directions"] = list(whole.directions)
    return found


def _tensor(whole: Declared, role: str) -> dict[str, Any]:
    tensor = whole.tensors[role]
    found: dict[str, Any] = {"axes": str(tensor.axes)}
    if tensor.name != role:
        found["name"] = tensor.name
    if tensor.each_gate:
        found["each"] = "gate"
    if tensor.gates:
        found["gates"] = [whole.letters.get(gate, gate) for gate in tensor.gates]
    if tensor.poured:
        found["poured"] = " ".join(map(str, tensor.poured))
    if tensor.feeds is not None:
        found["feeds"] = list(tensor.feeds)
    for key in ("optional", "apart"):
        if getattr(tensor, key):
            found[key] = True
    return found
