"""Dropout inside a cell: its masks, and a product with a dropped-out value."""

from __future__ import annotations

from typing import Any

from keras import ops


def input_masks(cell: Any, inputs: Any, training: bool) -> list[Any]:
    """Dropout masks for the inputs: none, one, or one a gate."""
    return _as_list(cell.get_dropout_mask(inputs)) if training and cell.dropout else []


def recurrent_masks(cell: Any, h: Any, training: bool) -> list[Any]:
    """Dropout masks for the recurrent state: none, one, or one a gate."""
    return _as_list(cell.get_recurrent_dropout_mask(h)) if training and cell.recurrent_dropout else []


def _as_list(masks: Any) -> list[Any]:
    return list(masks) if isinstance(masks, (list, tuple)) else [masks]


def dropped_product(value: Any, matrix: Any, masks: list[Any]) -> Any:
    """`value` times `matrix`, dropped out before: with several masks, each for its gate's columns."""
    if len(masks) > 1:
        blocks = zip(masks, ops.split(matrix, len(masks), axis=-1), strict=True)
        return ops.concatenate([ops.matmul(value * mask, block) for mask, block in blocks], axis=-1)
    return ops.matmul(value * masks[0] if masks else value, matrix)
