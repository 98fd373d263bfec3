"""SReLU, which Keras 3 lacks → PReLU, two EinsumDense layers that shift, one that scales, and merges.

With u = x − t_left and w = |t_right|, SReLU is t_left + min(u, w) where u > 0, t_left + a_left·u elsewhere,
and a_right·relu(u − w) on top. That is x + q − u − relu(v − w) + a_right·relu(u − w), where q = PReLU(u)
and v = u, or q on Theano, whose bound also holds for what comes from below zero.
"""

from __future__ import annotations

from typing import Any

from lstm_migrate.graph import Activation, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.planning.affine import Affine
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.planning.wiring import Wires, wired
from lstm_migrate.report import Note
from lstm_migrate.rules.negate import Negate


def translate_s_relu(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The layers that compute the same; arrays are shared along axes where they have size one."""
    left = WeightKey(path, "t_left")
    shape = context.info(left).shape
    affine = Affine(shape)
    name, linear = layer.name, Activation("linear")
    shifted = affine.layer(f"{name}_from_left", layer, linear, biased=True)
    above = affine.layer(f"{name}_above", layer, Activation("relu"), biased=True)
    slope = affine.layer(f"{name}_right", layer, linear, biased=False)
    shared = [axis + 1 for axis, size in enumerate(shape) if size == 1]
    bent = Layer(
        f"{name}_left",
        "PReLU",
        {"shared_axes": shared or None},
        trainable=layer.trainable,
        dtype=layer.dtype,
    )

    def computed(wires: Wires, x: Any) -> Ref:
        from_left = wires.call(shifted, x)
        inner = wires.call(bent, from_left)
        turns = 2 if context.semantics.get("relu_bounds_all") else 1
        over = over_inner = wires.call(above, from_left, turns=turns)
        if turns == 2:
            over_inner = wires.call(above, inner, turn=1, turns=turns)
        # The shift comes back as x − u, since an array of the file may stand in one place only.
        both = wires.stock("both", "Add", [x, inner])
        unbounded = wires.stock("unbounded", "Subtract", [both, from_left])
        bounded = wires.stock("bounded", "Subtract", [unbounded, over_inner])
        return wires.stock("", "Add", [bounded, wires.call(slope, over)])

    layers, wiring = wired(layer, computed)
    found = (
        affine.ones(shifted, context),
        affine.assigned(shifted, "bias", left, context, (Negate(affine.held("bias")),)),
        context.assignment(bent, "alpha", (context.bound[WeightKey(path, "a_left")],), (), shape),
        affine.ones(above, context),
        affine.assigned(
            above, "bias", WeightKey(path, "t_right"), context, (Negate(affine.held("bias"), magnitude=True),)
        ),
        affine.assigned(slope, "kernel", WeightKey(path, "a_right"), context),
    )
    note = Note("rebuilt", "/".join(path), "SReLU as PReLU, three EinsumDense layers and merges")
    fed = shape if 1 not in shape else None
    return Expansion(layers, found, (note,), wiring, fed)
