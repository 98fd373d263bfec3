"""A source that means something else than the target: behaviour fails and names the first such layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Activation, Layer, LayerPath
from lstm_migrate.reference.scope import Array
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.subject import Subject
from tests.unit.verification.spoiling import holding, otherwise

Subjects = Callable[[str], Subject]


def config(kind: str, **changed: Any) -> Callable[[LayerPath, Layer], Layer]:
    """Changes the config of every layer of a kind."""

    def change(path: LayerPath, layer: Layer) -> Layer:
        return replace(layer, config={**layer.config, **changed}) if layer.kind == kind else layer

    return change


MISREAD = [
    # case, what the source would have meant, the first layer that shows it
    ("k208-seq2seq", config("LSTM", recurrent_activation=Activation("sigmoid")), "encoder"),
    ("k208-seq2seq", config("LSTM", activation=Activation("relu")), "encoder"),
    ("k208-seq2seq", config("Dense", activation=Activation("sigmoid")), "dec_dense"),
    ("k231-gru-nobias", config("GRU", reset_after=True), ""),
    ("k231-gru-reset-after", config("GRU", activation=Activation("sigmoid")), ""),
    ("k224-convlstm2d", config("ConvLSTM2D", recurrent_activation=Activation("sigmoid")), ""),
    ("k202-hard-dense", config("Dense", activation=Activation("sigmoid")), ""),
    ("k224-mask-lstm-lstm", config("Masking", mask_value=99.0), ""),
    ("k231-stateful", config("LSTM", stateful=False), ""),
    ("tfk215-lstm-options", config("LSTM", go_backwards=True), ""),
    ("k208-bidir-concat", config("LSTM", go_backwards=False), ""),
    ("tfk215-conv2d-groups", config("Conv2D", activation=Activation("relu")), ""),
    ("k224-zoo-normalisation", config("BatchNormalization", epsilon=0.1), ""),
]


@pytest.mark.parametrize(("case", "change", "layer"), MISREAD)
def test_another_meaning_is_seen_and_its_first_layer_named(
    case: str, change: Callable[[LayerPath, Layer], Layer], layer: str, subject_for: Subjects
) -> None:
    subject = subject_for(case)
    check = check_behaviour(otherwise(subject, change))
    assert check.verdict == "failed"
    changed = ["/".join(path) for path, each in subject.source.graph.walk() if change(path, each) is not each]
    named = check.measured.get("first_layer", "")
    assert named == layer if layer else any(named and one.startswith(named) for one in changed), check.detail


def test_arrays_alone_do_not_show_another_meaning(subject_for: Subjects) -> None:
    """Which is why placement is not enough."""
    subject = otherwise(subject_for("k231-stateful"), config("LSTM", activation=Activation("relu")))
    assert check_placement(subject).verdict == "verified"
    assert check_behaviour(subject).verdict == "failed"


@pytest.mark.parametrize("case", ["k231-stateful", "k224-cudnn-functional-state", "tfk215-lstm-options"])
def test_two_gates_swapped_are_seen(case: str, subject_for: Subjects) -> None:
    subject = subject_for(case)
    kernels = [key for key in subject.target.weights if key.role in ("kernel", "recurrent_kernel")]
    kernels = [key for key in kernels if subject.target.weights[key].shape[-1] % 4 == 0]
    assert kernels
    for key in kernels:
        i, f, c, o = np.split(np.asarray(subject.target.weights[key]), 4, axis=-1)
        for order in ((f, i, c, o), (i, c, f, o), (i, f, o, c)):
            with holding(subject, {key: np.concatenate(order, axis=-1)}) as spoilt:
                assert check_behaviour(spoilt).verdict == "failed", key
                assert check_placement(spoilt).verdict == "failed", key


def test_a_forgotten_factor_of_hard_sigmoid_is_seen_in_every_array_that_carries_it(
    subject_for: Subjects,
) -> None:
    subject = subject_for("k208-seq2seq")
    folded = [recipe.target for recipe in subject.recipes if recipe.effect == "exact"]
    assert {key.role for key in folded} == {"kernel", "recurrent_kernel", "bias"}
    for key in folded:
        right = np.asarray(subject.target.weights[key])
        factors = np.ones(right.shape[-1], np.float32)
        factors[: right.shape[-1] // 2] = 1 / 1.2
        with holding(subject, {key: right * factors}) as spoilt:
            assert check_behaviour(spoilt).verdict == "failed", key


def test_one_wrong_element_is_seen(subject_for: Subjects) -> None:
    subject = subject_for("tfk215-lstm-options")
    for recipe in subject.recipes:
        wrong: Array = np.array(subject.target.weights[recipe.target])
        wrong.flat[wrong.size // 2] += 0.05
        with holding(subject, {recipe.target: wrong}) as spoilt:
            assert check_behaviour(spoilt).verdict == "failed", recipe.target
            assert check_placement(spoilt).verdict == "failed", recipe.target


def test_a_wrong_state_between_calls_is_seen(subject_for: Subjects) -> None:
    """A stateful model is called twice: its second outputs start from the first ones' states."""
    subject = subject_for("k231-stateful")
    forgetful = replace(subject, live=Forgetful(subject.live))
    assert check_behaviour(forgetful).verdict == "failed"


class Forgetful:
    """A live model that starts every call from zero."""

    def __init__(self, live: Any) -> None:
        self._live = live

    def outputs(self, inputs: Any) -> list[Array]:
        self._live.reset_states()
        outputs: list[Array] = self._live.outputs(inputs)
        return outputs

    def reset_states(self) -> None:
        self._live.reset_states()


class Broken:
    """A live model that Keras cannot run."""

    def outputs(self, inputs: Any) -> list[Array]:
        raise IndexError("list index out of range")

    def reset_states(self) -> None:
        """Has none."""


def test_a_file_that_keras_opens_and_cannot_run_fails(subject_for: Subjects) -> None:
    check = check_behaviour(replace(subject_for("tfk215-lstm-options"), live=Broken()))
    assert check.verdict == "failed"
    assert "Keras cannot run the target: IndexError" in check.detail
