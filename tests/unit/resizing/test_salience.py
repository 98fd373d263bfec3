"""How much units say: by their numbers, and by what they do on given inputs."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.activities import Laboratory
from lstm_migrate.resizing.salience import by_activity, by_norm, most_salient
from tests.unit.resizing.keras_models import Opened, chain, opened

LAYERS = keras.layers


def lstm() -> Opened:
    return opened(chain(3, LAYERS.LSTM(5, name="a"), LAYERS.Dense(2, name="d")))


def laboratory(model: Opened) -> Laboratory:
    x = np.random.default_rng(1).normal(size=(30, 6, 3))
    return Laboratory(model.graph, model.weights, Semantics(), [x])


def test_the_most_salient_stay_in_their_order_and_of_equals_the_earlier() -> None:
    assert most_salient([3, 1, 4, 1, 5], 3) == (0, 2, 4)
    assert most_salient([2, 1, 2, 1, 2, 1], 4) == (0, 1, 2, 4)
    assert most_salient([0, 0, 0], 2) == (0, 1)


def test_the_norm_of_a_dense_unit_by_hand() -> None:
    model = opened(chain(2, LAYERS.Dense(2, name="a"), LAYERS.Dense(2, name="d")))
    model.array("a/kernel")[...] = [[3, 0], [4, 2]]
    model.array("d/kernel")[...] = [[5, 12], [0, 1]]
    found = by_norm(model.followed, model.weights, model.followed.own[("a",)]["u"])
    assert found.tolist() == [5 * 13, 2 * 1]


def test_a_unit_scaled_up_on_one_side_and_down_on_the_other_says_as_much() -> None:
    model = opened(chain(3, LAYERS.Dense(4, activation="relu", name="a"), LAYERS.Dense(2, name="d")))
    ids = model.followed.own[("a",)]["u"]
    norm = by_norm(model.followed, model.weights, ids)
    active = by_activity(model.followed, laboratory(model), ids)
    model.array("a/kernel")[:, 2] *= 8
    model.array("a/bias")[2] *= 8
    model.array("d/kernel")[2] /= 8
    assert by_norm(model.followed, model.weights, ids) == pytest.approx(norm)
    assert by_activity(model.followed, laboratory(model), ids) == pytest.approx(active)


def test_units_that_say_nothing_have_no_salience() -> None:
    model = lstm()
    ids = model.followed.own[("a",)]["u"]
    model.array("d/kernel")[1] = model.array("a/recurrent_kernel")[1] = 0  # nobody listens
    for role in ("kernel", "recurrent_kernel", "bias"):
        model.array(f"a/{role}").reshape(-1, 4, 5)[:, 2, 3] = 0  # always zero
    norm = by_norm(model.followed, model.weights, ids)
    active = by_activity(model.followed, laboratory(model), ids)
    assert norm[1] == 0 and norm[3] > 0
    assert active[1] == active[3] == 0 and (active[[0, 2, 4]] > 0).all()


def test_the_activity_is_a_share_of_what_readers_hear() -> None:
    model = lstm()
    found = by_activity(model.followed, laboratory(model), model.followed.own[("a",)]["u"])
    assert found.sum() == pytest.approx(1)
    model.array("d/kernel")[2] *= 100  # half of the readers hear next to nothing else
    louder = by_activity(model.followed, laboratory(model), model.followed.own[("a",)]["u"])
    assert louder[2] == pytest.approx(0.5 + found[2] / 2, abs=0.2) and louder[2] > 0.5


def test_the_activity_of_units_in_one_axis_with_others_is_theirs_alone() -> None:
    x = keras.Input((6, 3))
    parts = [LAYERS.GRU(4, name=name)(x) for name in "ab"]
    model = opened(keras.Model(x, LAYERS.Dense(2, name="d")(LAYERS.Concatenate()(parts))))
    found = by_activity(model.followed, laboratory(model), model.followed.own[("b",)]["u"])
    assert found.shape == (4,) and found.sum() == pytest.approx(1)


def test_what_layers_mix_without_a_matrix_counts_by_its_value() -> None:
    x = keras.Input((6, 3))
    parts = [LAYERS.Dense(4, name=name)(x) for name in "ab"]
    model = opened(keras.Model(x, LAYERS.Dense(2)(LAYERS.Dot(axes=2)(parts))))
    model.array("a/kernel")[...] = model.array("b/kernel")[...] = np.eye(3, 4)
    model.array("a/bias")[...] = model.array("b/bias")[...] = [0, 0, 9, 1]
    found = by_activity(model.followed, laboratory(model), model.followed.own[("a",)]["u"])
    assert most_salient(found, 1) == (2,)
