"""Matrix products with arrays as the file stores them, in the precision that a layer computes in.

A matrix may be hundreds of megabytes of float32: it is widened a few rows at a time, never whole.
"""

from __future__ import annotations

import numpy as np

from lstm_migrate.reference.scope import Array, Precision

# A block that stays in the cache: widening it there is some six times as fast as in main memory.
BLOCK_BYTES = 2**20

# BLAS makes a product of this many multiplications in one thread. Larger ones it shares out, and where
# other work keeps the cores busy, its threads wait for one another longer than they compute.
ONE_THREAD = 2**19
FEW_ROWS = 64  # of x: with more, sharing out pays


def summable(x: Array) -> Array:
    """x in numbers that sums may be made in: half types become float32, as the frameworks do."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def matmul(x: Array, matrix: Array, precision: Precision) -> Array:
    """`x @ matrix`: x (…, rows), matrix (rows, columns) in any dtype; the result is in `precision`.

    Half types are multiplied in float32 and the result is rounded, as the frameworks do on a CPU.
    """
    dtype = np.dtype(np.float32 if precision.dtype is np.float16 else precision.dtype)
    x = x.astype(dtype, copy=False)
    ready = matrix.dtype == dtype and precision.mantissa_bits is None and dtype == precision.dtype
    rows, columns = matrix.shape
    flat = x.reshape(-1, rows)
    if ready and (len(flat) > FEW_ROWS or matrix.size * len(flat) <= ONE_THREAD):
        return np.asarray(x @ matrix)
    total = np.zeros((len(flat), columns), dtype)
    step = max(1, BLOCK_BYTES // max(1, columns * dtype.itemsize))
    group = len(flat) if len(flat) > FEW_ROWS else max(1, ONE_THREAD // max(1, step * columns))
    for start in range(0, rows, step):
        block = precision.cast(matrix[start : start + step]).astype(dtype, copy=False)
        for first in range(0, len(flat), max(1, group)):
            these = slice(first, first + group)
            total[these] += flat[these, start : start + step] @ block
    return precision.cast(total.reshape(*x.shape[:-1], columns))
