"""Features that nobody sees: the rest of a layer computes what a smaller layer of Keras does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Call, Graph, Layer, LayerPath, Ref, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array, NoReference
from lstm_migrate.restriction import STATE, Silence
from tests.unit.reference.chains import (
    KERAS_3,
    TOLERANCE,
    chain_of,
    described,
    fill,
    numbers,
    weights_of,
    with_holes,
)

KEPT, GONE, UNITS = (4, 1, 2), (0, 3), 5
Silences = dict[LayerPath, tuple[Silence, ...]]
LAYERS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "LSTM": (keras.layers.LSTM, 4, {}),
    "GRU": (keras.layers.GRU, 3, {"reset_after": True}),
    "GRU that resets before": (keras.layers.GRU, 3, {"reset_after": False}),
    "SimpleRNN": (keras.layers.SimpleRNN, 1, {}),
    "backwards": (keras.layers.LSTM, 4, {"go_backwards": True}),
}


def cut(value: Array, gates: int, kept: Sequence[int] = KEPT, units: int = UNITS) -> Array:
    """The array of a smaller cell: units are the last digits of its columns, and the rows (last but one) of
    an array that has as many as units."""
    value = value[..., [gate * units + unit for gate in range(gates) for unit in kept]]
    return value[..., list(kept), :] if value.ndim > 1 and value.shape[-2] == units else value


def of_state(gone: Sequence[int] = GONE, kept: Sequence[int] = KEPT, **made: Any) -> Silence:
    return Silence(STATE, -1, tuple(gone), tuple(kept), **made)


def of_input(axis: int, gone: Sequence[int], argument: int = 0, **made: Any) -> Silence:
    return Silence(argument, axis, tuple(gone), made.pop("kept", ()), **made)


def computed(layers: Sequence[keras.layers.Layer], x: Array, silences: Silences) -> Array:
    """The last output of a chain of built layers, called layer_0, layer_1, …"""
    graph = chain_of([described(layer, f"layer_{number}") for number, layer in enumerate(layers)])
    weights: dict[WeightKey, Array] = {}
    for number, layer in enumerate(layers):
        weights |= weights_of(layer, (f"layer_{number}",))
    (found,) = evaluate(graph, weights, [x], semantics=KERAS_3, silences=silences)
    return found


def of_keras(layers: Sequence[keras.layers.Layer], x: Array) -> Array:
    value: Any = keras.ops.convert_to_tensor(x)
    for layer in layers:
        value = layer(value)
    return np.asarray(keras.ops.convert_to_numpy(value))


def assert_same(found: Array, wanted: Array) -> None:
    np.testing.assert_allclose(found, wanted, atol=TOLERANCE, rtol=TOLERANCE)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_units_that_their_cell_does_not_hear_are_as_if_they_were_not(
    name: str, sequences: bool, masked: bool
) -> None:
    kind, gates, options = LAYERS[name]
    x = with_holes(7)
    before = [keras.layers.Masking()] if masked else []
    large, small = (kind(count, return_sequences=sequences, **options) for count in (UNITS, len(KEPT)))
    large.build(x.shape)
    fill(large)
    of_keras([*before, small], x)
    small.set_weights([cut(value, gates) for value in large.get_weights()])
    path = (f"layer_{len(before)}",)
    found = computed([*before, large], x, {path: (of_state(),)})
    assert_same(found[..., KEPT], of_keras([*before, small], x))


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_gone_may_be_made_of_the_others(name: str) -> None:
    kind, gates, options = LAYERS[name]
    x, onto, constant = numbers(5, 7, 3), 0.5 * numbers(len(KEPT), len(GONE)), 0.3 * numbers(len(GONE))
    large, small = (kind(count, **options) for count in (UNITS, len(KEPT)))
    large.build(x.shape)
    fill(large)
    of_keras([small], x)
    kernel, recurrent, bias = large.get_weights()
    folded = recurrent.copy()
    folded[list(KEPT)] += onto @ recurrent[list(GONE)]
    shifted = bias.copy()
    if bias.ndim > 1:
        shifted[1] += constant @ recurrent[list(GONE)]
    else:
        shifted += constant @ recurrent[list(GONE)]
    small.set_weights([cut(value, gates) for value in (kernel, folded, shifted)])
    found = computed([large], x, {("layer_0",): (of_state(onto=onto, constant=constant),)})
    assert_same(found[..., KEPT], of_keras([small], x))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_filters_of_a_convlstm_fall_silent_wherever_channels_stand(data_format: str) -> None:
    shape = (2, 3, 4, 4, 2) if data_format == "channels_last" else (2, 3, 2, 4, 4)
    x = numbers(*shape)
    large, small = (
        keras.layers.ConvLSTM2D(count, 3, padding="same", data_format=data_format)
        for count in (UNITS, len(KEPT))
    )
    for layer in (large, small):
        layer.build(x.shape)
    fill(large)
    small.set_weights([cut(value, 4) for value in large.get_weights()])
    silence = Silence(STATE, 1 if data_format == "channels_first" else -1, GONE, KEPT)
    axis = -1 if data_format == "channels_last" else 1
    # TensorFlow on a CPU runs channels last alone, so that Keras is asked in that order.
    last = keras.layers.ConvLSTM2D(len(KEPT), 3, padding="same")
    moved = np.moveaxis(x, 2, -1) if data_format == "channels_first" else x
    last.build(moved.shape)
    last.set_weights(small.get_weights())
    found = np.moveaxis(computed([large], x, {("layer_0",): (silence,)}), axis, -1)
    assert_same(found[..., KEPT], of_keras([last], moved))


def test_each_direction_and_what_reads_both_have_silences_of_their_own() -> None:
    x, back_kept, back_gone = numbers(5, 7, 3), (0, 2, 3, 4), (1,)

    def around(forward: int, backward: int) -> keras.layers.Layer:
        return keras.layers.Bidirectional(
            keras.layers.LSTM(forward, return_sequences=True),
            backward_layer=keras.layers.LSTM(backward, return_sequences=True, go_backwards=True),
        )

    large = [around(UNITS, UNITS), keras.layers.Dense(3)]
    small = [around(len(KEPT), len(back_kept)), keras.layers.Dense(3)]
    for layers in (large, small):
        of_keras(layers, x)
    for number, layer in enumerate(large):
        fill(layer, 10 * number + 1)
    small[0].forward_layer.set_weights([cut(value, 4) for value in large[0].forward_layer.get_weights()])
    small[0].backward_layer.set_weights(
        [cut(value, 4, back_kept) for value in large[0].backward_layer.get_weights()]
    )
    kernel, bias = large[1].get_weights()
    small[1].set_weights([kernel[[*KEPT, *(UNITS + place for place in back_kept)]], bias])
    silences: Silences = {
        ("layer_0", "forward_layer"): (of_state(),),
        ("layer_0", "backward_layer"): (of_state(back_gone, back_kept),),
        ("layer_1",): (of_input(2, (*GONE, *(UNITS + place for place in back_gone))),),
    }
    assert_same(computed(large, x, silences), of_keras(small, x))


def test_cells_on_top_of_one_another_do_not_see_what_is_gone_below() -> None:
    x = numbers(5, 7, 3)

    def stack(first: int) -> keras.layers.Layer:
        return keras.layers.RNN([keras.layers.LSTMCell(first), keras.layers.GRUCell(4)])

    large, small = stack(UNITS), stack(len(KEPT))
    for layer in (large, small):
        of_keras([layer], x)
    fill(large)
    lower, upper = large.cell.cells
    small.cell.cells[0].set_weights([cut(value, 4) for value in lower.get_weights()])
    kernel, *others = upper.get_weights()
    small.cell.cells[1].set_weights([kernel[list(KEPT)], *others])
    inside = ("layer_0", "cell")
    silences: Silences = {
        (*inside, "0"): (of_state(),),
        (*inside, "1"): (of_input(1, GONE),),
    }
    assert_same(computed([large], x, silences), of_keras([small], x))
    heard = computed([large], x, {(*inside, "0"): (of_state(),)})
    assert np.abs(heard - of_keras([small], x)).max() > 100 * TOLERANCE


def test_a_layer_for_each_step_counts_what_it_is_called_with_itself() -> None:
    x = numbers(5, 7, 4)
    large, small = (keras.layers.TimeDistributed(keras.layers.Dense(3)) for _ in range(2))
    of_keras([large], x)
    of_keras([small], x[..., [0, 3]])
    fill(large)
    kernel, bias = large.get_weights()
    small.set_weights([kernel[[0, 3]], bias])
    found = computed([large], x, {("layer_0", "layer"): (of_input(1, (1, 2)),)})
    assert_same(found, of_keras([small], x[..., [0, 3]]))
    assert_same(found, computed([large], x, {("layer_0",): (of_input(2, (1, 2)),)}))


def test_one_tensor_of_several_is_changed_and_masks_have_no_number() -> None:
    query, value, there = numbers(2, 3, 4), numbers(2, 5, 4), np.ones((2, 5), bool)
    names = ["query", "value", "there"]
    layers = {name: Layer(name, "InputLayer", {"batch_shape": (None,)}) for name in names}
    layers["attention"] = Layer("attention", "Attention", {"use_scale": False, "score_mode": "dot"})
    refs = [Ref(name, 0, 0) for name in names]
    call = Call("attention", 0, (refs[:2],), {"mask": [None, refs[2]]})
    graph = Graph("two", layers, (call,), tuple(names), Ref("attention", 0, 0))
    fed = [query, value, there]
    silenced = value.copy()
    silenced[..., 2] = 0
    (wanted,) = evaluate(graph, {}, [query, silenced, there], semantics=KERAS_3)
    silences: Silences = {("attention",): (of_input(2, (2,), argument=1),)}
    (found,) = evaluate(graph, {}, fed, semantics=KERAS_3, silences=silences)
    np.testing.assert_array_equal(found, wanted)
    with pytest.raises(NoReference, match="no tensor number 2"):
        evaluate(
            graph, {}, fed, semantics=KERAS_3, silences={("attention",): (of_input(2, (2,), argument=2),)}
        )


def test_layers_of_nested_models_are_found_by_their_path() -> None:
    dense = keras.layers.Dense(3)
    x = numbers(5, 4)
    dense.build(x.shape)
    fill(dense)
    inner = chain_of([described(dense, "dense")])
    graph = chain_of([Layer("inner", "Model", {}, {}, inner)])
    weights = weights_of(dense, ("inner", "dense"))
    silences: Silences = {("inner", "dense"): (of_input(1, (0, 2)),)}
    (found,) = evaluate(graph, weights, [x], semantics=KERAS_3, silences=silences)
    kernel, bias = dense.get_weights()
    assert_same(found, x[:, [1, 3]] @ kernel[[1, 3]] + bias)


@pytest.mark.parametrize("name", ["LayerNormalization", "UnitNormalization"])
def test_means_are_taken_over_what_is_left(name: str) -> None:
    x, kept = 2 + numbers(5, 7, UNITS), [1, 2, 4]
    large, small = (getattr(keras.layers, name)() for _ in range(2))
    large.build(x.shape)
    small.build((5, 7, len(kept)))
    fill(large)
    small.set_weights([value[kept] for value in large.get_weights()])
    wanted = of_keras([small], x[..., kept])
    found = computed([large], x, {("layer_0",): (of_input(2, GONE, over=True),)})
    assert found.shape == x.shape
    assert_same(found[..., kept], wanted)
    # A zero is a part of the mean.
    zeroed = computed([large], x, {("layer_0",): (of_input(2, GONE),)})
    if name == "LayerNormalization":
        assert np.abs(zeroed[..., kept] - wanted).max() > 100 * TOLERANCE


def test_an_operation_takes_its_mean_over_what_is_left() -> None:
    x = numbers(5, 7, UNITS)
    operation = Layer("layer_0", "ops.mean", {})
    graph = chain_of([operation])
    call = Call("layer_0", 0, graph.calls[0].args, {"axis": -1})
    graph = Graph(graph.name, graph.layers, (call,), graph.inputs, graph.outputs)
    silences: Silences = {("layer_0",): (of_input(2, GONE, over=True),)}
    (found,) = evaluate(graph, {}, [x], semantics=KERAS_3, silences=silences)
    assert_same(found, x[..., [1, 2, 4]].mean(axis=-1))


def test_a_layer_with_arrays_along_no_known_axis_cannot_take_means_over_less() -> None:
    dense = keras.layers.Dense(3)
    dense.build((5, UNITS))
    with pytest.raises(NoReference, match="takes means over features"):
        computed([dense], numbers(5, UNITS), {("layer_0",): (of_input(1, GONE, over=True),)})
