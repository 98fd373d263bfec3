"""Values that are given for one array: made an array of numbers, held against the shape that is expected."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_migrate.errors import Problem
from lstm_migrate.gates.block import in_words
from lstm_migrate.layouts.axes import Axes
from lstm_migrate.layouts.steps import Array, Form

# What else an array of a wrong shape may be: for which role, how it then lies, what to do.
WEIGHTS_1 = (
    "This is the shape of the recurrent kernel: get_weights() is [kernel, recurrent_kernel, bias], so "
    "weights[1] is no bias."
)
ALL_GATES = "That is the array of all {gate} gates: give the columns of this one."
PYTORCH = "That is PyTorch's array of all {gate} gates: give the rows of this one, transposed."
CUDNN = "Twice as long are cuDNN's two biases of all gates: give the parts of this one."
MISTAKES: tuple[tuple[str, str, str], ...] = (
    ("kernel", "u x", "It is transposed, as PyTorch has it: give its .T."),
    ("kernel", "x (gate u)", ALL_GATES),
    ("kernel", "(gate u) x", PYTORCH),
    ("kernel", "h u", "This is the shape of the recurrent kernel."),
    ("kernel", "(x + h) u", "The first {x} rows are the kernel, the others the recurrent kernel."),
    ("recurrent_kernel", "h (gate u)", ALL_GATES),
    ("recurrent_kernel", "x u", "This is the shape of the kernel."),
    ("bias", "h u", WEIGHTS_1),
    ("bias", "h (gate u)", WEIGHTS_1),
    ("bias", "(set u)", "Twice as long are two biases: give them as 'bias' and 'recurrent_bias'."),
    ("bias", "(gate u)", "That is the bias of all {gate} gates: give the part of this one."),
    ("bias", "(set gate u)", CUDNN),
)


def as_numbers(value: Any, where: str) -> Array | Problem:
    """The value as an array of numbers, or what is wrong with it."""
    try:
        found = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (ValueError, TypeError, RuntimeError) as error:
        return Problem(f"no array can be made of it: {error}", where, found=type(value).__name__)
    # bfloat16 is no kind of NumPy's own.
    if found.dtype.kind not in "fiu" and found.dtype.name != "bfloat16":
        what = type(value).__name__ if found.dtype.kind == "O" else f"an array of {found.dtype}"
        return Problem("these are no real numbers", where, found=what, expected="an array of numbers")
    return found


def misfit(value: Array, part: Form, role: str, where: str) -> Problem | None:
    """What is wrong with the shape of one gate's array; None if nothing is."""
    if value.shape == part.shape:
        return None
    sizes = {"h": part.sizes["u"], "set": 2, **part.sizes}
    array = "bias" if role.endswith("bias") else role
    hints = [hint for of, axes, hint in MISTAKES if of == array and _is(axes, value.shape, sizes)]
    hint = hints[0].format(**sizes) if hints else ""
    return Problem("the shape is wrong", where, str(value.shape), in_words(part), hint)


def _is(axes: str, shape: tuple[int, ...], sizes: dict[str, int]) -> bool:
    parsed = Axes.parse(axes)
    return parsed.symbols <= sizes.keys() and parsed.shape(sizes) == shape


def overflow(value: Array, dtype: np.dtype[Any], where: str) -> Problem | None:
    """What is wrong if a number is too large for the variable; None if none is. NaN and infinity may stay."""
    if value.dtype.kind in "iu":
        value = value.astype(np.float64)
    with np.errstate(over="ignore"):
        lost = np.isfinite(value) & ~np.isfinite(value.astype(dtype))
    if not lost.any():
        return None
    largest = f"{np.abs(value[lost]).max():g}"
    return Problem(f"{lost.sum()} numbers are too large for the layer's {dtype}", where, largest)
