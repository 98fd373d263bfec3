"""Steps derived between made-up layouts of other frameworks and Keras 3's, proven by one cell step each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.layouts.axes import Axes, Symbol
from lstm_migrate.layouts.derive import Way, ways
from lstm_migrate.layouts.layout import GateOrder, Layout, StoredTensor
from lstm_migrate.layouts.steps import Array, Form, Join, Rearrange, Take
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.rules.sum_biases import SumBiases

KERAS = Vocabulary(document("keras3"), (3,)).layouts
X, U = 3, 2
SIZES = {"x": X, "u": U, "dir": 2}


def layout(
    name: str, gates: str, tensors: Mapping[str, str], *, each: bool = False, cell: str = "lstm"
) -> Layout:
    return Layout(
        name,
        cell,
        GateOrder(cell, tuple(gates)),
        {role: StoredTensor(role, Axes.parse(axes), role, each_gate=each) for role, axes in tensors.items()},
    )


TF1 = layout("tf1", "icfo", {"kernel": "(x + h) (gate u)", "bias": "(gate u)"})
TORCH = layout(
    "torch",
    "ifco",
    {
        "weight_ih": "(gate u) x",
        "weight_hh": "(gate u) h",
        "bias_ih": "(gate u)",
        "bias_hh": "(gate u)",
    },
)
ONNX = layout("onnx", "iofc", {"W": "dir (gate u) x", "R": "dir (gate u) h", "B": "dir (set gate u)"})
KERAS_1 = layout("keras_1", "icfo", {"W": "x u", "U": "h u", "b": "u"}, each=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def cell(i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
    """Both states after one step, given each gate's argument."""
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


def keras_step(arrays: Mapping[str, Array], x: Array, h: Array, c: Array) -> Array:
    z = x @ arrays["kernel"] + h @ arrays["recurrent_kernel"] + arrays["bias"]
    i, f, g, o = np.split(z, 4, axis=-1)
    return cell(i, f, g, o, c)


def carried(
    source: Layout, arrays: Mapping[str, Array], at: Mapping[str, int] | None = None
) -> dict[str, Array]:
    """The arrays in Keras's layout; what is stored gate by gate comes as a list in the source's order."""
    found = {}
    for role, way in ways(source, KERAS["keras.lstm"], SIZES, frozenset(arrays), at or {}).items():
        values = [arrays[name] for name in way.sources]
        value = values[0] if len(values) == 1 else np.zeros(0)
        for step in way.steps:
            if isinstance(step, Join):
                value = step.join(list(values[0]) if source.tensors[way.sources[0]].each_gate else values)
            assert step.apply(value).shape == step.shape
            value = step.apply(value)
        form = way.form
        assert value.shape == form.shape
        if "set" in form.axes.symbols:
            summed = SumBiases(form)
            value, form = summed.apply(value), summed.after
        target = KERAS["keras.lstm"]
        goal = Form(target.tensors[role].axes, form.sizes, target.gates)
        found[role] = Rearrange(form, goal).apply(value)
    return found


@pytest.fixture
def state() -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(7)
    return rng.normal(size=(5, X)), rng.normal(size=(5, U)), rng.normal(size=(5, U))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_the_stacked_kernel_of_tf1_computes_the_same(
    rng: np.random.Generator, state: tuple[Array, Array, Array]
) -> None:
    arrays = {"kernel": rng.normal(size=(X + U, 4 * U)), "bias": rng.normal(size=4 * U)}
    x, h, c = state
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ arrays["kernel"] + arrays["bias"], 4, axis=1)
    assert np.allclose(keras_step(carried(TF1, arrays), x, h, c), cell(i, f, j, o, c), rtol=1e-14)


def test_the_two_biases_and_transposed_kernels_of_pytorch_compute_the_same(
    rng: np.random.Generator, state: tuple[Array, Array, Array]
) -> None:
    arrays = {
        "weight_ih": rng.normal(size=(4 * U, X)),
        "weight_hh": rng.normal(size=(4 * U, U)),
        "bias_ih": rng.normal(size=4 * U),
        "bias_hh": rng.normal(size=4 * U),
    }
    x, h, c = state
    z = x @ arrays["weight_ih"].T + arrays["bias_ih"] + h @ arrays["weight_hh"].T + arrays["bias_hh"]
    i, f, g, o = np.split(z, 4, axis=1)
    assert np.allclose(keras_step(carried(TORCH, arrays), x, h, c), cell(i, f, g, o, c), rtol=1e-14)


@pytest.mark.parametrize("direction", [0, 1])
def test_each_direction_of_an_onnx_node_computes_the_same(
    direction: int, rng: np.random.Generator, state: tuple[Array, Array, Array]
) -> None:
    arrays = {
        "W": rng.normal(size=(2, 4 * U, X)),
        "R": rng.normal(size=(2, 4 * U, U)),
        "B": rng.normal(size=(2, 8 * U)),
    }
    x, h, c = state
    w, r, b = (arrays[name][direction] for name in "WRB")
    i, o, f, g = np.split(x @ w.T + h @ r.T + b[: 4 * U] + b[4 * U :], 4, axis=1)
    found = carried(ONNX, arrays, {"dir": direction})
    assert np.allclose(keras_step(found, x, h, c), cell(i, f, g, o, c), rtol=1e-14)


def test_the_twelve_arrays_of_keras_1_compute_the_same(
    rng: np.random.Generator, state: tuple[Array, Array, Array]
) -> None:
    w = {gate: rng.normal(size=(X, U)) for gate in "icfo"}
    u = {gate: rng.normal(size=(U, U)) for gate in "icfo"}
    b = {gate: rng.normal(size=U) for gate in "icfo"}
    x, h, c = state
    i, g, f, o = (x @ w[gate] + h @ u[gate] + b[gate] for gate in "icfo")
    arrays = {
        name: np.stack([table[gate] for gate in "icfo"]) for name, table in (("W", w), ("U", u), ("b", b))
    }
    assert np.allclose(keras_step(carried(KERAS_1, arrays), x, h, c), cell(i, f, g, o, c), rtol=1e-14)


def test_one_layout_onto_itself_needs_no_step() -> None:
    for name, own in KERAS.items():
        if any(tensor.each_gate for tensor in own.tensors.values()):
            continue  # the arrays of a gate each are several, which no single one can be
        found = ways(own, own, {**SIZES, "k0": 2, "k1": 2, "k2": 2}, frozenset(own.tensors))
        assert all(way.steps == () for way in found.values()), name
        assert set(found) == set(own.tensors)


def test_the_steps_are_as_few_as_they_can_be() -> None:
    found = ways(TF1, KERAS["keras.lstm"], SIZES, frozenset(TF1.tensors))
    assert [type(step) for step in found["kernel"].steps] == [Take, Rearrange]
    assert [type(step) for step in found["bias"].steps] == [Rearrange]
    torch = ways(TORCH, KERAS["keras.lstm"], SIZES, frozenset(TORCH.tensors))
    assert [type(step) for step in torch["bias"].steps] == [Join]
    assert torch["bias"].sources == ("bias_ih", "bias_hh")
    assert torch["bias"].form.axes.symbols == {"set", "gate", "u"}


def test_cudnn_arrays_unpour_and_keep_their_sets() -> None:
    found = ways(
        KERAS["keras.cudnn_gru"],
        KERAS["keras.gru_reset_after"],
        SIZES,
        frozenset(["kernel", "recurrent_kernel", "bias"]),
    )
    assert {role: len(way.steps) for role, way in found.items()} == {
        "kernel": 1,
        "recurrent_kernel": 1,
        "bias": 1,
    }
    assert found["bias"].form.shape == (2, 3 * U)


def test_a_tensor_that_nobody_stored_is_missing_only_if_it_must_be_there() -> None:
    present = frozenset(["kernel", "recurrent_kernel"])
    assert "bias" not in ways(KERAS["keras.lstm"], KERAS["keras.lstm"], SIZES, present)
    with pytest.raises(PlanError, match=r"no tensor of layout tf1 holds the kernel"):
        ways(TF1, KERAS["keras.lstm"], SIZES, frozenset(["bias"]))


def test_a_direction_that_nobody_chose_is_refused() -> None:
    with pytest.raises(PlanError, match="by moving values") as caught:
        ways(ONNX, KERAS["keras.lstm"], SIZES, frozenset(ONNX.tensors))
    assert caught.value.problems[0].found == "dir (gate u) x"


def test_one_position_of_a_joined_axis_cannot_be_taken() -> None:
    flat = layout("flat", "ifco", {"kernel": "(dir gate u) x", "recurrent": "(dir gate u) h"})
    with pytest.raises(PlanError, match="joined axis"):
        ways(flat, KERAS["keras.lstm"], SIZES, frozenset(flat.tensors), {"dir": 0})


def test_a_position_that_is_not_there_is_refused() -> None:
    with pytest.raises(PlanError, match="no dir 2") as caught:
        ways(ONNX, KERAS["keras.lstm"], SIZES, frozenset(ONNX.tensors), {"dir": 2})
    assert caught.value.problems[0].found == "2 of them, counted from 0"


@pytest.mark.parametrize(
    ("tensors", "said", "facts"),
    [
        (
            {"k": "x (gate u)", "l": "x (gate u)", "r": "h (gate u)"},
            "two arrays hold the same gates",
            "k and l",
        ),
        (
            {"k": "(x + h) (gate u)", "a": "(gate u)", "b": "(gate u)", "c": "(gate u)"},
            "two arrays hold the same gates",
            "b and c, both with c, f, i, o",
        ),
        (
            {"k": "(x + h) (gate u)", "b": "set (gate u)", "recurrent": "(gate u)"},
            "an array of two biases",
            "b, recurrent",
        ),
        ({"k": "(x + h) u"}, "by moving values", "x u"),
        ({"k": "(x + h) u", "b": "(gate u)", "c": "u"}, "by moving values", "x u"),
    ],
)
def test_arrays_that_do_not_make_a_cell_are_refused(tensors: dict[str, str], said: str, facts: str) -> None:
    source = layout("odd", "ifco", tensors)
    with pytest.raises(PlanError, match=said) as caught:
        ways(source, KERAS["keras.lstm"], SIZES, frozenset(tensors))
    assert facts in caught.value.problems[0].found


def partial(*tensors: tuple[str, str, str]) -> Layout:
    held = {role: StoredTensor(role, Axes.parse(axes), role, gates=tuple(own)) for role, axes, own in tensors}
    return Layout("partial", "lstm", GateOrder("lstm", tuple("ifco")), held)


def test_arrays_that_hold_too_little_are_refused_with_what_is_missing() -> None:
    source = partial(("k", "(x + h) (gate u)", "if"), ("l", "(x + h) u", "o"))
    with pytest.raises(PlanError, match="no array holds the kernel of all gates") as caught:
        ways(source, KERAS["keras.lstm"], SIZES, frozenset(source.tensors), fill=True)
    assert caught.value.problems[0].found == "the x rows of k, the x rows of l, without c"


def test_a_second_bias_of_some_gates_cannot_be_summed() -> None:
    source = partial(("k", "(x + h) (gate u)", ""), ("bias", "(gate u)", ""), ("recurrent_bias", "u", "f"))
    with pytest.raises(PlanError, match="bias of all gates") as caught:
        ways(source, KERAS["keras.lstm"], SIZES, frozenset(source.tensors), fill=True)
    assert "without i, c, o of the recurrent bias" in caught.value.problems[0].found


def test_partial_arrays_of_other_axes_are_refused() -> None:
    source = partial(("k", "x (gate u)", "ifc"), ("l", "x k0 u", "o"), ("r", "h (gate u)", ""))
    with pytest.raises(PlanError, match="do not make one") as caught:
        ways(source, KERAS["keras.lstm"], {**SIZES, "k0": 2}, frozenset(source.tensors))
    assert caught.value.problems[0].found == "k: x (gate u), l: x k0 u"


def test_a_pouring_that_a_block_has_not_is_refused() -> None:
    stacked = StoredTensor("k", Axes.parse("(x + h) (gate u)"), "k", poured=(Symbol("u"), Symbol("x")))
    source = Layout("poured", "lstm", GateOrder("lstm", tuple("ifco")), {"k": stacked})
    with pytest.raises(PlanError, match="poured in an order") as caught:
        ways(source, KERAS["keras.lstm"], SIZES, frozenset(["k"]))
    assert caught.value.problems[0].found == "u x"


def test_a_target_of_several_arrays_or_fewer_gates_is_refused() -> None:
    plain = KERAS["keras.lstm"]
    with pytest.raises(PlanError, match="keras_1: the steps end at arrays of all gates"):
        ways(plain, KERAS_1, SIZES, frozenset(plain.tensors))
    coupled = replace(
        plain, name="c", gates=GateOrder.coupled("lstm", tuple("ico"), "forget"), coupled="forget"
    )
    with pytest.raises(PlanError, match="stores a gate that c has not"):
        ways(plain, coupled, SIZES, frozenset(plain.tensors))


def test_a_way_knows_the_form_that_it_starts_from() -> None:
    way: Way = ways(TF1, KERAS["keras.lstm"], SIZES, frozenset(TF1.tensors))["recurrent_kernel"]
    assert way.start == Form(Axes.parse("h (gate u)"), way.start.sizes, TF1.gates)
    poured = ways(
        KERAS["keras.cudnn_lstm"],
        KERAS["keras.lstm"],
        SIZES,
        frozenset(["kernel", "recurrent_kernel", "bias"]),
    )
    assert poured["kernel"].start.poured == (Symbol("u"), Symbol("x"))


def peeping(order: str, *, named: Mapping[str, str] | None = None) -> Layout:
    """An LSTM with a peephole for its output gate and, if `named`, further arrays apart."""
    plain = layout("peeping", order, {"kernel": "x (gate u)", "recurrent": "h (gate u)", "bias": "(gate u)"})
    apart = {
        role: StoredTensor(role, Axes.parse(axes), role, apart=True)
        for role, axes in {"peephole": "u", **(named or {})}.items()
    }
    return Layout("peeping", "lstm", plain.gates, {**plain.tensors, **apart})


def test_an_array_apart_goes_to_its_namesake_and_never_for_a_bias() -> None:
    source, target = peeping("ifco", named={"other": "u"}), peeping("icfo", named={"other": "u"})
    found = ways(source, target, SIZES, frozenset(source.tensors))
    assert {role: way.sources for role, way in found.items()} == {role: (role,) for role in source.tensors}
    assert found["bias"].steps and not found["peephole"].steps and not found["other"].steps


def test_an_array_apart_that_the_target_has_not_is_never_lost_silently() -> None:
    source = peeping("ifco")
    target = layout("plain", "ifco", {"kernel": "x (gate u)", "recurrent": "h (gate u)", "bias": "(gate u)"})
    with pytest.raises(PlanError, match="peephole of layout peeping have no place in plain"):
        ways(source, target, SIZES, frozenset(source.tensors))
    assert set(ways(source, target, SIZES, frozenset(target.tensors))) == set(target.tensors)
