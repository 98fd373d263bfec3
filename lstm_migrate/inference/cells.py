"""Recurrent layers settled: the activations, directions and sequences that their arrays leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.graph import Activation, Layer
from lstm_migrate.inference.assumptions import Choices
from lstm_migrate.inference.traits import CELL, GATE, RARE
from lstm_migrate.mapping.vocabulary import Vocabulary

FLAG = ("False", "True")


class CellSettler:
    """Writes out the configs of cells and of the layers around them."""

    def __init__(self, vocabulary: Vocabulary, choices: Choices) -> None:
        self.vocabulary, self.choices = vocabulary, choices

    def settled(self, layer: Layer, sequences: bool, masked: bool, other: Mapping[str, Any]) -> Layer:
        """The recurrent layer with all that its config needs; `sequences`: it gives every step."""
        if layer.kind == "Bidirectional":
            return self._bidirectional(layer, sequences, other)
        own = self._cell(layer, layer.name, other)
        config = {**own.config, "return_sequences": sequences}
        reason = "arrays are the same in either direction; most layers go forwards"
        config["go_backwards"] = self._flag(f"{layer.name}.go_backwards", reason, 5.0)
        if masked and self.vocabulary.keeps(layer.kind, "zero_output_for_mask"):
            reason = "arrays do not tell what it puts out at masked steps; it is off unless asked for"
            config["zero_output_for_mask"] = self._flag(f"{layer.name}.zero_output_for_mask", reason, 4.0)
        return replace(own, config=config)

    def _bidirectional(self, layer: Layer, sequences: bool, other: Mapping[str, Any]) -> Layer:
        forward, backward = layer.children["forward_layer"], layer.children["backward_layer"]
        alike = replace(forward, name="", config={}, children={}) == replace(
            backward, name="", config={}, children={}
        )
        made: dict[str, Layer] = {}
        for label, child in layer.children.items():
            key = layer.name if alike else f"{layer.name}/{label}"
            found = self._cell(child, key, other)
            backwards = label == "backward_layer"
            made[label] = replace(
                found,
                config={**found.config, "return_sequences": sequences, "go_backwards": backwards},
            )
        return replace(layer, children=made)

    def _cell(self, layer: Layer, key: str, other: Mapping[str, Any]) -> Layer:
        """A layer or cell with its activations; in a stack, each cell by its number."""
        if layer.children:
            named = {
                label: self._cell(child, key if label == "cell" else f"{key}/{label}", other)
                for label, child in layer.children.items()
            }
            return replace(layer, config={**self._defaults(layer), **layer.config}, children=named)
        config = {**self._defaults(layer), **layer.config}
        for name, values in other.items():
            reason = "arrays without a bias do not tell; this version's default"
            usual = str(self._defaults(layer).get(name, values[0]))
            texts = sorted(map(str, values), key=lambda text: text != usual)
            config[name] = _read(self.choices.pick(f"{key}.{name}", texts, reason))
        found = self.vocabulary.cell(layer)
        for name in found[0].computes if found else ():
            if layer.kind not in _FIXED:
                config[name] = self._activation(key, name, self._defaults(layer).get(name))
        return replace(layer, config=config)

    def _activation(self, key: str, name: str, default: Any) -> Activation:
        era = self.vocabulary.activation_name(default) if isinstance(default, Activation) else ""
        likely = (era or "sigmoid", *GATE) if name == "recurrent_activation" else (era or "tanh", *CELL)
        values, rare = activations(likely, self.vocabulary)
        reason = (
            "no array tells; hard_sigmoid before Keras 2.3 and in TensorFlow 1, sigmoid since then"
            if name == "recurrent_activation"
            else "no array tells; the default of every version"
        )
        cost = 1.0 if name == "recurrent_activation" else 2.0
        text = self.choices.pick(f"{key}.{name}", values, reason, rare=rare, cost=cost)
        return self.vocabulary.activation(text)

    def _flag(self, key: str, reason: str, cost: float) -> bool:
        return self.choices.pick(key, FLAG, reason, cost=cost) == "True"

    def _defaults(self, layer: Layer) -> dict[str, Any]:
        if self.vocabulary.layer(layer.kind) is None:
            return {}
        return self.vocabulary.fate(layer.kind, {}, layer.name).config


def activations(likely: Sequence[str], vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """The names of all activations, likely ones first and each function once; then the other names."""
    known = vocabulary.document.activations
    usual: dict[str, str] = {}
    for name in (*likely, *sorted(known)):
        if name in known and name not in RARE:
            usual.setdefault(str(vocabulary.activation(name)), name)
    names = list(usual.values())
    return names, [name for name in known if name not in names]


_FIXED = frozenset({"CuDNNLSTM", "CuDNNGRU"})  # cuDNN computes with tanh and sigmoid


def _read(text: str) -> Any:
    return {"True": True, "False": False, "None": None}.get(text, text)
