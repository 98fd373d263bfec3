"""How much a right conversion may differ: measured, not picked.

The source model is computed in float64 and again in the precision of its dtype policy. What lies
between the two is the rounding that any honest run of this model shows, with its depth and length in
it. Keras may differ from float64 by MARGIN times that; another order of summation explains no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_migrate.graph import Layer
from lstm_migrate.reference.scope import Array, Precision

MARGIN = 16.0
FLOOR = 32.0  # in units of the precision's last place, for models too small to show rounding

SINGLE = Precision(np.float32)
_COMPUTES_IN = {
    "float16": Precision(np.float16),
    "mixed_float16": Precision(np.float16),
    "bfloat16": Precision(np.float32, mantissa_bits=8),
    "mixed_bfloat16": Precision(np.float32, mantissa_bits=8),
}
_LAST_PLACE = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


def run_precision(layer: Layer) -> Precision:
    """In which numbers Keras runs a layer of this policy; float64 policies count as float32, in which
    some backends compute whatever they are asked for."""
    return _COMPUTES_IN.get(layer.dtype, SINGLE)


def last_place(policies: Sequence[str]) -> float:
    """The relative size of the coarsest rounding among these dtype policies."""
    return max(
        (_LAST_PLACE.get(name.removeprefix("mixed_"), 2.0**-24) for name in policies), default=2.0**-24
    )


@dataclass(frozen=True)
class Tolerance:
    """`keras`: for Keras's own run; `pair`: for two float64 computations of the same function.

    `rounding` is the measured distance between float64 and run precision, `scale` the size of outputs.
    """

    keras: float
    pair: float
    rounding: float
    scale: float

    def described(self) -> str:
        """The derivation in a sentence."""
        return (
            f"{MARGIN:g} × the {self.rounding:.1e} by which the source model itself, computed in its own "
            f"precision, differs from float64 (outputs up to {self.scale:.2g})"
        )


def derive(exact: Sequence[Array], rounded: Sequence[Array], ulp: float, *, bitwise: bool) -> Tolerance:
    """The tolerance from the same outputs in float64 (`exact`) and in run precision (`rounded`).

    `bitwise`: no number changed on the way, so the float64 pair differs by float64 rounding alone;
    otherwise folded weights were rounded once more when they were stored.
    """
    scale = max([1e-3, *(float(np.max(np.abs(_finite(value)), initial=0.0)) for value in exact)])
    rounding = distance(exact, rounded)
    if not np.isfinite(rounding):
        rounding = 0.0
    run = MARGIN * rounding + FLOOR * ulp * scale
    pair = run * 2.0**-53 / 2.0**-24 + 1e-12 * scale if bitwise else run
    return Tolerance(run, pair, rounding, scale)


def distance(left: Sequence[Array], right: Sequence[Array]) -> float:
    """The largest absolute difference; infinite if shapes differ or only one of two values is a number."""
    if len(left) != len(right):
        return float("inf")
    worst = 0.0
    for a, b in zip(left, right, strict=True):
        if a.shape != b.shape:
            return float("inf")
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore"):
            gap = np.where(same, 0.0, np.abs(a - b))
        gap = np.where(np.isnan(gap), np.inf, gap)
        worst = max(worst, float(gap.max(initial=0.0)))
    return worst


def _finite(value: Array) -> Array:
    value = np.asarray(value, np.float64)
    return value[np.isfinite(value)]
