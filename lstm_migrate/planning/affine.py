"""Affine: an EinsumDense that multiplies and shifts each feature by numbers of its own.

Stock Keras 3 has no other layer that trains such a factor. Its arrays lack the axes of size one, along
which one number is for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

import numpy as np

from lstm_migrate.graph import Activation, Layer, WeightKey
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Constant, Form, Rearrange, Step
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.plan import Assignment


@dataclass(frozen=True)
class Affine:
    """For arrays that are stored in `shape`: the input's without the batch, one where they are shared."""

    shape: tuple[int, ...]

    @property
    def _kept(self) -> list[int]:
        """The axes along which numbers differ; the last one if they differ along none."""
        return [axis for axis, size in enumerate(self.shape) if size > 1] or [len(self.shape) - 1]

    def held(self, role: str) -> tuple[int, ...]:
        """The shape of the EinsumDense's array: a bias has ones for what is shared behind its first axis."""
        kept = self._kept
        return self.shape[kept[0] :] if role == "bias" else tuple(self.shape[axis] for axis in kept)

    def layer(self, name: str, like: Layer, activation: Activation, *, biased: bool) -> Layer:
        """The EinsumDense."""
        letters, kept = ascii_lowercase[1 : len(self.shape) + 1], self._kept
        behind = len(self.shape) - len(kept)
        if kept == list(range(behind, len(self.shape))):
            # What stands in front is left open, so that Keras goes on knowing its sizes.
            each = f"...{letters[behind:]}"
            sizes: tuple[int | None, ...] = self.held("kernel")
        else:
            each = f"a{letters}"
            sizes = tuple(size if axis in kept else None for axis, size in enumerate(self.shape))
        own = "".join(letters[axis] for axis in kept)
        config: dict[str, Any] = {
            "equation": f"{each},{own}->{each}",
            "output_shape": sizes,
            "activation": activation,
            "bias_axes": own if biased else None,
        }
        return Layer(name, "EinsumDense", config, trainable=like.trainable, dtype=like.dtype)

    def assigned(
        self, layer: Layer, role: str, key: WeightKey, context: Context, steps: Sequence[Step] = ()
    ) -> Assignment:
        """A stored array as the factor ("kernel") or the shift ("bias"), through further `steps`."""
        way = (*self._loose(role), *steps)
        return context.assignment(layer, role, (context.bound[key],), way, self.held(role))

    def ones(self, layer: Layer, context: Context) -> Assignment:
        """A factor of one, for a layer that only shifts."""
        values = np.ones(self.held("kernel"), np.float32)
        step = Constant("ones: it only shifts", values)
        return context.assignment(layer, "kernel", (), (step,), values.shape)

    def _loose(self, role: str) -> tuple[Rearrange, ...]:
        """The step that takes the axes of size one away."""
        if self.held(role) == self.shape:
            return ()
        names = [f"a{axis}" for axis in range(len(self.shape))]
        sizes = dict(zip(names, self.shape, strict=True))
        _, *others = range(self._kept[0], len(names)) if role == "bias" else self._kept
        # Each axis that is kept takes along the ones behind it, the first one those in front of it too.
        starts, ends = [0, *others], [*others, len(names)]
        joined = [" ".join(names[start:end]) for start, end in zip(starts, ends, strict=True)]
        after = " ".join(f"({part})" if " " in part else part for part in joined)
        return (Rearrange(Form(Axes.parse(" ".join(names)), sizes), Form(Axes.parse(after), sizes)),)
