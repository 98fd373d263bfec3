"""One layer of an old config → Layer: class, config keys, dtype policy, and what it wraps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lstm_migrate.architecture import operations
from lstm_migrate.architecture.custom_layers import WAYS_OUT, custom_layer
from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.architecture.keras3_values import stranger
from lstm_migrate.custom import holds_custom, is_custom
from lstm_migrate.graph import Graph, Layer, leaves
from lstm_migrate.mapping.rule_grammar import Replacement
from lstm_migrate.mapping.sources import target_vocabulary

MODEL_CLASSES = frozenset({"Model", "Functional", "Sequential"})
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"})

CELLS = frozenset(
    "LSTMCell GRUCell SimpleRNNCell StackedRNNCells PeepholeLSTMCell LayerNormLSTMCell"
    " LayerNormSimpleRNNCell ESNCell".split()
)
SEQUENCES = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)
# Those whose calls take states and heed masks.
RECURRENT = SEQUENCES | {"Bidirectional"}
# What these layers can hold; TimeDistributed takes any layer.
WRAPPED = {"Bidirectional": SEQUENCES, "RNN": CELLS, "StackedRNNCells": CELLS}

# Those that may also give their scores, or hand on whatever they are given.
MANY_OUTPUTS = frozenset({"Attention", "AdditiveAttention", "MultiHeadAttention", "Identity"})

ReadModel = Callable[[Draft, Mapping[str, Any], str], Graph | None]


def states_of(layer: Layer) -> int:
    """How many states a recurrent layer or cell has: an LSTM two, a stack those of its cells."""
    if layer.children:
        return sum(states_of(child) for child in layer.children.values())
    return 2 if "LSTM" in layer.kind else 1


def outputs_of(layer: Layer) -> int | None:
    """How many tensors a call of the layer gives; None where that depends on the call."""
    if layer.graph is not None:
        return len(list(leaves(layer.graph.outputs)))
    if holds_custom(layer):
        return None
    if layer.kind in RECURRENT:
        forward = layer.children.get("forward_layer", layer)
        apart = layer.kind == "Bidirectional" and layer.config.get("merge_mode", "concat") is None
        return 1 + apart + (states_of(layer) if forward.config.get("return_state") else 0)
    if layer.children or layer.kind.startswith("ops.") or layer.kind in MANY_OUTPUTS:
        return None
    return 1


class LayerReader:
    """Builds Layers. `read_model` is how a nested model is read: the caller knows the era's form."""

    def __init__(self, draft: Draft, read_model: ReadModel) -> None:
        self.draft, self.read_model = draft, read_model

    def layer(self, entry: Any, where: str, dtype: str = "") -> Layer | None:
        """The layer that `entry` ({"class_name", "config"}) describes; None if problems were noted."""
        if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), (Mapping, list)):
            self.draft.problem("not a layer", where, found=text(entry), expected="class_name and config")
            return None
        class_name, config = _class_name(entry), entry["config"]
        self.draft.layer_count += 1
        if class_name in MODEL_CLASSES:
            return self._model(entry, where)
        if not isinstance(config, Mapping):
            self.draft.problem("the config is no object", where, found=text(config))
            return None
        # A class of another package is "<package>>…", and some cells' configs have no name.
        name = str(config.get("name") or entry.get("name") or class_name.rpartition(">")[2])
        listed = self.draft.replacing.of(name)
        if listed is not None:
            return self._replaced(name, listed, config, f"{where}/{name}" if where else name, dtype)
        words = self.draft.vocabulary
        known = ">" in class_name or words.custom.layer(class_name) or words.is_fork(class_name)
        if not known and stranger(entry):
            # A class of somebody else's that has the name of a stock one.
            self.draft.problem(
                f"no stock layer {class_name!r}",
                f"{where}/{name}" if where else name,
                found=stranger(entry),
                expected="a layer that Keras ships",
                hint=WAYS_OUT,
            )
            return None
        if class_name in operations.CLASSES:
            return operations.operation_layer(
                self.draft, class_name, config, f"{where}/{name}" if where else name
            )
        return self._stock(class_name, name, config, f"{where}/{name}" if where else name, dtype)

    def _model(self, entry: Mapping[str, Any], where: str) -> Layer | None:
        graph = self.read_model(self.draft, entry, where)
        if graph is None:
            return None
        name = str(entry.get("name") or graph.name)
        return Layer(name, "Model", graph=graph, trainable=graph.trainable)

    def _replaced(
        self, name: str, listed: Sequence[Replacement], config: Mapping[str, Any], where: str, dtype: str
    ) -> Layer | None:
        """What a mapping file puts in the layer's place, in Keras 3's words."""
        inner = Draft(target_vocabulary(), self.draft.floatx)
        reader = LayerReader(inner, self.read_model)
        policy = self._policy(config.get("dtype"), where, dtype)
        trainable = bool(config.get("trainable", True))
        made = self.draft.replacing.layer(
            name, listed, trainable, policy, lambda entry: reader.layer(entry, where)
        )
        self.draft.problems += inner.problems
        return made

    def _stock(
        self, class_name: str, name: str, config: Mapping[str, Any], where: str, dtype: str
    ) -> Layer | None:
        found = self.draft.vocabulary.layer(class_name)
        if found is None:
            self.draft.problem(
                f"no stock layer {class_name!r}",
                where,
                found=f"class {class_name}",
                expected="a layer that Keras ships",
                hint=WAYS_OUT,
            )
            return None
        kind, declaration = found
        if is_custom(kind):
            policy = self._policy(config.get("dtype"), where, dtype)
            return custom_layer(self.draft, kind, class_name, name, config, where, policy)
        if declaration.refuse is not None:
            self.draft.problem(f"{class_name} cannot be carried over", where, hint=declaration.refuse)
            return None
        policy = self._policy(config.get("dtype"), where, dtype)
        children = self._children(kind, config, where, policy, "layer" in declaration.keep)
        fate = self.draft.vocabulary.fate(class_name, config, where)
        self.draft.problems += fate.problems
        for key in declaration.sizes.values():
            if isinstance(key, str) and key not in fate.config and key not in config:
                self.draft.problem("a size is missing", where, expected=f"the config key {key!r}")
        for key, reason in fate.dropped.items():
            self.draft.note("dropped", f"{where}: {key}", reason)
        own = {key: value for key, value in fate.config.items() if key not in _CHILD_KEYS}
        trainable = bool(config.get("trainable", True))
        return Layer(name, kind, own, children, trainable=trainable, dtype=policy)

    def _policy(self, value: Any, where: str, inherited: str) -> str:
        if isinstance(value, Mapping):
            inner = value.get("config")
            # A quantized policy has no such name, nor has a table of policies.
            value = inner.get("name", value) if isinstance(inner, Mapping) else None
        if value is None or value == "_infer":
            return inherited or self.draft.floatx
        if isinstance(value, str) and value in FLOATS:
            return value
        if str(value).startswith(("int", "uint", "bool", "string")):
            # Keras 2's Embedding names its input's dtype here; its weights are floats all the same.
            return inherited or self.draft.floatx
        self.draft.problem("unknown dtype policy", where, found=text(value), expected=", ".join(FLOATS))
        return "float32"

    def _children(
        self, kind: str, config: Mapping[str, Any], where: str, dtype: str, wraps: bool
    ) -> dict[str, Layer]:
        found: dict[str, Layer | None] = {}
        if kind == "Bidirectional":
            found = self._directions(config, where, dtype)
        elif kind == "RNN":
            found = {"cell": self._cell(config.get("cell"), f"{where}/cell", dtype)}
        elif kind == "StackedRNNCells":
            cells = config.get("cells")
            if not isinstance(cells, list) or not cells:
                self.draft.problem("a stack without cells", where, found=text(cells))
                return {}
            for number, cell in enumerate(cells):
                found[str(number)] = self._cell(cell, f"{where}/{number}", dtype)
        elif wraps:
            found = {"layer": self.layer(config.get("layer"), f"{where}/layer", dtype)}
        children = {label: child for label, child in found.items() if child is not None}
        self._check_children(kind, children, where)
        return children

    def _check_children(self, kind: str, children: Mapping[str, Layer], where: str) -> None:
        wanted = WRAPPED.get(kind)
        for label, child in children.items():
            own_cell = wanted is CELLS and is_custom(child.kind)
            if wanted is not None and child.kind not in wanted and not own_cell:
                self.draft.problem(
                    f"{kind} cannot hold a {child.kind}",
                    f"{where}/{label}",
                    found=f"{child.kind} {child.name!r}",
                    expected=f"one of {', '.join(sorted(wanted))}",
                )

    def _cell(self, entry: Any, where: str, dtype: str) -> Layer | None:
        if isinstance(entry, list):
            # Keras writes RNN([cell, cell]) as StackedRNNCells; a bare list means the same.
            entry = {"class_name": "StackedRNNCells", "config": {"name": "stacked_rnn_cells", "cells": entry}}
        return self.layer(entry, where, dtype)

    def _directions(self, config: Mapping[str, Any], where: str, dtype: str) -> dict[str, Layer | None]:
        forward = self.layer(config.get("layer"), f"{where}/forward_layer", dtype)
        other = config.get("backward_layer")
        if other is not None:
            return {
                "forward_layer": forward,
                "backward_layer": self.layer(other, f"{where}/backward_layer", dtype),
            }
        if forward is None:
            return {}
        turned = {**forward.config, "go_backwards": not forward.config.get("go_backwards", False)}
        backward = Layer(
            forward.name, forward.kind, turned, forward.children, None, forward.trainable, forward.dtype
        )
        return {"forward_layer": forward, "backward_layer": backward}


def _class_name(entry: Mapping[str, Any]) -> str:
    """The class as it is registered: newer files say apart whose it is ("Addons>ESNCell")."""
    registered = entry.get("registered_name")
    return registered if isinstance(registered, str) and ">" in registered else str(entry.get("class_name"))


_CHILD_KEYS = frozenset({"layer", "backward_layer", "cell", "cells"})
