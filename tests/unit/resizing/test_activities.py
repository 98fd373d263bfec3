"""What layers see is noted as it is read: steps that a mask hides are left out, and nothing else is."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.activities import BATCHES, SAMPLES, Laboratory
from lstm_migrate.resizing.followed import Read
from lstm_migrate.restriction import STATE, Silence
from tests.unit.resizing.keras_models import Opened, chain, opened

LAYERS = keras.layers


def laboratory(model: Opened, *inputs: Any) -> Laboratory:
    return Laboratory(model.graph, model.weights, Semantics(), inputs)


def read(model: Opened, *path: str, argument: int = 0) -> Read:
    (found,) = (one for one in model.followed.reads if one.path == path and one.argument == argument)
    return found


def holed(count: int, steps: int) -> Any:
    x = np.random.default_rng(count).normal(size=(count, steps, 3))
    x[0, 2:] = x[1, :3] = 0
    return x


def before(model: Opened, x: Any, layer: str) -> Any:
    """What a layer puts out."""
    seen: dict[str, Any] = {}
    evaluate(
        model.graph,
        model.weights,
        [x],
        semantics=Semantics(),
        tap=lambda path, call, outputs: seen.setdefault(path[-1], outputs[0]),
    )
    return seen[layer]


def test_a_dense_layer_sees_every_step_that_is_there() -> None:
    first = LAYERS.LSTM(4, return_sequences=True, name="a")
    model = opened(chain(3, LAYERS.Masking(), first, LAYERS.Dense(2, name="d")))
    x = holed(5, 6)
    (rows,) = laboratory(model, x).sight([read(model, "d")]).rows
    there = x.any(axis=-1)
    assert there.sum() == 5 * 6 - 7
    assert np.array_equal(rows, before(model, x, "a")[there])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell", [LAYERS.LSTM, LAYERS.GRU, LAYERS.SimpleRNN])
def test_a_cell_hears_its_state_from_the_step_before(cell: Any, masked: bool, backwards: bool) -> None:
    first = cell(4, return_sequences=True, go_backwards=backwards, name="a")
    model = opened(chain(3, *[LAYERS.Masking()] * masked, first, LAYERS.Dense(2, name="d")))
    x = holed(5, 6)
    (rows,) = laboratory(model, x).sight([read(model, "a", argument=STATE)]).rows
    made = before(model, x, "a")
    there = x.any(axis=-1)[:, :: -1 if backwards else 1] if masked else np.ones((5, 6), bool)
    wanted = [
        (made[n, step - 1] if there[n, :step].any() else np.zeros(4)) if step else np.zeros(4)
        for step in range(6)
        for n in range(5)
        if there[n, step]
    ]
    assert np.allclose(rows, wanted)


def test_a_gru_that_resets_before_hears_both_its_state_and_what_is_left_of_it() -> None:
    model = opened(chain(3, LAYERS.GRU(4, reset_after=False, name="a"), LAYERS.Dense(2)))
    (rows,) = laboratory(model, holed(5, 6)).sight([read(model, "a", argument=STATE)]).rows
    assert rows.shape == (2 * 5 * 6, 4)
    states, reset = rows.reshape(6, 2, 5, 4).transpose(1, 0, 2, 3)
    assert (np.abs(reset) <= np.abs(states)).all() and np.abs(reset[1:]).max() > 0


def test_each_direction_is_heard_by_itself_and_in_its_own_order() -> None:
    inner = LAYERS.Bidirectional(LAYERS.GRU(4), name="a")
    model = opened(chain(3, LAYERS.Masking(), inner, LAYERS.Dense(2)))
    x = holed(5, 6)
    reads = [read(model, "a", side, argument=STATE) for side in ("forward_layer", "backward_layer")]
    forth, back = laboratory(model, x).sight(reads).rows
    assert forth.shape == back.shape == (int(x.any(axis=-1).sum()), 4)
    # Sample 0 has two steps: the third one that the backward direction sees of it is none.
    assert not back[: int(x.any(axis=-1)[:, -1].sum())].any()
    assert not np.allclose(forth, back)


def test_a_layer_inside_a_wrapper_sees_what_the_wrapper_is_called_with() -> None:
    first = LAYERS.LSTM(4, return_sequences=True, name="a")
    model = opened(chain(3, LAYERS.Masking(), first, LAYERS.TimeDistributed(LAYERS.Dense(2), name="t")))
    x = holed(5, 6)
    (rows,) = laboratory(model, x).sight([read(model, "t", "layer")]).rows
    assert np.array_equal(rows, before(model, x, "a")[x.any(axis=-1)])


def test_stacked_cells_see_what_the_one_below_puts_out() -> None:
    cells = LAYERS.StackedRNNCells([LAYERS.LSTMCell(4), LAYERS.GRUCell(5)])
    model = opened(chain(3, LAYERS.RNN(cells, name="a"), LAYERS.Dense(2)))
    between = read(model, "a", "cell", "1")
    below = read(model, "a", "cell", "0", argument=STATE)
    rows, states = laboratory(model, holed(5, 6)).sight([between, below]).rows
    assert rows.shape == (30, 4)
    assert np.allclose(rows[:-5], states[5:])  # what it puts out is its state a step later


def test_under_silences_all_is_seen_as_it_would_be_with_them() -> None:
    first = LAYERS.LSTM(4, return_sequences=True, name="a")
    model = opened(chain(3, first, LAYERS.LSTM(5, name="b"), LAYERS.Dense(2, name="d")))
    x, own = holed(5, 6), read(model, "b")
    silences = {("b",): (Silence(0, 2, (1, 3), (0, 2)),)}
    seen = laboratory(model, x).sight([own, read(model, "d")], silences)
    assert np.array_equal(seen.rows[0], before(model, x, "a").reshape(-1, 4))  # heard before it is silenced
    plain = laboratory(model, x).sight([own, read(model, "d")])
    assert not np.allclose(seen.rows[1], plain.rows[1])
    wanted = evaluate(model.graph, model.weights, [x], semantics=Semantics(), silences=silences)
    assert np.array_equal(seen.outputs[0], wanted[0])


def test_many_inputs_are_thinned_evenly_and_a_fixed_batch_is_kept_whole() -> None:
    model = opened(chain(1, LAYERS.Dense(2, name="d")))
    count = 3 * SAMPLES * BATCHES
    x = np.arange(count, dtype=float).reshape(count, 1, 1)
    (rows,) = laboratory(model, x).sight([read(model, "d")]).rows
    assert len(rows) == SAMPLES * BATCHES and rows.max() > 0.95 * count
    layers = [keras.Input(batch_shape=(4, 5, 3)), LAYERS.GRU(2, stateful=True, name="a")]
    fixed = opened(keras.Sequential(layers))
    (rows,) = laboratory(fixed, holed(10, 5)).sight([read(fixed, "a")]).rows
    assert len(rows) == 8 * 5
