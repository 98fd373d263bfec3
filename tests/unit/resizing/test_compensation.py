"""Readers are fitted to what goes, and the fit in their arrays is the same as the fit in what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.layouts.steps import Array
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing import compensation
from lstm_migrate.resizing.activities import Laboratory, Silences
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.compensation import Compensation, Compensator
from lstm_migrate.resizing.correspondence import Correspondence
from lstm_migrate.resizing.silent_units import quiet_elements
from lstm_migrate.restriction import STATE
from lstm_migrate.rules.fold_in import FoldIn
from lstm_migrate.rules.shift import Shift
from tests.unit.resizing.keras_models import Opened, chain, opened

LAYERS = keras.layers
STEPS = 7


def sequences(model: Opened, count: int = 40) -> list[Array]:
    draw = np.random.default_rng(3)
    shapes = [model.graph.layers[name].config["batch_shape"] for name in model.graph.inputs]
    known = [[STEPS if size is None else size for size in shape[1:]] for shape in shapes]
    return [draw.normal(size=(count, *shape)) for shape in known]


class Fitted:
    """A model some of whose units go, with what was fitted for them."""

    def __init__(self, model: Opened, request: Request, inputs: list[Array] | None = None) -> None:
        self.model, self.request = model, request
        self.inputs = sequences(model) if inputs is None else inputs
        self.changes = Changes(model.followed.elements, [request.asked])
        self.quiet = quiet_elements(model.followed, [request], model.weights, model.graph)
        laboratory = Laboratory(model.graph, model.weights, Semantics(), self.inputs)
        self.found: Compensation = Compensator(
            laboratory, model.followed, self.changes, [request], self.quiet, {0}
        ).compensation()

    def silences(self, fits: Any, quiet: Quiet | None = None) -> Silences:
        between = Correspondence(
            self.model.followed, self.changes, [self.request], quiet or self.quiet, fits, {}
        )
        return between.restriction().silences

    def outputs(self, weights: Any, silences: Silences) -> Array:
        return np.concatenate(
            [
                value.reshape(len(value), -1)
                for value in evaluate(
                    self.model.graph, weights, self.inputs, semantics=Semantics(), silences=silences
                )
            ],
            axis=1,
        )

    def folded(self) -> dict[WeightKey, Array]:
        """The arrays with the fit in them."""
        weights = {key: value.astype(np.float64) for key, value in self.model.weights.items()}
        for key, refit in self.found.arrays.items():
            placed = self.model.followed.arrays[key]
            if refit.shift is not None:
                weights[key] = Shift(placed.form, refit.shift).apply(weights[key])
            for symbol, onto in refit.onto.items():
                change = self.changes.of(placed.ids[symbol], "")
                assert change is not None
                weights[key] = FoldIn(placed.form, symbol, change.kept, change.gone, onto).apply(weights[key])
        return weights


def two_inputs() -> Any:
    x, y = keras.Input((STEPS, 3)), keras.Input((STEPS, 2))
    _, *states = LAYERS.LSTM(6, return_state=True, name="a")(x)
    made = LAYERS.LSTM(6, return_sequences=True, name="decoder")(y, initial_state=states)
    return keras.Model([x, y], LAYERS.Dense(3)(made))


def attending(itself: bool) -> Any:
    x = keras.Input((STEPS, 3))
    made = LAYERS.GRU(6, return_sequences=True, name="a")(x)
    other = made if itself else LAYERS.Conv1D(5, 2, name="c")(x)
    attended = LAYERS.MultiHeadAttention(2, 3, output_shape=4, name="m")(made, other)
    return keras.Model(x, LAYERS.Dense(2)(attended))


def residual() -> Any:
    x = keras.Input((STEPS, 3))
    made = LAYERS.LSTM(6, return_sequences=True, name="a")(x)
    made = LAYERS.Add()([made, LAYERS.GRU(6, return_sequences=True, name="b")(made)])
    return keras.Model(x, LAYERS.Dense(2)(made))


def joined() -> Any:
    x = keras.Input((STEPS, 3))
    parts = [LAYERS.LSTM(6, return_sequences=True, name=name)(x) for name in "ab"]
    return keras.Model(x, LAYERS.Dense(2)(LAYERS.Flatten()(LAYERS.Concatenate()(parts))))


def images() -> Any:
    x = keras.Input((STEPS, 6, 5, 2))
    made = LAYERS.ConvLSTM2D(6, 2, padding="same", return_sequences=True, name="a")(x)
    made = LAYERS.ConvLSTM2D(3, 2, padding="valid", name="b")(made)
    return keras.Model(x, LAYERS.Conv2D(2, 3, padding="same")(made))


def recurrent(cell: Any, **said: Any) -> Callable[[], Any]:
    return lambda: chain(3, cell(6, return_sequences=True, name="a", **said), LAYERS.GRU(4), LAYERS.Dense(2))


def behind(*layers: Callable[[], Any]) -> Callable[[], Any]:
    first = LAYERS.SimpleRNN
    return lambda: chain(3, first(6, return_sequences=True, name="a"), *(layer() for layer in layers))


MODELS: dict[str, Callable[[], Any]] = {
    "LSTM": recurrent(LAYERS.LSTM),
    "LSTM without a bias": recurrent(LAYERS.LSTM, use_bias=False),
    "GRU": recurrent(LAYERS.GRU),
    "GRU that resets before": recurrent(LAYERS.GRU, reset_after=False),
    "SimpleRNN": recurrent(LAYERS.SimpleRNN),
    "Bidirectional reader": behind(lambda: LAYERS.Bidirectional(LAYERS.LSTM(4)), lambda: LAYERS.Dense(2)),
    "distributed reader": behind(lambda: LAYERS.TimeDistributed(LAYERS.Dense(4)), lambda: LAYERS.LSTM(2)),
    "convolution": behind(lambda: LAYERS.Conv1D(4, 3), lambda: LAYERS.LSTM(2)),
    "padded convolution": behind(lambda: LAYERS.Conv1D(4, 3, padding="same"), lambda: LAYERS.LSTM(2)),
    "separable convolution": behind(lambda: LAYERS.SeparableConv1D(4, 3), lambda: LAYERS.LSTM(2)),
    "transposed convolution": behind(lambda: LAYERS.Conv1DTranspose(4, 3), lambda: LAYERS.LSTM(2)),
    "stacked cells": behind(
        lambda: LAYERS.RNN(LAYERS.StackedRNNCells([LAYERS.LSTMCell(4), LAYERS.GRUCell(5)])),
        lambda: LAYERS.Dense(2),
    ),
    "images": images,
    "encoder and decoder": two_inputs,
    "attention to itself": lambda: attending(True),
    "attention to others": lambda: attending(False),
    "residual": residual,
    "two parts in one axis": joined,
}


@pytest.mark.parametrize("name", MODELS)
def test_the_fit_in_the_arrays_is_the_fit_in_what_layers_see(name: str) -> None:
    model = opened(MODELS[name]())
    fitted = Fitted(model, model.keep("a", [0, 5, 2]))
    assert fitted.found.reads and fitted.found.arrays
    assert fitted.found.error < fitted.found.plain
    seen = fitted.outputs(model.weights, fitted.silences(fitted.found.reads))
    stored = fitted.outputs(fitted.folded(), fitted.silences({}))
    np.testing.assert_allclose(stored, seen, rtol=1e-9, atol=1e-9)
    plain = fitted.outputs(model.weights, fitted.silences({}))
    assert not np.allclose(seen, plain)


def biases(name: str) -> set[str]:
    model = opened(MODELS[name]())
    fitted = Fitted(model, model.keep("a", [0, 5, 2]))
    return {
        str(key)
        for key, refit in fitted.found.arrays.items()
        if refit.shift is not None and refit.shift.any()
    }


def test_a_constant_goes_where_there_is_a_bias_for_it() -> None:
    assert "a.bias" in biases("LSTM")
    assert not {key for key in biases("LSTM without a bias") if key.startswith("a.")}


def test_where_padding_shows_at_the_edges_nothing_constant_can_be_fitted() -> None:
    assert {key for key in biases("convolution") if "conv1d" in key}
    assert not {key for key in biases("padded convolution") if "conv1d" in key}
    assert not {key for key in biases("transposed convolution") if "conv1d" in key}


def test_of_two_biases_of_a_gru_each_takes_what_its_matrix_reads() -> None:
    model = opened(chain(3, LAYERS.GRU(6, name="a"), LAYERS.Dense(2)))
    fitted = Fitted(model, model.keep("a", [0, 5, 2]))
    shift = fitted.found.arrays[WeightKey(("a",), "bias")].shift
    assert shift is not None and not shift[0].any() and shift[1].any()


def test_a_unit_that_is_a_sum_of_others_costs_nothing() -> None:
    model = opened(chain(3, LAYERS.Dense(4, name="a"), LAYERS.Dense(2)))
    kernel, bias = model.array("a/kernel"), model.array("a/bias")
    kernel[:, 3], bias[3] = kernel[:, 0] - 2 * kernel[:, 1], 5
    fitted = Fitted(model, model.keep("a", [0, 1, 2]))
    assert fitted.found.plain > 0.1 and fitted.found.error < 1e-9
    (onto, constant) = next(iter(fitted.found.reads.values()))
    assert np.allclose(onto, [[1], [-2], [0]], atol=1e-3)
    assert constant is not None and constant == pytest.approx(bias[3] - bias[0] + 2 * bias[1], abs=1e-3)


def test_units_that_nobody_would_miss_are_not_fitted() -> None:
    model = opened(MODELS["LSTM"]())
    kernel, recurrent, bias = (model.array(f"a/{role}") for role in ("kernel", "recurrent_kernel", "bias"))
    for value in (kernel, recurrent, bias):
        loose = value.reshape(-1, 4, 6)
        loose[..., 4] = loose[..., 0]
    fitted = Fitted(model, model.keep("a", [0, 1, 2, 3]))
    assert len(fitted.quiet.twins) == 1
    for onto, constant in fitted.found.reads.values():
        assert onto.shape == (4, 2) and not onto[:, 0].any() and onto[:, 1].any()
        assert constant is None or (constant[0] == 0 and constant[1] != 0)
    only = Fitted(model, model.keep("a", [0, 1, 2, 3, 5]))
    assert not only.found.reads and not only.found.arrays


def test_what_no_rule_asks_to_be_made_up_for_is_left_alone() -> None:
    model = opened(MODELS["LSTM"]())
    request = model.keep("a", [0, 1])
    laboratory = Laboratory(model.graph, model.weights, Semantics(), sequences(model))
    changes = Changes(model.followed.elements, [request.asked])
    found = Compensator(laboratory, model.followed, changes, [request], Quiet(), set()).compensation()
    assert found == Compensation()


def test_a_fit_that_makes_it_worse_is_not_taken() -> None:
    model = opened(MODELS["LSTM"]())
    silent = [np.zeros((5, STEPS, 3))]
    for role in ("kernel", "bias"):
        model.array(f"a/{role}")[...] = 0
    fitted = Fitted(model, model.keep("a", [0, 1]), silent)
    assert not fitted.found.reads and fitted.found.error == fitted.found.plain == 0


def test_what_could_not_be_told_from_rounding_is_left_out() -> None:
    model = opened(chain(3, LAYERS.Dense(4, name="a"), LAYERS.Dense(2)))
    kernel, bias = model.array("a/kernel"), model.array("a/bias")
    kernel[:, 3], bias[3] = 1e-5 * kernel[:, 0], 2
    ((onto, constant),) = Fitted(model, model.keep("a", [0, 1, 2])).found.reads.values()
    assert not onto.any() and constant == pytest.approx(2, abs=1e-4)
    kernel[:, 3], bias[3] = kernel[:, 0], bias[0] + 1e-5
    ((onto, constant),) = Fitted(model, model.keep("a", [0, 1, 2])).found.reads.values()
    assert onto.any() and not constant.any()


def test_states_are_fitted_as_well_as_outputs() -> None:
    model = opened(MODELS["GRU"]())
    fitted = Fitted(model, model.keep("a", [0, 1, 2]))
    arguments = {model.followed.reads[number].argument for number in fitted.found.reads}
    assert arguments == {STATE, 0}


def test_layers_that_stand_on_each_other_are_fitted_to_what_they_then_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = [LAYERS.LSTM(16, return_sequences=True, name=name) for name in "abc"]
    model = opened(chain(3, *layers, LAYERS.Dense(2)))
    requests = [model.keep(name, range(10)) for name in "abc"]
    changes = Changes(model.followed.elements, [one.asked for one in requests])
    laboratory = Laboratory(model.graph, model.weights, Semantics(), sequences(model, 100))
    compensator = Compensator(laboratory, model.followed, changes, requests, Quiet(), {0, 1, 2})
    found = compensator.compensation()
    monkeypatch.setattr(compensation, "ROUNDS", 1)
    assert found.error < 0.8 * compensator.compensation().error < 0.2 * found.plain
