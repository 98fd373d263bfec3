"""inbound_nodes of Keras 2 and tf.keras → Calls, in an order in which each finds its inputs ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.architecture.operations import operation_call
from lstm_migrate.graph import Call, Layer, Ref, leaves, references

CONSTANT = "_CONSTANT_VALUE"

# Layers whose first call argument is a sequence; further tensors in inbound_nodes are their states.
RECURRENT = frozenset(
    "LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU RNN Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D".split()
)


class CallReader:
    """Reads the calls of one functional model."""

    def __init__(
        self,
        draft: Draft,
        layers: dict[str, Layer],
        entries: Sequence[Mapping[str, Any]],
        outputs: Any,
        where: str,
    ) -> None:
        self.draft, self.layers, self.where = draft, layers, where
        self.nodes: dict[str, list[Any]] = {
            entry["name"]: self._nodes(entry.get("inbound_nodes")) for entry in entries
        }
        self.first: dict[str, int] = self._first_nodes(outputs)

    def ordered(self) -> list[Call]:
        """All calls, each after those that it reads."""
        waiting = {
            (name, index): call
            for name, nodes in self.nodes.items()
            for index, node in enumerate(nodes)
            if (call := self._call(name, index, node)) is not None
        }
        if self.draft.problems:
            return []
        done = {(name, 0) for name, layer in self.layers.items() if layer.kind == "InputLayer"}
        found: list[Call] = []
        while waiting:
            ready = [
                key
                for key, call in waiting.items()
                if all((ref.layer, ref.call) in done for ref in references(call))
            ]
            if not ready:
                self._stuck(waiting, done)
                return []
            for key in ready:
                found.append(waiting.pop(key))
                done.add(key)
        return found

    def references(self, structure: Any) -> Any:
        """input_layers or output_layers as a nesting of Refs."""
        ref = self._reference(structure)
        if ref is not None:
            return ref
        if isinstance(structure, list):
            return [self.references(item) for item in structure]
        if isinstance(structure, Mapping):
            return {key: self.references(value) for key, value in structure.items()}
        self.draft.problem("not a tensor of the model", self.where, found=text(structure))
        return []

    def _nodes(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            return []
        return value

    def _first_nodes(self, outputs: Any) -> dict[str, int]:
        # A nested model that was built before it was called has a node of its own, which is not in the
        # file: its calls are then numbered from 1. The numbers in use tell.
        used: dict[str, set[int]] = {}
        self._collect(outputs, used)
        for node in self.nodes.values():
            self._collect(node, used)
        return {
            name: 1
            for name, layer in self.layers.items()
            if layer.kind == "Model" and used.get(name) and max(used[name]) >= len(self.nodes.get(name, []))
        }

    def _collect(self, item: Any, used: dict[str, set[int]]) -> None:
        if isinstance(item, list):
            if self._looks_like_tensor(item):
                used.setdefault(item[0], set()).add(item[1])
                item = item[3:]
            for inner in item:
                self._collect(inner, used)
        elif isinstance(item, Mapping):
            for inner in item.values():
                self._collect(inner, used)

    def _looks_like_tensor(self, item: list[Any]) -> bool:
        return (
            len(item) in (3, 4)
            and isinstance(item[0], str)
            and type(item[1]) is int
            and type(item[2]) is int
            and item[0] in self.nodes
        )

    def _reference(self, item: Any) -> Ref | None:
        if not isinstance(item, list) or not self._looks_like_tensor(item):
            return None
        name, node, index = item[:3]
        first = self.first.get(name, 0)
        return Ref(name, node - first, index)

    def _argument(self, item: Any) -> Any:
        if isinstance(item, list) and item and item[0] == CONSTANT:
            return item[2] if len(item) > 2 else None
        ref = self._reference(item)
        if ref is not None:
            return ref
        if isinstance(item, list):
            return [self._argument(inner) for inner in item]
        if isinstance(item, Mapping):
            return {key: self._argument(value) for key, value in item.items()}
        return item

    def _call(self, name: str, index: int, node: Any) -> Call | None:
        layer = self.layers[name]
        if isinstance(node, Mapping):
            # A nested model fed with a dict.
            by_key = {key: self._argument(value) for key, value in node.items()}
            return Call(name, index, (by_key,))
        if isinstance(node, list) and node and not isinstance(node[0], list):
            node = [node]
        if not isinstance(node, list) or not node:
            self.draft.problem("a call without inputs", f"{self.where}/{name}", found=text(node))
            return None
        fed = [self._argument(item) for item in node]
        keywords: dict[str, Any] = {}
        for item in node:
            if isinstance(item, list) and len(item) == 4 and isinstance(item[3], Mapping):
                keywords.update({key: self._argument(value) for key, value in item[3].items()})
        strangers = [leaf for leaf in leaves(fed) if isinstance(leaf, str)]
        if strangers:
            self.draft.problem(
                f"{name} is fed by a layer that is not there", self.where, found=", ".join(strangers)
            )
            return None
        if layer.kind.startswith("ops.") or (layer.kind == "Identity" and "name" in keywords):
            call = operation_call(self.draft, layer, index, fed, keywords, f"{self.where}/{name}")
            if call is not None and call.args and layer.kind == "ops.matmul":
                self.layers[name] = replace(layer, kind="ops.einsum")
            return call
        keywords = {key: value for key, value in keywords.items() if value is not None}
        if layer.kind in RECURRENT and len(fed) > 1:
            return Call(name, index, (fed[0],), {"initial_state": fed[1:], **keywords})
        return Call(name, index, (fed[0] if len(fed) == 1 else fed,), keywords)

    def _stuck(self, waiting: Mapping[tuple[str, int], Call], done: set[tuple[str, int]]) -> None:
        known = {*done, *waiting}
        for (name, _), call in waiting.items():
            for ref in references(call):
                if (ref.layer, ref.call) not in known:
                    self.draft.problem(
                        f"{name} reads call {ref.call} of {ref.layer}, which is not in the file", self.where
                    )
        if not self.draft.problems:
            names = sorted({name for name, _ in waiting})
            self.draft.problem(
                "the layers feed each other in a circle",
                self.where,
                found=", ".join(names[:6]),
                expected="a graph from inputs to outputs",
            )
