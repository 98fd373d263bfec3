"""Masks written out: where Keras 3 would handle a mask otherwise than the source did.

Keras 3 joins the masks of merged branches otherwise, leaves masked inputs out of some merges, forgets
a mask beside an initial state, and so on. In such a model the implicit masks are taken off where they
arise (an `ops.copy` carries none), written as operations (`not_equal`, `any`, `logical_and`), and
given by keyword to the layers that heed them, by the source's rules. Elsewhere nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.architecture.layers import RECURRENT
from lstm_migrate.custom import is_custom
from lstm_migrate.graph import Call, Graph, Layer, Ref, leaves, map_leaves
from lstm_migrate.planning.time_major import is_time_major

MERGES = frozenset("Add Subtract Multiply Average Maximum Minimum Concatenate".split())
SKIPPING_MERGES = frozenset("Multiply Maximum Minimum".split())
ATTENTION = frozenset("Attention AdditiveAttention".split())
PASSING = frozenset(
    "Dense Activation Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise "
    "GaussianDropout AlphaDropout BatchNormalization LayerNormalization UnitNormalization LeakyReLU PReLU "
    "ELU ThresholdedReLU ReLU Softmax ActivityRegularization TimeDistributed Identity Rescaling "
    "Normalization SampleNormalization ParametricSoftplus SReLU ThresholdedLinear".split()
)
# Rebuilt from layers and operations that end a mask.
REBUILT = frozenset("SampleNormalization ParametricSoftplus SReLU ThresholdedLinear".split())


@dataclass(frozen=True)
class Mask:
    """A mask as a formula: made by call `made` of a Masking or Embedding layer; or all of `parts`; or
    `joined`, masks one after the other in time, where a Ref stands for a tensor that has none."""

    made: tuple[str, int] | None = None
    parts: tuple[Mask, ...] = ()
    joined: tuple[Mask | Ref, ...] = ()


def all_of(masks: Iterable[Mask]) -> Mask | None:
    """The mask that is true where all of these are; None of none."""
    distinct = tuple(dict.fromkeys(masks))
    return None if not distinct else distinct[0] if len(distinct) == 1 else Mask(parts=distinct)


@dataclass
class MaskReading:
    """Which tensors of a source Graph carry a mask, and whether Keras 3 needs it written out."""

    graph: Graph
    semantics: Mapping[str, Any]
    masks: dict[Ref, Mask] = field(default_factory=dict)
    needed: bool = False
    possible: bool = True
    apart: set[str] = field(default_factory=set)

    @property
    def explicit(self) -> bool:
        """Whether this model's masks are to be written out."""
        return self.needed and self.possible

    @property
    def ends_at_merges(self) -> bool:
        """Whether merges see no masks in the source, and the target must be kept from seeing them."""
        return self.semantics.get("merge_mask") == "none" and not self.explicit and _makes_masks(self.graph)

    @property
    def hides_beside_states(self) -> bool:
        """Whether the source forgets a mask beside an initial state, as Keras 3 does."""
        return bool(self.semantics.get("initial_state_hides_mask", True))

    def read(self) -> MaskReading:
        """Walks the calls in order."""
        for call in self.graph.calls:
            self._call(self.graph.layers[call.layer], call)
        return self

    def _call(self, layer: Layer, call: Call) -> None:
        here = Ref(call.layer, call.index, 0)
        inputs = [ref for ref in leaves(list(call.args)) if isinstance(ref, Ref)]
        masked = [self.masks[ref] for ref in inputs if ref in self.masks]
        if layer.kind == "Masking" or (layer.kind == "Embedding" and layer.config.get("mask_zero")):
            self.masks[here] = Mask(made=(call.layer, call.index))
        elif not masked:
            # A nested model may make masks of its own and hand them out, where nobody here sees them.
            self.possible &= not (layer.graph is not None and _makes_masks(layer.graph))
        elif "mask" in call.kwargs or layer.graph is not None:
            self.possible = False
        elif is_custom(layer.kind):
            # Whether it heeds a mask or hands it on is for its own code to say.
            self.possible = False
        elif layer.kind in RECURRENT:
            self._recurrent(layer, call, here, masked[0])
        elif layer.kind in MERGES:
            self._merge(layer, call, here, inputs, masked)
        elif layer.kind in PASSING:
            self._passing(layer, here, masked[0])
        elif layer.kind == "MultiHeadAttention":
            self.needed |= not self.semantics.get("multi_head_attention_masks", True)
            self.possible &= not self.semantics.get("multi_head_attention_masks", True)

    def _recurrent(self, layer: Layer, call: Call, here: Ref, mask: Mask) -> None:
        self.needed |= ("initial_state" in call.kwargs and not self.hides_beside_states) or is_time_major(
            layer
        )
        if layer.kind == "Bidirectional" and self._differs(layer):
            self.needed = True
            self.apart.add(layer.name)
        inner = layer.children.get("forward_layer", layer)
        if inner.config.get("return_sequences"):
            self.masks[here] = mask
            if layer.kind == "Bidirectional" and layer.config.get("merge_mode") is None:
                self.masks[Ref(here.layer, here.call, 1)] = mask

    def _differs(self, layer: Layer) -> bool:
        """Whether the source's Bidirectional puts out something else at masked steps than Keras 3's."""
        sequences = bool(layer.children["forward_layer"].config.get("return_sequences"))
        if sequences:
            return not self.semantics.get("bidirectional_zeroes_masked", True)
        return bool(self.semantics.get("bidirectional_zeroes_last"))

    def _merge(self, layer: Layer, call: Call, here: Ref, inputs: list[Ref], masked: list[Mask]) -> None:
        rule = self.semantics.get("merge_mask", "any")
        if rule != "all":
            # Keras 3's own rule needs no writing, and no formula here states it.
            self.needed |= rule == "none"
            self.possible &= rule == "none"
            return
        alike = len(masked) == len(inputs) and len(set(masked)) == 1
        self.needed |= layer.kind in SKIPPING_MERGES or not alike
        found = all_of(masked)
        if layer.kind == "Concatenate" and layer.config.get("axis", -1) not in (-1, 2):
            self.needed = True
            self.possible &= layer.config["axis"] in (1, -2)
            found = Mask(joined=tuple(self.masks.get(ref, ref) for ref in inputs))
        if found is not None:
            self.masks[here] = found

    def _passing(self, layer: Layer, here: Ref, mask: Mask) -> None:
        if layer.kind in self.semantics.get("kinds_that_drop_masks", ()):
            self.needed = True
            return
        child = layer.children.get("layer")
        if child is not None and (child.graph is not None or child.kind in RECURRENT or child.children):
            self.possible = False
        self.needed |= layer.kind in REBUILT
        self.masks[here] = mask


def _makes_masks(graph: Graph) -> bool:
    return any(layer.kind == "Masking" or layer.config.get("mask_zero") for _, layer in graph.walk())


@dataclass
class MaskWriter:
    """Adds the operations that compute masks to a target Graph, each mask once.

    `unique` gives free layer names, `moved` the target's Ref for a source's. Masks are formulas over
    the source's Refs; what is written holds the target's.
    """

    reading: MaskReading
    unique: Callable[[str], str]
    moved: Callable[[Ref], Ref]
    layers: dict[str, Layer] = field(default_factory=dict)
    written: dict[Mask, Ref] = field(default_factory=dict)

    def arising(self, layer: Layer, call: Call, fed: Any, result: Ref) -> tuple[list[Call], Ref]:
        """After a layer that makes a mask: the calls that write it out, and the output without it."""
        calls: list[Call] = []
        value = 0 if layer.kind == "Embedding" else layer.config.get("mask_value", 0.0)
        there = self._operation(calls, f"{layer.name}_mask", "not_equal", {"x1": fed, "x2": value})
        if layer.kind == "Masking":
            there = self._operation(calls, f"{layer.name}_mask_any", "any", {"x": there, "axis": -1})
        self.written[Mask(made=(call.layer, call.index))] = there
        bare = self._operation(calls, f"{layer.name}_unmasked", "copy", {"x": result})
        return calls, bare

    def keywords(self, layer: Layer, call: Call) -> tuple[list[Call], dict[str, Any]]:
        """Before a layer that heeds masks: the calls that join them, and the keyword argument."""
        inputs = [ref for ref in leaves(list(call.args)) if isinstance(ref, Ref)]
        masks = [self.reading.masks.get(ref) for ref in inputs]
        unseen = "initial_state" in call.kwargs and self.reading.hides_beside_states
        if not any(masks) or unseen:
            return [], {}
        calls: list[Call] = []
        if layer.kind in ATTENTION:
            return calls, {"mask": [None if mask is None else self._written(calls, mask) for mask in masks]}
        if (layer.kind in RECURRENT or layer.kind == "GlobalAveragePooling1D") and masks[0] is not None:
            return calls, {"mask": self._written(calls, masks[0])}
        return calls, {}

    def bare(self, name: str, fed: Any) -> tuple[list[Call], Any]:
        """Copies of what a merge called `name` is fed, which carry no masks, and the calls that make them."""
        calls: list[Call] = []
        return calls, map_leaves(
            fed,
            lambda leaf: (
                self._operation(calls, f"{name}_unmasked", "copy", {"x": leaf})
                if isinstance(leaf, Ref)
                else leaf
            ),
        )

    def _written(self, calls: list[Call], mask: Mask) -> Ref:
        if mask not in self.written and mask.joined:
            parts = [self._there(calls, part) for part in mask.joined]
            self.written[mask] = self._operation(
                calls, "masks_in_time", "concatenate", {"xs": parts, "axis": 1}
            )
        elif mask not in self.written:
            left, *others = mask.parts
            found = self._written(calls, left)
            for other in others:
                pair = {"x1": found, "x2": self._written(calls, other)}
                found = self._operation(calls, "joined_mask", "logical_and", pair)
            self.written[mask] = found
        return self.written[mask]

    def _there(self, calls: list[Call], part: Mask | Ref) -> Ref:
        """A mask, or for a tensor without one a mask that holds everywhere: x = x."""
        if isinstance(part, Mask):
            return self._written(calls, part)
        bare = self.moved(part)
        same = self._operation(calls, "unmasked_steps", "equal", {"x1": bare, "x2": bare})
        return self._operation(calls, "unmasked_steps_all", "any", {"x": same, "axis": -1})

    def _operation(self, calls: list[Call], name: str, operation: str, arguments: dict[str, Any]) -> Ref:
        layer = Layer(self.unique(name), f"ops.{operation}")
        self.layers[layer.name] = layer
        calls.append(Call(layer.name, 0, (), arguments))
        return Ref(layer.name, 0, 0)
