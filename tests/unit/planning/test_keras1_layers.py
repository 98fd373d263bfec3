"""Layers of Keras 0 and 1 that Keras 3 lacks: what they are rebuilt as computes what the old ones did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Graph, Layer, WeightKey
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.scope import Array
from tests.unit.planning.rebuilding import Rebuilt, around, numbers, rebuilt

# Of arithmetic in float64; of numbers that were changed and stored in float32; of what float32 computed.
EXACT, STORED, MEASURED = 1e-12, 1e-5, 1e-5
DATA = Path(__file__).parent.parent / "reference" / "data"
WRITERS = {
    "keras033": Writer("keras", "0.3", "theano"),
    "keras122tf": Writer("keras", "1.2.2", "tensorflow"),
    "keras122th": Writer("keras", "1.2.2", "theano"),
}
KERAS_1 = WRITERS["keras122tf"]


def recorded() -> Iterator[tuple[str, str]]:
    for era in WRITERS:
        with np.load(DATA / f"{era}.npz") as file:
            yield from ((era, name.removesuffix("/config")) for name in file if name.endswith("/config"))


RECORDED = sorted(recorded())


def test_every_case_of_the_script_was_recorded() -> None:
    assert len(RECORDED) == 52


@pytest.mark.parametrize("era, name", RECORDED)
def test_a_layer_and_what_it_becomes_compute_what_the_framework_recorded(era: str, name: str) -> None:
    with np.load(DATA / f"{era}.npz") as file:
        arrays: dict[str, Any] = {
            key.removeprefix(f"{name}/"): file[key] for key in file if key.startswith(f"{name}/")
        }
    said = json.loads(str(arrays.pop("config")))
    x, y = arrays.pop("x"), arrays.pop("y")
    config = said["config"]
    if "activation" in config:
        config["activation"] = Activation(config["activation"]["function"])
    layer = Layer("old", said["kind"], config)
    found = rebuilt(
        around(layer, x.shape[1:]), {("old", role): a for role, a in arrays.items()}, WRITERS[era]
    )
    assert found.gap(x) < EXACT
    (computed,) = evaluate(found.source, found.bound, [x], semantics=found.semantics)
    assert computed.shape == y.shape
    np.testing.assert_allclose(computed, y, atol=MEASURED)


# --- Highway


def highway(
    bias: bool = True, activation: Activation | None = None
) -> tuple[Layer, dict[tuple[str, ...], Array]]:
    config = {"activation": activation or Activation("tanh"), "use_bias": bias, "paired": True}
    roles = {"kernel": (4, 4), "carry_kernel": (4, 4), **({"bias": (4,), "carry_bias": (4,)} if bias else {})}
    arrays: dict[tuple[str, ...], Array] = {
        ("old", role): numbers(*shape, seed=len(role)) for role, shape in roles.items()
    }
    return Layer("old", "Highway", config), arrays


@pytest.mark.parametrize("bias", [True, False])
def test_highway_is_two_dense_layers_and_three_merges(bias: bool) -> None:
    layer, arrays = highway(bias)
    found = rebuilt(around(layer, (4,)), arrays, KERAS_1)
    assert found.kinds() == ["Dense", "Dense", "Subtract", "Multiply", "Add"]
    assert found.gap(numbers(3, 4)) < EXACT


def test_the_hard_sigmoid_of_a_highway_is_folded_into_its_kernel() -> None:
    layer, arrays = highway(activation=Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5}))
    found = rebuilt(around(layer, (4,)), arrays, KERAS_1)
    assert any("folded into kernel, bias" in note for note in found.notes)
    assert found.gap(numbers(3, 4)) < STORED


def test_what_binds_a_highways_kernel_does_not_bind_its_gate() -> None:
    layer, arrays = highway()
    bound = {**layer.config, "kernel_regularizer": {"class_name": "L2"}, "activity_regularizer": {"l1": 1}}
    found = rebuilt(around(Layer("old", "Highway", bound), (4,)), arrays, KERAS_1)
    holding = {
        name: [key for key in item.config if key.endswith("regularizer")]
        for name, item in found.target.layers.items()
    }
    assert holding["old_transformed"] == ["kernel_regularizer"]
    assert (holding["old_gate"], holding["old"]) == ([], ["activity_regularizer"])


def test_a_wrapped_highway_is_a_model_of_its_own() -> None:
    layer, arrays = highway()
    wrapper = Layer("steps", "TimeDistributed", {}, {"layer": layer})
    inside = {("steps", "layer", *path[1:]): array for path, array in arrays.items()}
    found = rebuilt(around(wrapper, (5, 4)), inside, KERAS_1)
    assert found.target.layers["steps"].children["layer"].kind == "Model"
    assert found.gap(numbers(2, 5, 4)) < EXACT


@pytest.mark.parametrize("kind", ["SReLU", "SampleNormalization"])
def test_so_is_any_layer_whose_arrays_tell_its_input(kind: str) -> None:
    roles = NORMALIZED if kind == "SampleNormalization" else ("t_left", "a_left", "t_right", "a_right")
    wrapper = Layer("steps", "TimeDistributed", {}, {"layer": Layer("old", kind, {"epsilon": 0.1})})
    arrays = {("steps", "layer", role): numbers(4, seed=len(role)) for role in roles}
    assert rebuilt(around(wrapper, (5, 4)), arrays, KERAS_1).gap(numbers(2, 5, 4)) < EXACT


def test_a_layer_whose_input_is_not_known_is_refused_in_a_wrapper() -> None:
    wrapper = Layer("steps", "TimeDistributed", {}, {"layer": Layer("old", "ThresholdedLinear")})
    with pytest.raises(PlanError, match="cannot stand inside a wrapper"):
        rebuilt(around(wrapper, (5, 4)), {}, KERAS_1)


# --- MaxoutDense


def test_maxout_lays_the_kernels_side_by_side() -> None:
    layer = Layer("old", "MaxoutDense", {"units": 3, "nb_feature": 2})
    kernel = numbers(2, 4, 3)
    found = rebuilt(around(layer, (4,)), {("old", "kernel"): kernel, ("old", "bias"): numbers(2, 3)}, KERAS_1)
    assert found.kinds() == ["Dense", "Reshape", "GlobalMaxPooling1D"]
    np.testing.assert_array_equal(found.made[WeightKey(("old_features",), "kernel")][:, 3:], kernel[1])
    assert found.gap(numbers(5, 4)) < EXACT


def test_a_constraint_of_maxout_is_dropped_and_said() -> None:
    config = {"units": 3, "nb_feature": 2, "kernel_constraint": {"class_name": "MaxNorm"}, "use_bias": False}
    layer = Layer("old", "MaxoutDense", config)
    found = rebuilt(around(layer, (4,)), {("old", "kernel"): numbers(2, 4, 3)}, KERAS_1)
    assert "kernel_constraint" not in found.target.layers["old_features"].config
    assert any(note.startswith("old: kernel_constraint") for note in found.notes)


# --- the merge mode "cos"


@pytest.mark.parametrize("axes, shape", [([1, 1], (4,)), ([2, 2], (3, 4)), ([1, 2], (4, 4))])
@pytest.mark.parametrize("gains_axis", [True, False])
def test_a_cosine_is_three_products_and_a_quotient(
    axes: list[int], shape: tuple[int, ...], gains_axis: bool
) -> None:
    layer = Layer("old", "CosineMerge", {"axes": axes, "gains_axis": gains_axis})
    found = rebuilt(around(layer, shape, shape), {}, KERAS_1)
    assert found.kinds()[:3] == ["Dot"] * 3
    assert found.gap(np.abs(numbers(2, *shape)), np.abs(numbers(2, *shape, seed=1))) < EXACT


def test_a_cosine_with_nothing_is_zero() -> None:
    layer = Layer("old", "CosineMerge", {"axes": [1, 1], "gains_axis": True})
    found = rebuilt(around(layer, (4,), (4,)), {}, KERAS_1)
    assert found.gap(np.zeros((2, 4), np.float32), numbers(2, 4)) == 0


# --- normalisation

NORMALIZED = ("gamma", "beta", "moving_mean", "moving_variance")


def normalized(kind: str, **config: Any) -> tuple[Graph, Mapping[Any, Array]]:
    arrays = {("old", role): np.abs(numbers(4, seed=len(role))) for role in NORMALIZED}
    return around(Layer("old", kind, {"epsilon": 0.1, **config}), (5, 4)), arrays


@pytest.mark.parametrize("by_deviation", [True, False])
def test_a_moving_deviation_becomes_the_variance_that_divides_alike(by_deviation: bool) -> None:
    found = rebuilt(*normalized("BatchNormalization", by_deviation=by_deviation), KERAS_1)
    assert found.kinds() == ["BatchNormalization"]
    assert "by_deviation" not in found.target.layers["old"].config
    assert found.gap(numbers(2, 5, 4)) < (STORED if by_deviation else EXACT)


@pytest.mark.parametrize("epsilon_inside", [True, False])
def test_mode_1_is_operations_and_one_layer_that_scales(epsilon_inside: bool) -> None:
    found = rebuilt(*normalized("SampleNormalization", epsilon_inside=epsilon_inside), KERAS_1)
    assert found.kinds()[-1] == "EinsumDense"
    assert found.gap(numbers(2, 5, 4)) < EXACT


def test_mode_1_takes_gamma_and_no_statistics() -> None:
    graph, arrays = normalized("SampleNormalization")
    found = rebuilt(graph, arrays, KERAS_1)
    np.testing.assert_array_equal(found.made[WeightKey(("old",), "kernel")], arrays[("old", "gamma")])


# --- shapes of numbers that are shared


def s_relu(shape: tuple[int, ...], writer: Writer) -> Rebuilt:
    arrays = {
        ("old", role): numbers(*shape, seed=number)
        for number, role in enumerate(("t_left", "a_left", "t_right", "a_right"))
    }
    return rebuilt(around(Layer("old", "SReLU"), (5, 4)), arrays, writer)


@pytest.mark.parametrize("shape", [(5, 4), (1, 4), (5, 1), (1, 1)])
@pytest.mark.parametrize("writer", [KERAS_1, WRITERS["keras122th"]])
def test_s_relu_is_that_of_its_backend(shape: tuple[int, ...], writer: Writer) -> None:
    if shape == (1, 1):
        # Of an input of one feature it cannot be told whether it is shared.
        arrays = {("old", role): numbers(1, 1) for role in ("t_left", "a_left", "t_right", "a_right")}
        found = rebuilt(around(Layer("old", "SReLU"), (5, 1)), arrays, writer)
        assert found.gap(numbers(3, 5, 1)) < EXACT
        return
    assert s_relu(shape, writer).gap(3 * numbers(3, 5, 4)) < EXACT


def test_s_relu_uses_the_magnitude_of_its_right_threshold() -> None:
    found = s_relu((5, 4), KERAS_1)
    right = found.bound[WeightKey(("old",), "t_right")]
    assert (right < 0).any()
    np.testing.assert_array_equal(found.made[WeightKey(("old_above",), "bias")], -np.abs(right))


# --- transposed convolutions of a stated shape


def deconvolution(**config: Any) -> Rebuilt:
    stated = {"filters": 3, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same", **config}
    arrays = {("old", "kernel"): numbers(3, 3, 2, 3), ("old", "bias"): numbers(3)}
    return rebuilt(around(Layer("old", "Deconvolution2D", stated), (4, 4, 2)), arrays, KERAS_1)


def test_a_deconvolution_is_cut_to_its_shape() -> None:
    found = deconvolution(output_shape=[None, 8, 7, 3])
    assert found.kinds() == ["Conv2DTranspose", "Cropping2D"]
    assert found.gap(numbers(2, 4, 4, 2)) < EXACT


@pytest.mark.parametrize(
    "config, message",
    [
        ({"output_shape": [None, None, None, 3]}, "output_shape names no sizes"),
        ({"output_shape": None}, "output_shape names no sizes"),
        ({"output_shape": [None, 8, 8, 3], "padding": "full"}, "border_mode 'full' is not rebuilt"),
    ],
)
def test_a_deconvolution_without_sizes_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        deconvolution(**config)


def test_time_steps_are_merged_in_known_ways_alone() -> None:
    with pytest.raises(PlanError, match=r"old: an unknown mode .found median, expected one of sum"):
        rebuilt(around(Layer("old", "TimeDistributedMerge", {"mode": "median"}), (5, 4)), {}, KERAS_1)
