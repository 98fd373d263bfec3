"""The layers of a file that has tensors alone, and what of it belongs to none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lstm_migrate.drafting.found import Found
from lstm_migrate.drafting.shipped import matches
from lstm_migrate.drafting.sizes import Shape
from lstm_migrate.drafting.unnamed import guessed

# What training leaves in a file: the end of a name, and what it is.
LEFTOVERS = (
    (r"(.*/)?global_step", "counts the steps of training"),
    (r"(.*/)?beta[12]_power(_\d+)?", "Adam's, of training alone"),
    (r".*/Adam(_1)?", "Adam's, of training alone"),
    (r".*/(RMSProp|Momentum|Adagrad|Adadelta|Ftrl)(_1)?", "the optimizer's, of training alone"),
    (r".*num_batches_tracked", "counts the batches of training"),
)


@dataclass
class Layers:
    """What was found: layers in the order of the file, leftovers with their reason, and what nobody knows."""

    found: list[Found] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def layers_of(shapes: Mapping[str, Shape]) -> Layers:
    """The layers that these tensors make."""
    layers = Layers()
    for name in shapes:
        reason = next((said for words, said in LEFTOVERS if re.fullmatch(words, name)), "")
        if reason:
            layers.ignored[name] = reason
    rest = {name: shape for name, shape in shapes.items() if name not in layers.ignored}
    whole = _whole(matches(rest), rest)
    claimed = {name for one in whole for name in one.arrays}
    groups: dict[str, dict[str, Shape]] = {}
    for name, shape in rest.items():
        if name not in claimed:
            groups.setdefault(_parent(name), {})[name] = shape
    for prefix, arrays in groups.items():
        one = guessed(prefix, arrays)
        if one is None:
            layers.unknown += arrays
        else:
            whole.append(one)
    order = {name: place for place, name in enumerate(shapes)}
    layers.found = sorted(_paired(whole), key=lambda one: min(order[name] for name in one.arrays))
    return layers


def _whole(found: list[Found], shapes: Mapping[str, Shape]) -> list[Found]:
    """Those under whose prefix no array is left over: with one more it would be another layer."""
    claimed = {name for one in found for name in one.arrays}
    lacking = {_parent(name) for name in shapes if name not in claimed}
    return [one for one in found if one.prefix not in lacking]


def _parent(name: str) -> str:
    head = re.match(r"(.*)[/.][^/.]+", name)
    if head is not None:
        return head[1]
    # Without paths, "lstm_W_i" is W_i of lstm.
    return name.partition("_")[0] if "_" in name else ""


def _paired(found: list[Found]) -> list[Found]:
    """The two directions of a layer that are told apart by a word in their prefix, as TensorFlow 1 does."""
    bare: dict[str, list[Found]] = {}
    for one in found:
        if one.recurrent and not one.dir:
            bare.setdefault(
                re.sub(r"(?<![a-z])(fw|bw|fwd|bwd|forward|backward)(?![a-z])", "*", one.prefix), []
            ).append(one)
    for pattern, pair in bare.items():
        if "*" in pattern and len(pair) == 2:
            for one in pair:
                backward = re.search(r"(?<![a-z])(bw|bwd|backward)(?![a-z])", one.prefix)
                found[found.index(one)] = replace(one, dir="backward" if backward else "forward")
    return found
