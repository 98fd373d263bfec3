"""MaxoutDense, which Keras 3 lacks → one Dense layer for all features, and the greatest for each unit."""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Form, Rearrange
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note

# How each array lies: a kernel for each feature, which become columns side by side.
AXES = {"kernel": ("n x u", "x (n u)"), "bias": ("n u", "(n u)")}
# They bind norms along axes that the kernel of one Dense layer has no more.
CONSTRAINTS = frozenset({"kernel_constraint", "bias_constraint"})
OWN = CONSTRAINTS | {"nb_feature", "activity_regularizer"}


def translate_maxout(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """Dense, Reshape into features and units, GlobalMaxPooling1D over the features."""
    features, _, units = context.info(WeightKey(path, "kernel")).shape
    config = {key: value for key, value in layer.config.items() if key not in OWN}
    dense = replace(
        layer,
        name=f"{layer.name}_features",
        kind="Dense",
        config={**config, "units": features * units, "activation": context.target.activation("linear")},
    )
    found = []
    for role, (stored, wanted) in AXES.items():
        key = WeightKey(path, role)
        if key not in context.bound:
            continue
        shape = context.info(key).shape
        sizes = dict(zip(stored.split(), shape, strict=True))
        forms = Form(Axes.parse(stored), sizes), Form(Axes.parse(wanted), sizes)
        step = Rearrange(*forms)
        found.append(context.assignment(dense, role, (context.bound[key],), (step,), step.shape, forms))
    regularizer = layer.config.get("activity_regularizer")
    apart = Layer(f"{layer.name}_apart", "Reshape", {"target_shape": (features, units)}, dtype=layer.dtype)
    greatest = Layer(
        layer.name,
        "GlobalMaxPooling1D",
        {"data_format": "channels_last", **({"activity_regularizer": regularizer} if regularizer else {})},
        dtype=layer.dtype,
    )
    where = "/".join(path)
    note = Note("rebuilt", where, "MaxoutDense as Dense, Reshape and GlobalMaxPooling1D")
    lost = [
        Note("dropped", f"{where}: {key}", "it acts in training alone, on each feature's own kernel")
        for key in sorted(CONSTRAINTS)
        if layer.config.get(key) is not None
    ]
    return Expansion((dense, apart, greatest), tuple(found), (note, *lost))
