"""ParametricSoftplus, which Keras 3 lacks → two EinsumDense layers: alpha · softplus(beta · x)."""

from __future__ import annotations

from lstm_migrate.graph import Activation, Layer, LayerPath, WeightKey
from lstm_migrate.planning.affine import Affine
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.expansion import Expansion
from lstm_migrate.report import Note


def translate_parametric_softplus(layer: Layer, path: LayerPath, context: Context) -> Expansion:
    """The two layers, one number for each feature in each."""
    alpha, beta = WeightKey(path, "alpha"), WeightKey(path, "beta")
    affine = Affine(context.info(alpha).shape)
    inner = affine.layer(f"{layer.name}_softplus", layer, Activation("softplus"), biased=False)
    outer = affine.layer(layer.name, layer, Activation("linear"), biased=False)
    found = (
        affine.assigned(inner, "kernel", beta, context),
        affine.assigned(outer, "kernel", alpha, context),
    )
    note = Note("rebuilt", "/".join(path), "ParametricSoftplus as two EinsumDense layers")
    return Expansion((inner, outer), found, (note,))
