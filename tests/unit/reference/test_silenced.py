"""Units that are silent compute nothing that the others hear: as a layer that never had them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from tests.unit.reference.chains import KERAS_3, TOLERANCE, chain_of, described, fill, with_holes

KEPT, GONE, UNITS = [4, 1, 2], (0, 3), 5
LAYERS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "LSTM": (keras.layers.LSTM, 4, {}),
    "GRU": (keras.layers.GRU, 3, {"reset_after": True}),
    "GRU that resets before": (keras.layers.GRU, 3, {"reset_after": False}),
    "SimpleRNN": (keras.layers.SimpleRNN, 1, {}),
    "backwards": (keras.layers.LSTM, 4, {"go_backwards": True}),
}


def cut_by_hand(value: Array, gates: int) -> Array:
    """The array of a smaller layer: units are the last digits of its columns, and the rows of one that has as
    many as units."""
    columns = [gate * UNITS + unit for gate in range(gates) for unit in KEPT]
    value = value[..., columns]
    return value[KEPT] if value.shape[0] == UNITS else value


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_the_others_compute_what_a_smaller_layer_of_keras_does(
    name: str, sequences: bool, masked: bool
) -> None:
    kind, gates, options = LAYERS[name]
    x = with_holes(7)
    before = [keras.layers.Masking()] if masked else []
    large, small = (kind(count, return_sequences=sequences, **options) for count in (UNITS, len(KEPT)))
    large.build(x.shape)
    fill(large)
    first = before[0](x) if masked else keras.ops.convert_to_tensor(x)
    small(first)
    small.set_weights([cut_by_hand(value, gates) for value in large.get_weights()])
    wanted = keras.ops.convert_to_numpy(small(first))

    layer = described(large, "large")
    layer = replace(layer, config={**layer.config, "silenced": GONE})
    graph = chain_of([*(described(one, "masking") for one in before), layer])
    weights = {WeightKey(("large",), weight.name): np.asarray(weight.value) for weight in large.weights}
    (found,) = evaluate(graph, weights, [x], semantics=KERAS_3)
    np.testing.assert_allclose(found[..., KEPT], wanted, atol=TOLERANCE, rtol=TOLERANCE)
    assert not found[..., list(GONE)].any()
