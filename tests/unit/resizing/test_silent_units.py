"""Units that nobody would miss are found by their numbers, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.layouts.steps import Array
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet, roots_of
from lstm_migrate.resizing.change import Change
from lstm_migrate.resizing.silent_units import CANDIDATES, quiet_elements
from lstm_migrate.resizing.standing import Standing
from lstm_migrate.restriction import NEW, Silence
from lstm_migrate.rules.fold_in import FoldIn
from tests.unit.resizing.keras_models import Opened, chain, opened

LAYERS = keras.layers

CELLS: dict[str, Callable[..., Any]] = {
    "LSTM": partial(LAYERS.LSTM, 6),
    "GRU": partial(LAYERS.GRU, 6),
    "GRU that resets before": partial(LAYERS.GRU, 6, reset_after=False),
    "SimpleRNN": partial(LAYERS.SimpleRNN, 6),
    "RNN": lambda **said: LAYERS.RNN(LAYERS.LSTMCell(6), **said),
}


def standings(model: Opened, root: int, *sides: str) -> Iterator[Standing]:
    for key, placed in model.followed.arrays.items():
        for symbol in placed.ids:
            array = model.array("/".join((*key.path, key.role)))
            one = Standing(placed, symbol, model.followed.elements, lambda array=array: array)  # type: ignore[misc]
            if root in one.places and one.side in sides:
                yield one


def repeat(model: Opened, root: int, of: int) -> None:
    """Makes one unit a duplicate of another: it reads what that one reads."""
    for one in standings(model, root, "incoming", "each"):
        one.loose[list(one.places[root])] = one.loose[list(one.places[of])]


def deafen(model: Opened, root: int, gone: Sequence[int] = ()) -> None:
    """Nobody listens to the unit, but those that go with it."""
    for one in standings(model, root, "outgoing"):
        for place in one.places[root]:
            kept = one.loose[place].copy()
            one.loose[place] = 0
            for symbol, ids in one.placed.ids.items():
                if symbol != one.symbol:
                    axis = one.names.index(symbol) - 1
                    at = [
                        n for n, other in enumerate(roots_of(model.followed.elements, ids)) if other in gone
                    ]
                    np.moveaxis(one.loose[place], axis, 0)[at] = np.moveaxis(kept, axis, 0)[at]


def nullify(model: Opened, root: int) -> None:
    """The unit is always zero: of the gate that its state is made of, all is zero."""
    for one in standings(model, root, "incoming"):
        gates = one.placed.form.gates
        place = list(one.places[root])
        if gates is None or "gate" not in one.names or gates.cell not in CANDIDATES:
            one.loose[place] = 0
        else:
            axis = one.names.index("gate")
            np.moveaxis(one.loose, axis, 0)[gates.gates.index(CANDIDATES[gates.cell])][place] = 0


def computed(model: Opened, request: Request | None = None, quiet: Quiet | None = None) -> list[Array]:
    """What the model puts out; with `quiet`, without the units that `request` takes away."""
    draw = np.random.default_rng(7)
    shapes = [model.graph.layers[name].config["batch_shape"] for name in model.graph.inputs]
    inputs = [draw.normal(size=[4 if size is None else size for size in shape]) for shape in shapes]
    weights, silences = dict(model.weights), {}
    if request is not None and quiet is not None:
        change = request.asked.change
        gone = {roots_of(model.followed.elements, request.asked.ids)[place] for place in change.gone}
        for key, placed in model.followed.arrays.items():
            for symbol, ids in placed.ids.items():
                roots = roots_of(model.followed.elements, ids)
                pairs = quiet.pairs(roots, [place for place, root in enumerate(roots) if root in gone])
                if placed.sides[symbol] == "outgoing" and pairs:
                    folded = FoldIn.twins(placed.form, symbol, pairs, "")
                    weights[key] = folded.apply(weights[key])
        for read in model.followed.reads:
            roots = roots_of(model.followed.elements, read.ids)
            places = tuple(place for place, root in enumerate(roots) if root in gone)
            silence = Silence(read.argument, read.axis, places, ())
            silences[read.path] = (*silences.get(read.path, ()), silence)
    return evaluate(model.graph, weights, inputs, semantics=Semantics(), silences=silences)


def quiet_of(model: Opened, request: Request) -> Quiet:
    return quiet_elements(model.followed, [request], model.weights, model.graph)


def found(model: Opened, request: Request) -> Quiet:
    """The quiet ones; to leave out those that go, and nothing else, must change nothing."""
    quiet = quiet_of(model, request)
    roots = roots_of(model.followed.elements, request.asked.ids)
    there = [place for place, root in enumerate(roots) if root not in quiet.twins]
    lonely = replace(request, asked=replace(request.asked, change=Change.taken(len(roots), there)))
    for one, other in zip(computed(model), computed(model, lonely, quiet), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    return quiet


def stacked(cell: Callable[..., Any], **said: Any) -> Opened:
    first = cell(name="a", return_sequences=True, **said)
    return opened(chain(3, first, LAYERS.GRU(5, name="b"), LAYERS.Dense(2)))


@pytest.mark.parametrize("cell", CELLS)
def test_live_units_are_not_quiet(cell: str) -> None:
    model = stacked(CELLS[cell])
    where = "a/cell" if cell == "RNN" else "a"
    assert found(model, model.keep(where, [0, 1, 2])).twins == {}


@pytest.mark.parametrize("cell", CELLS)
def test_each_kind_of_quiet_unit_is_found_beside_live_ones(cell: str) -> None:
    model = stacked(CELLS[cell])
    where = "a/cell" if cell == "RNN" else "a"
    units = model.roots(where)
    repeat(model, units[3], units[1])
    nullify(model, units[4])
    request = model.keep(where, [0, 1])
    deafen(model, units[5])
    assert found(model, request).twins == {units[3]: units[1], units[4]: NEW, units[5]: NEW}


def test_a_unit_that_only_others_listen_to_that_go_is_dead() -> None:
    model = stacked(CELLS["LSTM"])
    units = model.roots("a")
    deafen(model, units[5], gone=[units[4], units[5]])
    both, last = model.keep("a", range(4)), model.keep("a", range(5))
    assert quiet_of(model, both).twins == {units[5]: NEW}
    assert quiet_of(model, last).twins == {}


def test_of_several_alike_the_first_that_stays_stands_for_all() -> None:
    model = stacked(CELLS["LSTM"])
    units = model.roots("a")
    for place in (1, 4, 5):
        repeat(model, units[place], units[2])
    assert found(model, model.keep("a", [4, 0, 1, 3])).twins == {units[2]: units[1], units[5]: units[1]}


def test_alike_among_themselves_and_like_none_that_stays_is_not_quiet() -> None:
    model = stacked(CELLS["GRU"])
    units = model.roots("a")
    repeat(model, units[5], units[4])
    assert found(model, model.keep("a", [0, 1, 2, 3])).twins == {}


@pytest.mark.parametrize("array", ["a/kernel", "a/recurrent_kernel", "a/bias"])
def test_a_single_bit_in_one_gate_tells_two_units_apart(array: str) -> None:
    model = stacked(CELLS["LSTM"])
    units = model.roots("a")
    repeat(model, units[5], units[0])
    assert found(model, model.keep("a", range(5))).twins == {units[5]: units[0]}
    value = model.array(array).reshape(-1, 4, 6)
    value[0, 3, 5] = np.nextafter(value[0, 3, 5], np.float32(9))
    assert found(model, model.keep("a", range(5))).twins == {}


def test_an_activation_that_makes_something_of_zero_keeps_no_unit_silent() -> None:
    quiet, loud = (stacked(partial(LAYERS.LSTM, 6, activation=name)) for name in ("tanh", "sigmoid"))
    for model in (quiet, loud):
        nullify(model, model.roots("a")[5])
    assert found(quiet, quiet.keep("a", range(5))).twins == {quiet.roots("a")[5]: NEW}
    assert found(loud, loud.keep("a", range(5))).twins == {}


def test_units_of_the_output_are_never_quiet() -> None:
    model = opened(chain(3, LAYERS.Dense(4, name="d")))
    units = model.roots("d")
    repeat(model, units[3], units[0])
    nullify(model, units[2])
    assert quiet_of(model, model.keep("d", [0, 1])).twins == {}


def test_a_mean_over_units_keeps_all_of_them() -> None:
    model = opened(
        chain(3, LAYERS.Dense(4, name="d"), LAYERS.LayerNormalization(name="n"), LAYERS.Dense(2, name="e"))
    )
    units = model.roots("d")
    repeat(model, units[3], units[0])
    nullify(model, units[2])
    deafen(model, units[1])
    assert quiet_of(model, model.keep("d", [0])).twins == {}


def test_what_batch_normalization_adds_wakes_a_unit_that_is_zero() -> None:
    model = opened(
        chain(3, LAYERS.Dense(4, name="d"), LAYERS.BatchNormalization(name="n"), LAYERS.Dense(2, name="e"))
    )
    units = model.roots("d")
    nullify(model, units[3])
    assert found(model, model.keep("d", range(3))).twins == {}
    model.array("n/beta")[3] = model.array("n/moving_mean")[3] = 0
    assert found(model, model.keep("d", range(3))).twins == {units[3]: NEW}
    repeat(model, units[2], units[1])
    assert found(model, model.keep("d", range(2))).twins == {units[3]: NEW, units[2]: units[1]}
    model.array("n/gamma")[2] += 1
    assert found(model, model.keep("d", range(2))).twins == {units[3]: NEW}


def test_both_sides_of_a_sum_decide() -> None:
    x = keras.Input((5, 3))
    first, second = (LAYERS.LSTM(4, return_sequences=True, name=name)(x) for name in "ab")
    model = opened(keras.Model(x, LAYERS.Dense(2)(LAYERS.Add()([first, second]))))
    units = model.roots("a")
    repeat(model, units[3], units[0])
    nullify(model, units[2])
    request = model.keep("a", [0, 1])
    assert found(model, request).twins == {units[3]: units[0], units[2]: NEW}
    model.array("b/kernel")[0, 3] += 1
    model.array("b/bias")[2 * 4 + 2] = 0.25
    assert found(model, request).twins == {}


def test_a_decoder_that_starts_from_the_encoder_is_looked_at_with_it() -> None:
    x, y = keras.Input((5, 3)), keras.Input((6, 2))
    _, *states = LAYERS.LSTM(4, return_state=True, name="encoder")(x)
    made = LAYERS.LSTM(4, return_sequences=True, name="decoder")(y, initial_state=states)
    model = opened(keras.Model([x, y], LAYERS.Dense(3)(made)))
    units = model.roots("decoder")
    assert units == model.roots("encoder")
    repeat(model, units[3], units[0])
    nullify(model, units[2])
    assert found(model, model.keep("decoder", [0, 1])).twins == {units[3]: units[0], units[2]: NEW}
    model.array("encoder/bias")[2 * 4 + 2] = 0.25
    assert found(model, model.keep("decoder", [0, 1])).twins == {units[3]: units[0]}


def test_a_state_that_the_model_is_given_is_nothing_to_rely_on() -> None:
    x, h = keras.Input((5, 3)), keras.Input((4,))
    made = LAYERS.GRU(4, name="a")(x, initial_state=h)
    model = opened(keras.Model([x, h], LAYERS.Dense(3)(made)))
    units = model.roots("a")
    repeat(model, units[3], units[0])
    nullify(model, units[2])
    assert quiet_of(model, model.keep("a", [0, 1])).twins == {}


def test_each_direction_has_quiet_units_of_its_own() -> None:
    model = opened(
        chain(3, LAYERS.Bidirectional(LAYERS.LSTM(4), name="a"), LAYERS.Dense(2)),
    )
    units = model.roots("a/backward_layer")
    repeat(model, units[3], units[0])
    assert found(model, model.keep("a/backward_layer", range(3))).twins == {units[3]: units[0]}
    assert found(model, model.keep("a/forward_layer", range(3))).twins == {}


def test_units_that_are_flattened_stand_for_each_other_at_every_step() -> None:
    x = keras.Input((5, 3))
    made = LAYERS.LSTM(4, return_sequences=True, name="a")(x)
    model = opened(keras.Model(x, LAYERS.Dense(2, name="d")(LAYERS.Flatten()(made))))
    units = model.roots("a")
    repeat(model, units[3], units[0])
    assert found(model, model.keep("a", range(3))).twins == {units[3]: units[0]}


def test_arrays_in_which_no_unit_that_goes_stands_are_not_read() -> None:
    model = stacked(CELLS["LSTM"])
    asked: list[str] = []

    class Asking(dict[Any, Any]):
        def __getitem__(self, key: Any) -> Any:
            asked.append(str(key))
            return super().__getitem__(key)

    quiet_elements(model.followed, [model.keep("b", range(4))], Asking(model.weights), model.graph)
    assert asked and not {key for key in asked if key.startswith("a.")}
