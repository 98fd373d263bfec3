"""Operations on tensors that stand in a model as layers: kind "ops.<name>" is Keras 3's keras.ops.<name>.

Arguments are those of keras.ops, by its names or by position, Tensors among them at any depth. No
operation hands on a mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_migrate.graph import map_leaves
from lstm_migrate.reference.activations import ALONG_AXIS, ELEMENTWISE, erf
from lstm_migrate.reference.scope import FORWARD, Array, Forward, NoReference, Scope, Tensor

Axis = int | Sequence[int] | None


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    """NumPy takes a tuple of axes, a config holds a list."""
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis  # type: ignore[return-value]


def _unary(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: function(x)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda x1, x2: function(x1, x2)


def _reduction(function: Callable[..., Any]) -> Callable[..., Array]:
    def reduce(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
        return np.asarray(function(x, axis=_axes(axis), keepdims=keepdims))

    return reduce


def _extreme(function: Callable[..., Any]) -> Callable[..., Array]:
    def reduce(x: Any, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Array:
        options = {} if initial is None else {"initial": initial}
        return np.asarray(function(x, axis=_axes(axis), keepdims=keepdims, **options))

    return reduce


def _product(x: Any, axis: Axis = None, keepdims: bool = False, dtype: str | None = None) -> Array:
    return np.asarray(np.prod(x, axis=_axes(axis), keepdims=keepdims))


def _cast(x: Any, dtype: str) -> Array:
    """Floating types are all one here: what leaves an operation is rounded to the layer's precision."""
    return np.asarray(x, float if "float" in dtype else dtype)


def _convert(x: Any, dtype: str | None = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    return x if dtype is None else _cast(x, dtype)


def _squeeze(x: Array, axis: Axis = None) -> Array:
    return np.squeeze(x, _axes(axis))


def _split(x: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    return np.split(x, indices_or_sections, axis)


def _unstack(x: Array, num: int | None = None, axis: int = 0) -> list[Array]:
    return list(np.moveaxis(x, axis, 0))


def _one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False
) -> Array:
    matches = np.asarray(x)[..., None] == np.arange(num_classes)
    return np.moveaxis(_cast(matches, dtype or "float32"), -1, axis)


def _take(x: Array, indices: Any, axis: int | None = None) -> Array:
    return np.take(x, np.asarray(indices, int), axis)


def _pad(x: Array, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Array:
    options = {"constant_values": constant_values or 0} if mode == "constant" else {}
    return np.pad(x, pad_width, mode, **options)  # type: ignore[call-overload,no-any-return]


def _normalize(x: Array, axis: Axis = -1, order: float = 2, epsilon: float | None = None) -> Array:
    smallest = 1e-7 if epsilon is None else epsilon
    if order == 2:
        squares = np.square(x).sum(axis=_axes(axis), keepdims=True)
        return np.asarray(x / np.sqrt(np.maximum(squares, smallest**2)))
    norm = np.linalg.norm(x, ord=order, axis=_axes(axis), keepdims=True)
    return np.asarray(x / np.maximum(norm, smallest))


def _norm(x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.asarray(np.linalg.norm(x, ord, _axes(axis), keepdims))


def _logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    top = x.max(axis=_axes(axis), keepdims=True)
    total = np.log(np.exp(x - top).sum(axis=_axes(axis), keepdims=True)) + top
    return np.asarray(total if keepdims else np.squeeze(total, _axes(axis)))


def _top_k(x: Array, k: int, sorted: bool = True) -> list[Array]:
    """Values and places of the greatest, greatest first; the first of equals wins."""
    places = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return [np.take_along_axis(x, places, axis=-1), places]


def _repeat(x: Array, repeats: Any, axis: int | None = None) -> Array:
    return np.repeat(x, np.asarray(repeats, int), axis)


def _variance(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.asarray(np.var(x, axis=_axes(axis), keepdims=keepdims))


def _activation(name: str) -> Callable[..., Array]:
    def apply(x: Array, *parameters: Any, **named: Any) -> Array:
        return np.asarray(ELEMENTWISE[name](x, *parameters, **named))

    return apply


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def _gelu(x: Array, approximate: bool = True) -> Array:
    return np.asarray(ELEMENTWISE["gelu"](x, approximate=approximate))


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    # arithmetic
    "add": _binary(np.add),
    "subtract": _binary(np.subtract),
    "multiply": _binary(np.multiply),
    "divide": _binary(np.true_divide),
    "true_divide": _binary(np.true_divide),
    "divide_no_nan": lambda x1, x2: np.where(np.equal(x2, 0), 0, x1 / np.where(np.equal(x2, 0), 1, x2)),
    "floor_divide": _binary(np.floor_divide),
    "mod": _binary(np.mod),
    "power": _binary(np.power),
    "negative": _unary(np.negative),
    "absolute": _unary(np.abs),
    "abs": _unary(np.abs),
    "maximum": _binary(np.maximum),
    "minimum": _binary(np.minimum),
    "reciprocal": lambda x: 1 / x,
    "square": _unary(np.square),
    "sqrt": _unary(np.sqrt),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "exp": _unary(np.exp),
    "expm1": _unary(np.expm1),
    "log": _unary(np.log),
    "log1p": _unary(np.log1p),
    "log2": _unary(np.log2),
    "log10": _unary(np.log10),
    "sign": _unary(np.sign),
    "floor": _unary(np.floor),
    "ceil": _unary(np.ceil),
    "round": lambda x, decimals=0: np.round(x, decimals),
    "clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max),
    "sin": _unary(np.sin),
    "cos": _unary(np.cos),
    "tan": _unary(np.tan),
    "arcsin": _unary(np.arcsin),
    "arccos": _unary(np.arccos),
    "arctan": _unary(np.arctan),
    "arctan2": _binary(np.arctan2),
    "erf": _unary(erf),
    "sinh": _unary(np.sinh),
    "cosh": _unary(np.cosh),
    # comparison and logic
    "equal": _binary(np.equal),
    "not_equal": _binary(np.not_equal),
    "greater": _binary(np.greater),
    "greater_equal": _binary(np.greater_equal),
    "less": _binary(np.less),
    "less_equal": _binary(np.less_equal),
    "logical_and": _binary(np.logical_and),
    "logical_or": _binary(np.logical_or),
    "logical_xor": _binary(np.logical_xor),
    "logical_not": _unary(np.logical_not),
    "isnan": _unary(np.isnan),
    "isinf": _unary(np.isinf),
    "isfinite": _unary(np.isfinite),
    "where": lambda condition, x1=None, x2=None: np.where(np.asarray(condition, bool), x1, x2),
    "any": _reduction(np.any),
    "all": _reduction(np.all),
    # along axes
    "sum": _reduction(np.sum),
    "mean": _reduction(np.mean),
    "max": _extreme(np.max),
    "min": _extreme(np.min),
    "amax": _reduction(np.max),
    "amin": _reduction(np.min),
    "prod": _product,
    "var": _variance,
    "std": _reduction(np.std),
    "logsumexp": _logsumexp,
    "argmax": lambda x, axis=None, keepdims=False: np.argmax(x, axis, keepdims=keepdims),
    "argmin": lambda x, axis=None, keepdims=False: np.argmin(x, axis, keepdims=keepdims),
    "cumsum": lambda x, axis=None, dtype=None: np.cumsum(x, axis),
    "cumprod": lambda x, axis=None, dtype=None: np.cumprod(x, axis),
    "sort": lambda x, axis=-1: np.sort(x, axis),
    "argsort": lambda x, axis=-1: np.argsort(x, axis, kind="stable"),
    "top_k": _top_k,
    "norm": _norm,
    "normalize": _normalize,
    # products
    "matmul": _binary(np.matmul),
    "dot": _binary(np.dot),
    "einsum": lambda subscripts, *operands, **_: np.einsum(subscripts, *operands, optimize=True),
    "tensordot": lambda x1, x2, axes=2: np.tensordot(x1, x2, axes),
    "outer": _binary(np.outer),
    # shape
    "transpose": lambda x, axes=None: np.transpose(x, axes),
    "reshape": lambda x, newshape: np.reshape(x, newshape),
    "expand_dims": lambda x, axis: np.expand_dims(x, axis),
    "squeeze": _squeeze,
    "concatenate": lambda xs, axis=0: np.concatenate(xs, axis),
    "stack": lambda x, axis=0: np.stack(x, axis),
    "hstack": lambda xs: np.hstack(xs),
    "vstack": lambda xs: np.vstack(xs),
    "split": _split,
    "unstack": _unstack,
    "tile": lambda x, repeats: np.tile(x, repeats),
    "repeat": _repeat,
    "flip": lambda x, axis=None: np.flip(x, _axes(axis)),
    "roll": lambda x, shift, axis=None: np.roll(x, shift, axis),
    "moveaxis": lambda x, source, destination: np.moveaxis(x, source, destination),
    "swapaxes": lambda x, axis1, axis2: np.swapaxes(x, axis1, axis2),
    "pad": _pad,
    "ravel": _unary(np.ravel),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "shape": lambda x: [np.asarray(size) for size in np.shape(x)],
    "take": _take,
    "take_along_axis": lambda x, indices, axis=None: np.take_along_axis(x, indices, axis),
    "get_item": lambda x, key: np.asarray(x)[tuple(key) if isinstance(key, list) else key],
    "getitem": lambda x, key: np.asarray(x)[tuple(key) if isinstance(key, list) else key],
    # types and constants
    "cast": _cast,
    "identity": lambda x: x,
    "stop_gradient": lambda variable: variable,
    "convert_to_tensor": _convert,
    "copy": _unary(np.array),
    "ones_like": lambda x, dtype=None: _convert(np.ones_like(x), dtype),
    "zeros_like": lambda x, dtype=None: _convert(np.zeros_like(x), dtype),
    "full_like": lambda x, fill_value, dtype=None: _convert(np.full_like(x, fill_value), dtype),
    "one_hot": _one_hot,
    # activations, by the meaning that keras.ops gives them
    **{
        name: _activation(name)
        for name in "tanh sigmoid relu relu6 leaky_relu elu selu celu softplus softsign silu swish hard_silu"
        " hard_swish hard_tanh tanh_shrink soft_shrink hard_shrink log_sigmoid".split()
    },
    "hard_sigmoid": _hard_sigmoid,
    "gelu": _gelu,
    "softmax": lambda x, axis=-1: ALONG_AXIS["softmax"](x, axis=axis),
    "log_softmax": lambda x, axis=-1: ALONG_AXIS["log_softmax"](x, axis=axis),
}
"""What each operation computes on NumPy arrays, with the signature of keras.ops."""


def _operation(name: str) -> Forward:
    def compute(scope: Scope, *args: Any, **kwargs: Any) -> Any:
        """Runs the operation on the values of its Tensors."""
        values = map_leaves([list(args), kwargs], lambda x: x.value if isinstance(x, Tensor) else x)
        try:
            with np.errstate(all="ignore"):
                result = OPERATIONS[name](*values[0], **values[1])
        except (TypeError, ValueError, IndexError) as error:
            raise NoReference(scope.path, f"no reference for this call of ops.{name}: {error}") from None
        if isinstance(result, list):
            return [Tensor(scope.precision.cast(np.asarray(part))) for part in result]
        return Tensor(scope.precision.cast(np.asarray(result)))

    return compute


FORWARD.update({f"ops.{name}": _operation(name) for name in OPERATIONS})
