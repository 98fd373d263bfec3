"""What a forward pass is written against: Tensor, Scope, and the table of forward passes.

A forward pass is a function `forward(scope, *args, **kwargs)` registered for a layer kind. It takes
Tensors (nested in lists where the layer takes lists), and returns a Tensor or a list of Tensors, with
the mask that the layer passes on. It is written from the framework's published equations and shares
no code with the converter (`layouts/`, `rules/`), so that it can judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstm_migrate.graph import Layer, LayerPath, WeightKey
from lstm_migrate.reference.semantics import Semantics

Array = NDArray[Any]


class NoReference(Exception):
    """This part of the model has no forward pass here: it stays unproven, and the report says so."""

    def __init__(self, path: LayerPath, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{'/'.join(path)}: {reason}")


class ShapeTooSmall(Exception):
    """The probe is too short for the model (a convolution or a pool ran out of steps): try a longer one."""


@dataclass(frozen=True)
class Tensor:
    """`value` with the mask that travels with it: bool, (batch, time) as a rule, or None."""

    value: Array
    mask: Array | None = None


@dataclass(frozen=True)
class Precision:
    """In which numbers a layer computes: `storage` for what is held, `rounded` applied to every result.

    float64 judges; float32 and the half types measure how much rounding a right conversion may show.
    """

    dtype: type[np.floating[Any]] = np.float64
    mantissa_bits: int | None = None  # bfloat16 is float32 cut to 8 bits: NumPy has no such type

    def cast(self, value: Array) -> Array:
        """`value` in this precision; integers and booleans stay as they are."""
        if not np.issubdtype(value.dtype, np.floating):
            return value
        value = value.astype(self.dtype, copy=False)
        if self.mantissa_bits is not None:
            fraction, exponent = np.frexp(value)
            scale = 2.0**self.mantissa_bits
            value = np.ldexp(np.round(fraction * scale) / scale, exponent).astype(self.dtype)
        return value


class Silencer(Protocol):
    """What lets layers see less than they are called with (`silencing.py`)."""

    def run(
        self, forward: Forward, scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Any: ...
    def state(self, path: LayerPath, state: Array, /) -> Array: ...
    def input(self, path: LayerPath, value: Array, /) -> Array: ...


@dataclass(frozen=True)
class Scope:
    """What a forward pass may ask for: the layer, its weights, its state and the era's semantics.

    `run_graph(graph, path, tensors)` runs a nested model and returns Tensors nested like its outputs.
    `static_batch`: the model's inputs name their batch size, which changes what some wrappers do.
    """

    layer: Layer
    path: LayerPath
    weights: Mapping[WeightKey, Array]
    semantics: Semantics
    precision: Precision
    states: MutableMapping[LayerPath, list[Array]]
    run_graph: Callable[..., Any]
    static_batch: bool = False
    silencer: Silencer | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """The layer's constructor arguments, in Keras 3's words and the source's meaning."""
        return self.layer.config

    def has(self, role: str) -> bool:
        """Whether the layer holds an array in this role."""
        return WeightKey(self.path, role) in self.weights

    def weight(self, role: str) -> Array:
        """The array in `role`, in the precision of the computation."""
        return self.precision.cast(self.stored(role))

    def stored(self, role: str) -> Array:
        """The array in `role` as the file holds it: for matrices too large to be cast whole."""
        try:
            return self.weights[WeightKey(self.path, role)]
        except KeyError:
            raise NoReference(self.path, f"no array in role {role!r}") from None

    def inside(self, label: str) -> Scope:
        """The scope of the wrapped layer `label`."""
        return replace(self, layer=self.layer.children[label], path=(*self.path, label))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Runs this scope's layer."""
        forward = FORWARD.get(self.layer.kind)
        if forward is None:
            raise NoReference(self.path, f"no reference for a {self.layer.kind} layer")
        if self.silencer is not None:
            return self.silencer.run(forward, self, args, kwargs)
        return forward(self, *args, **kwargs)

    def heard(self, state: Array) -> Array:
        """What a cell hears of its hidden state: all of it, unless units are silenced."""
        return state if self.silencer is None else self.silencer.state(self.path, state)

    def seen(self, value: Array) -> Array:
        """What a cell inside a layer sees of its input: all of it, unless features are silenced."""
        return value if self.silencer is None else self.silencer.input(self.path, value)


Forward = Callable[..., Any]
FORWARD: dict[str, Forward] = {}


def forward(*kinds: str) -> Callable[[Forward], Forward]:
    """Registers a forward pass for these layer kinds."""

    def register(function: Forward) -> Forward:
        for kind in kinds:
            if kind in FORWARD:
                raise ValueError(f"two forward passes for {kind}")
            FORWARD[kind] = function
        return function

    return register
