"""Which layer of the model each rule and option on sizes is about, whatever the file knows of its layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate import opening
from lstm_migrate.beside import Given
from lstm_migrate.errors import LstmMigrateError, MappingError
from lstm_migrate.opening import planned
from lstm_migrate.planning.sizes import Sizes
from tests.corpus.expect import VALID, source_of

CHAIN = "k208-optimizer-adam-amsgrad"  # lstm_1_input, an LSTM of 4 units, a Dense layer
NESTED = "k231-names-nested-same"  # x, core: (in, lstm, dense), seq: (lstm_input, lstm, core), dense, lstm
ODD = "k231-odd-names"  # input_1, rnn/block, rnn.block-2, Dense/Out/kernel
WEIGHTS = VALID / "k122tf-lstm-gpu-weights"  # lstm_2 and dense_2, without an architecture
FORK = Path(__file__).parents[2] / "corpus" / "forks" / "numpy_coupled_forget"

Sized = Callable[..., dict[str, Sizes]]


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sized:
    """What is said of each layer, by mapping files and options."""
    heard: dict[str, Sizes] = {}

    def stand_in(full: Any, said: Any, *others: Any) -> tuple[Any, None]:
        heard.clear()
        heard.update({"/".join(path): one for path, one in said.items()})
        return full, None

    monkeypatch.setattr(opening, "resize", stand_in)

    def look(source: Path, *said: str, rules: str = "", **given: Any) -> dict[str, Sizes]:
        files = given.pop("files", [])
        if rules:
            file = tmp_path / "m.yaml"
            file.write_text(f"version: 1\nlayers:\n{rules}", encoding="utf-8")
            files = [*files, file]
        with planned(source, Given(mapping=files, resize=list(said), **given), allow_lossy=True):
            return dict(heard)

    return look


def refused(sized: Sized, *said: Any, **given: Any) -> str:
    with pytest.raises(LstmMigrateError) as caught:
        sized(*said, **given)
    assert isinstance(caught.value, MappingError)
    return str(caught.value)


def test_rules_and_options_are_the_same(sized: Sized) -> None:
    rules = "  lstm_1: {units: 3, keep: [2, 0, 1], fill: incoming, seed: 4, dead: true, compensate: true}\n"
    (by_rule,) = sized(source_of(CHAIN), rules=rules).values()
    told = ["units=3", "keep=[2, 0, 1]", "fill=incoming", "seed=4", "dead=true", "compensate=true"]
    found = sized(source_of(CHAIN), *(f"lstm_1.{text}" for text in told))
    assert found == {"lstm_1": by_rule}
    assert by_rule == Sizes(3, None, (2, 0, 1), "incoming", 4, True, True)
    assert by_rule.at("units").endswith("m.yaml:3:19")
    assert by_rule.at("keep", "seed").endswith("m.yaml:3:61")


def test_no_mapping_file_is_needed(sized: Sized) -> None:
    found = sized(source_of(CHAIN), "lstm_1.units=3", "dense_1.inputs=3")
    assert {layer: one.said for layer, one in found.items()} == {
        "lstm_1": {"units": 3},
        "dense_1": {"inputs": 3},
    }
    assert found["lstm_1"].where == "--set lstm_1.units=3"


def test_a_rule_and_an_option_say_different_keys_of_one_layer(sized: Sized) -> None:
    found = sized(source_of(CHAIN), "lstm_1.keep=last", rules="  lstm_1: {to: first, units: 3}\n")
    assert found["lstm_1"].said == {"units": 3, "keep": "last"}
    assert found["lstm_1"].at("keep") == "--set lstm_1.keep=last"
    assert sized(source_of(CHAIN), "lstm_1.units=3", rules="  lstm_1: {units: 3}\n")["lstm_1"].units == 3


def test_both_places_of_a_contradiction_are_named(sized: Sized) -> None:
    said = refused(sized, source_of(CHAIN), "lstm_1.filters=2", rules="  lstm_1: {units: 3}\n")
    assert "--set lstm_1.filters=2: two rules contradict each other over `units` of lstm_1" in said
    assert "m.yaml:3:19, 2 here, expected one of them" in said


def test_inputs_and_layers_without_arrays_can_be_spoken_of(sized: Sized) -> None:
    found = sized(source_of(CHAIN), "lstm_1_input.features=[1, null]", rules="  lstm_1_input: {time: 4}\n")
    assert found["lstm_1_input"].said == {"features": (1, None), "time": 4}


def test_a_pattern_takes_neither_inputs_nor_whole_models_along(sized: Sized) -> None:
    assert sized(source_of(CHAIN), "lstm_*.units=3").keys() == {"lstm_1"}
    assert sized(source_of(NESTED), "*lstm.units=3").keys() == {"core/lstm", "seq/lstm", "lstm"}


def test_a_model_by_its_own_name_is_meant(sized: Sized) -> None:
    assert sized(source_of(NESTED), "core.units=3").keys() == {"core"}


def test_names_with_dots_and_slashes_end_at_the_last_dot(sized: Sized) -> None:
    found = sized(source_of(ODD), "rnn/block.units=3", "rnn.block-2.units=2")
    assert {layer: one.units for layer, one in found.items()} == {"rnn/block": 3, "rnn.block-2": 2}


def test_a_name_that_no_layer_has_is_told_with_the_nearest(sized: Sized) -> None:
    said = refused(sized, source_of(CHAIN), "lstm_2.units=3")
    assert "--set lstm_2.units=3: the model has no layer 'lstm_2'" in said
    assert "found layers lstm_1_input, lstm_1, dense_1, expected nearest: lstm_1" in said
    said = refused(sized, source_of(CHAIN), rules="  lstm_2: {units: 3}\n")
    assert "m.yaml:3:11: the rule for 'lstm_2' matches no layer" in said


def test_beside_an_architecture_the_layers_of_the_file_may_be_named(sized: Sized) -> None:
    architecture = WEIGHTS / "architecture.json"
    source = next(file for file in sorted(WEIGHTS.iterdir()) if file.suffix in (".h5", ".hdf5"))
    assert sized(source, "lstm_2.units=2", architecture=architecture).keys() == {"lstm_2"}


@pytest.fixture
def fork(sized: Sized, tmp_path: Path) -> Sized:
    """The same of tensors without layers, with a rule on them and others."""

    def look(*said: str, rules: str = "", own: str = "{to: lstm}") -> dict[str, Sizes]:
        text = (FORK / "mapping.yaml").read_text(encoding="utf-8")
        file = tmp_path / "fork.yaml"
        file.write_text(text.replace("cell: {to: lstm}", f"cell: {own}\n{rules}"), encoding="utf-8")
        architecture = FORK / "architecture_keras3.json"
        return sized(FORK / "weights.npz", *said, files=[file], architecture=architecture)

    return look


def test_tensors_alone_have_sizes_in_the_rules_that_name_them(fork: Sized) -> None:
    assert fork(own="{to: lstm, units: 2, keep: last}")["lstm"].said == {
        "units": 2,
        "keep": "last",
    }


def test_a_rule_of_sizes_alone_may_call_the_layer_as_the_model_does(fork: Sized) -> None:
    assert fork(rules="  lstm: {units: 2}\n")["lstm"].units == 2
    assert fork("lstm.units=2")["lstm"].units == 2
    both = fork("lstm.fill=incoming", rules="  lstm: {units: 9}\n", own="{to: lstm, seed: 3}")
    assert both["lstm"].said == {"units": 9, "seed": 3, "fill": "incoming"}


def test_a_rule_of_sizes_alone_must_call_some_layer(fork: Sized) -> None:
    with pytest.raises(MappingError, match="the rule for 'lstn' matches no tensor"):
        fork(rules="  lstn: {units: 2}\n")
