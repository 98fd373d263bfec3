"""LocallyConnected layers, which Keras 3 lacks → a fixed convolution that gathers, and an EinsumDense.

A convolution whose kernel is the identity lays each window out along the channels, exactly: every
output is one input times one. An EinsumDense with a kernel of its own at each place does the rest.
Zeros are padded on, and channels moved behind, before both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Constant, Form, Gather, Rearrange, Step
from lstm_migrate.planning import local_connections
from lstm_migrate.planning.activations import layer_behind, target_activation
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.local_connections import Connections, Indices
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.report import Note
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid

PLACES = "rcd"
STORED: Mapping[int, Callable[[Connections], Indices]] = {
    1: local_connections.in_windows,
    2: local_connections.in_matrix,
    3: local_connections.in_list,
}
"""Where each implementation keeps its entries."""


def translate_locally_connected(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layers that compute the same; PlanError where the file does not tell the sizes they need."""
    where = "/".join(path)
    sizes = _connections(layer, path, context)
    kind, rank = layer.kind, sizes.rank
    activation = layer.config.get("activation", Activation("linear"))
    behind = layer_behind(layer, activation, context.target)
    if behind:
        activation = Activation("linear")
    wanted = target_activation(activation, context.target, where)
    dense = _dense(layer, sizes, context.target.activation(wanted.name))
    gather = Layer(
        f"{layer.name}_windows",
        f"Conv{rank}D",
        {
            "filters": sizes.shape[-2],
            "kernel_size": sizes.window,
            "strides": sizes.strides,
            "use_bias": False,
            "data_format": "channels_last",
        },
        trainable=False,
        dtype=layer.dtype,
    )
    found = [_identity(gather, sizes, context)]
    for role in ("kernel", "bias"):
        key = WeightKey(path, role)
        if key in context.bound:
            steps, shape = _steps(role, layer, sizes)
            if wanted.scaled is not None:
                names = "pqr"[:rank] + ("if" if role == "kernel" else "f")
                form = Form(Axes.parse(" ".join(names)), dict(zip(names, shape, strict=True)))
                shift = wanted.scaled.shift if role == "bias" else 0.0
                steps = (*steps, FoldHardSigmoid(form, (), wanted.scaled.factor, shift))
            found.append(context.assignment(dense, role, (context.bound[key],), steps, shape))
    note = Note("rebuilt", where, f"{kind} as a fixed Conv{rank}D that gathers windows, and EinsumDense")
    before, after = _around(layer, sizes)
    return Expansion((*before, gather, dense, *after, *behind), tuple(found), (note,))


def _dense(layer: Layer, sizes: Connections, activation: Activation) -> Layer:
    letters = PLACES[: sizes.rank]
    kept = {
        key: value
        for key, value in layer.config.items()
        if key.startswith(("kernel_", "bias_")) and key != "kernel_size"
    }
    biased = layer.config.get("use_bias", True)
    config: dict[str, Any] = {
        "equation": f"b{letters}i,{letters}if->b{letters}f",
        "output_shape": (*sizes.places, sizes.filters),
        "activation": activation,
        "bias_axes": f"{letters}f" if biased else None,
    }
    return replace(layer, kind="EinsumDense", config={**config, **kept})


def _around(layer: Layer, sizes: Connections) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """What comes before and behind: channels to the end and back, zeros for windows over the edge."""
    before, after = [], []
    spatial = tuple(range(2, sizes.rank + 2))
    if sizes.channels_first:
        before.append(
            Layer(f"{layer.name}_channels_last", "Permute", {"dims": (*spatial, 1)}, dtype=layer.dtype)
        )
        dims = (sizes.rank + 1, *range(1, sizes.rank + 1))
        after.append(Layer(f"{layer.name}_channels_first", "Permute", {"dims": dims}, dtype=layer.dtype))
    if any(amount for pair in sizes.padding for amount in pair):
        amounts = sizes.padding[0] if sizes.rank == 1 else sizes.padding
        config = {"padding": amounts, "data_format": "channels_last"}
        before.append(Layer(f"{layer.name}_padded", f"ZeroPadding{sizes.rank}D", config, dtype=layer.dtype))
    return tuple(before), tuple(after)


def _identity(gather: Layer, sizes: Connections, context: Context) -> Assignment:
    features = sizes.shape[-2]
    values = np.eye(features, dtype=np.float32).reshape(*sizes.window, sizes.channels, features)
    steps = (Constant("identity: it only gathers", values),)
    return context.assignment(gather, "kernel", (), steps, values.shape)


def _steps(role: str, layer: Layer, sizes: Connections) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """How the stored array becomes the EinsumDense's, and that one's shape."""
    implementation = layer.config.get("implementation", 1)
    count = prod(sizes.places) * sizes.filters
    if role == "bias":
        shape = (*sizes.places, sizes.filters)
        if not sizes.channels_first:
            return (), shape
        what = "the bias, which is stored filter by filter"
        return (Gather(what, shape, count, lambda: local_connections.bias(sizes)),), shape
    if implementation == 1 and not sizes.channels_first:
        if sizes.rank == 1:
            return (), sizes.shape
        letters = PLACES[: sizes.rank]
        extents = dict(zip((*letters, "i", "f"), sizes.shape, strict=True))
        stored = Form(Axes.parse(f"({' '.join(letters)}) i f"), extents)
        return (Rearrange(stored, Form(Axes.parse(f"{' '.join(letters)} i f"), extents)),), sizes.shape
    stored_size = {
        1: prod(sizes.shape),
        2: prod(sizes.inputs or ()) * sizes.channels * count,
        3: local_connections.listed(sizes) * sizes.channels * sizes.filters,
    }
    find = STORED[implementation]
    step = Gather("the connected entries", sizes.shape, stored_size[implementation], lambda: find(sizes))
    return (step,), sizes.shape


def _connections(layer: Layer, path: LayerPath, context: Context) -> Connections:
    """All sizes, from the config and the shapes of the stored arrays."""
    where, config = "/".join(path), layer.config
    rank = int(layer.kind[-2])
    window, strides = (config.get(key, [1] * rank) for key in ("kernel_size", "strides"))
    if "kernel_size" not in config or not all(
        isinstance(sizes, (list, tuple)) and len(sizes) == rank for sizes in (window, strides)
    ):
        raise PlanError(
            "not the window of this layer",
            where=where,
            found=f"kernel_size={window}, strides={strides}",
            expected=f"{rank} sizes each",
        )
    implementation = config.get("implementation", 1)
    same = config.get("padding", "valid") == "same"
    if implementation not in STORED or (same and implementation == 1):
        said = f"implementation={implementation!r}, padding={config.get('padding')!r}"
        raise _unknown(f"{layer.kind} with {said}", where)
    first = config.get("data_format") == "channels_first"
    kernel = context.info(WeightKey(path, "kernel")).shape
    bias = context.bound.get(WeightKey(path, "bias"))
    known = context.tensors[bias].shape[:-1] if bias else None
    filters = int(config["filters"])
    unsized = Connections(tuple(window), tuple(strides), known or (), None, 1, filters, same, first)
    found = _SIZED[implementation](unsized, kernel, where)
    if found.places != (known or found.places):
        raise PlanError("kernel and bias do not fit each other", where=where, found=f"{kernel} and {known}")
    return found


def _windowed(known: Connections, kernel: tuple[int, ...], where: str) -> Connections:
    """Implementation 1: (places, window and channels, filters)."""
    taps = prod(known.window)
    if len(kernel) != 3 or kernel[1] % taps:
        raise PlanError(
            "the kernel does not fit the window",
            where=where,
            found=str(kernel),
            expected=f"a multiple of {taps} in its second axis",
        )
    places = known.places or ((kernel[0],) if known.rank == 1 else _square(kernel[0], where))
    return replace(known, places=places, channels=kernel[1] // taps)


def _square(count: int, where: str) -> tuple[int, int]:
    side = round(count**0.5)
    if side * side != count:
        raise _unknown("how many windows lie along each axis", where, f"{count} windows and no bias")
    return (side, side)


def _whole(known: Connections, kernel: tuple[int, ...], where: str) -> Connections:
    """Implementation 2: inputs and outputs are the kernel's own axes."""
    rank = known.rank
    if len(kernel) != 2 * rank + 2:
        raise PlanError("the kernel is no matrix of inputs and outputs", where=where, found=str(kernel))
    ins, outs = kernel[: rank + 1], kernel[rank + 1 :]
    if known.channels_first:
        ins, outs = (*ins[1:], ins[0]), (*outs[1:], outs[0])
    return replace(known, inputs=ins[:-1], channels=ins[-1], places=outs[:-1])


def _listed(known: Connections, kernel: tuple[int, ...], where: str) -> Connections:
    """Implementation 3: only the number of entries is known, so the rest must follow from the bias."""
    if not known.places:
        raise _unknown("how many windows there are", where, "no bias")
    if known.same and set(known.strides) != {1}:
        raise _unknown("the size of the input", where, f'strides {known.strides} and padding "same"')
    sized = replace(known, inputs=known.places if known.same else None)
    each = local_connections.listed(sized) * known.filters
    if len(kernel) != 1 or not each or kernel[0] % each:
        raise PlanError(
            "the kernel does not fit the windows",
            where=where,
            found=str(kernel),
            expected=f"a multiple of {each}",
        )
    return replace(sized, channels=kernel[0] // each)


_SIZED: Mapping[int, Callable[[Connections, tuple[int, ...], str], Connections]] = {
    1: _windowed,
    2: _whole,
    3: _listed,
}


def _unknown(what: str, where: str, found: str = "") -> PlanError:
    return PlanError(
        f"the file does not tell {what}" if found else f"{what} is not rebuilt",
        where=where,
        found=found,
        hint='Rebuild the layer in the old Keras with implementation=1, padding="valid" and a bias, copy the '
        "weights there, and save again.",
    )
