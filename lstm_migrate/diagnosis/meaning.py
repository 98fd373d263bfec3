"""Meaning: what fitting weights are computed with, by the file's config and by the model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.model import Side
from lstm_migrate.diagnosis.part import WRAPPERS, Core, Part
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.mapping.vocabulary import Vocabulary

# Config keys that outputs do not depend on when the model predicts, or that are told as sizes or arrays.
SILENT_KEYS = frozenset(
    "units filters output_dim input_dim kernel_size depth_multiplier use_bias reset_after packed dropout "
    "recurrent_dropout rate noise_shape seed stddev implementation unroll momentum unit_forget_bias "
    "consume_less trainable paired by_deviation input_length bias_regularizer embeddings_constraint "
    "renorm renorm_clipping renorm_momentum fused virtual_batch_size sparse ragged batch_size "
    "synchronized lora_rank lora_alpha quantization_config".split()
)
SILENT_ENDINGS = ("_initializer", "_regularizer", "_constraint")

# What differs in fact where only a key does, and how it is said: (of the source, of the target).
SAID: Mapping[str, Mapping[Any, str]] = {
    "go_backwards": {True: "reads the sequence backwards", False: "reads it forwards"},
    "return_sequences": {True: "gives every step", False: "gives the last step alone"},
    "return_state": {True: "gives its states as well", False: "gives no states"},
    "mask_zero": {True: "hides index 0 from the layers behind it", False: "hides no step"},
    "zero_output_for_mask": {True: "gives zeros at masked steps", False: "repeats its output there"},
}
CUDNN = {"activation": Activation("tanh"), "recurrent_activation": Activation("sigmoid")}
ERAS = {"keras1": "Keras 1's", "keras2": "Keras 2's", "tfkeras": "tf.keras's", "keras3": "Keras 3's"}


def meaning_findings(source: Part, target: Part, sides: tuple[Side, Side]) -> Iterator[Finding]:
    """What the two compute otherwise; of weights alone, what their era computed unless told otherwise."""
    for own, other in zip(source.cores, target.cores, strict=False):
        if not source.stated:
            yield from _era(own, other, sides)
            continue
        yield from _compared(own.layer, other.layer, sides)
    if source.stated and source.layer is not None and target.layer is not None:
        for own_layer, other_layer in _wrappers(source.layer, target.layer):
            yield from _compared(own_layer, other_layer, sides)


def _wrappers(source: Layer, target: Layer) -> Iterator[tuple[Layer, Layer]]:
    if source.kind in WRAPPERS and source.kind == target.kind:
        yield source, target


def _compared(source: Layer, target: Layer, sides: tuple[Side, Side]) -> Iterator[Finding]:
    own, other = (
        config_of(layer, side.vocabulary) for layer, side in zip((source, target), sides, strict=True)
    )
    for key in own:
        if key in SILENT_KEYS or key.endswith(SILENT_ENDINGS) or key not in other:
            continue
        mine, its = own[key], other[key]
        if isinstance(mine, Activation) and isinstance(its, Activation):
            if not same_function(mine, its):
                yield _activation(key, mine, its, sides)
        elif not _alike(key, _plain(mine), _plain(its)):
            yield _setting(key, mine, its)


def config_of(layer: Layer, vocabulary: Vocabulary) -> dict[str, Any]:
    """The config with what the kind's own defaults say, and what a packed kind computes with."""
    declared = vocabulary.document.cells.get(layer.kind)
    becomes = declared.becomes if declared is not None else None
    fixed = {
        key: vocabulary.activation(value) if "activation" in key else value
        for key, value in (becomes.config if becomes else {}).items()
    }
    usual = vocabulary.fate(layer.kind, {}, "").config if vocabulary.layer(layer.kind) else {}
    return {**usual, **layer.config, **fixed}


def _setting(key: str, mine: Any, its: Any) -> Finding:
    words = SAID.get(key)
    if words is not None:
        why = f"weights fit, but the source {words[bool(mine)]} and the target {words[bool(its)]}"
    else:
        why = f"weights fit, but {key} is {mine!r} in the source and {its!r} in the target"
    if key == "stateful":
        return Finding(key, "fits", f"{why}: it matters only from one batch to the next")
    return Finding(key, "differs", why, way_out=f"build the target with {key}={mine!r}")


def _activation(key: str, mine: Activation, its: Activation, sides: tuple[Side, Side]) -> Finding:
    era = ERAS.get(sides[1].era, "the target's")
    if mine.function == its.function:
        both = f"the file's {formula(mine)}, {era} {formula(its)}"
        why = f"weights fit but `{mine.function}` means another function: {both}"
    else:
        why = f"weights fit, but the file computed {key} {formula(mine)}, the target {formula(its)}"
    return Finding(key, "differs", why, Cure({"activations": {key: mine}}))


def _era(source: Core, target: Core, sides: tuple[Side, Side]) -> Iterator[Finding]:
    """Activations that nobody tells: what the file's era took unless told, where the target has another.

    Cells alone: of other layers the default is `linear`, and nobody leaves it at that.
    """
    other = config_of(target.layer, sides[1].vocabulary)
    packed = source.layout.startswith("keras.cudnn_")
    usual = CUDNN if packed else _usual(target.layer, sides[0])
    for key, mine in usual.items() if source.layout else ():
        its = other.get(key)
        if not isinstance(mine, Activation) or not isinstance(its, Activation) or same_function(mine, its):
            continue
        if packed:
            yield _activation(key, mine, its, sides)
            continue
        why = (
            f"no array tells it: {ERAS.get(sides[0].era, 'the file')} default was {formula(mine)}, "
            f"the target has {formula(its)}; --recorded decides"
        )
        yield Finding(key, "fits", why, Cure({"activations": {key: mine}}, doubtful=True))


def _usual(layer: Layer, side: Side) -> Mapping[str, Any]:
    """What the era of the arrays computed unless told otherwise."""
    words = side.usual or side.vocabulary
    return words.fate(layer.kind, {}, "").config if words.layer(layer.kind) else {}


def same_function(one: Activation, other: Activation) -> bool:
    """Whether both compute the same, whatever they are called."""
    if one.function != other.function or one.parameters.keys() != other.parameters.keys():
        return False
    return all(abs(value - other.parameters[key]) < 1e-9 for key, value in one.parameters.items())


def formula(activation: Activation) -> str:
    """The function as people know it: `hard_sigmoid` = clip(0.2x + 0.5)."""
    if activation.function != "hard_sigmoid" or "slope" not in activation.parameters:
        return str(activation)
    slope, offset = activation.parameters["slope"], activation.parameters.get("offset", 0.5)
    times = (
        f"x/{1 / slope:.4g}"
        if slope and abs(1 / slope - round(1 / slope)) < 1e-9 and slope < 0.2
        else f"{slope:g}x"
    )
    return f"clip({times} + {offset:g})"


def _alike(key: str, mine: Any, its: Any) -> bool:
    if key == "axis" and isinstance(mine, int) and isinstance(its, int) and (mine < 0) != (its < 0):
        return True  # the same axis, once counted from the end: the number of axes is not told
    if key == "data_format":
        return (mine or "channels_last") == (its or "channels_last")
    if isinstance(mine, float) and isinstance(its, (int, float)):
        return isclose(mine, its, rel_tol=1e-6)
    return bool(mine == its)


def _plain(value: Any) -> Any:
    """Values as they compare: lists as tuples, one number for a window of one."""
    if isinstance(value, (list, tuple)):
        items = tuple(_plain(item) for item in value)
        return items[0] if len(items) == 1 else items
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != "registered_name"}
    return value
