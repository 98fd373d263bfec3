"""The chain of layers settled from first to last: numbers of axes, features, and what is left open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer
from lstm_migrate.inference.arrays import Fit
from lstm_migrate.inference.assumptions import Choices
from lstm_migrate.inference.cells import FLAG, CellSettler, activations
from lstm_migrate.inference.lengths import Size, after, before
from lstm_migrate.inference.outlook import FLAT, Outlook
from lstm_migrate.inference.parts import WAYS_OUT
from lstm_migrate.inference.traits import HIDDEN, LAST_OF_MANY, LAST_OF_ONE, SEQUENCES, TRAITS, Option
from lstm_migrate.mapping.vocabulary import Vocabulary

WINDOWS = frozenset({"strides", "pool_size", "dilation_rate"})
FLOATS = frozenset({"epsilon", "mask_value", "negative_slope", "alpha", "theta"})
TUPLES = frozenset({"target_shape", "dims"})

Shape = tuple[int | None, ...]


class Chain:
    """Walks down the chain. `rank` and `features` are those of what the next layer is given,
    `sizes` what lies between batch and features, as far as it is known."""

    def __init__(
        self, parts: Sequence[Fit], vocabulary: Vocabulary, choices: Choices, last: Shape | None
    ) -> None:
        self.parts, self.vocabulary, self.choices = parts, vocabulary, choices
        self.outlook, self.cells, self.last = Outlook(parts), CellSettler(vocabulary, choices), last
        self.features: Size = None
        self.sizes: tuple[Size, ...] = ()
        self.rank = 0
        self.masked = False
        self.length: int | None = None
        self.made: list[Layer] = []

    def walk(self, shape: Shape) -> list[Layer]:
        """The layers on inputs of `shape` (with the batch); PlanError where they do not fit each other."""
        embedded = bool(self.parts) and self.outlook.axes(0) == 2 and self._embeds()
        self.rank = len(shape)
        self.features = None if embedded else shape[-1]
        self.sizes = shape[1:] if embedded else shape[1:-1]
        for place, part in enumerate(self.parts):
            self.made.append(self._settled(place, part))
        return self.made

    def _embeds(self) -> bool:
        return next((part.layer.kind for part in self.parts if part.gives is not None), "") == "Embedding"

    def _settled(self, place: int, part: Fit) -> Layer:
        layer, trait = part.layer, TRAITS[part.layer.kind]
        if layer.config.get("data_format") == "channels_first":
            raise self._unchained(layer, "has its channels first, and sizes are followed along the last axis")
        if trait.takes not in (None, self.rank):
            raise self._unchained(layer, f"takes {trait.takes} axes and is given {self.rank}")
        if part.width is not None and self.features is not None and part.width != self.features:
            raise self._unchained(layer, f"takes {part.width} features and is given {self.features}")
        if layer.kind in SEQUENCES:
            return self._sequence(place, part)
        layer = replace(layer, config={**self._era(layer), **trait.config, **layer.config})
        for option in trait.options:
            layer = self._with_option(place, layer, option)
        layer = self._activated(place, layer)
        self._pass(place, part, layer)
        return layer

    def _sequence(self, place: int, part: Fit) -> Layer:
        layer = part.layer
        sequences = self._sequences(place, part)
        gives = part.gives
        if layer.kind == "Bidirectional":
            layer, gives = self._merged(place, part)
        else:
            layer = replace(layer, config={**self._era(layer), **TRAITS[layer.kind].config, **layer.config})
            for option in TRAITS[layer.kind].options:
                layer = self._with_option(place, layer, option)
        layer = self.cells.settled(layer, sequences, self.masked, part.other)
        self.sizes = after(layer, self.sizes)
        self.sizes = self.sizes if sequences else self.sizes[1:]
        self.rank = self.rank if sequences else self.rank - 1
        self.features = gives
        self.masked = self.masked and sequences
        return layer

    def _sequences(self, place: int, part: Fit) -> bool:
        wanted = self.outlook.axes(place + 1)
        if isinstance(wanted, int):
            return wanted == self.rank
        if wanted == FLAT and (flat := self.outlook.flat_width(place + 1)) is not None:
            widths = {
                part.gives,
                (part.gives or 0) // 2 if part.layer.kind == "Bidirectional" else part.gives,
            }
            if flat not in widths and self.rank == 3:
                return True
        reason = "no array tells whether it puts out every step or the last one; the last one is the default"
        key = f"{part.layer.name}.return_sequences"
        return self.choices.pick(key, FLAG, reason, shaping=True) == "True"

    def _merged(self, place: int, part: Fit) -> tuple[Layer, int]:
        layer, both = part.layer, part.gives or 0
        if "merge_mode" in layer.config:
            return layer, both
        wanted = self.outlook.width(place + 1)
        values: tuple[str, ...] = ("concat", "sum", "ave", "mul")
        if wanted is not None:
            values = values[:1] if wanted == both else values[1:]
        if values == ("concat",):
            mode = "concat"
        else:
            reason = "what follows does not tell how both directions are joined; concat is the default"
            if wanted is not None:
                reason = f"the next kernel takes {wanted} features, as many as one direction has"
            mode = self.choices.pick(f"{layer.name}.merge_mode", values, reason, shaping=True)
        config = {**layer.config, "merge_mode": mode}
        return replace(layer, config=config), both if mode == "concat" else both // 2

    def _activated(self, place: int, layer: Layer) -> Layer:
        if layer.kind == "TimeDistributed":
            inner = layer.children["layer"]
            defaults = {**self._era(inner), **TRAITS[inner.kind].config, **inner.config}
            found = self._activated(place, replace(inner, name=layer.name, config=defaults))
            for option in TRAITS[inner.kind].options:
                found = self._with_option(place, found, option)
            return replace(layer, children={"layer": replace(found, name=inner.name)})
        if layer.kind == "Embedding":
            masks = False
            if self.outlook.heeds_masks(place + 1):
                reason = "no array tells whether index 0 is padding; it is not by default"
                masks = self.choices.pick(f"{layer.name}.mask_zero", FLAG, reason) == "True"
            return replace(layer, config={**layer.config, "mask_zero": masks})
        if layer.kind != "Activation" and not self.vocabulary.keeps(layer.kind, "activation"):
            return layer
        usual, rare = activations(self._functions(place, layer), self.vocabulary)
        key = f"{layer.name}.activation"
        name = self.choices.pick(key, usual, self._why(place, layer), rare=rare)
        return replace(layer, config={**layer.config, "activation": self.vocabulary.activation(name)})

    def _functions(self, place: int, layer: Layer) -> Sequence[str]:
        width = layer.config.get("units", layer.config.get("filters", self.features))
        if layer.kind != "Activation" and self.outlook.is_acted_on(place + 1):
            return ("linear", *HIDDEN)
        if not self.outlook.is_last(place + 1):
            return HIDDEN
        return LAST_OF_ONE if width == 1 else LAST_OF_MANY

    def _why(self, place: int, layer: Layer) -> str:
        if layer.kind != "Activation" and self.outlook.is_acted_on(place + 1):
            return "no array tells; an activation layer follows"
        if self.outlook.is_last(place + 1):
            return "no array tells; of a last layer with one feature sigmoid is usual, with several softmax"
        return "no array tells; relu is usual between layers"

    def _with_option(self, place: int, layer: Layer, option: Option) -> Layer:
        if option.of_version and (option.key not in layer.config or len(self.vocabulary.version) > 1):
            return layer
        key = f"{layer.name}.{option.key}"
        values = self._values(place, layer, option)
        text = self.choices.pick(
            key, values, option.reason, free=option.free, cost=option.cost, shaping=option.shaping
        )
        value: Any = _value(option.key, text)
        if option.key in WINDOWS:
            value = (value,) * self._dims(layer)
        config = {**layer.config, option.key: value}
        if option.key == "pool_size":
            config["strides"] = value
        return replace(layer, config=config)

    def _values(self, place: int, layer: Layer, option: Option) -> list[str]:
        if option.key == "n" and self.last is not None and len(self.last) == 3:
            return [str(self.last[1])]
        if option.key == "target_shape" and (width := self.outlook.width(place + 1)) is not None:
            return [f"-1,{width}"]
        found = []
        for text in option.values:
            default = layer.config.get(option.key)
            found.append(str(default) if text == "era" and default is not None else text)
        return [text for text in dict.fromkeys(found) if text != "era"]

    def _dims(self, layer: Layer) -> int:
        rank = TRAITS[layer.kind].takes or 3
        return rank - 3 if layer.kind == "ConvLSTM2D" else rank - 2

    def _pass(self, place: int, part: Fit, layer: Layer) -> None:
        """What the layer gives to the next one."""
        self.masked = (
            self.masked or layer.kind == "Masking" or bool(layer.config.get("mask_zero"))
        ) and TRAITS[layer.kind].keeps_mask
        if layer.kind == "Flatten":
            self._flatten(place, layer)
            return
        self.sizes = after(layer, self.sizes)
        if any(size is not None and size < 1 for size in self.sizes):
            raise self._unchained(layer, "leaves no steps of what it is given")
        if part.gives is not None:
            self.features = part.gives
        gives = TRAITS[layer.kind].gives
        if layer.kind == "Reshape":
            shape = layer.config["target_shape"]
            gives, self.features = len(shape) + 1, shape[-1] if shape[-1] > 0 else None
            self.sizes = tuple(size if size > 0 else None for size in shape[:-1])
        elif layer.kind == "RepeatVector":
            self.sizes = (int(layer.config["n"]),)
        elif layer.kind == "Permute" and layer.config["dims"] == (2, 1):
            self.sizes, self.features = (self.features,), self.sizes[0]
        elif gives == 2:
            self.sizes = ()
        self.rank = self.rank if gives is None else gives

    def _flatten(self, place: int, layer: Layer) -> None:
        width = self.outlook.width(place + 1)
        known = [size for size in self.sizes if size is not None]
        whole = len(known) == len(self.sizes) and self.features is not None
        flat = prod(known) * (self.features or 0) if whole else width
        if width is not None and flat != width:
            raise self._unchained(layer, f"gives {flat} features, and what follows takes {width}")
        if not whole and width is not None and self.features and self.rank == 3:
            steps, rest = divmod(width, self.features)
            self.length = None if rest or not steps else before(self.made, steps)
            if self.length is None:
                raise self._unchained(layer, f"cannot give {width} features of {self.features} a step")
        self.features, self.sizes, self.rank = flat, (), 2

    def _era(self, layer: Layer) -> dict[str, Any]:
        if self.vocabulary.layer(layer.kind) is None:
            return {}
        return dict(self.vocabulary.fate(layer.kind, {}, layer.name).config)

    def _unchained(self, layer: Layer, why: str) -> PlanError:
        shapes = [f"{key} {value}" for key, value in layer.config.items() if type(value) is int]
        return PlanError(
            f"the layers are no chain in the order of the file: {layer.name!r} {why}",
            found=f"{layer.kind} with {', '.join(shapes) or 'no sizes'}",
            expected="each layer fed by the one before it",
            hint=WAYS_OUT,
        )


def _value(key: str, text: str) -> Any:
    """The value as a config has it."""
    if key in TUPLES:
        return tuple(int(part) for part in text.split(","))
    if key in FLOATS:
        return float(text)
    return int(text) if re.fullmatch(r"-?\d+", text) else text
