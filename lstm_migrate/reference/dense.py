"""Dense and EinsumDense."""

from __future__ import annotations

import numpy as np

from lstm_migrate.graph import WeightKey
from lstm_migrate.reference.activations import activate
from lstm_migrate.reference.linear import matmul, summable
from lstm_migrate.reference.outcome import with_mask, without_mask
from lstm_migrate.reference.scope import Array, NoReference, Scope, Tensor, forward


def _finished(scope: Scope, value: Array, biased: bool) -> Array:
    value = scope.precision.cast(value + scope.weight("bias") if biased else value)
    return activate(scope.config.get("activation"), value, path=scope.path)


@forward("Dense")
def dense(scope: Scope, x: Tensor) -> Tensor:
    """The last axis times the kernel, whatever stands before it."""
    try:
        kernel = scope.weights[WeightKey(scope.path, "kernel")]  # as stored: matmul widens it in blocks
    except KeyError:
        raise NoReference(scope.path, "no array in role 'kernel'") from None
    value = matmul(x.value, kernel, scope.precision)
    return with_mask(scope, _finished(scope, value, bool(scope.config.get("use_bias", True))), x)


@forward("EinsumDense")
def einsum_dense(scope: Scope, x: Tensor) -> Tensor:
    value = np.einsum(scope.config["equation"], summable(x.value), scope.weight("kernel"), optimize=True)
    return without_mask(scope, _finished(scope, value, scope.config.get("bias_axes") is not None))
