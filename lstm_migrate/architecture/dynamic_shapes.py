"""tf.shape and what is reckoned from it: settled where a fixed shape means the same, refused elsewhere.

Keras 3's functional models hold no sizes as tensors. A reshape to sizes of the model's tensors has a
fixed form if only one of them is unknown (then it follows from the others), or if the first is the
batch's and one more is unknown (a Reshape layer, which keeps the batch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Call, Layer, Ref, references

SHAPE = "ops.shape"
ARITHMETIC = frozenset("ops.multiply ops.add ops.subtract ops.floor_divide".split())
# Kinds whose output has the shape of their input, and kinds that change its last axis alone.
SAME = frozenset(
    "Dropout SpatialDropout1D Activation LayerNormalization BatchNormalization Masking LeakyReLU ReLU "
    "Softmax ops.copy ops.cast ops.tanh ops.sigmoid ops.relu ops.softmax ops.exp ops.negative ops.absolute "
    "ops.square ops.sqrt ops.stop_gradient".split()
)
LAST = frozenset("Dense LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU Bidirectional".split())
ELEMENTWISE = frozenset(
    "ops.add ops.subtract ops.multiply ops.divide ops.maximum ops.minimum ops.equal ops.not_equal "
    "ops.greater ops.greater_equal ops.less ops.less_equal ops.logical_and ops.logical_or ops.where "
    "Add Subtract Multiply".split()
)


@dataclass(frozen=True)
class Size:
    """The size of one axis of a tensor."""

    tensor: Ref
    axis: int


@dataclass(frozen=True)
class Count:
    """A number reckoned from sizes; `behind`: the tensor whose axes but the first it multiplies."""

    behind: Ref | None = None


@dataclass(frozen=True)
class Sizes:
    """The sizes of a tensor's axes from `first` on."""

    tensor: Ref
    first: int = 0


Entry = int | Size | Count


@dataclass
class _Shapes:
    """What is known of a model's tensors while its calls are read in order.

    `values`: tensors that hold sizes. `known`: shapes, None where a size is free or unknown.
    `batch`: tensors whose first axis is the model's batch.
    """

    draft: Draft
    layers: dict[str, Layer]
    where: str
    values: dict[Ref, Entry | Sizes | tuple[Entry, ...]] = field(default_factory=dict)
    known: dict[Ref, tuple[int | None, ...]] = field(default_factory=dict)
    batch: set[Ref] = field(default_factory=set)

    def settled(self, call: Call) -> Call | None:
        """The call with fixed sizes; None if all it does is to reckon sizes."""
        layer = self.layers[call.layer]
        if layer.kind == SHAPE:
            self.values[Ref(call.layer, call.index, 0)] = Sizes(call.args[0])
            return None
        if layer.kind == "ops.reshape" and call.args[0] not in self.values:
            call = self._reshape(call)
        elif any(ref in self.values for ref in references(call)):
            self._reckon(layer, call)
            return None
        self._follow(self.layers[call.layer], call)
        return call

    def _reckon(self, layer: Layer, call: Call) -> None:
        """Sizes reckoned from sizes; a problem if they are used in any other way."""
        out = Ref(call.layer, call.index, 0)
        given = [self._value(arg) for arg in call.args]
        first = given[0]
        made: Entry | Sizes | tuple[Entry, ...] | None = None
        if layer.kind == "ops.get_item":
            made = self._item(first, call.args[1][0] if len(call.args[1]) == 1 else None)
        elif layer.kind == "ops.unstack" and isinstance(first, Sizes):
            for axis in range(16):
                self.values[out._replace(output=axis)] = Size(first.tensor, first.first + axis)
            return
        elif layer.kind in ("ops.stack", "ops.concatenate") and isinstance(first, list):
            made = _joined([self._value(item) for item in first])
        elif layer.kind == "ops.prod" and isinstance(first, Sizes):
            made = self._product(self._all(first)) if first.tensor in self.known else Count()
            if first.first == 1 and not isinstance(made, int):
                made = Count(first.tensor)
        elif layer.kind in ARITHMETIC and all(isinstance(item, (int, Size, Count)) for item in given):
            made = self._product(given) if layer.kind == "ops.multiply" else Count()
        elif layer.kind in ("ops.cast", "ops.copy") and "float" not in str(call.args[1:]):
            made = first
        if made is None:
            self.draft.problem(
                "a tensor's size at run time is used where Keras 3 takes a fixed number",
                f"{self.where}/{call.layer}",
                hint="Give the model's inputs fixed sizes, or use layers such as Reshape and Flatten, and "
                "save it again.",
            )
            made = Count()
        self.values[out] = made

    def _value(self, arg: Any) -> Any:
        return self.values.get(arg, arg) if isinstance(arg, Ref) else arg

    def _item(self, whole: Any, key: Any) -> Entry | Sizes | tuple[Entry, ...] | None:
        if isinstance(whole, tuple):
            if isinstance(key, int):
                return whole[key] if -len(whole) <= key < len(whole) else None
            return whole[key] if isinstance(key, slice) else None
        if not isinstance(whole, Sizes):
            return None
        if isinstance(key, int):
            axis = key + whole.first if key >= 0 else key
            if axis < 0 and whole.tensor in self.known:
                axis += len(self.known[whole.tensor])
            return Size(whole.tensor, axis)
        if not isinstance(key, slice) or key.step not in (None, 1):
            return None
        start = key.start or 0
        if key.stop is None and start >= 0:
            return Sizes(whole.tensor, whole.first + start)
        rank = len(self.known.get(whole.tensor, (None,)))
        if start == whole.first == 0 and key.stop is not None and 0 < key.stop <= rank:
            return tuple(Size(whole.tensor, axis) for axis in range(key.stop))
        return None

    def _product(self, factors: Sequence[Any]) -> int | Count:
        fixed = [self._fixed(item) for item in factors]
        return prod(fixed) if all(isinstance(item, int) for item in fixed) else Count()

    def _all(self, sizes: Sizes) -> tuple[Size, ...]:
        return tuple(Size(sizes.tensor, axis) for axis in range(sizes.first, len(self.known[sizes.tensor])))

    def _reshape(self, call: Call) -> Call:
        """A reshape to fixed sizes; where sizes come in as tensors, one that means the same."""
        x, wanted = call.args[0], self._value(call.args[1])
        if isinstance(wanted, Sizes) and wanted.first == 0 and wanted.tensor in self.known:
            wanted = self._all(wanted)
        if isinstance(wanted, (list, tuple)):
            entries = [self._fixed(self._value(item)) for item in wanted]
            sizes = all(isinstance(item, (int, Size, Count)) for item in entries)
            free = [item for item in entries if not isinstance(item, int) or item < 0]
            if sizes and len(free) <= 2 and entries[0] in free and self._is_batch(entries, x):
                behind = tuple(item if isinstance(item, int) else -1 for item in entries[1:])
                own = self.layers[call.layer]
                self.layers[call.layer] = replace(own, kind="Reshape", config={"target_shape": behind})
                return replace(call, args=(x,))
            if sizes and len(free) <= 1:
                return replace(call, args=(x, [item if isinstance(item, int) else -1 for item in entries]))
        self.draft.problem(
            "a tensor is given a shape with more than one size that is known at run time only",
            f"{self.where}/{call.layer}",
            found=text([str(item) for item in wanted] if isinstance(wanted, (list, tuple)) else wanted),
            expected="at most one unknown size besides the batch's",
            hint="Give the model's inputs fixed sizes and save it again.",
        )
        return replace(call, args=(x, [-1]))

    def _fixed(self, entry: Any) -> Any:
        if isinstance(entry, Size):
            shape = self.known.get(entry.tensor, ())
            size = shape[entry.axis] if -len(shape) <= entry.axis < len(shape) else None
            return entry if size is None else size
        return entry

    def _is_batch(self, entries: Sequence[Any], x: Any) -> bool:
        """Whether the first entry is the size of x's first axis."""
        first = entries[0]
        if isinstance(first, Size) and first.axis == 0:
            return first.tensor == x or (first.tensor in self.batch and x in self.batch)
        return first == -1 and len(entries) == 2 and entries[1] == Count(x)

    def _follow(self, layer: Layer, call: Call) -> None:
        """What is known of the call's output."""
        out, refs = Ref(call.layer, call.index, 0), list(references(call))
        shapes = [self.known[ref] for ref in refs if ref in self.known]
        if layer.kind in SAME and shapes:
            self.known[out] = shapes[0]
        elif layer.kind in LAST and shapes and (layer.kind == "Dense" or _sequences(layer)):
            self.known[out] = (*shapes[0][:-1], None)
        elif layer.kind == "Embedding" and shapes:
            self.known[out] = (*shapes[0], None)
        elif layer.kind == "ops.transpose" and len(call.args) > 1 and isinstance(call.args[1], list):
            old = shapes[0] if shapes else (None,) * len(call.args[1])
            self.known[out] = tuple(old[axis] for axis in call.args[1])
        elif layer.kind == "ops.reshape" and isinstance(call.args[1], list):
            self.known[out] = tuple(None if size < 0 else int(size) for size in call.args[1])
        elif layer.kind == "Reshape" and "target_shape" in layer.config:
            sizes = (None if size < 0 else int(size) for size in layer.config["target_shape"])
            self.known[out] = (None, *sizes)
        elif layer.kind == "ops.get_item" and shapes and Ellipsis not in call.args[1]:
            new, gone = call.args[1].count(None), sum(isinstance(item, int) for item in call.args[1])
            self.known[out] = (None,) * (len(shapes[0]) + new - gone)
        elif layer.kind in (*ELEMENTWISE, "ops.matmul", "ops.einsum") and shapes and len(shapes) == len(refs):
            self.known[out] = (None,) * max(map(len, shapes))
        if refs and all(ref in self.batch for ref in refs) and self._keeps_batch(layer, call):
            self.batch |= {out._replace(output=number) for number in range(4)}

    def _keeps_batch(self, layer: Layer, call: Call) -> bool:
        if not layer.kind.startswith("ops."):
            return layer.kind != "Model" and not layer.config.get("time_major")
        if layer.kind in SAME:
            return True
        plain = all(isinstance(arg, (Ref, int, float)) for arg in call.args)
        if layer.kind in ELEMENTWISE:
            return plain
        if layer.kind == "ops.get_item":
            return bool(call.args[1]) and call.args[1][0] in (slice(None), Ellipsis)
        if layer.kind in ("ops.matmul", "ops.einsum"):
            # Of matrices with something in front; a product of two matrices mixes their first axes.
            ranks = [len(self.known.get(ref, ())) for ref in references(call)]
            return max(ranks, default=0) > 2
        if layer.kind == "ops.transpose":
            return len(call.args) > 1 and isinstance(call.args[1], list) and call.args[1][0] == 0
        return False


def _sequences(layer: Layer) -> bool:
    inner = layer.children.get("forward_layer", layer)
    return bool(inner.config.get("return_sequences")) and not inner.config.get("return_state")


def _joined(parts: Sequence[Any]) -> tuple[Entry, ...] | None:
    """Sizes and lists of sizes, one behind the other."""
    found: list[Entry] = []
    for part in parts:
        items = part if isinstance(part, (list, tuple)) else [part]
        if not all(isinstance(item, (int, Size, Count)) for item in items):
            return None
        found += items
    return tuple(found)


def settle_shapes(draft: Draft, layers: dict[str, Layer], calls: Sequence[Call], where: str) -> list[Call]:
    """The calls without those that reckon sizes, whose layers leave `layers`; problems for the rest."""
    if not any(layer.kind in (SHAPE, "ops.reshape") for layer in layers.values()):
        return list(calls)
    state = _Shapes(draft, layers, where)
    for name, layer in layers.items():
        if layer.kind == "InputLayer":
            state.known[Ref(name, 0, 0)] = _sizes(layer.config)
            state.batch.add(Ref(name, 0, 0))
    found = [settled for call in calls if (settled := state.settled(call)) is not None]
    for ref in state.values:
        layers.pop(ref.layer, None)
    return found


def _sizes(config: Mapping[str, Any]) -> tuple[int | None, ...]:
    return tuple(config["batch_shape"] or ())
