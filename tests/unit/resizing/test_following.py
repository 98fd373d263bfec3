"""Which element stands where: relations between the axes of arrays, configs and tensors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate.graph import WeightKey
from lstm_migrate.restriction import STATE
from tests.unit.resizing.keras_models import Opened, opened

L = keras.layers


def model(inputs: Any, outputs: Any) -> Opened:
    return opened(keras.Model(inputs, outputs))


def along(found: Opened, array: str, symbol: str) -> list[int]:
    """The elements along one symbol of an array."""
    path, role = array.rsplit(".", 1)
    ids = found.followed.arrays[WeightKey(tuple(path.split("/")), role)].ids[symbol]
    return [int(root) for root in found.followed.elements.roots(ids)]


def sizes(found: Opened) -> dict[tuple[str, str, int | None], list[int]]:
    """The elements that numbers of configs count, by layer, key and index."""
    roots = found.followed.elements.roots
    return {("/".join(one.path), one.key, one.index): roots(one.ids).tolist() for one in found.followed.sizes}


def reads(found: Opened) -> set[tuple[str, int, int]]:
    return {("/".join(one.path), one.argument, one.axis) for one in found.followed.reads}


def test_a_kernel_behind_concatenate_reads_the_units_of_one_and_then_of_the_other() -> None:
    x = keras.Input((7, 3))
    a, b = L.LSTM(4, name="a")(x), L.GRU(2, name="b")(x)
    found = model(x, L.Dense(5, name="d")(L.Concatenate()([a, b])))
    assert along(found, "d.kernel", "x") == found.roots("a") + found.roots("b")
    assert along(found, "a.recurrent_kernel", "h") == along(found, "a.bias", "u") == found.roots("a")
    assert found.followed.arrays[WeightKey(("a",), "kernel")].sides == {"x": "outgoing", "u": "incoming"}
    assert sizes(found)["d", "units", None] == found.roots("d")
    assert reads(found) >= {("a", 0, -1), ("a", STATE, -1), ("b", STATE, -1), ("d", 0, -1)}


def test_flatten_repeats_the_features_for_each_step() -> None:
    x = keras.Input((3, 2))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    found = model(x, L.Dense(5, name="d")(L.Flatten()(h)))
    assert along(found, "d.kernel", "x") == found.roots("a") * 3


def test_flatten_of_channels_in_front_repeats_each_channel_for_all_its_places() -> None:
    x = keras.Input((4, 2))
    h = L.Permute((2, 1))(L.Conv1D(3, 2, name="c")(x))
    found = model(x, L.Dense(5, name="d")(L.Flatten()(h)))
    assert along(found, "d.kernel", "x") == np.repeat(found.roots("c"), 3).tolist()


def test_what_is_added_is_one_class_of_elements() -> None:
    x = keras.Input((None, 3))
    a = L.LSTM(4, return_sequences=True, name="a")(x)
    b = L.LSTM(4, return_sequences=True, name="b")(a)
    found = model(x, L.Dense(2, name="d")(L.Add()([a, b])))
    assert found.roots("a") == found.roots("b") == along(found, "d.kernel", "x")


def test_an_initial_state_has_the_units_of_the_cell_that_takes_it() -> None:
    x, y = keras.Input((5, 3)), keras.Input((6, 2))
    _, h, c = L.LSTM(4, return_state=True, name="encoder")(x)
    found = model([x, y], L.LSTM(4, name="decoder")(y, initial_state=[h, c]))
    assert found.roots("encoder") == found.roots("decoder")


def test_a_bidirectional_encoder_gives_its_states_in_two_halves() -> None:
    x, y = keras.Input((5, 3)), keras.Input((6, 2))
    _, fh, fc, bh, bc = L.Bidirectional(L.LSTM(2, return_state=True), name="e")(x)
    states = [L.Concatenate()([fh, bh]), L.Concatenate()([fc, bc])]
    found = model([x, y], L.LSTM(4, name="decoder")(y, initial_state=states))
    assert found.roots("decoder") == found.roots("e/forward_layer") + found.roots("e/backward_layer")


@pytest.mark.parametrize("mode", ["sum", "ave", "mul"])
def test_merged_directions_have_the_same_units(mode: str) -> None:
    x = keras.Input((5, 3))
    found = model(x, L.Dense(2, name="d")(L.Bidirectional(L.GRU(4), merge_mode=mode, name="b")(x)))
    assert found.roots("b/forward_layer") == found.roots("b/backward_layer") == along(found, "d.kernel", "x")


def test_directions_that_are_not_merged_are_two_outputs() -> None:
    x = keras.Input((5, 3))
    forth, back = L.Bidirectional(L.GRU(4), merge_mode=None, name="b")(x)
    found = model(x, [L.Dense(2, name="d")(forth), L.Dense(2, name="e")(back)])
    assert along(found, "d.kernel", "x") == found.roots("b/forward_layer")
    assert along(found, "e.kernel", "x") == found.roots("b/backward_layer")


def test_each_of_stacked_cells_reads_the_units_of_the_one_before() -> None:
    x = keras.Input((5, 3))
    cells = L.StackedRNNCells([L.LSTMCell(4), L.GRUCell(2)])
    found = model(x, L.Dense(2, name="d")(L.RNN(cells, name="r")(x)))
    assert along(found, "r/cell/1.kernel", "x") == found.roots("r/cell/0")
    assert along(found, "d.kernel", "x") == found.roots("r/cell/1")
    assert ("r/cell/1", 0, -1) in reads(found)
    assert sizes(found)["r/cell/1", "units", None] == found.roots("r/cell/1")


def test_a_shared_layer_has_the_same_elements_at_every_call() -> None:
    x, y = keras.Input((3,)), keras.Input((3,))
    a, b = L.Dense(4, name="a")(x), L.Dense(4, name="b")(y)
    shared = L.Dense(2, name="s")
    found = model([x, y], [shared(a), shared(b)])
    assert found.roots("a") == found.roots("b") == along(found, "s.kernel", "x")


def test_a_model_inside_a_model_has_the_elements_of_what_it_is_called_with() -> None:
    inner_x = keras.Input((5, 4), name="door")
    inner = keras.Model(inner_x, L.GRU(3, name="g")(inner_x), name="inner")
    x, y = keras.Input((5, 2)), keras.Input((5, 2))
    a = L.LSTM(4, return_sequences=True, name="a")(x)
    b = L.LSTM(4, return_sequences=True, name="b")(y)
    found = model([x, y], L.Dense(2, name="d")(L.Subtract()([inner(a), inner(b)])))
    assert found.roots("a") == found.roots("b") == along(found, "inner/g.kernel", "x")
    assert sizes(found)["inner/door", "batch_shape", 2] == found.roots("a")
    assert along(found, "d.kernel", "x") == found.roots("inner/g")


def test_a_table_has_rows_and_its_tokens_stand_at_steps() -> None:
    x = keras.Input((7,), dtype="int32")
    found = model(x, L.LSTM(3, name="l")(L.Embedding(11, 4, name="e")(x)))
    assert len(found.roots("e", "n")) == 11
    assert along(found, "l.kernel", "x") == along(found, "e.embeddings", "u") == found.roots("e")
    assert found.followed.tokens == {("e",): {0}}
    assert {one[:2] for one in sizes(found)} >= {("e", "input_dim"), ("e", "output_dim")}
    assert found.followed.pins == []


def test_a_convolution_with_channels_first_reads_axis_1() -> None:
    x = keras.Input((2, 6))
    a = L.Conv1D(3, 2, data_format="channels_first", name="a")(x)
    found = model(x, L.Conv1D(4, 2, data_format="channels_first", name="b")(a))
    assert along(found, "b.kernel", "x") == found.roots("a")
    assert ("b", 0, 1) in reads(found)


def test_a_depthwise_kernel_has_a_number_for_each_channel_that_passes() -> None:
    x = keras.Input((6, 2))
    a = L.Conv1D(3, 2, name="a")(x)
    found = model(x, L.Conv1D(4, 1, name="c")(L.DepthwiseConv1D(2, depth_multiplier=2, name="b")(a)))
    assert along(found, "b.kernel", "x") == found.roots("a")
    assert found.followed.arrays[WeightKey(("b",), "kernel")].sides == {"x": "each"}
    assert along(found, "c.kernel", "x") == np.repeat(found.roots("a"), 2).tolist()


def test_a_separable_convolution_passes_channels_and_then_reads_them() -> None:
    x = keras.Input((6, 2))
    a = L.Conv1D(3, 2, name="a")(x)
    found = model(x, L.SeparableConv1D(4, 2, name="b")(a))
    sides = {key.role: one.sides for key, one in found.followed.arrays.items() if key.path == ("b",)}
    assert sides["depthwise_kernel"] == {"x": "each"}
    assert sides["pointwise_kernel"] == {"x": "outgoing", "u": "incoming"}
    assert along(found, "b.pointwise_kernel", "x") == found.roots("a")


def test_batch_normalization_says_what_does_nothing_to_a_new_feature() -> None:
    x = keras.Input((3,))
    found = model(x, L.BatchNormalization(name="b")(L.Dense(4, name="a")(x)))
    arrays = {key.role: one for key, one in found.followed.arrays.items() if key.path == ("b",)}
    assert {role: one.neutral for role, one in arrays.items()} == {
        "gamma": 1,
        "beta": 0,
        "moving_mean": 0,
        "moving_variance": 1,
    }
    assert all(one.sides == {"c": "each"} for one in arrays.values())
    assert along(found, "b.gamma", "c") == found.roots("a")


def test_what_attention_compares_is_one_class_and_what_it_weighs_passes() -> None:
    x, y = keras.Input((5, 3)), keras.Input((6, 3))
    query = L.LSTM(4, return_sequences=True, name="q")(x)
    key = L.LSTM(4, return_sequences=True, name="k")(y)
    value = L.LSTM(2, return_sequences=True, name="v")(y)
    found = model([x, y], L.Dense(2, name="d")(L.Attention(name="a")([query, value, key])))
    assert found.roots("q") == found.roots("k")
    assert along(found, "d.kernel", "x") == found.roots("v")
    assert reads(found) >= {("a", 0, -1), ("a", 2, -1)}
    assert ("a", 1, -1) not in reads(found)


def test_the_scale_of_additive_attention_reads_as_a_kernel_does() -> None:
    x = keras.Input((5, 3))
    query = L.LSTM(4, return_sequences=True, name="q")(x)
    found = model(x, L.AdditiveAttention(name="a")([query, query]))
    assert found.followed.arrays[WeightKey(("a",), "scale")].sides == {"c": "outgoing"}
    assert along(found, "a.scale", "c") == found.roots("q")
    assert found.followed.pins == []


@pytest.mark.parametrize("width", [None, 6])
def test_multi_head_attention_puts_out_what_its_config_says_or_as_much_as_the_query_has(
    width: int | None,
) -> None:
    x = keras.Input((5, 3))
    query = L.LSTM(4, return_sequences=True, name="q")(x)
    key = L.LSTM(2, return_sequences=True, name="k")(x)
    layer = L.MultiHeadAttention(2, 3, output_shape=width, name="m")
    found = model(x, L.Dense(2, name="d")(layer(query, key)))
    assert along(found, "m.query/kernel", "x") == found.roots("q")
    assert along(found, "m.value/kernel", "x") == along(found, "m.key/kernel", "x") == found.roots("k")
    assert along(found, "d.kernel", "x") == found.roots("m")
    assert (found.roots("m") == found.roots("q")) is (width is None)
    assert (("m", "output_shape", 0) in sizes(found)) is (width is not None)
    assert reads(found) >= {("m", 0, -1), ("m", 1, -1)}


def test_dot_ties_the_axes_over_which_it_sums() -> None:
    x, y = keras.Input((3,)), keras.Input((2,))
    a, b = L.Dense(4, name="a")(x), L.Dense(4, name="b")(y)
    found = model([x, y], L.Dot(1, name="d")([a, b]))
    assert found.roots("a") == found.roots("b")
    assert reads(found) >= {("d", 0, -1), ("d", 1, -1)}


@pytest.mark.parametrize(
    ("equation", "shape", "read", "made"),
    [("abc,cd->abd", (None, 6), 2, 2), ("abc,bd->adc", (6, None), 1, 1)],
)
def test_einsum_dense_reads_what_it_sums_over(
    equation: str, shape: tuple[Any, ...], read: int, made: int
) -> None:
    x = keras.Input((5, 3))
    layer = L.EinsumDense(equation, shape, bias_axes="d", name="e")
    found = model(x, layer(x))
    dims = found.followed.inputs[0]
    assert dims is not None
    assert along(found, "e.kernel", "x") == found.followed.elements.roots(dims[read]).tolist()
    assert along(found, "e.kernel", "u") == along(found, "e.bias", "u") == found.roots("e")
    assert sizes(found)["e", "output_shape", made - 1] == found.roots("e")


def test_a_reshape_that_leaves_an_axis_alone_counts_it() -> None:
    x = keras.Input((4, 6))
    a = L.LSTM(3, return_sequences=True, name="a")(x)
    found = model(x, L.Reshape((2, 2, 3), name="r")(a))
    dims = found.followed.outputs[0]
    assert dims is not None
    assert found.followed.elements.roots(dims[3]).tolist() == found.roots("a")
    assert sizes(found)["r", "target_shape", 2] == found.roots("a")


def test_what_flatten_laid_together_a_reshape_takes_apart_again() -> None:
    x = keras.Input((4, 6))
    a = L.LSTM(3, return_sequences=True, name="a")(x)
    found = model(x, L.Dense(2, name="d")(L.Reshape((4, 3), name="r")(L.Flatten()(a))))
    assert along(found, "d.kernel", "x") == found.roots("a")
    assert sizes(found)["r", "target_shape", 1] == found.roots("a")


def test_operations_on_tensors_carry_features_along() -> None:
    x = keras.Input((4, 6))
    a = L.LSTM(3, return_sequences=True, name="a")(x)
    last = keras.ops.tanh(a[:, -1] * 2.0)
    both = keras.ops.concatenate([last, keras.ops.max(a, axis=1)], axis=-1)
    wide = keras.ops.squeeze(keras.ops.expand_dims(both, 1), 1)
    found = model(x, L.Dense(2, name="d")(wide))
    assert along(found, "d.kernel", "x") == found.roots("a") * 2
    assert not any(np.isin(found.roots("a"), pin.ids).any() for pin in found.followed.pins)


def test_a_product_of_tensors_ties_what_it_sums_over() -> None:
    x, y = keras.Input((5, 3)), keras.Input((6, 3))
    a = L.LSTM(4, return_sequences=True, name="a")(x)
    b = L.LSTM(4, return_sequences=True, name="b")(y)
    scores = keras.ops.matmul(a, keras.ops.transpose(b, (0, 2, 1)))
    found = model([x, y], L.Dense(2, name="d")(keras.ops.matmul(scores, b)))
    assert found.roots("a") == found.roots("b") == along(found, "d.kernel", "x")


def test_the_fixed_batch_and_time_of_a_stateful_model_are_axes_too() -> None:
    x = keras.Input(batch_shape=(4, 7, 3), name="door")
    found = model(x, L.LSTM(2, stateful=True, name="a")(x))
    assert [len(ids) for ids in found.followed.inputs[0] or () if ids is not None] == [4, 7, 3]
    assert {("door", "batch_shape", index) for index in range(3)} <= sizes(found).keys()
    dims = found.followed.outputs[0]
    assert dims is not None
    assert sizes(found)["door", "batch_shape", 0] == found.followed.elements.roots(dims[0]).tolist()
