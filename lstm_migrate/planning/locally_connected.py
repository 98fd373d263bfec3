"""LocallyConnected layers, which Keras 3 lacks → a fixed convolution that gathers, and an EinsumDense.

A convolution whose kernel is the identity lays each window out along the channels, exactly: every
output is one input times one. An EinsumDense with a kernel of its own at each place does the rest.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Constant, Form, Rearrange, Step
from lstm_migrate.planning.activations import target_activation
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid

PLACES = "rcd"


def translate_locally_connected(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The two layers; only for the kernel stored window by window (implementation 1) and "valid"."""
    where = "/".join(path)
    config = layer.config
    rank = int(layer.kind[-2])
    _check(layer, where)
    bias = context.bound.get(WeightKey(path, "bias"))
    kernel = context.info(WeightKey(path, "kernel"))
    window = tuple(config["kernel_size"])
    filters = int(config["filters"])
    places = _places(layer, path, rank, kernel.shape[0], context)
    features = kernel.shape[1]
    gather = Layer(
        f"{layer.name}_windows",
        f"Conv{rank}D",
        {
            "filters": features,
            "kernel_size": window,
            "strides": tuple(config.get("strides", (1,) * rank)),
            "use_bias": False,
        },
        trainable=False,
        dtype=layer.dtype,
    )
    identity = np.eye(features, dtype=np.float32).reshape(*window, features // prod(window), features)
    letters = PLACES[:rank]
    activation = config.get("activation", Activation("linear"))
    wanted = target_activation(activation, context.target, where)
    dense = replace(
        layer,
        kind="EinsumDense",
        config={
            "equation": f"b{letters}i,{letters}if->b{letters}f",
            "output_shape": (*places, filters),
            "activation": context.target.activation(wanted.name),
            "bias_axes": f"{letters}f" if bias else None,
            **{key: value for key, value in config.items() if key.startswith(("kernel_", "bias_"))
               and key != "kernel_size"},
        },
    )  # fmt: skip
    constant = context.assignment(
        gather, "kernel", (), (Constant("identity: it only gathers", identity),), identity.shape
    )
    sizes = {**dict(zip(letters, places, strict=True)), "i": features, "f": filters}
    stored = Form(Axes.parse(f"({' '.join(letters)}) i f"), sizes)
    loose = Form(Axes.parse(f"{' '.join(letters)} i f"), sizes)
    steps: tuple[Step, ...] = () if rank == 1 else (Rearrange(stored, loose),)
    bias_form = Form(Axes.parse(f"{' '.join(letters)} f"), sizes)
    if wanted.scaled is not None:
        steps = (*steps, FoldHardSigmoid(loose, (), wanted.scaled.factor))
    found = [
        constant,
        context.assignment(dense, "kernel", (context.bound[WeightKey(path, "kernel")],), steps, loose.shape),
    ]
    if bias:
        folded = wanted.scaled
        after: tuple[Step, ...] = (
            (FoldHardSigmoid(bias_form, (), folded.factor, folded.shift),) if folded else ()
        )
        found.append(context.assignment(dense, "bias", (bias,), after, bias_form.shape))
    note = Note(
        "rebuilt", where, f"{layer.kind} as a fixed Conv{rank}D that gathers windows, and EinsumDense"
    )
    return Expansion((gather, dense), tuple(found), (note,))


def _check(layer: Layer, where: str) -> None:
    wrong = [
        (key, layer.config.get(key, value), value)
        for key, value in (("implementation", 1), ("padding", "valid"), ("data_format", "channels_last"))
        if layer.config.get(key, value) not in (value, None)
    ]
    if wrong:
        key, found, expected = wrong[0]
        raise PlanError(
            f"{layer.kind} with {key}={found!r} is not rebuilt",
            where=where,
            expected=f"{key}={expected!r}",
            hint="Set the layer up with that value in the old Keras, load the weights there and save again.",
        )


def _places(layer: Layer, path: LayerPath, rank: int, count: int, context: Context) -> tuple[int, ...]:
    """How many windows there are along each axis: read off the bias, else off a square count."""
    bias = WeightKey(path, "bias")
    if bias in context.bound:
        return context.info(bias).shape[:-1]
    if rank == 1:
        return (count,)
    side = round(count**0.5)
    if side * side != count:
        raise PlanError(
            "without a bias, the file does not tell how many windows lie along each axis",
            where="/".join(path),
            found=f"{count} windows",
        )
    return (side, side)
