"""inbound_nodes of Keras 2 and tf.keras → Calls, in an order in which each finds its inputs ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.architecture.dynamic_shapes import settle_shapes
from lstm_migrate.architecture.layers import RECURRENT, outputs_of, states_of
from lstm_migrate.architecture.operations import is_operation, operation_call
from lstm_migrate.architecture.ordering import in_order
from lstm_migrate.architecture.tensor_types import settle_types
from lstm_migrate.custom import holds_custom
from lstm_migrate.graph import Call, Layer, Ref, leaves

CONSTANT = "_CONSTANT_VALUE"


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
        self.drafted = dict(layers)
        self.fed = frozenset(name for name, layer in layers.items() if layer.kind == "InputLayer")
        self.nodes: dict[str, list[Any]] = {
            entry["name"]: self._nodes(entry["name"], entry.get("inbound_nodes")) for entry in entries
        }
        self.first: dict[str, int] = self._first_nodes(outputs)

    def ordered(self) -> list[Call]:
        """All calls, each after those that it reads; operations in their final form."""
        calls = {
            (name, index): call
            for name, nodes in self.nodes.items()
            for index, node in enumerate(nodes)
            if (call := self._call(name, index, node)) is not None
        }
        if self.draft.problems:
            return []
        found = in_order(self.draft, calls, self.fed, self.where)
        with self._understood(self.where):
            found = settle_shapes(self.draft, self.layers, found, self.where)
            if not self.draft.problems:
                return settle_types(self.draft, self.layers, found, self.where)
        return []

    def inputs(self, structure: Any) -> Any:
        """input_layers as a nesting of Refs, each to an InputLayer."""
        return self._tensors(structure, "input", lambda ref: ref.layer in self.fed)

    def outputs(self, structure: Any) -> Any:
        """output_layers as a nesting of Refs, each to a call that the file holds."""
        return self._tensors(
            structure,
            "output",
            lambda ref: (
                (ref.call == 0 if ref.layer in self.fed else 0 <= ref.call < len(self.nodes[ref.layer]))
                and ref.layer in self.layers
            ),
        )

    def _tensors(self, structure: Any, side: str, known: Callable[[Ref], bool]) -> Any:
        found = self._argument(structure)
        strangers = [leaf for leaf in leaves(found) if not (isinstance(leaf, Ref) and known(leaf))]
        if strangers or not list(leaves(found)):
            self.draft.problem(
                f"the model's {side}s are no tensors of its own",
                self.where,
                found=text(structure),
                expected=f"{side}_layers that name {'its InputLayers' if side == 'input' else 'its layers'}",
            )
        return found

    def _nodes(self, name: str, value: Any) -> list[Any]:
        nodes = value if isinstance(value, list) else []
        if nodes and name in self.fed:
            self.draft.problem("an input is fed by a layer", f"{self.where}/{name}", found=text(nodes))
        return nodes

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
            and min(item[1:3]) >= 0
            and item[0] in self.nodes
        )

    def _reference(self, item: Any) -> Ref | None:
        if not isinstance(item, list) or not self._looks_like_tensor(item):
            return None
        name, node, index = item[:3]
        count = outputs_of(self.drafted[name])
        if count is not None and index >= count:
            self.draft.problem(
                f"output {index} of {name} is read",
                self.where,
                found=f"{self.drafted[name].kind} with outputs 0 to {count - 1}",
            )
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
        layer = self.drafted[name]
        if isinstance(node, Mapping):
            # A nested model fed with a dict.
            by_key = {key: self._argument(value) for key, value in node.items()}
            return Call(name, index, (by_key,))
        listed = isinstance(node, list) and bool(node) and isinstance(node[0], list)
        if isinstance(node, list) and node and not listed:
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
        if is_operation(layer):
            return self._operation(layer, index, fed if listed else fed[0], keywords)
        keywords = {key: value for key, value in keywords.items() if value is not None}
        if layer.kind in RECURRENT:
            if len(fed) > 1:
                keywords = {"initial_state": fed[1:], **keywords}
            self._check_states(layer, keywords)
            return Call(name, index, (fed[0],), keywords)
        return Call(name, index, (fed[0] if len(fed) == 1 else fed,), keywords)

    def _operation(self, layer: Layer, index: int, fed: Any, keywords: Mapping[str, Any]) -> Call | None:
        where = f"{self.where}/{layer.name}"
        with self._understood(where):
            made = operation_call(self.draft, layer, index, fed, keywords, where)
            if made is not None:
                self.layers[layer.name], call = made
                return call
        return None

    @contextmanager
    def _understood(self, where: str) -> Iterator[None]:
        """Turns what goes wrong inside into a problem with operations' arguments."""
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
            # A protobuf as JSON: too many forms to check each by hand, and one answer to all of them.
            self.draft.problem(
                "an operation's arguments are not as TensorFlow writes them",
                where,
                found=f"{type(error).__name__}: {text(error)}",
            )

    def _check_states(self, layer: Layer, keywords: Mapping[str, Any]) -> None:
        given, wanted = _tensors_in(keywords.get("initial_state", [])), states_of(layer)
        if given not in (0, wanted) and not holds_custom(layer):
            self.draft.problem(
                "wrong number of initial states",
                f"{self.where}/{layer.name}",
                found=str(given),
                expected=str(wanted),
            )


def _tensors_in(item: Any) -> int:
    """How many tensors a nesting holds; numbers without any Ref among them are one constant."""
    if isinstance(item, (list, tuple)) and not isinstance(item, Ref):
        if item and not any(isinstance(leaf, Ref) for leaf in leaves(item)):
            return 1
        return sum(_tensors_in(inner) for inner in item)
    return 1
