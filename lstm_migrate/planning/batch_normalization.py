"""BatchNormalization over several axes, which Keras 3 lacks → over one axis that holds them all.

The axes are brought behind the others and joined, so that each pair, triple … of places has its own
mean and variance, in training as well; behind it, all is put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Form, Rearrange
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.report import Note
from lstm_migrate.rules.square_deviation import SquareDeviation


def translate_batch_normalization(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layer, for several axes between Permute and Reshape layers; PlanError if sizes are not known."""
    config = dict(layer.config)
    by_deviation = config.pop("by_deviation", False)
    found = _translated(replace(layer, config=config), path, context)
    if not by_deviation:
        return found
    if "epsilon" not in config:
        where = "/".join(path)
        raise PlanError(
            "its config has no epsilon", where=where, found=f"{', '.join(config)}", expected="epsilon"
        )
    said = "the moving standard deviation of this version as a variance"
    assignments = tuple(_squared(item, float(config["epsilon"])) for item in found.assignments)
    note = Note("converted", "/".join(path), said)
    return replace(found, assignments=assignments, notes=(*found.notes, note))


def _squared(item: Assignment, epsilon: float) -> Assignment:
    if item.role != "moving_variance":
        return item
    return replace(item, steps=(*item.steps, SquareDeviation(item.shape, epsilon)))


def _translated(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    axes = layer.config.get("axis", -1)
    shape = context.info(WeightKey(path, "moving_mean")).shape
    if isinstance(axes, int):
        if len(shape) != 1:
            raise PlanError(
                "the arrays do not fit one axis", where="/".join(path), found=str(shape), expected="one size"
            )
        return translate_plain(layer, path, context)
    rank = len(shape)
    joined = sorted({axis % rank for axis in axes})
    others = [axis for axis in range(1, rank) if axis not in joined]
    if 0 in joined or len(others) > 1:
        raise PlanError(
            f"BatchNormalization over the axes {list(axes)} is not rebuilt",
            where="/".join(path),
            found=f"{len(others)} other axes, of sizes that the file does not tell",
            expected="at most one",
            hint="Reshape the input in the old model so that these axes are one, save again.",
        )
    sizes = [shape[axis] for axis in joined]
    plain = translate_plain(replace(layer, config={**layer.config, "axis": -1}), path, context)
    assignments = tuple(_flattened(item, sizes) for item in plain.assignments)
    note = Note("rebuilt", "/".join(path), f"over the axes {joined} as over one that holds them")
    layers = _between(plain.layers[0], others, joined, sizes)
    return Expansion(layers, assignments, (*plain.notes, note))


def _between(
    layer: Layer, others: Sequence[int], joined: Sequence[int], sizes: Sequence[int]
) -> tuple[Layer, ...]:
    def made(part: str, kind: str, key: str, value: tuple[int, ...]) -> Layer:
        return Layer(f"{layer.name}_{part}", kind, {key: value}, dtype=layer.dtype)

    free = (-1,) * len(others)
    order = (*others, *joined)
    back = tuple(order.index(axis) + 1 for axis in range(1, len(order) + 1))
    around = (
        made("joined", "Reshape", "target_shape", (*free, prod(sizes))),
        layer,
        made("parted", "Reshape", "target_shape", (*free, *sizes)),
    )
    if order == tuple(sorted(order)):
        return around
    return (made("behind", "Permute", "dims", order), *around, made("back", "Permute", "dims", back))


def _flattened(item: Assignment, sizes: Sequence[int]) -> Assignment:
    names = [f"c{number}" for number in range(len(sizes))]
    extents = dict(zip(names, sizes, strict=True))
    loose = Form(Axes.parse(" ".join(names)), extents)
    flat = Form(Axes.parse(f"({' '.join(names)})"), extents)
    return replace(item, steps=(*item.steps, Rearrange(loose, flat)), shape=flat.shape)
