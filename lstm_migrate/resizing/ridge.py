"""Ridge: linear least squares that shrinks what the data do not tell."""

from __future__ import annotations

import numpy as np

from lstm_migrate.layouts.steps import Array

STRENGTHS = np.logspace(-8, 1, 10)
"""Of the shrinking, relative to the mean square of the columns that is fitted from."""

LEAST_LEFT = 1e-9
"""No row is taken to be explained better by itself than this."""


def ridge(
    given: Array, wanted: Array, weights: Array, *, centred: bool, strengths: Array = STRENGTHS
) -> tuple[Array, Array]:
    """(onto, constant) so that `given` @ onto + constant is near `wanted`, both of shape (rows, columns).

    Without `centred` the constant is zero. Of the strengths that one is taken with which each row is best
    foretold from all others, columns counted by their `weights`.
    """
    mean = given.mean(axis=0) if centred else np.zeros(given.shape[1])
    aim = wanted.mean(axis=0) if centred else np.zeros(wanted.shape[1])
    left, right = given - mean, wanted - aim
    squares, turn = _turned(left)
    scale = float(np.sum(left * left)) / left.shape[1]
    if not scale > 0:
        return np.zeros((given.shape[1], wanted.shape[1])), aim
    parts = left @ turn
    along = parts.T @ right
    shared = 1 / len(given) if centred else 0.0

    def missed(strength: float) -> float:
        """The squares of what each row misses if it is foretold from the others."""
        shrunk = 1 / (squares + strength * scale)
        error = right - parts @ (shrunk[:, None] * along)
        explained = (parts * parts) @ shrunk + shared
        error /= np.maximum(1 - explained, LEAST_LEFT)[:, None]
        return float(np.sum(error * error, axis=0) @ weights)

    best = min(strengths, key=missed)
    onto = turn @ (along / (squares + best * scale)[:, None])
    return onto, aim - mean @ onto


def _turned(value: Array) -> tuple[Array, Array]:
    """The squares of the singular values, and the right singular vectors as columns."""
    if len(value) < value.shape[1]:
        _, sizes, turn = np.linalg.svd(value, full_matrices=False)
        return sizes**2, turn.T
    squares, turn = np.linalg.eigh(value.T @ value)
    return np.maximum(squares, 0), turn
