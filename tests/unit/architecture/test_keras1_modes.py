"""Layers of Keras 1 that are told apart by a key of their config or by the version."""

from __future__ import annotations

import pytest

from lstm_migrate.architecture.drafting import Draft
from lstm_migrate.architecture.keras1 import Modern
from lstm_migrate.checkpoint import Writer
from lstm_migrate.graph import Layer
from lstm_migrate.mapping.sources import source_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary, holds
from lstm_migrate.planning.slots import roles


def words(version: str) -> Vocabulary:
    return source_vocabulary(Writer("keras", version, "theano"))


@pytest.mark.parametrize(
    "mode, kind",
    [(0, "BatchNormalization"), (1, "SampleNormalization"), (2, "BatchStatisticsNormalization")],
)
def test_a_normalisation_is_called_by_its_mode(mode: int, kind: str) -> None:
    entry = {"class_name": "BatchNormalization", "config": {"name": "bn", "mode": mode}}
    wrapped = {"class_name": "TimeDistributed", "config": {"name": "steps", "layer": entry}}
    made = Modern(Draft(words("1.2.2")), frozenset()).entry(wrapped, 0)
    assert made["config"]["layer"]["class_name"] == kind


@pytest.mark.parametrize(
    "version, by_deviation", [("0.3", True), ("1", True), ("1.0.5", True), ("1.0.6", False), ("1.2.2", False)]
)
def test_what_running_std_holds_is_told_by_the_version(version: str, by_deviation: bool) -> None:
    fate = words(version).fate("BatchNormalization", {"mode": 0, "epsilon": 1e-6}, "bn")
    assert (fate.config["by_deviation"], fate.problems) == (by_deviation, ())


@pytest.mark.parametrize(
    "version, inside", [("0.3", False), ("1.0.4", False), ("1.0.5", True), ("1.2.2", True)]
)
def test_mode_1_adds_epsilon_twice_since_1_0_5(version: str, inside: bool) -> None:
    fate = words(version).fate("SampleNormalization", {"mode": 1, "epsilon": 1e-6}, "bn")
    assert (fate.config["epsilon_inside"], fate.problems) == (inside, ())


PAIRED, APART = (
    ["kernel", "bias", "carry_kernel", "carry_bias"],
    ["kernel", "carry_kernel", "bias", "carry_bias"],
)


@pytest.mark.parametrize("version, listed", [("0.3", PAIRED), ("1.1.2", PAIRED), ("1.2.0", APART)])
@pytest.mark.parametrize("bias", [True, False])
def test_the_arrays_of_a_highway_stand_in_the_order_of_its_version(
    version: str, listed: list[str], bias: bool
) -> None:
    fate = words(version).fate("Highway", {"bias": bias}, "highway")
    held = roles(Layer("highway", "Highway", fate.config), words(version))
    assert held == (listed if bias else ["kernel", "carry_kernel"])


def test_conditions_joined_by_an_ampersand_must_all_hold() -> None:
    config = {"use_bias": True, "order": "a"}
    assert holds("use_bias&order=a", config)
    assert not holds("use_bias&order=b", config)
    assert not holds("use_bias&order=a", {**config, "use_bias": False})
