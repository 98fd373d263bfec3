"""Arrays of every type and every pattern of bits, and what it means that a reader gave them back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.readers.dtypes import DTYPES

SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def any_array(draw: st.DrawFn, orders: str = "<>") -> Any:
    """Any bits at all: NaNs with a payload, −0.0, denormals; in the byte order and axis order of anyone."""
    dtype = np.dtype(draw(st.sampled_from(sorted(DTYPES)))).newbyteorder(draw(st.sampled_from(orders)))
    shape = draw(SHAPES)
    size = prod(shape) * dtype.itemsize
    data = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    values = (data & 1 if dtype.kind == "b" else data).view(dtype).reshape(shape)
    return np.asfortranarray(values) if shape and draw(st.booleans()) else values


def same_bits(found: Any, expected: Any) -> bool:
    """Equal types, shapes and bits, but for the order of bytes: a reader gives the machine's own."""
    native = expected.astype(expected.dtype.newbyteorder("="))
    return (found.dtype, found.shape, found.tobytes()) == (native.dtype, native.shape, native.tobytes())


def joined(checkpoint: Checkpoint, name: str) -> Any:
    """The values as their blocks give them."""
    values = np.zeros(checkpoint.tensors[name].shape, checkpoint.read(name).dtype)
    for part, block in checkpoint.blocks(name):
        values[part if values.shape else ()] = block
    return values
