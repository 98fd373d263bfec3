"""Lists of arrays in place of gates: each array is told what it would be, and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.gates.cells import L, filled, made
from tests.unit.gates.test_setting import refused

WANTED = (
    "kernel (input_features=5, 4 gates × units=3), recurrent_kernel (units=3, 4 gates × units=3), "
    "bias (4 gates × units=3,)"
)


def zeros(*shapes):
    return [np.zeros(shape) for shape in shapes]


def test_twelve_arrays_are_keras_1_and_each_is_named():
    lines = refused(made("lstm"), zeros((5, 3), (3, 3), (3,)) * 4)
    assert lines[0] == (
        f"enc: the list is Keras 1's: arrays for each gate (found 12 arrays, expected 3 arrays: {WANTED}). "
        "Convert the file with lstm-migrate, or open it with open_layers and give gates(layers[...])."
    )
    assert lines[1] == "  0: input kernel: found (5, 3), expected (input_features=5, units=3)"
    assert lines[4] == "  3: candidate kernel: found (5, 3), expected (input_features=5, units=3)"
    assert lines[12] == "  11: output bias: found (3,), expected (units=3,)"


def test_the_gate_whose_array_is_wrong_is_named():
    shapes = [(5, 3), (3, 3), (3,)] * 4
    shapes[7] = (3, 4)
    lines = refused(made("lstm"), zeros(*shapes))
    assert "the list does not fit the layer; by its length it may be Keras 1's" in lines[0]
    assert [line for line in lines if "<-" in line] == [
        "  7: forget recurrent_kernel: found (3, 4), expected (units=3, units=3)  <- does not fit"
    ]


def test_an_array_that_ends_inside_a_gate_is_told_so():
    lines = refused(made("lstm"), zeros((5, 12), (3, 11), (9,)))
    assert lines == [
        f"enc: the list does not fit the layer (found 3 arrays, expected 3 arrays: {WANTED}). A list is "
        "taken as layer.get_weights() gives it, with gates side by side: input, forget, candidate, output.",
        "  0: kernel: found (5, 12), expected (input_features=5, 4 gates × units=3)",
        "  1: recurrent_kernel: found (3, 11), expected (units=3, 4 gates × units=3)  <- output has 2 of 3 "
        "columns",
        "  2: bias: found (9,), expected (4 gates × units=3,)  <- output is not in it",
    ]


def test_a_layer_of_other_sizes_is_told_with_both():
    lines = refused(made("lstm"), zeros((7, 512), (128, 512), (512,)))
    assert lines[0] == (
        "enc: the list is that of a layer of other sizes (found 3 arrays of units=128, input_features=7, "
        f"expected 3 arrays of units=3, input_features=5: {WANTED}). Build the layer with units=128, "
        "input_features=7, or give gates by name, cut to size."
    )
    assert (
        lines[1]
        == "  0: kernel: found (7, 512), expected (input_features=5, 4 gates × units=3)  <- does not fit"
    )


GRU_ARRAYS = (
    "kernel (input_features=5, 3 gates × units=3), recurrent_kernel (units=3, 3 gates × units=3), "
    "bias (2 biases, 3 gates × units=3)"
)


@pytest.mark.parametrize(
    ("kind", "shapes", "said", "hint"),
    [
        ("lstm", [(5, 12), (3, 12), (24,)], "a cuDNN layer's: two biases", "Convert the file"),
        ("lstm", [(12, 5), (12, 3), (12,), (12,)], "PyTorch's", "their order is i, f, c, o."),
        ("lstm", [(12, 5), (12, 3)], "PyTorch's without biases", "their order is i, f, c, o."),
        ("lstm", [(12, 5), (12, 3), (12,)], "in PyTorch's orientation", "their order is i, f, c, o."),
        ("lstm", [(8, 12), (12,)], "TensorFlow 1's", "forget_bias (1.0 unless it says otherwise) is added"),
        ("lstm", [(5, 12), (3, 12)], "a layer's with use_bias=False", "Build the layer with use_bias=False."),
        ("lstm without bias", [(5, 12), (3, 12), (12,)], "a layer's with use_bias=True", "use_bias=True."),
        ("gru", [(5, 3), (3, 3), (3,)] * 3, "Keras 1's: arrays for each gate", "Convert the file"),
        ("gru", [(5, 9), (3, 9), (18,)], "a cuDNN layer's: two biases", "Convert the file"),
        ("gru", [(5, 9), (3, 9), (9,)], "a GRU's with reset_after=False", "with reset_after=False"),
        ("gru before", [(5, 9), (3, 9), (2, 9)], "a GRU's with reset_after=True", "with reset_after=True"),
        ("gru", [(9, 5), (9, 3), (9,), (9,)], "PyTorch's", "their order is r, z, h."),
        ("simple rnn", [(3, 5), (3, 3), (3,), (3,)], "PyTorch's", "Give the candidate by name"),
    ],
)  # fmt: skip
def test_packings_of_other_frameworks_are_recognised(kind, shapes, said, hint):
    lines = refused(made(kind), zeros(*shapes))
    assert lines[0].startswith(f"enc: the list is {said} (found {len(shapes)} arrays, expected ")
    assert hint in lines[0]
    assert len(lines) == 1 + len(shapes)
    assert not any("<-" in line for line in lines)


def test_the_rows_of_a_stacked_kernel_are_told():
    lines = refused(made("lstm"), zeros((8, 12), (12,)))
    assert lines[1] == "  0: kernel: found (8, 12), expected (input_features=5 + units=3, 4 gates × units=3)"


def test_a_packing_of_other_sizes_is_told_with_both():
    lines = refused(made("gru"), zeros((6, 5), (6, 2), (6,), (6,)))
    assert lines[0].startswith(
        f"enc: the list is PyTorch's (found 4 arrays of units=2, expected 3 arrays of units=3: "
        f"{GRU_ARRAYS}). "
    )
    assert all(line.endswith("<- does not fit") for line in lines[1:])


def test_a_bidirectional_is_read_as_its_two_layers():
    lines = refused(made("bidirectional"), zeros((5, 3), (3, 3), (3,)) * 8)
    assert lines[0].startswith(
        "enc: the list is Keras 1's: arrays for each gate (found 24 arrays, expected 6 arrays"
    )
    assert lines[1].startswith("  0: forward input kernel: ")
    assert lines[24].startswith("  23: backward output bias: ")


def test_too_many_arrays_are_told_one_by_one():
    lines = refused(made("lstm"), zeros((5, 12), (3, 12), (12,), (12, 1), (1,)))
    assert lines[0].startswith("enc: the list does not fit the layer (found 5 arrays, expected 3 arrays: ")
    assert lines[3:] == [
        "  2: bias: found (12,), expected (4 gates × units=3,)",
        "  3: nothing of this layer: found (12, 1), expected none  <- does not fit",
        "  4: nothing of this layer: found (1,), expected none  <- does not fit",
    ]


def test_too_few_arrays_are_told_one_by_one():
    lines = refused(made("lstm"), zeros((5, 12)))
    assert lines[0].startswith("enc: the list does not fit the layer (found 1 array, expected 3 arrays: ")
    assert lines[2:] == [
        "  1: recurrent_kernel: found no array, expected (units=3, 4 gates × units=3)  <- does not fit",
        "  2: bias: found no array, expected (4 gates × units=3,)  <- does not fit",
    ]


def test_an_array_that_is_no_numbers_is_named_by_its_number():
    assert refused(made("lstm"), [np.zeros((5, 12)), np.zeros((3, 12)), ["a"]]) == [
        "enc: array 2 of the list: these are no real numbers (found an array of <U1, expected an array of "
        "numbers)"
    ]


def test_numbers_that_are_too_large_are_named_by_their_array():
    values = [np.zeros((5, 12)), np.zeros((3, 12)), np.full(12, 1e5)]
    assert refused(made("float16"), values) == [
        "enc: bias: 12 numbers are too large for the layer's float16 (found 100000)"
    ]


def test_arrays_that_are_no_gates_have_their_place_in_the_list():
    from lstm_migrate.layers import PeepholeLSTMCell

    layer = filled(L.RNN(PeepholeLSTMCell(3), name="enc"))
    lines = refused(layer, zeros((5, 12), (3, 12), (12,), (3,), (3,), (4,)))
    assert [line for line in lines if "<-" in line] == [
        "  5: output_gate_peephole_weights: found (4,), expected (3,)  <- does not fit"
    ]


def test_a_convolutional_cell_is_held_against_its_own_arrays_alone():
    layer = L.ConvLSTM1D(3, 2, name="enc")
    layer.build((None, 4, 6, 5))
    lines = refused(layer, zeros((2, 5, 12), (2, 3, 12), (8,)))
    assert (
        lines[1]
        == "  0: kernel: found (2, 5, 12), expected (kernel_size=2, input_features=5, 4 gates × filters=3)"
    )
    assert lines[3].endswith("<- candidate has 2 of 3 columns")
