"""Which tensor of a file is which array of the model: by name, else by order, confirmed by shape."""

from __future__ import annotations

from typing import Any

from tests.unit.architecture.configs import an_input, dense, entry, fed, functional, lstm, sequential
from tests.unit.planning.made_up import bound, plan, refused

KERNEL, RECURRENT, BIAS = ("l/kernel:0", (3, 8)), ("l/recurrent_kernel:0", (2, 8)), ("l/bias:0", (8,))


def one_lstm(**config: Any) -> dict[str, Any]:
    return sequential([lstm("l", batch_input_shape=[None, 5, 3], **config)])


def test_arrays_are_bound_by_the_last_part_of_their_names() -> None:
    found = bound(plan(one_lstm(), {"l": [KERNEL, RECURRENT, BIAS]}))
    assert found == {
        "l.kernel": "l/l/kernel:0",
        "l.recurrent_kernel": "l/l/recurrent_kernel:0",
        "l.bias": "l/l/bias:0",
    }


def test_names_tell_whatever_the_order_of_the_file() -> None:
    found = bound(plan(one_lstm(), {"l": [BIAS, RECURRENT, KERNEL]}))
    assert found["l.kernel"] == "l/l/kernel:0"
    assert found["l.bias"] == "l/l/bias:0"


def bidirectional() -> dict[str, Any]:
    config = {"layer": lstm("l"), "merge_mode": "concat", "batch_input_shape": [None, 5, 3]}
    return sequential([entry("Bidirectional", "b", config)])


def test_directions_are_told_by_the_scopes_that_bidirectional_gives() -> None:
    arrays = [
        (f"b/{side}_l/{name}:0", shape)
        for side in ("backward", "forward")
        for name, shape in (("bias", (8,)), ("kernel", (3, 8)), ("recurrent_kernel", (2, 8)))
    ]
    found = bound(plan(bidirectional(), {"b": arrays}))
    assert found["b/forward_layer.kernel"] == "b/b/forward_l/kernel:0"
    assert found["b/backward_layer.bias"] == "b/b/backward_l/bias:0"


def test_scopes_that_the_framework_made_unique_still_tell() -> None:
    arrays = [
        (f"b_1/{side}_l_1/{name}:0", shape)
        for side in ("backward", "forward")
        for name, shape in (("kernel", (3, 8)), ("recurrent_kernel", (2, 8)), ("bias", (8,)))
    ]
    assert (
        bound(plan(bidirectional(), {"b": arrays}))["b/forward_layer.kernel"] == "b/b_1/forward_l_1/kernel:0"
    )


def twin_model(frozen: bool = False) -> dict[str, Any]:
    """Two Dense layers in a model inside; the first may be frozen, then its arrays come last."""
    first, second = dense("first", fed("i"), units=3), dense("second", fed("first"), units=3)
    first["config"]["trainable"] = not frozen
    inner = functional([an_input("i", 3), first, second], [["i", 0, 0]], [["second", 0, 0]], "inner")
    return functional(
        [an_input("x", 3), {**inner, "name": "inner", "inbound_nodes": [fed("x")]}],
        [["x", 0, 0]],
        [["inner", 1, 0]],
    )


def twins(*names: str) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    return {
        "inner": [
            (f"{name}{role}:0", shape)
            for name in names
            for role, shape in (("kernel", (3, 3)), ("bias", (3,)))
        ]
    }


def test_frozen_arrays_that_stand_behind_are_found_by_name() -> None:
    found = bound(plan(twin_model(frozen=True), twins("second/", "first/")))
    assert found["inner/first.kernel"] == "inner/first/kernel:0"
    assert found["inner/second.bias"] == "inner/second/bias:0"


def test_names_outrank_the_order_that_trainable_flags_suggest() -> None:
    # Frozen after the model was built: the file kept the first order.
    found = bound(plan(twin_model(frozen=True), twins("first/", "second/")))
    assert found["inner/first.kernel"] == "inner/first/kernel:0"


def test_where_names_do_not_tell_the_order_does_and_that_is_said() -> None:
    arrays = {"inner": [("kernel:0", (3, 3)), ("bias:0", (3,)), ("kernel_1:0", (3, 3)), ("bias_1:0", (3,))]}
    found = plan(twin_model(), arrays)
    assert bound(found)["inner/first.kernel"] == "inner/kernel:0"
    assert bound(found)["inner/second.kernel"] == "inner/kernel_1:0"
    frozen = plan(twin_model(frozen=True), arrays)
    assert bound(frozen)["inner/second.kernel"] == "inner/kernel:0"


def test_names_that_repeat_are_bound_in_order_with_a_note() -> None:
    arrays = [
        ("s/kernel:0", (3, 3)), ("s/bias:0", (3,)), ("t/kernel:0", (3, 3)), ("t/bias:0", (3,)),
    ]  # fmt: skip
    found = plan(twin_model(), {"inner": arrays})
    assert bound(found)["inner/second.kernel"] == "inner/t/kernel:0"
    assert [note.kind for note in found.notes] == ["assumed"]


def test_roles_in_a_wrong_order_without_names_are_not_guessed() -> None:
    arrays = [("s/bias:0", (3,)), ("s/kernel:0", (3, 3)), ("t/bias:0", (3,)), ("t/kernel:0", (3, 3))]
    (problem,) = refused(twin_model(), {"inner": arrays})
    assert "cannot be told apart" in problem.what
    assert problem.expected.startswith("inner/first.kernel")


# --- weights whose architecture comes from elsewhere


def in_a_row(*names: str) -> dict[str, Any]:
    layers = [dense(name, units=3) for name in names]
    layers[0]["config"]["batch_input_shape"] = [None, 3]
    return sequential(layers)


def each(*names: str) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    return {name: [(f"{name}/kernel:0", (3, 3)), (f"{name}/bias:0", (3,))] for name in names}


WEIGHTS = {"format": "keras-hdf5-weights"}


def test_names_that_keras_counted_give_way_to_the_order_of_the_layers() -> None:
    found = plan(in_a_row("dense_1", "dense"), each("dense", "dense_1"), **WEIGHTS)
    assert bound(found)["dense_1.kernel"] == "dense/dense/kernel:0"
    assert "dense → dense_1" in found.notes[0].text
    whole = plan(in_a_row("dense_1", "dense"), each("dense", "dense_1"))
    assert bound(whole)["dense_1.kernel"] == "dense_1/dense_1/kernel:0"


def test_chosen_names_in_another_order_than_the_layers_are_not_guessed() -> None:
    (problem,) = refused(in_a_row("q", "p"), each("p", "q"), **WEIGHTS)
    assert "both fit" in problem.what
    assert "p → q" in problem.found


def test_names_inside_a_model_that_contradict_the_order_are_not_guessed() -> None:
    (problem,) = refused(twin_model(), twins("second/", "first/"), **WEIGHTS)
    assert "both fit" in problem.what


def test_layers_frozen_after_their_weights_were_saved_are_found_by_name() -> None:
    found = bound(plan(twin_model(frozen=True), twins("first/", "second/"), **WEIGHTS))
    assert found["inner/first.kernel"] == "inner/first/kernel:0"


# --- what does not fit


def test_a_missing_array_is_told_with_what_is_there_and_what_should_be() -> None:
    (problem,) = refused(one_lstm(), {"l": [KERNEL, RECURRENT]})
    assert problem.what == "layer 'l' has 2 arrays, its config wants 3"
    assert problem.found == "l/l/kernel:0 (3, 8), l/l/recurrent_kernel:0 (2, 8)"
    assert "l.bias (8) as (gate u)" in problem.expected


def test_an_extra_array_is_told() -> None:
    (problem,) = refused(one_lstm(use_bias=False), {"l": [KERNEL, RECURRENT, BIAS]})
    assert problem.what == "layer 'l' has 3 arrays, its config wants 2"


def test_arrays_of_a_layer_that_has_none_are_told() -> None:
    model = sequential([entry("Flatten", "f", {"batch_input_shape": [None, 5, 3]}), dense("d")])
    arrays = {"f": [("w:0", (3,))], "d": [("d/kernel:0", (15, 2)), ("d/bias:0", (2,))]}
    (problem,) = refused(model, arrays)
    assert problem.what == "layer 'f' has 1 arrays, its config wants 0"


def test_a_layer_without_arrays_in_the_file_is_told() -> None:
    (problem,) = refused(one_lstm(), {"other": []})
    assert problem.what == "the file has no arrays for layer 'l'"
    assert problem.expected == "l.kernel, l.recurrent_kernel, l.bias"


def test_a_group_of_arrays_that_no_layer_wants_is_told() -> None:
    (problem,) = refused(one_lstm(), {"l": [KERNEL, RECURRENT, BIAS], "ghost": [("w:0", (3,))]})
    assert problem.what == "layer 'ghost' has 1 arrays, its config wants 0"


def test_a_wrong_shape_is_told_with_layer_role_found_and_expected() -> None:
    problems = refused(one_lstm(), {"l": [("l/kernel:0", (3, 12)), RECURRENT, ("l/bias:0", (8, 1))]})
    assert [problem.where for problem in problems] == ["l: kernel", "l: bias"]
    assert problems[0].what == "the shape of 'l/l/kernel:0' does not fit"
    assert (problems[0].found, problems[0].expected) == ("(3, 12)", "(x, 8) as x (gate u)")
    assert "those of 3 units, the config says 2" in problems[0].hint


def test_a_doubled_bias_is_recognised_as_cudnns() -> None:
    (problem,) = refused(one_lstm(), {"l": [KERNEL, RECURRENT, ("l/bias:0", (16,))]})
    assert "cuDNN's doubled bias" in problem.hint


def test_twelve_arrays_are_recognised_as_keras_1s() -> None:
    arrays = [(f"W_{number}:0", (3, 2)) for number in range(12)]
    (problem,) = refused(one_lstm(), {"l": arrays})
    assert "Keras 1 LSTM" in problem.hint


def test_an_array_listed_twice_is_told() -> None:
    problems = refused(one_lstm(), {"l": [KERNEL, KERNEL, BIAS]})
    assert problems[0].what == "'l/l/kernel:0' is listed twice among its arrays"


def test_all_layers_that_do_not_fit_are_told_at_once() -> None:
    model = sequential([lstm("l", batch_input_shape=[None, 5, 3]), dense("d"), dense("e")])
    assert len(refused(model, {"l": [KERNEL], "d": [("d/kernel:0", (2, 2))]})) == 3


def test_sizes_of_one_layer_must_agree_with_each_other() -> None:
    config = {"filters": 2, "kernel_size": [3], "use_bias": True, "batch_input_shape": [None, 9, 4]}
    model = sequential([entry("Conv1D", "c", config)])
    (problem,) = refused(model, {"c": [("c/kernel:0", (3, 4, 5)), ("c/bias:0", (2,))]})
    assert (problem.where, problem.found) == ("c: kernel", "(3, 4, 5)")


def test_huge_units_are_held_against_the_arrays_before_anything_is_made() -> None:
    huge = sequential(
        [entry("LSTM", "l", {"units": 10**9, "use_bias": True, "batch_input_shape": [None, 5, 3]})]
    )
    problems = refused(huge, {"l": [KERNEL, RECURRENT, BIAS]})
    assert problems[0].expected == "(x, 4000000000) as x (gate u)"
    assert "those of 2 units, the config says 1000000000" in problems[0].hint
